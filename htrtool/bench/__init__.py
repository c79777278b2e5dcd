"""Benchmarks that run htr and its peers in turn and print both: ``python -m htrtool.bench``."""

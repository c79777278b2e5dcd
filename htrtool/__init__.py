"""Handwriting to text: prepare, train, read, score and plot."""

__version__ = "0.1.0"

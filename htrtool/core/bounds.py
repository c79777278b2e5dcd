"""What the numbers may be that a reading is told, on the command line and from Python."""

from __future__ import annotations

from numbers import Integral, Real

BOUNDS = {"dpi": (20, 2400), "min_conf": (0, 1), "threads": (1, None), "batch": (1, 256), "beam": (1, 1000), "nbest": (1, 100), "looks": (1, 9)}
"""The least and the most of each, None if there is no most."""
FRACTIONAL = ("dpi", "min_conf")
"""Those that need not be whole."""
CHOSEN = ("threads", "looks")
"""Those that the program chooses where they are None."""


def check_bounds(**numbers: float | None) -> None:
    """Check numbers by the names in ``BOUNDS``; None is one of those in ``CHOSEN`` only.

    Raises:
        ValueError: one is out of its bounds.
    """
    for name, number in numbers.items():
        low, high = BOUNDS[name]
        kind, called = (Real, "a number") if name in FRACTIONAL else (Integral, "a whole number")
        if number is None and name in CHOSEN:
            continue
        if not (isinstance(number, kind) and low <= number and (high is None or number <= high)):
            bounds = f"from {low}" + (f" to {high}" if high else " on")
            raise ValueError(f"expected {name} to be {called} {bounds}, received {number!r}")

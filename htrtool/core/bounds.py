"""What the numbers may be that a reading is told, on the command line and from Python."""

from __future__ import annotations

BOUNDS = {"dpi": (20, 2400), "batch": (1, 256), "beam": (1, 1000), "nbest": (1, 100), "looks": (1, 9)}
"""The least and the most of each."""


def check_bounds(**numbers: float | None) -> None:
    """Check numbers by the names in ``BOUNDS``; None stands for what is chosen by looking.

    Raises:
        ValueError: one is out of its bounds.
    """
    for name, number in numbers.items():
        low, high = BOUNDS[name]
        if number is not None and not low <= number <= high:
            raise ValueError(f"expected {name} from {low} to {high}, received {number!r}")

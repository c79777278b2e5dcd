"""Which lines of a page stand beside each other and which one below the other, and how far they are apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

SAME_ROW, NEAR = 0.4, 2.5
"""In distances of lines: how far lines of one row may be apart in height, and lines that tell of a column."""


class Neighbours(NamedTuple):
    """Which lines, bool (lines, lines), overlap in width, stand at one height, and stand near above or below; and their distance."""

    overlap: np.ndarray
    same_row: np.ndarray
    near: np.ndarray
    spacing: float


def neighbours_of(spans: np.ndarray, levels: np.ndarray) -> Neighbours:
    """Return which lines are neighbours.

    Args:
        spans: (lines, 2), the left and right end of each line.
        levels: (lines,), the y of its baseline.
    """
    overlap = overlaps_of(*spans.T)
    down = levels[None, :] - levels[:, None]
    spacing = spacing_of(overlap, levels)
    same_row = np.abs(down) <= SAME_ROW * spacing
    return Neighbours(overlap, same_row, (np.abs(down) < NEAR * spacing) & ~same_row, spacing)


def spacing_of(overlap: np.ndarray, levels: np.ndarray) -> float:
    """Return the usual distance from a line to the next below it, 0 where no line has one below.

    Args:
        overlap: bool (lines, lines), of :func:`overlaps_of`.
        levels: (lines,), the y of each baseline.
    """
    down = levels[None, :] - levels[:, None]
    below = np.where(overlap & (down > 0), down, np.inf).min(axis=1)
    return float(np.median(below[np.isfinite(below)])) if np.isfinite(below).any() else 0.0


def overlaps_of(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return, bool (lines, lines), which lines, given their ends, stand one above the other over a good part of the shorter."""
    narrower = np.minimum.outer(right - left, right - left)
    return np.minimum.outer(right, right) - np.maximum.outer(left, left) > 0.15 * narrower

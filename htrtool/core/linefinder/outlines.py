"""The outline of a text line, from its ink."""

from __future__ import annotations

import cv2
import numpy as np

# In distances of lines at which letters so high are usually written: how far the outline reaches at least and at most,
# and what it leaves around the ink.
LEAST_UP, MOST_UP = 0.35, 1.25
LEAST_DOWN, MOST_DOWN = 0.1, 0.55
ROOM = 0.06


def outline(xs: np.ndarray, ys: np.ndarray, knots: np.ndarray, base: np.ndarray, size: float) -> np.ndarray:
    """Return a polygon around a line's ink that rises and falls with it.

    Args:
        xs, ys: the positions of the line's ink.
        knots, base: points along its baseline.
        size: the distance of lines that letters of this height are usually written at, in pixels.

    Returns:
        float (points, 2), x and y, clockwise from the left end of the upper edge.
    """
    reach = np.interp(xs, knots, base) - ys
    room = max(1.0, ROOM * size)
    step = max(2.0, 0.25 * size)
    left, right = xs.min() - room, xs.max() + 1 + room
    count = max(2, int(np.ceil((right - left) / step)))
    bins = np.clip(((xs - left) / (right - left) * count).astype(int), 0, count - 1)
    up, down = np.full(count, LEAST_UP * size), np.full(count, LEAST_DOWN * size)
    np.maximum.at(up, bins, reach)
    np.maximum.at(down, bins, 1 - reach)
    # One stray stroke would make all the letters small.
    up, down = (np.minimum(part, 1.05 * np.quantile(part, 0.95)) for part in (up, down))
    # A slanted stroke reaches into the bins beside its own.
    up, down = (cv2.dilate(part[None, :], np.ones((1, 3), np.uint8))[0] for part in (up, down))
    up, down = np.minimum(up, MOST_UP * size) + room, np.minimum(down, MOST_DOWN * size) + room
    edges = np.linspace(left, right, count + 1)
    centres = (
        np.concatenate([[left], (edges[1:-2] + edges[2:-1]) / 2, [right]]) if count > 2 else np.array([left, right])
    )
    line = np.interp(centres, knots, base)
    upper = np.column_stack([centres, line - up])
    lower = np.column_stack([centres, line + down])
    return np.concatenate([upper, lower[::-1]])

"""The order in which the lines of a page are read."""

from __future__ import annotations

import numpy as np


def reading_order(boxes: np.ndarray, heights: np.ndarray) -> list[int]:
    """Return the indices of lines in reading order: down each column, columns from left to right.

    Breuel, "High Performance Document Layout Analysis" (2003): a line comes before another that it stands above and
    overlaps; it comes before one wholly to its right unless a line between them in height overlaps both.

    Args:
        boxes: (lines, 2), the left and right end of each line.
        heights: (lines,), the y of its baseline.
    """
    count = len(heights)
    if count < 2:
        return list(range(count))
    left, right = np.asarray(boxes, float).T
    y = np.asarray(heights, float)
    narrower = np.minimum.outer(right - left, right - left)
    overlap = np.minimum.outer(right, right) - np.maximum.outer(left, left) > 0.15 * narrower
    before = overlap & (y[:, None] < y[None, :])
    beside = ~overlap & (left[:, None] < left[None, :])
    for third in range(count):
        between = (np.minimum.outer(y, y) < y[third]) & (y[third] < np.maximum.outer(y, y))
        beside &= ~(between & overlap[third][:, None] & overlap[third][None, :])
    before |= beside
    np.fill_diagonal(before, False)
    order, left_over = [], set(range(count))
    indegree = before.sum(axis=0)
    while left_over:
        # A cycle, which ragged columns can make, is broken at the highest line.
        ready = min(left_over, key=lambda i: (indegree[i] > 0, indegree[i] if indegree[i] else 0, y[i], left[i]))
        left_over.remove(ready)
        order.append(ready)
        indegree = indegree - before[ready]
    return order

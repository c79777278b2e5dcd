"""Whose ink is whose: each piece of a page's ink given to one of its lines."""

from __future__ import annotations

import cv2
import numpy as np

from htrtool.core.linefinder.trace import Trace

# In heights of small letters: how far from a line's core its ink may be, in pieces that reach into this core alone, into
# several, and into none; how far beyond its traced ends; and how tall a piece that is writing only may be. A taller one is
# a brace, a rule or a frame, and writing may hang on it: what is as near as loose pieces, and not beyond the ends.
REACH_ALONE, REACH_SHARED, REACH_LOOSE = 3.5, 3.0, 1.3
BEYOND_ENDS = 2.0
TALLEST_PIECE = 16.0


def own_ink(mask: np.ndarray, lines: list[Trace]) -> np.ndarray:
    """Give each piece of ink to a line.

    A piece that reaches into the core of one line, the band of its small letters, is that line's; one that reaches into
    several is parted where the nearest core changes; one that reaches into none goes to the nearest line close by.

    Args:
        mask: bool (height, width), True on ink.
        lines: the baselines, in pixels of the mask.

    Returns:
        int32 (height, width), 0 on paper and k + 1 on the ink of line k.
    """
    cores = np.zeros(mask.shape, np.int32)
    # Drawn last, the small keep their place among the large.
    for index in sorted(range(len(lines)), key=lambda index: -lines[index].x_height):
        line = lines[index]
        columns = np.arange(line.left, line.right)
        band = np.concatenate(
            [np.column_stack([columns, line.ys]), np.column_stack([columns, line.ys - 0.9 * line.x_height])[::-1]]
        )
        cv2.fillPoly(cores, [band.round().astype(np.int32)], index + 1)
    inside = cores > 0
    distance, nearest = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    core_of = np.zeros(int(nearest.max()) + 1, np.int32)
    core_of[nearest[inside]] = cores[inside]
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    ys, xs = np.nonzero(mask)
    piece, core, far = pieces[ys, xs], core_of[nearest[ys, xs]], distance[ys, xs]
    touched = cores[ys, xs]
    pairs = np.unique(np.column_stack([piece, touched])[touched > 0], axis=0)
    how_many = np.bincount(pairs[:, 0], minlength=count)
    only = np.zeros(count, np.int32)
    only[pairs[:, 0]] = pairs[:, 1]
    core = np.where(how_many[piece] == 1, only[piece], core)
    sizes = np.array([0.0] + [line.x_height for line in lines])
    lefts = np.array([0] + [line.left for line in lines])
    rights = np.array([0] + [line.right for line in lines])
    reach = np.array([REACH_LOOSE, REACH_ALONE, REACH_SHARED])[np.minimum(how_many, 2)][piece] * sizes[core]
    beyond = BEYOND_ENDS * sizes[core]
    tall = stats[:, cv2.CC_STAT_HEIGHT][piece] >= TALLEST_PIECE * sizes[core]
    reach, beyond = np.where(tall, REACH_LOOSE * sizes[core], reach), np.where(tall, 0, beyond)
    own = (core > 0) & (far < reach) & (xs >= lefts[core] - beyond) & (xs < rights[core] + beyond)
    owners = np.zeros(mask.shape, np.int32)
    owners[ys[own], xs[own]] = core[own]
    return owners


def ink_of_each(owners: np.ndarray, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the columns and rows, int (pixels,) both, of the ink of each line.

    Args:
        owners: int32 (height, width), as of :func:`own_ink`.
        count: of the lines.
    """
    ys, xs = np.nonzero(owners)
    labels = owners[ys, xs]
    order = np.argsort(labels, kind="stable")
    ends = np.searchsorted(labels[order], np.arange(1, count + 2))
    return [(xs[part], ys[part]) for part in (order[a:b] for a, b in zip(ends, ends[1:]))]

"""Whose ink is whose: each piece of a page's ink given to one of its lines."""

from __future__ import annotations

import cv2
import numpy as np

from htrtool.core.ridges import Ridge

WIDEST_GAP = 2.2
STRAY = 0.1
# Ink that keeps this close to the middle of its line, in letter sizes, is a rule or the edge of a sheet, not letters.
FLATTEST = 0.18


def without_specks(mask: np.ndarray, pitch: float) -> np.ndarray:
    """Drop pieces of ink too small for a dot, and those too large for writing: frames, stamps, dark edges."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    heights, widths, areas = (stats[:, i] for i in (cv2.CC_STAT_HEIGHT, cv2.CC_STAT_WIDTH, cv2.CC_STAT_AREA))
    keep = np.maximum(heights, widths) >= max(2, 0.07 * pitch)
    keep &= (heights < 5 * pitch) | (areas < 0.3 * heights * widths)
    keep &= heights < 7 * pitch
    # A solid block is no writing.
    keep &= ~((np.minimum(heights, widths) > 0.9 * pitch) & (areas > 0.65 * heights * widths))
    keep[0] = False
    return keep[labels]


def assign_ink(
    mask: np.ndarray, ridges: list[Ridge], pitch: float, size: float, rules: np.ndarray
) -> tuple[np.ndarray, list[Ridge]]:
    """Give each piece of ink to a line, and part lines where a gap is too wide.

    A piece that reaches into the core of one line is that line's; one that reaches into several is parted where the
    nearest core changes; one that reaches into none goes to the nearest line within a pitch.

    Args:
        mask: bool (height, width), True on ink.
        pitch: the distance between lines, in pixels.
        size: the pitch that letters of this height are usually written at, in pixels, no more than ``pitch``.
        rules: bool (height, width), True on ruled lines.

    Returns:
        int32 (height, width), 0 on paper and k + 1 on the ink of line k, and the lines' ridges.
    """
    for _ in range(2):
        owners = _nearest_owner(mask, ridges, pitch)
        parted = _parted(owners, ridges, pitch, size, rules)
        if len(parted) == len(ridges) and all(a.left == b.left and a.right == b.right for a, b in zip(parted, ridges)):
            break
        ridges = parted
    else:
        owners = _nearest_owner(mask, ridges, pitch)
    return owners, ridges


def _nearest_owner(mask: np.ndarray, ridges: list[Ridge], pitch: float) -> np.ndarray:
    owners = np.zeros(mask.shape, np.int32)
    if not ridges:
        return owners
    cores = np.zeros(mask.shape, np.int32)
    for index, ridge in enumerate(ridges, start=1):
        points = np.column_stack([np.arange(ridge.left, ridge.right), ridge.ys]).round().astype(np.int32)
        cv2.polylines(cores, [points], False, index, max(1, round(0.4 * pitch)))
    distance, nearest = cv2.distanceTransformWithLabels(
        (cores == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    core_of = np.zeros(int(nearest.max()) + 1, np.int32)
    inside = cores > 0
    core_of[nearest[inside]] = cores[inside]
    nearest = core_of[nearest]
    count, pieces = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    touched = mask & inside
    pairs = np.unique(np.column_stack([pieces[touched], cores[touched]]), axis=0)
    how_many = np.bincount(pairs[:, 0], minlength=count)
    only = np.zeros(count, np.int32)
    only[pairs[:, 0]] = pairs[:, 1]
    single = (how_many == 1)[pieces] & mask & (distance < 1.6 * pitch)
    several = (how_many > 1)[pieces] & mask & (distance < 1.2 * pitch)
    none = (how_many == 0)[pieces] & mask & (distance < 0.6 * pitch)
    owners[single] = only[pieces[single]]
    owners[several | none] = nearest[several | none]
    return owners


def _parted(owners: np.ndarray, ridges: list[Ridge], pitch: float, size: float, rules: np.ndarray) -> list[Ridge]:
    """Trim each ridge to its ink, part it at gaps and upright rules, and drop what has too little ink for a word."""
    parts = []
    boxes = _boxes(owners, len(ridges))
    for index, ridge in enumerate(ridges):
        top, bottom, left, right = boxes[index]
        if right <= left:
            continue
        window = owners[top:bottom, left:right] == index + 1
        columns = window.sum(axis=0)
        near = np.abs(np.arange(top, bottom)[:, None] - ridge.at(np.arange(left, right))[None, :]) < 0.45 * size
        walls = (rules[top:bottom, left:right] & near).sum(axis=0) > 0.7 * np.maximum(near.sum(axis=0), 1)
        for start, end in _runs(columns, walls, WIDEST_GAP * pitch):
            start, end = _without_strays(columns, start, end, pitch, STRAY * size**2)
            ink = int(columns[start:end].sum())
            if end - start < 0.3 * size or ink < 0.06 * size**2:
                continue
            ys, xs = np.nonzero(window[:, start:end])
            low, high = np.quantile(top + ys - ridge.at(left + start + xs), [0.1, 0.9])
            if high - low < FLATTEST * size:
                continue
            xs = np.arange(left + start, left + end)
            parts.append(Ridge(left + start, ridge.at(xs)))
    return parts


def _without_strays(columns: np.ndarray, start: int, end: int, pitch: float, least: float) -> tuple[int, int]:
    """Trim what has less than ``least`` ink and stands off by more than a pitch from the ends of a run of columns."""
    inked = start + np.flatnonzero(columns[start:end])
    gaps = np.flatnonzero(np.diff(inked) > 1.0 * pitch)
    for gap in gaps:
        if columns[start : inked[gap] + 1].sum() > least:
            break
        start = int(inked[gap + 1])
    for gap in gaps[::-1]:
        if inked[gap] < start or columns[inked[gap + 1] : end].sum() > least:
            break
        end = int(inked[gap]) + 1
    return start, end


def ink_of_each(owners: np.ndarray, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the columns and rows of each owner's ink."""
    ys, xs = np.nonzero(owners)
    labels = owners[ys, xs]
    order = np.argsort(labels, kind="stable")
    ends = np.searchsorted(labels[order], np.arange(1, count + 2))
    return [(xs[part], ys[part]) for part in (order[a:b] for a, b in zip(ends, ends[1:]))]


def _boxes(owners: np.ndarray, count: int) -> np.ndarray:
    """Return (count, 4): top, bottom, left, right of each owner's ink, empty ones as zeros."""
    ys, xs = np.nonzero(owners)
    labels = owners[ys, xs] - 1
    boxes = np.zeros((count, 4), int)
    low = np.full((count, 2), 1 << 30)
    high = np.full((count, 2), -1)
    np.minimum.at(low, labels, np.column_stack([ys, xs]))
    np.maximum.at(high, labels, np.column_stack([ys, xs]))
    some = high[:, 0] >= 0
    boxes[some] = np.column_stack([low[some, 0], high[some, 0] + 1, low[some, 1], high[some, 1] + 1])
    return boxes


def _runs(columns: np.ndarray, walls: np.ndarray, gap: float) -> list[tuple[int, int]]:
    """Return the runs of columns with ink between gaps of more than ``gap`` columns, and between walls."""
    inked = np.flatnonzero((columns > 0) & ~walls)
    if not len(inked):
        return []
    wall_count = np.cumsum(walls)
    apart = (np.diff(inked) > gap) | (np.diff(wall_count[inked]) > 0)
    starts = np.concatenate([[0], np.flatnonzero(apart) + 1])
    ends = np.concatenate([np.flatnonzero(apart), [len(inked) - 1]])
    return [(int(inked[s]), int(inked[e]) + 1) for s, e in zip(starts, ends)]

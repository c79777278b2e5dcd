"""Baselines traced on the line maps: ridges of the baseline map, parted where lines end, joined over small gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator

import cv2
import numpy as np

from htrtool.core.broken_rows import broken_rows
from htrtool.core.linefinder.maps import STRIDE, LineMaps
from htrtool.core.linefinder.repeats import without_repeats
from htrtool.core.medians import weighted_median
from htrtool.core.order import is_table, set_level

LEAST_BASELINE = 0.3
LEAST_END = 0.6
# How strong a line's ridge must be on average, and what is written over it.
LEAST_STRENGTH = 0.65
LEAST_BODY = 0.6
# In heights of small letters: the shortest line, the longest gap within one, and how far its two sides may miss.
SHORTEST, LONGEST_GAP, MOST_MISS = 0.7, 5.0, 0.6
# The longest gap within a row on which there are no columns, two or three distances of lines; before a short part, such as a
# page's number, that of a single end; the length up to which a part is short; how strong the ridge of both parts must be.
WIDEST_GAP, GAP_OF_ONE_END = 8, 2
SHORT_PART = 4.0
SURE_STRENGTH = 0.75
# From so many on, lines that look like the cells of a table are, and none are joined.
FEWEST_CELLS = 24
REACH = 2


@dataclass(eq=False)
class Trace:
    """A baseline from column ``left`` on: ``ys`` holds its height in each column; ``x_height`` that of its letters."""

    left: int
    ys: np.ndarray
    x_height: float = 0.0

    @property
    def right(self) -> int:
        """The first column behind the baseline."""
        return self.left + len(self.ys)

    @property
    def slopes(self) -> tuple[float, float]:
        """By how much it falls for each pixel to the right, at its left and its right end."""
        reach = int(min(len(self.ys) - 1, max(4, 4 * self.x_height)))
        if reach < 1:
            return 0.0, 0.0
        return (self.ys[reach] - self.ys[0]) / reach, (self.ys[-1] - self.ys[-1 - reach]) / reach

    def scaled(self, factor: float) -> Trace:
        """Return the trace on a page that is ``factor`` times as large."""
        columns = np.arange(round(factor * self.left), max(round(factor * self.right), round(factor * self.left) + 1))
        # Pixel centres stand at halves.
        rows = np.interp((columns + 0.5) / factor - 0.5, np.arange(self.left, self.right), self.ys)
        return Trace(int(columns[0]), factor * (rows + 0.5) - 0.5, factor * self.x_height)

    def at(self, x: np.ndarray | float) -> np.ndarray:
        """Return the baseline's y at columns ``x``, of their shape, carried on in the direction of its ends."""
        xs = np.arange(self.left, self.right)
        y = np.interp(x, xs, self.ys)
        before, after = self.slopes
        return y + before * np.minimum(0, x - xs[0]) + after * np.maximum(0, x - xs[-1])


def trace_baselines(maps: LineMaps) -> list[Trace]:
    """Return the baselines of a page, in pixels of its maps, in no order."""
    pieces = _pieces(maps)
    for piece in pieces:
        piece.x_height = x_height(maps.body, piece)
    if not pieces:
        return []
    lengths = [len(piece.ys) for piece in pieces]
    usual = weighted_median(np.array([piece.x_height for piece in pieces]), np.array(lengths))
    for piece in pieces:
        # The letters of a short piece say less of its size than those of the page.
        share = min(1.0, len(piece.ys) / (8 * usual))
        piece.x_height = float(np.clip(share * piece.x_height + (1 - share) * usual, 2.0, None))
    lines = []
    for line in _linked(pieces, maps.end):
        rows, columns = _rows(line, maps.baseline.shape)
        over = np.clip(rows - round(0.5 * line.x_height), 0, None)
        if (
            len(line.ys) >= SHORTEST * line.x_height
            and _strength(line, maps) >= LEAST_STRENGTH
            and maps.body[over, columns].mean() >= LEAST_BODY
            and not _sideways(maps.patches, over, columns)
        ):
            lines.append(_smoothed(line))
    return _whole_rows(list(without_repeats(lines)), maps)


def _strength(line: Trace, maps: LineMaps) -> float:
    return float(maps.baseline[_rows(line, maps.baseline.shape)].mean())


def _whole_rows(lines: list[Trace], maps: LineMaps) -> list[Trace]:
    """Join parts of a row over a gap, marked as an end or not, where there are no columns that it would lie between; cells of a table stay apart."""
    if len(lines) < 2:
        return lines
    ends = np.array([(line.left, line.right) for line in lines], float)
    sure = [_strength(line, maps) >= SURE_STRENGTH for line in lines]
    ys = np.array([line.ys.mean() for line in lines])
    slopes = np.array([(line.ys[-1] - line.ys[0]) / len(line.ys) for line in lines])
    spans, levels = set_level(ends, ys, slopes)
    if len(lines) >= FEWEST_CELLS and is_table(spans, levels):
        return lines
    whole = []
    for row in broken_rows(spans, levels):
        line = lines[row[0]]
        for before, index in zip(row, row[1:]):
            part = lines[index]
            size, middle = min(line.x_height, part.x_height), (line.right + part.left) / 2
            short = min(len(line.ys) / line.x_height, len(part.ys) / part.x_height) < SHORT_PART
            near = part.left - line.right <= (GAP_OF_ONE_END if short else WIDEST_GAP) * size
            level = abs(float(line.at(middle) - part.at(middle))) < MOST_MISS * size
            if near and level and sure[before] and sure[index]:
                line = _joined(line, part)
            else:
                whole.append(line)
                line = part
        whole.append(line)
    return whole


def _pieces(maps: LineMaps) -> list[Trace]:
    """Return the ridges of the baseline map that no end parts."""
    baseline = cv2.GaussianBlur(maps.baseline, (0, 0), sigmaX=1.5, sigmaY=0.7)
    highest = cv2.dilate(baseline, np.ones((2 * REACH + 1, 1), np.uint8))
    peaks = (baseline >= highest) & (baseline > LEAST_BASELINE) & (maps.end < LEAST_END)
    joined = cv2.dilate(peaks.astype(np.uint8), np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    pieces = []
    for label in range(1, count):
        left, top, width, height, _ = stats[label]
        if width < 5:
            continue
        window = np.s_[top : top + height, left : left + width]
        weight = np.where((labels[window] == label) & peaks[window], baseline[window], 0)
        sums = weight.sum(axis=0)
        columns = np.flatnonzero(sums)
        if len(columns) < 2:
            continue
        rows = (weight[:, columns] * np.arange(height)[:, None]).sum(axis=0) / sums[columns]
        ys = top + np.interp(np.arange(columns[0], columns[-1] + 1), columns, rows)
        pieces.append(Trace(int(left + columns[0]), ys))
    return pieces


def _rows(line: Trace, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    return np.clip(np.round(line.ys).astype(int), 0, shape[0] - 1), np.arange(line.left, line.right)


def _sideways(patches: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> bool:
    """Tell whether the writing that a line runs through stands sideways, as in a margin."""
    _, upright, clockwise, _, anticlockwise = patches[2 * rows // STRIDE, 2 * columns // STRIDE].mean(axis=0)
    return bool(clockwise + anticlockwise > upright)


def x_height(body: np.ndarray, line: Trace) -> float:
    """Measure how far the written band reaches over a baseline, in pixels of the maps: the median over its columns.

    Args:
        body: float32 (rows, columns), the map of what is written.
    """
    rows, columns = _rows(line, body.shape)
    step = max(1, len(columns) // 200)
    rows, columns = rows[::step], columns[::step]
    up = np.arange(0, 48)
    band = body[np.clip(rows[None] - up[:, None], 0, None), columns[None]] > 0.5
    # The band may begin a pixel over the baseline.
    band[:2] = True
    heights = np.where(band.all(axis=0), len(up), band.argmin(axis=0))
    return float(np.median(heights[heights > 2])) if (heights > 2).any() else 2.0


class _Unlinked:
    """Pieces that no line has yet, from left to right, with where and how steeply they begin."""

    def __init__(self, pieces: list[Trace]):
        self.pieces = sorted(pieces, key=lambda piece: piece.left)
        self.left = np.array([piece.left for piece in self.pieces])
        self.right = np.array([piece.right for piece in self.pieces])
        self.x_height = np.array([piece.x_height for piece in self.pieces])
        self.y = np.array([piece.ys[0] for piece in self.pieces])
        self.slope = np.array([piece.slopes[0] for piece in self.pieces])
        self.is_free = np.ones(len(self.pieces), bool)

    def near_end(self, line: Trace) -> Iterator[int]:
        """Yield the places of pieces that may carry a line on: of a table's thousands few begin near its end."""
        reach = line.right - line.x_height, line.right + LONGEST_GAP * line.x_height
        first, last = np.searchsorted(self.left, reach, "right")
        near = np.s_[first:last]
        gaps, sizes = self.left[near] - line.right, np.minimum(line.x_height, self.x_height[near])
        middles = (line.right + self.left[near]) / 2
        # Where both overlap, the height of the other one there is another.
        miss = np.abs(line.at(middles) - self.y[near] - self.slope[near] * (middles - self.left[near]))
        level = (gaps < 0) | (miss < (MOST_MISS + 0.01) * sizes)
        beyond = (-sizes < gaps) & (gaps <= LONGEST_GAP * sizes) & (self.right[near] > line.right)
        yield from (first + np.flatnonzero(self.is_free[near] & level & beyond)).tolist()


def _linked(pieces: list[Trace], end: np.ndarray) -> list[Trace]:
    """Join pieces that carry each other on with no end between them."""
    others = _Unlinked(pieces)
    linked = []
    for place, line in enumerate(others.pieces):
        if not others.is_free[place]:
            continue
        others.is_free[place] = False
        while (follower := _follower(line, others, end)) is not None:
            others.is_free[follower] = False
            line = _joined(line, others.pieces[follower])
        linked.append(line)
    return linked


def _follower(line: Trace, others: _Unlinked, end: np.ndarray) -> int | None:
    """Return the place of the piece that carries a line on best, None if none does."""
    best, least = None, MOST_MISS
    for place in others.near_end(line):
        other = others.pieces[place]
        middle = (line.right + other.left) / 2
        miss = abs(float(line.at(middle) - other.at(middle))) / min(line.x_height, other.x_height)
        if miss < least and not _ended(line, other, end):
            best, least = place, miss
    return best


def _ended(line: Trace, other: Trace, end: np.ndarray) -> bool:
    """Tell whether an end is marked between two pieces."""
    left, right = min(line.right, other.left) - 1, max(line.right, other.left) + 1
    y = (float(line.ys[-1]) + float(other.ys[0])) / 2
    half = 0.5 * line.x_height
    window = end[max(0, int(y - 2 * half)) : int(y + half) + 1, max(0, left) : right]
    return bool(window.size and (window.max(axis=1) > LEAST_END).mean() > 0.5)


def _joined(a: Trace, b: Trace) -> Trace:
    columns = np.arange(a.left, b.right)
    xs = np.concatenate([np.arange(a.left, min(a.right, b.left)), np.arange(max(b.left, a.left), b.right)])
    ys = np.concatenate([a.ys[: max(0, min(a.right, b.left) - a.left)], b.ys[max(0, a.left - b.left) :]])
    sizes, weights = np.array([a.x_height, b.x_height]), np.array([len(a.ys), len(b.ys)])
    return Trace(a.left, np.interp(columns, xs, ys), float(np.average(sizes, weights=weights)))


def _smoothed(line: Trace) -> Trace:
    spread = min(2 * line.x_height, len(line.ys) / 6)
    if spread < 1:
        return line
    # Reflected about its ends the line goes on in its direction, where a plain blur would level it.
    reach = min(len(line.ys) - 1, int(3 * spread))
    before = 2 * line.ys[0] - line.ys[reach:0:-1]
    after = 2 * line.ys[-1] - line.ys[-2 : -2 - reach : -1]
    long = np.concatenate([before, line.ys, after])
    smooth = cv2.GaussianBlur(long[:, None], (1, 0), sigmaX=1, sigmaY=spread)[:, 0]
    return Trace(line.left, smooth[reach : reach + len(line.ys)], line.x_height)

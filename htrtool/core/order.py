"""The order in which the lines of a page are read."""

from __future__ import annotations

import numpy as np

from htrtool.core.broken_rows import joined_rows
from htrtool.core.medians import weighted_median
from htrtool.core.neighbours import SAME_ROW, Neighbours, neighbours_of, overlaps_of, spacing_of

LABEL = 0.5
"""Of the length of the line that it stands beside, the most that a label in the margin takes."""
CLOSE, STACK = 1.6, 4
"""In distances of lines, the most from one line of a label to the next, and of how many lines it has at most."""
COLUMN, SHARED = 3, 0.5
"""The fewest lines of a column, beside as many of another, and of the shorter one's height what both share."""
PAGE, LONG, GUTTER = 6, 0.25, 0.3
"""The fewest lines of one page of two, how long a fifth of them are at least, as a share of the width of both pages, and in
distances of lines the least that parts them."""
IN_ROWS, NARROW, FIRST = 0.6, 8, 4
"""Of a table, the share of its cells that stand in a row with two others at least, and, in distances of lines, how wide most
cells are at most and how far from the left edge its rows begin."""


def reading_order(spans: np.ndarray, levels: np.ndarray) -> list[int]:
    """Return the indices of lines in reading order: down each column, columns from left to right.

    Breuel, "High Performance Document Layout Analysis" (2003): a line comes before another that it stands above and
    overlaps; it comes before one wholly to its right unless a line between them in height overlaps both, or it is the
    lower one and not of a column beside that of the other, as an address under a date to its right. Parts of one row
    without a column of their own are kept together, so are those that a crease or glare parts, and sums and what they are for, and a label that stands in the margin,
    apart from others, is read before the line to its right. A table is read row by row, cells of several lines line by line;
    of two pages beside each other the left one comes first.

    Args:
        spans: (lines, 2), the left and right end of each line.
        levels: (lines,), the y of its baseline.
    """
    if len(levels) < 2:
        return list(range(len(levels)))
    spans, levels = np.asarray(spans, float), np.asarray(levels, float)
    neighbours = neighbours_of(spans, levels)
    if _is_table(spans, neighbours):
        bands = _bands(spans, levels, neighbours)
        return [int(band[place]) for band in bands for place in _order(spans[band], levels[band], SAME_ROW * neighbours.spacing)]
    if pages := _two_pages(spans, neighbours.spacing):
        return [int(page[place]) for page in pages for place in reading_order(spans[page], levels[page])]
    rows = _with_labels(joined_rows(spans, levels, neighbours, within_text=True), spans, levels, neighbours)
    ends = np.array([(spans[row[0]][0], max(spans[line][1] for line in row)) for row in rows], float)
    middles = np.array([np.mean([levels[line] for line in row]) for row in rows])
    order = _order(ends, middles, SAME_ROW * spacing_of(overlaps_of(*ends.T), middles))
    return [line for index in order for line in rows[index]]


def is_table(spans: np.ndarray, levels: np.ndarray) -> bool:
    """Tell whether lines are the cells of a table, such as a register: short, most of them in a row with two others at least.

    Args:
        spans: (lines, 2), the left and right end of each line.
        levels: (lines,), the y of its baseline.
    """
    return len(levels) > 0 and _is_table(spans, neighbours_of(spans, levels))


def _is_table(spans: np.ndarray, neighbours: Neighbours) -> bool:
    in_rows = (neighbours.same_row & ~neighbours.overlap).sum(axis=1) >= 2
    return bool(in_rows.mean() >= IN_ROWS and np.median(spans[:, 1] - spans[:, 0]) <= NARROW * neighbours.spacing)


def _bands(spans: np.ndarray, levels: np.ndarray, neighbours: Neighbours) -> list[np.ndarray]:
    """Return the lines of each row of a table, from top to bottom; first those above all rows, if there are any.

    A row begins at a cell at the left edge with two others at least to its right.
    """
    left, right = spans.T
    to_the_right = neighbours.same_row & (right[:, None] <= left[None, :]) & ~neighbours.overlap
    first = (to_the_right.sum(axis=1) >= 2) & ~to_the_right.any(axis=0)
    first &= left <= np.quantile(left[first], 0.1, method="lower") + FIRST * neighbours.spacing if first.any() else False
    begins = np.sort(levels[first]) - SAME_ROW * neighbours.spacing
    # Two cells of one row may both have none to their left where one stands a little higher.
    begins = begins[np.diff(begins, prepend=-np.inf) > SAME_ROW * neighbours.spacing]
    band_of = np.searchsorted(begins, levels, side="right")
    return [np.flatnonzero(band_of == band) for band in np.unique(band_of)]


def _two_pages(spans: np.ndarray, spacing: float) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the lines of the left and of the right page where two lie beside each other, None if there is but one."""
    by_left = np.argsort(spans[:, 0], kind="stable")
    reached = np.maximum.accumulate(spans[by_left, 1])
    gaps = spans[by_left[1:], 0] - reached[:-1]
    least = LONG * (reached[-1] - spans[by_left[0], 0])
    for place in np.argsort(-gaps, kind="stable"):
        if gaps[place] < GUTTER * spacing:
            return None
        pages = by_left[: place + 1], by_left[place + 1 :]
        if all(len(page) >= PAGE and np.quantile(spans[page, 1] - spans[page, 0], 0.8) >= least for page in pages):
            return pages
    return None


def set_level(spans: np.ndarray, levels: np.ndarray, slopes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn lines that slope, as on a page photographed askew, so that most of them are level.

    Args:
        spans: (lines, 2), the left and right end of each line.
        levels: (lines,), the mean y of its baseline.
        slopes: (lines,), by how much that falls for each pixel to the right.

    Returns:
        Spans and levels on the turned page.
    """
    if not len(levels):
        return spans, levels
    angle = np.arctan(weighted_median(slopes, spans[:, 1] - spans[:, 0]))
    cosine, sine = np.cos(angle), np.sin(angle)
    middles, half = spans.mean(axis=1), (spans[:, 1] - spans[:, 0]) / 2 / cosine
    along = cosine * middles + sine * levels
    return np.column_stack([along - half, along + half]), cosine * levels - sine * middles


def _with_labels(
    rows: list[list[int]], spans: np.ndarray, levels: np.ndarray, neighbours: Neighbours
) -> list[list[int]]:
    """Put labels, a few short lines that have none close above or below, in front of the rows that they stand beside."""
    left, right = spans.T
    overlap, same_row, near, spacing = neighbours
    alone = ~(near & overlap).any(axis=1)
    first = {row[0]: row for row in rows}
    parts = [row[0] for row in rows if len(row) == 1]
    stacks = [[label] for label in parts if alone[label]] + _stacks([part for part in parts if not alone[part]], levels, neighbours)
    mates: list[tuple[list[int], int]] = []
    for stack in stacks:
        longest, end = np.ptp(spans[stack], axis=1).max(), right[stack].max()
        beside = same_row[stack[0]] & (left >= end) & (longest < LABEL * (right - left)) & ~alone
        beside[[line for line in np.flatnonzero(beside) if line not in first]] = False
        if beside.any():
            mates.append((stack, min(np.flatnonzero(beside), key=lambda line: left[line])))
    # One of several lines is a note, which is a column of its own.
    are_notes = sum(len(stack) > 1 for stack, _ in mates) < 2
    for stack, mate in mates:
        # What was put before another label is none itself.
        if mate in first and all(line in first for line in stack) and not (are_notes and len(stack) > 1):
            for line in stack:
                del first[line]
            first[stack[0]] = [*stack, *first.pop(mate)]
    return [first[line] for line in sorted(first)]


def _stacks(lines: list[int], levels: np.ndarray, neighbours: Neighbours) -> list[list[int]]:
    """Return the stacks of a few lines, close one below the other, that stand apart from what is above and below."""
    stacks: list[list[int]] = []
    for line in sorted(lines, key=lambda line: levels[line]):
        mine = [stack for stack in stacks if neighbours.overlap[line, stack[-1]] and levels[line] - levels[stack[-1]] <= CLOSE * neighbours.spacing]
        if mine:
            mine[0].append(line)
        else:
            stacks.append([line])
    close = neighbours.overlap & (np.abs(levels[:, None] - levels) <= CLOSE * neighbours.spacing)
    return [stack for stack in stacks if 1 < len(stack) <= STACK and close[stack].sum() == close[np.ix_(stack, stack)].sum()]


def _in_columns(spans: np.ndarray, levels: np.ndarray, overlap: np.ndarray, row: float) -> np.ndarray:
    """Tell, bool (lines, lines), of lines and others up to their right, whether they are of columns that stand beside each other.

    They are where, between their heights, ``row`` more or less, there are lines enough over the one, wholly to the left
    of the other, and enough under the other, wholly to the right of the one, and where these and those stand beside each other.
    """
    left, right = spans.T
    apart = (right[:, None] <= left[None, :]) & ~overlap
    lower = levels[:, None] >= levels[None, :]
    about_lower = levels[:, None] >= levels[None, :] - row
    above, beside = overlap & lower, apart & about_lower
    found = (_count(above, beside) >= COLUMN) & (_count(beside, above) >= COLUMN) & apart & lower
    for one in np.flatnonzero(found.any(axis=1)):
        others = np.flatnonzero(found[one])
        ends = []
        for mine, theirs in ((above[one], beside), (beside[one], above)):
            lines = np.flatnonzero(mine)
            both, y = theirs[np.ix_(lines, others)], levels[lines, None]
            ends.append((np.where(both, y, np.inf).min(axis=0), np.where(both, y, -np.inf).max(axis=0)))
        shared = np.minimum(ends[0][1], ends[1][1]) - np.maximum(ends[0][0], ends[1][0])
        found[one, others] = shared >= SHARED * np.minimum(*(bottom - top for top, bottom in ends))
    return found


def _count(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return, for each pair of lines, of how many lines ``first`` holds with the one and ``second`` with the other."""
    return first.astype(np.float32) @ second.astype(np.float32)


def _order(spans: np.ndarray, levels: np.ndarray, row: float) -> list[int]:
    """Order lines of which those of one row are ``row`` apart in height at most."""
    left, right = spans.T
    y = levels
    overlap = overlaps_of(left, right)
    before = overlap & (y[:, None] < y[None, :])
    beside = ~overlap & (left[:, None] < left[None, :])
    between = _count(before, before) > 0
    beside &= ~(between | between.T)
    beside &= (y[:, None] < y[None, :] + row) | _in_columns(spans, levels, overlap, row)
    before |= beside
    np.fill_diagonal(before, False)
    by_height = np.lexsort((left, y))
    before = before[np.ix_(by_height, by_height)]
    indegree = before.sum(axis=0, dtype=float)
    order = []
    for _ in range(len(y)):
        # A cycle, which ragged columns can make, is broken at the line that has the fewest before it, the highest of those.
        ready = indegree.argmin()
        order.append(int(by_height[ready]))
        indegree -= before[ready]
        indegree[ready] = np.inf
    return order

"""Baselines that repeat others: traced along strokes under or over these, nearer than lines of such letters can be."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Iterable, Iterator

import numpy as np

if TYPE_CHECKING:
    from htrtool.core.linefinder.trace import Trace

NEAREST = 0.8
"""In heights of small letters, the least distance of two lines, one above the other."""
ALONG = 0.7
"""Along how much of its length a trace that repeats another runs beside it, at least: so much that its middle does."""
_CELL = 32
"""In pixels of the maps, how wide and high the cells are by which baselines are found."""


def repeats(line: Trace, longer: Trace) -> bool:
    """Tell whether a trace runs along a longer one, nearer than lines of such letters can: strokes under or over it."""
    left, right = max(line.left, longer.left), min(line.right, longer.right)
    if right - left < ALONG * len(line.ys):
        return False
    ys, others = line.ys[left - line.left : right - line.left], longer.ys[left - longer.left : right - longer.left]
    return bool(np.abs(ys - others).mean() < NEAREST * longer.x_height)


class Baselines:
    """Baselines of a page, found by where they run: of a table's thousands only a few are near another one."""

    def __init__(self, lines: Iterable[Trace] = ()):
        self._cells: dict[tuple[int, int], list[Trace]] = defaultdict(list)
        for line in lines:
            self.add(line)

    def add(self, line: Trace) -> None:
        """Add one."""
        # A pixel more, since means are rounded.
        reach = NEAREST * line.x_height + 1
        for column in _cells(line.left, line.right):
            for row in _cells(line.ys.min() - reach, line.ys.max() + reach):
                self._cells[row, column].append(line)

    def are_repeated_by(self, line: Trace) -> bool:
        """Tell whether a trace :func:`repeats` one of them."""
        column = (line.left + line.right) // 2 // _CELL
        near = (self._cells.get((row, column), ()) for row in _cells(line.ys.min(), line.ys.max()))
        return any(repeats(line, longer) for lines in near for longer in lines)


def without_repeats(lines: Iterable[Trace]) -> Iterator[Trace]:
    """Yield baselines, the longest first, but those that repeat one before them, whether that is yielded or not."""
    before = Baselines()
    for line in sorted(lines, key=lambda line: -len(line.ys)):
        if not before.are_repeated_by(line):
            yield line
        before.add(line)


def _cells(first: float, last: float) -> range:
    return range(int(first // _CELL), int(last // _CELL) + 1)

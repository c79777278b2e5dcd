"""Looks at lines that are still to come, in batches of one width for the network."""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np

from htrtool.core.gathering import Gathering
from htrtool.core.page import PageLine


class Waiting(NamedTuple):
    """A look at a line that is to come; those of the first pages, and of the first lines of a page, come first.

    ``index`` is that of the page, ``number`` that of the line in it, ``look`` which of the line's looks it is.
    """

    index: int
    number: int
    look: int
    line: PageLine
    pixels: np.ndarray
    gathering: Gathering


class WaitingLooks:
    """Those that wait, by the width to which the network's input is padded; ``count`` is their number.

    Args:
        batch: the most in one run of the network.
        columns: the most columns of input in one run, but for a single line that has more.
    """

    def __init__(self, batch: int, columns: int):
        self.count = 0
        self._batch, self._columns = batch, columns
        self._of_width: dict[int, list[Waiting]] = {}

    def put(self, width: int, waiting: Waiting) -> None:
        """Let one wait."""
        heapq.heappush(self._of_width.setdefault(width, []), waiting)
        self.count += 1

    def take(self) -> list[Waiting]:
        """Take the first that waits, and others of its width that fit into one run with it."""
        width = min(self._of_width, key=lambda width: self._of_width[width][0][:2])
        heap = self._of_width[width]
        most = max(1, min(self._batch, self._columns // width))
        taken = [heapq.heappop(heap) for _ in range(min(most, len(heap)))]
        if not heap:
            del self._of_width[width]
        self.count -= len(taken)
        return taken

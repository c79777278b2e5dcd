"""Lines that stand below one another, as the blocks that document formats want them in."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from htrtool.core.page import PageLine


def blocks_of(lines: Sequence[PageLine]) -> list[list[PageLine]]:
    """Part lines in reading order into blocks: a new one begins where the next line is not below the last one.

    Below means further down and at least in part under it; so columns become blocks, and the order stays.
    """
    blocks: list[list[PageLine]] = []
    for line in lines:
        if blocks and _is_below(line, blocks[-1][-1]):
            blocks[-1].append(line)
        else:
            blocks.append([line])
    return blocks


def _is_below(line: PageLine, above: PageLine) -> bool:
    left, top, width, height = line.place.box
    left_above, top_above, width_above, height_above = above.place.box
    overlap = min(left + width, left_above + width_above) - max(left, left_above)
    return overlap > 0 and 2 * top + height > 2 * top_above + height_above


def outline_of(block: Sequence[PageLine]) -> np.ndarray:
    """Return the rectangle around a block, int (4, 2)."""
    points = np.vstack([line.place.polygon for line in block])
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])

"""Lines that stand below one another, as the blocks that document formats want them in."""

from __future__ import annotations

import itertools
from typing import Sequence

import numpy as np

from htrtool.core.page import Page, PageLine


def turned_blocks_of(page: Page) -> list[tuple[list[PageLine], int]]:
    """Part the lines of a page into blocks, each with the angle by which the page's document says that it is turned.

    That is by how many degrees clockwise the block must be turned to be upright, in whole quarters, from -90 to 180; PAGE
    calls it orientation, and ALTO ROTATION, by which the block is turned the other way.
    """
    described = page.source.document.pages[page.source.page - 1].lines if page.source.document is not None else None

    def angle_of(line: PageLine) -> int:
        quarters = described[line.number - 1].quarters if described else 0
        return -90 if quarters == 3 else 90 * quarters

    runs = itertools.groupby(page.lines, angle_of)
    return [(block, angle) for angle, run in runs for block in blocks_of(list(run))]


def blocks_of(lines: Sequence[PageLine]) -> list[list[PageLine]]:
    """Part lines in reading order into blocks: a new one begins where the next line is not below the last one.

    Below means further down and at least in part under it; so columns become blocks, and the order stays.
    """
    turn = _quarter_turn(lines)
    boxes = [(points.min(axis=0), points.max(axis=0)) for points in (line.place.polygon @ turn for line in lines)]
    blocks: list[list[PageLine]] = []
    for index, line in enumerate(lines):
        if blocks and _is_below(boxes[index], boxes[index - 1]):
            blocks[-1].append(line)
        else:
            blocks.append([line])
    return blocks


def _quarter_turn(lines: Sequence[PageLine]) -> np.ndarray:
    """Return the matrix, (2, 2), that turns points of a page which lies on its side or head upright, to the nearest quarter."""
    baselines = (line.place.baseline for line in lines if line.place.baseline is not None)
    across, down = sum((baseline[-1] - baseline[0] for baseline in baselines), np.zeros(2))
    x, y = (np.sign(across) or 1, 0) if abs(across) >= abs(down) else (0, np.sign(down))
    return np.array([[x, -y], [y, x]])


def _is_below(box: tuple[np.ndarray, np.ndarray], above: tuple[np.ndarray, np.ndarray]) -> bool:
    (left, top), (right, bottom) = box
    (left_above, top_above), (right_above, bottom_above) = above
    return min(right, right_above) > max(left, left_above) and top + bottom > top_above + bottom_above


def outline_of(block: Sequence[PageLine]) -> np.ndarray:
    """Return the rectangle around a block, int (4, 2)."""
    points = np.vstack([line.place.polygon for line in block])
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])

"""Pages as they come out of the pipeline, made up for the tests."""

from __future__ import annotations

import numpy as np

from htrtool.core.page import Page, PageLine
from htrtool.core.pages import PageSource
from htrtool.core.place import Place, box_of
from htrtool.core.reader import Reading


def reading(text: str, conf: float = 0.8) -> Reading:
    """Say that the characters of a text stand at equal steps."""
    count = len(text)
    sure, words = np.linspace(0.5, 0.99, count), np.full(len(text.split()), 0.7)
    return Reading(text, conf, (np.arange(count) + 0.5) / max(count, 1), sure, words)


def place(left: int, top: int, width: int, height: int, slope: float = 0.0) -> Place:
    """Place a line that rises or falls evenly, its baseline at three quarters of its height."""
    shift = np.array([0, slope * width])
    corners = np.array([(left, top), (left + width, top)]) + [(0, 0), shift]
    upper, base, lower = (corners + (0, share * height) for share in (0, 0.75, 1))
    polygon = np.round(np.vstack([upper, lower[::-1]])).astype(int)
    return Place(polygon, np.round(base).astype(int), np.stack([upper, base, lower]), box_of(polygon))


def read_page(*lines: tuple[str, Place], size: tuple[int, int] = (1000, 800), source: PageSource | None = None) -> Page:
    """Make a page with lines of text that stand somewhere."""
    made = [PageLine(number, where, reading(text)) for number, (text, where) in enumerate(lines, 1)]
    return Page(source or PageSource("page.png", 1, image="page.png"), size=size, lines=made, settled=True)


def turned_place(place: Place, quarters: int, width: int, height: int) -> Place:
    """Return a place on a page of a width and height that is then turned counter-clockwise by so many quarters."""
    for _ in range(quarters % 4):
        move = lambda points, width=width: np.stack([points[..., 1], width - points[..., 0]], axis=-1)
        polygon = move(place.polygon)
        place = Place(polygon, move(place.baseline), move(place.rails), box_of(polygon))
        width, height = height, width
    return place

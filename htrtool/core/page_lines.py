"""A page loaded, and its lines cut out of it and prepared."""

from __future__ import annotations

from typing import Iterator

import numpy as np

from htrtool.core.cut import Cut
from htrtool.core.errors import InputError
from htrtool.core.lines import cut_lines, shows_one_line
from htrtool.core.page import Page, PageLine
from htrtool.core.place import Place
from htrtool.core.reader import Reader

MODES = ("auto", "page", "line")


def lines_of(page: Page, mode: str, reader: Reader, threads: int) -> Iterator[PageLine]:
    """Load a page, note what it is, and yield its lines, prepared as the reader takes them.

    Args:
        mode: ``page`` looks for lines, ``line`` takes the picture as one line, ``auto`` decides by looking.
        threads: how many threads look for lines.

    Raises:
        InputError: the page can't be loaded, or is one line that can't be read. Of a page with others, a line that can't be
            read becomes one of its problems.
    """
    pixels = page.source.load()
    height, width = pixels.shape
    page.size = (width, height)
    is_line = False
    page.is_annotated = page.source.cut is not None
    if page.is_annotated:
        cuts = page.source.cut(pixels, page.problems)
    elif _is_one_line(page, pixels, mode, threads):
        is_line = True
        cuts = [(1, Cut(pixels, Place.of_picture(width, height)))]
    else:
        page.was_searched = True
        cuts = enumerate(cut_lines(pixels, threads), 1)
    for number, cut in cuts:
        try:
            line = reader.prepare_placed(cut.pixels, page.source.prepared)
            width = line.pixels.shape[1]
            ends = line.begin / width, line.end / width
            yield PageLine(number, cut.place, ends=ends, pixels=line.pixels)
        except InputError as problem:
            if is_line:
                raise
            page.problems.append(InputError(f"line {number}: {problem}", page.source.file))


def _is_one_line(page: Page, pixels: np.ndarray, mode: str, threads: int) -> bool:
    if mode != "auto" or page.source.is_line:
        return mode != "page"
    page.looks_like_line = shows_one_line(pixels, threads)
    return page.looks_like_line

"""A page and its lines as they are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from htrtool.core.decoding.looks import Look
from htrtool.core.errors import HtrError, InputError
from htrtool.core.pages import PageSource
from htrtool.core.place import Place
from htrtool.core.reader import Context, Reading
from htrtool.core.words import Word, words_of


class LineRead(NamedTuple):
    """A line as it was read; all fields but the last are the columns of the table of lines.

    ``page`` and ``line`` count from 1 in reading order; the box is in pixels of the page as it lies in the picture;
    ``conf`` is the share of the characters expected to be right, 0 to 1. ``alternatives`` are the next best texts, each
    with its ``conf``.
    """

    file: str
    page: int
    line: int
    left: int
    top: int
    width: int
    height: int
    conf: float
    text: str
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclass
class PageLine:
    """A line of a page: its number in reading order, from 1, where it stands and, when that is done, what was read.

    ``ends`` are where the picture that was cut out of the page begins and ends in the one that is read, as shares of
    that one's width. Until the line is read, ``pixels`` is that picture, ``looks`` what the network saw of it so far, None
    for each look to come, ``context`` what its page tells of how to read it, once all of the page has been seen, and
    ``draft`` what was read of it by all its looks, before its document's hand is known.
    """

    number: int
    place: Place
    reading: Reading | None = None
    ends: tuple[float, float] = (0.0, 1.0)
    pixels: np.ndarray | None = None
    looks: list[Look | None] = field(default_factory=list)
    context: Context | None = None
    draft: Reading | None = None

    @cached_property
    def words(self) -> list[Word]:
        """The words of the line."""
        reading = self.reading
        begin, end = self.ends
        centres = np.clip((reading.centres - begin) / (end - begin), 0, 1)
        return words_of(reading.text, centres, reading.characters, reading.words)


@dataclass
class Page:
    """A page, or a picture of one line, as it was read.

    ``index`` is its place among all pages that are read, from 0; ``size`` is its width and height in pixels. ``problems`` are
    of what could not be read: the page itself, or lines that its document places where none can be. ``looks_like_line`` says
    that it was taken for one line by its looks alone, ``was_searched`` that its lines were looked for, ``is_annotated`` that
    they are those that its document has. ``left_out`` are the lines that were read and are not told.
    """

    source: PageSource
    index: int = 0
    size: tuple[int, int] = (0, 0)
    lines: list[PageLine] = field(default_factory=list)
    left_out: list[PageLine] = field(default_factory=list)
    problems: list[HtrError] = field(default_factory=list)
    looks_like_line: bool = False
    was_searched: bool = False
    is_annotated: bool = False
    failed: bool = False
    settled: bool = False

    def fail(self, problem: InputError) -> None:
        """Note that the page can't be read, and why."""
        self.failed = True
        number = f"page {self.source.page}: " * (self.source.pages > 1)
        self.problems.append(InputError(number + problem.args[0], problem.source or self.source.file))

    def row(self, line: PageLine) -> LineRead:
        """Return a line as a row of the table of lines."""
        place, reading = line.place, line.reading
        return LineRead(self.source.file, self.source.page, line.number, *place.box, reading.conf, reading.text, reading.alternatives)

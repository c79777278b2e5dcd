"""Pages whose lines are read together, since they tell each other's language and hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Iterable, Iterator, TypeVar

from htrtool.core.page import Page, PageLine

Line = TypeVar("Line")

TOGETHER = 64
"""How many pictures of lines that come one after the other are read together, if they are of one document."""


def go_together(count: int, of_document: str, of_next: str) -> bool:
    """Tell whether a picture of a line is read with so many before it, given the document that they are of and its own."""
    return 0 < count < TOGETHER and of_document == of_next != ""


def in_gatherings(lines: Iterable[Line], document_of: Callable[[Line], str]) -> Iterator[list[Line]]:
    """Yield pictures of lines, in their order, as many at once as are read together."""
    together: list[Line] = []
    for line in lines:
        if together and not go_together(len(together), document_of(together[-1]), document_of(line)):
            yield together
            together = []
        together.append(line)
    if together:
        yield together


@dataclass
class Gathering:
    """Pages whose lines tell each other's language and hand: one alone, or pictures of lines of one document that come one after the other.

    ``of_document`` is the document that they are of, ``is_whole`` says that no more come, and ``lines`` are those of all of them
    once they are read.
    """

    of_document: str = ""
    pages: list[Page] = field(default_factory=list)
    is_whole: bool = False
    lines: list[PageLine] = field(default_factory=list)

    def unread(self) -> list[PageLine]:
        """Return the lines of which there is no draft yet."""
        return [line for page in self.pages for line in page.lines if line.draft is None]

    def is_seen(self) -> bool:
        """Tell whether the network has seen all that it was to look at."""
        return self.is_whole and all(page.settled for page in self.pages) and all(None not in line.looks for line in self.unread())


class Gatherer:
    """Puts pages, as they come, into gatherings.

    Args:
        mode: how lines are looked for, as for :class:`htrtool.core.pipeline.Pipeline`.
        on_whole: called with each gathering of which no more come.
    """

    def __init__(self, mode: str, on_whole: Callable[[Gathering], None]):
        self._mode, self._on_whole = mode, on_whole
        self._open: Gathering | None = None

    def add(self, page: Page) -> Gathering:
        """Put a page into the gathering of those before it, or else begin another, and return which one it is in."""
        is_line = self._mode == "line" or (self._mode == "auto" and page.source.is_line)
        of_document = page.source.of_document if is_line and page.source.cut is None else ""
        before = self._open
        if before and go_together(len(before.pages), before.of_document, of_document):
            before.pages.append(page)
            return before
        self.end()
        gathering = self._open = Gathering(of_document, [page])
        if not of_document:
            self.end()
        return gathering

    def end(self) -> None:
        """Note that no more come."""
        if self._open:
            self._open.is_whole = True
            self._on_whole(self._open)
            self._open = None

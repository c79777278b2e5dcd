"""What the layouts of training data have in common: what is found in a source, how it is called, and a picture that holds a line."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterable

import numpy as np

from htrtool.core.errors import InputError
from htrtool.core.text_files import read_utf8

if TYPE_CHECKING:
    from htrtool.core.pages import PageSource

FROM_STREAM = "stdin"
"""The key of what comes from standard input, which has no name."""
NO_TEXT = "no transcription"
NO_PICTURE = "no picture"
SEVERAL_LINES = "several lines of text for one picture: if it is a page, --lines cuts it into lines"
OTHER_FORM = "another form of a line that was taken"
SEVERAL_PAGES = "several pages: --lines cuts them into lines"


@dataclass
class Line:
    """A line cut out but not yet prepared: gray pixels, (height, width) uint8, and what is known of it."""

    key: str
    pixels: np.ndarray
    text: str | None = None
    meta: dict = field(default_factory=dict)


@dataclass
class Entry:
    """One thing to load, a picture or a page; ``load`` gives its lines and may run in another thread.

    ``text`` is the transcription where it is known before loading, so that what is left out for its text need not be
    decoded; ``image`` is the page that the lines are cut from, of several that of an ``index``; ``is_blank`` says that none of
    these has a text. What ``load`` can't
    make a line of, it gives as :class:`LeftOut` or :class:`~htrtool.core.errors.InputError`.
    """

    name: str
    load: Callable[[], Iterable[Line | LeftOut | InputError]]
    text: str | None = None
    image: Path | None = None
    index: int | None = None
    is_blank: bool = False


@dataclass
class LeftOut:
    """Something that was found and is not taken, by design: the counts tell how many and why.

    ``by_name`` says that one wants to know which, too.
    """

    name: str
    reason: str
    count: int = 1
    by_name: bool = False


Found = Entry | LeftOut | InputError


def key_of(*parts: str) -> str:
    """Join folders and a name to the key of a sample, whose last part may hold no dot."""
    pieces = downwards("/".join(str(part).replace(os.sep, "/") for part in parts))
    name = unicodedata.normalize("NFC", pieces.pop()).replace(".", "_").strip("_") or "_"
    return "/".join([*(unicodedata.normalize("NFC", piece) for piece in pieces), name])


def downwards(path: str) -> list[str]:
    """Return the folders and the name of a path, without what would lead out of where it is put."""
    return [piece for piece in path.split("/") if piece not in ("", ".", "..")] or ["_"]


def load_image(path: str | Path) -> np.ndarray:
    """Load one picture as gray pixels, (height, width) uint8; of several pages the first.

    Raises:
        InputError: it is missing, broken, or of no kind that is read.
    """
    return first_page(path).load()


def first_page(path: str | Path) -> PageSource:
    """Return the first page of a picture, which tells how many there are.

    Raises:
        InputError: it is missing, or of no kind that is read.
    """
    from htrtool.core.pages import page_sources

    return next(iter(page_sources(str(path))))


def read_text(path: Path) -> str:
    """Read a transcription.

    Raises:
        InputError: it can't be read, or is not UTF-8.
    """
    return unicodedata.normalize("NFC", read_utf8(path).strip("\r\n"))


def picture_entry(path: Path, key: str, text: str | None, meta: dict) -> Entry:
    """Return the entry of a picture that holds one line."""
    meta = {"source": str(path), **meta}

    def load() -> list[Line | LeftOut]:
        page = first_page(path)
        return [LeftOut(str(path), SEVERAL_PAGES) if page.pages > 1 else Line(key, page.load(), text, meta)]

    return Entry(str(path), load, text)

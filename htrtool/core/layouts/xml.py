"""Pages with ALTO or PAGE XML: the image found, and each line cut out of it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterable, Iterator

import numpy as np

from htrtool.core.documents.xml_elements import XmlLine, XmlPage
from htrtool.core.documents.xml_image import (
    XML_FOLDERS,
    cuts_along,
    image_of,
    in_pixels,
    load_described,
    picture_of,
    scale_of,
)
from htrtool.core.documents.xml_in import parse_pages
from htrtool.core.errors import InputError
from htrtool.core.layouts.base import NO_TEXT, Entry, Found, LeftOut, Line, key_of


def in_xml(
    path: Path, prefix: str, lines_of: Callable[[Described, str], Iterable[Line | LeftOut | InputError]] | None = None
) -> Iterator[Found]:
    """Yield the pages of an ALTO or PAGE file; each entry's lines are cut when it is loaded.

    Args:
        prefix: the folders of the keys.
        lines_of: gives the lines of a page that has a key; without it they are cut out as they are annotated.
    """
    try:
        pages = parse_pages(path)
    except InputError as error:
        yield error
        return
    for number, page in enumerate(pages, 1):
        if not page.lines:
            yield LeftOut(str(path), "page without lines")
            continue
        try:
            # What one trains on is one's own, so that its paths may be followed.
            image, index = image_of(page, str(path), path.parent, trusted=True)
        except InputError as error:
            yield error
            continue
        name = path.stem if len(pages) == 1 else f"{path.stem}-{number}"
        key = key_of(prefix, name)
        described = Described(page, path, image, index, number, len(pages))
        whole = index if index is not None or len(pages) == 1 else number - 1
        load = functools.partial(lines_of or annotated_lines_of, described, key)
        is_blank = not any(line.text and line.text.strip() for line in page.lines)
        yield Entry(str(path), load, image=image, index=whole, is_blank=is_blank)


def document_of_page(path: Path, key: str) -> str:
    """Return the document that an annotated page belongs to, as far as its folders tell.

    The folder that it is in, or of one that is kept for XML the one around it; the page itself if it lies directly in what
    was given as a source, as pages of many documents may. It depends on no other page, so that such move none.

    Args:
        path: the page's file.
        key: its key.
    """
    folders = key.split("/")[:-1]
    if len(folders) > 1 and folders[-1] in XML_FOLDERS:
        return "/".join(folders[:-1])
    return "/".join(folders) if len(folders) > 1 or path.resolve().parent.name in XML_FOLDERS else key


@dataclass(frozen=True)
class Described:
    """A page of an XML file, the ``number``-th of ``count``, and its image: of several pages that of an index, if told."""

    page: XmlPage
    path: Path
    image: Path
    index: int | None
    number: int = 1
    count: int = 1

    def load(self) -> tuple[np.ndarray, list[XmlLine]]:
        """Return the pixels of the page, (height, width) uint8, and its lines, their points in these pixels.

        Raises:
            InputError: the image is broken, or is not the one that the file describes.
        """
        picture = picture_of(self.image, self.index, self.number, self.count, str(self.path))
        pixels = load_described(self.page, picture)
        across, down = scale_of(self.page, pixels, str(self.path), str(self.image))
        return pixels, [in_pixels(line, across, down) for line in self.page.lines]


def annotated_lines_of(described: Described, key: str) -> Iterator[Line | LeftOut | InputError]:
    """Yield the lines of a page, cut out; one that can't be cut gives an error and the others follow.

    Raises:
        InputError: the image is broken, or is not the one that the file describes.
    """
    pixels, lines = described.load()
    digits = len(str(len(lines)))
    for number, (line, cut) in enumerate(zip(lines, cuts_along(lines, pixels)), 1):
        name = f"{described.path}#{line.name or number}"
        if line.text is None or not line.text.strip():
            yield LeftOut(name, NO_TEXT)
            continue
        if isinstance(cut, InputError):
            yield cut.at(name)
            continue
        source = {"source": str(described.image), "page_xml": str(described.path)}
        meta = source | {"document": document_of_page(described.path, key), "box": list(cut.box)}
        if line.name:
            meta["line"] = line.name
        if line.tags:
            meta["tags"] = sorted(line.tags)
        if line.language:
            meta["language"] = line.language
        yield Line(f"{key}/{number:0{max(3, digits)}d}", cut.pixels, line.text, meta)

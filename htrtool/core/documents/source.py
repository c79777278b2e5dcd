"""ALTO and PAGE XML as pages to read: the image that the file describes, cut along the lines that the file has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterator

import numpy as np
from lxml import etree

from htrtool.core.cut import Cut
from htrtool.core.documents.xml_elements import XmlPage, tag_of
from htrtool.core.documents.xml_image import cuts_along, image_of, in_pixels, load_described, picture_of, scale_of
from htrtool.core.documents.xml_in import pages_in, parse_tree
from htrtool.core.errors import InputError
from htrtool.core.pages import PageSource, failing


@dataclass(frozen=True)
class XmlDocument:
    """An ALTO or PAGE file: its tree, of which kind it is (``alto`` or ``page``), and the pages in it."""

    tree: etree._ElementTree
    kind: str
    pages: list[XmlPage]


def xml_sources(content: bytes, operand: str, folder: Path, dpi: float) -> Iterator[PageSource]:
    """Yield the pages of an ALTO or PAGE file.

    Args:
        operand: the name that errors give.
        folder: where the file is; its image must be there, in a folder below, or, where the folder is called ``page``
            or ``alto``, in the one above.
        dpi: the resolution at which pages are drawn, should the image be a PDF.

    Raises:
        InputError: it is not well-formed, defines entities, or is neither ALTO nor PAGE.
    """
    tree = parse_tree(content, operand)
    pages = pages_in(tree, operand)
    if not pages:
        raise InputError("expected a page, found none", operand)
    document = XmlDocument(tree, "alto" if tag_of(tree.getroot()) == "alto" else "page", pages)
    for number, page in enumerate(pages, 1):
        try:
            picture = _picture(page, number, len(pages), operand, folder, dpi)
        except InputError as error:
            yield PageSource(operand, number, failing(error), pages=len(pages), document=document)
            continue
        yield replace(
            picture,
            file=operand,
            page=number,
            pages=len(pages),
            load=_loader(page, picture, operand),
            cut=_cutter(page, operand, picture.image),
            document=document,
        )


def _picture(page: XmlPage, number: int, count: int, operand: str, folder: Path, dpi: float) -> PageSource:
    image, index = image_of(page, operand, folder)
    return picture_of(image, index, number, count, operand, dpi)


def _loader(page: XmlPage, picture: PageSource, operand: str):
    def load() -> np.ndarray:
        try:
            return load_described(page, picture)
        except InputError as error:
            raise InputError(f"its image can't be used: {error}", operand) from None

    return load


def _cutter(page: XmlPage, operand: str, image: str):
    def cut(pixels: np.ndarray, problems: list) -> Iterator[tuple[int, Cut]]:
        scale = scale_of(page, pixels, operand, image)
        lines = [in_pixels(line, *scale) for line in page.lines]
        for number, (line, found) in enumerate(zip(lines, cuts_along(lines, pixels)), 1):
            if isinstance(found, InputError):
                name = f"{number} ({line.name})" if line.name else str(number)
                problems.append(InputError(f"line {name}: {found.args[0]}", operand))
            else:
                yield number, found

    return cut

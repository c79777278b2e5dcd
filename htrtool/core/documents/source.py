"""ALTO and PAGE XML as pages to read: the image that the file describes, cut along the lines that the file has."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterator

import numpy as np
from lxml import etree

from htrtool.core.cut import Cut, cut_line
from htrtool.core.errors import InputError
from htrtool.core.pages import PageSource, picture_sources
from htrtool.core.pagexml import XmlLine, XmlPage, pages_in, parse_tree, tag_of
from htrtool.core.place import Place
from htrtool.core.xml_image import as_described, find_image, in_pixels, scale_of, spacing_of

# Transkribus and others keep XML in a folder of such a name beside the images.
XML_FOLDERS = ("page", "alto")
# How a URL names a page of a PDF: https://www.rfc-editor.org/rfc/rfc8118
_OF_PAGES = re.compile(r"#page=(\d+)$")


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
            yield PageSource(operand, number, _raiser(error), pages=len(pages), document=document)
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


def _raiser(error: InputError):
    def load() -> np.ndarray:
        raise error

    return load


def image_of(page: XmlPage, operand: str, folder: Path) -> tuple[Path, int | None]:
    """Return the path of the image that a page of an XML file names, and the index of the image's page, if told.

    Raises:
        InputError: it is not where it may be.
    """
    within = _OF_PAGES.search(page.image)
    name = page.image[: within.start()] if within else page.image
    folders = [folder, folder.parent] if folder.name in XML_FOLDERS else [folder]
    image = find_image(name, Path(operand).stem, folders)
    if image is None:
        wanted = Path(name.replace("\\", "/"))
        outside = f" ({name!r} is not looked for, since it leads out of the file's folder)"
        leads_out = wanted.is_absolute() or ".." in wanted.parts or "://" in name
        raise InputError(
            f"expected the page's image, {wanted.name or Path(operand).stem!r}, beside it, found none: put it there"
            + outside * leads_out,
            operand,
        )
    return image, int(within[1]) - 1 if within else None


def _picture(page: XmlPage, number: int, count: int, operand: str, folder: Path, dpi: float) -> PageSource:
    image, index = image_of(page, operand, folder)
    pictures = list(picture_sources(str(image), dpi))
    if index is None:
        index = number - 1 if len(pictures) == count else 0
    if not 0 <= index < len(pictures):
        raise InputError(f"expected an image with a page {index + 1}, found {len(pictures)} pages: {image}", operand)
    return pictures[index]


def _loader(page: XmlPage, picture: PageSource, operand: str):
    def load() -> np.ndarray:
        try:
            pixels = picture.load()
        except InputError as error:
            raise InputError(f"its image can't be used: {error}", operand) from None
        return pixels if picture.original.is_pdf else as_described(pixels, page, picture.original.opened)

    return load


def _cutter(page: XmlPage, operand: str, image: str):
    def cut(pixels: np.ndarray, problems: list) -> Iterator[tuple[int, Cut]]:
        scale = scale_of(page, pixels, operand, image)
        lines = [in_pixels(line, *scale) for line in page.lines]
        spacing, on_its_head = spacing_of(lines), stands_on_its_head(lines)
        for number, line in enumerate(lines, 1):
            try:
                yield number, _cut(pixels, line, spacing, on_its_head)
            except InputError as error:
                name = f"{number} ({line.name})" if line.name else str(number)
                problems.append(InputError(f"line {name}: {error.args[0]}", operand))

    return cut


def stands_on_its_head(lines: list[XmlLine]) -> bool:
    """Tell whether most baselines run from right to left; a single one may just have been drawn so."""
    back = sum(line.baseline[0][0] > line.baseline[-1][0] for line in lines if line.baseline)
    return 2 * back > len(lines)


def _cut(pixels: np.ndarray, line: XmlLine, spacing: float | None, on_its_head: bool) -> Cut:
    height, width = pixels.shape
    corners = {(0, 0), (width, 0), (width, height), (0, height)}
    if not line.baseline and {(round(x), round(y)) for x, y in line.polygon or ()} == corners:
        # Such is the line of a picture that shows no more than one.
        return Cut(pixels, Place.of_picture(width, height))
    return cut_line(pixels, line.polygon, line.baseline, spacing, directed=on_its_head)

"""Pages with ALTO or PAGE XML: the image found, and each line cut out of it."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import numpy as np

from htrtool.core.errors import InputError
from htrtool.core.layouts.base import NO_TEXT, Entry, Found, LeftOut, Line, key_of, load_image
from htrtool.core.pagexml import XmlLine, XmlPage, parse_pages
from htrtool.core.xml_image import as_described, find_image, in_pixels, scale_of, spacing_of


def in_xml(path: Path, prefix: str) -> Iterator[Found]:
    """Yield the pages of an ALTO or PAGE file; each entry's lines are cut when it is loaded."""
    try:
        pages = parse_pages(path)
    except InputError as error:
        yield error
        return
    for number, page in enumerate(pages, 1):
        if not page.lines:
            yield LeftOut(str(path), "page without lines")
            continue
        image = image_of(path, page)
        if image is None:
            wanted = Path(page.image.replace("\\", "/")).name or path.stem
            yield InputError(f"expected the page's image, {wanted!r}, beside it, found none: put it there", str(path))
            continue
        name = path.stem if len(pages) == 1 else f"{path.stem}-{number}"
        key = key_of(prefix, name)
        yield Entry(str(path), lambda page=page, image=image, key=key: lines_of(page, image, path, key), image=image)


def image_of(path: Path, page: XmlPage) -> Path | None:
    """Return the image that an XML file describes: by the name that it gives, or by its own stem.

    Looked for are the file's folder, the one above (Transkribus keeps XML in ``page``) and folders of images in both.
    """
    named = Path(page.image.replace("\\", "/").removeprefix("file://"))
    if named.is_absolute() and named.is_file():
        return named
    return find_image(page.image, path.stem, [path.parent, path.parent.parent])


def lines_of(page: XmlPage, image: Path, path: Path, key: str) -> Iterator[Line | LeftOut | InputError]:
    """Yield the lines of a page, cut out; one that can't be cut gives an error and the others follow.

    Raises:
        InputError: the image is broken, or is not the one that the file describes.
    """
    from htrtool.core.cut import cut_line

    pixels, lines = scaled_lines(page, image, path)
    spacing = spacing_of(lines)
    digits = len(str(len(lines)))
    for number, line in enumerate(lines, 1):
        name = f"{path}#{line.name or number}"
        if line.text is None or not line.text.strip():
            yield LeftOut(name, NO_TEXT)
            continue
        try:
            cut = cut_line(pixels, line.polygon, line.baseline, spacing)
        except InputError as error:
            yield InputError(error.args[0], name)
            continue
        meta = {"source": str(image), "page_xml": str(path), "document": key, "box": list(cut.box)}
        if line.name:
            meta["line"] = line.name
        if line.language:
            meta["language"] = line.language
        yield Line(f"{key}/{number:0{max(3, digits)}d}", cut.pixels, line.text, meta)


def scaled_lines(page: XmlPage, image: Path, path: Path) -> tuple[np.ndarray, list[XmlLine]]:
    """Return the pixels of a page and its lines, their points in these pixels.

    Raises:
        InputError: the image is broken, or is not the one that the file describes.
    """
    pixels = as_described(load_image(image), page, lambda: open(image, "rb"))
    across, down = scale_of(page, pixels, str(path), str(image))
    return pixels, [in_pixels(line, across, down) for line in page.lines]

"""Pages with ALTO or PAGE XML: the image found, and each line cut out of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Iterator

import numpy as np

from htrtool.core.errors import InputError
from htrtool.core.layouts import NO_TEXT, Entry, Found, LeftOut, Line, is_image, key_of, load_image
from htrtool.core.pagexml import Point, XmlLine, XmlPage, parse_pages

IMAGE_FOLDERS = ("images", "image", "img", "imgs", "jpg", "scans", "IMG")
# How far the two sides' scales may differ for an image to pass as the one that the file describes.
STRETCH = 0.03


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
    folders = [path.parent, path.parent.parent]
    folders += [folder / name for folder in folders[:2] for name in IMAGE_FOLDERS]
    if named.name and "://" not in page.image:
        for folder in folders:
            for wanted in (folder / named, folder / named.name):
                if wanted.is_file():
                    return wanted
    for folder in folders:
        for stem in dict.fromkeys((named.stem, path.stem, path.name.split(".")[0])):
            if stem and folder.is_dir():
                found = sorted(file for file in folder.glob(f"{_literal(stem)}.*") if is_image(file) and file.is_file())
                if found:
                    return found[0]
    return None


def _literal(stem: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in stem)


def lines_of(page: XmlPage, image: Path, path: Path, key: str) -> Iterator[Line | LeftOut | InputError]:
    """Yield the lines of a page, cut out; one that can't be cut gives an error and the others follow.

    Raises:
        InputError: the image is broken, or is not the one that the file describes.
    """
    from htrtool.core.cut import cut_line

    pixels, lines = scaled_lines(page, image, path)
    spacing = _spacing(lines)
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
    pixels = load_image(image)
    if page.width and page.height and (pixels.shape[1] > pixels.shape[0]) != (page.width > page.height):
        pixels = _as_stored(image, pixels)
    across, down = _scale(page, pixels, image, path)
    return pixels, [_scaled(line, across, down) for line in page.lines]


def _as_stored(image: Path, upright: np.ndarray) -> np.ndarray:
    """Return an image as it is stored if that differs from upright: some tools pay no heed to the EXIF orientation."""
    from PIL import Image

    with Image.open(image) as picture:
        orientation = picture.getexif().get(0x0112, 1)
    turns = {6: 1, 5: 1, 8: -1, 7: -1}.get(orientation, 0)
    return np.ascontiguousarray(np.rot90(upright, turns)) if turns else upright


def _scale(page: XmlPage, pixels: np.ndarray, image: Path, path: Path) -> tuple[float, float]:
    height, width = pixels.shape
    if not page.width or not page.height:
        if page.in_pixels:
            return 1.0, 1.0
        raise InputError("expected the size of the page, since its unit is not the pixel, found none", str(path))
    across, down = width / page.width, height / page.height
    if abs(across / down - 1) > STRETCH:
        raise InputError(
            f"expected an image of the page's {page.width:g}×{page.height:g} or scaled, found {width}×{height}: {image}",
            str(path),
        )
    return across, down


def _scaled(line: XmlLine, across: float, down: float) -> XmlLine:
    def move(points: list[Point] | None) -> list[Point] | None:
        return points and [(x * across, y * down) for x, y in points]

    return replace(line, polygon=move(line.polygon), baseline=move(line.baseline))


def _spacing(lines: list[XmlLine]) -> float | None:
    """Return the usual distance between baselines, for lines that have no outline."""
    heights = np.array(sorted(np.mean([y for _, y in line.baseline]) for line in lines if line.baseline))
    gaps = np.diff(heights)
    gaps = gaps[gaps > 8]
    return float(np.median(gaps)) if len(gaps) else None

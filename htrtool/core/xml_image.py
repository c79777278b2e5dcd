"""The image that an ALTO or PAGE file describes: where it is, and the file's lines in its pixels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import IO, Callable, Sequence

import numpy as np

from htrtool.core.errors import InputError
from htrtool.core.layouts.base import is_image
from htrtool.core.pagexml import Point, XmlLine, XmlPage

IMAGE_FOLDERS = ("images", "image", "img", "imgs", "jpg", "scans", "IMG")
# How far the two sides' scales may differ for an image to pass as the one that the file describes.
STRETCH = 0.03


def find_image(name: str, stem: str, folders: Sequence[Path]) -> Path | None:
    """Return the image that an XML file describes, None if it is not to be found.

    Args:
        name: the name that the file gives; where that is a path, it is followed from a folder downwards, never out of
            it, and its last part is looked for as well.
        stem: the XML file's own stem, for which an image may be named if the name leads nowhere.
        folders: where to look; in folders of images within them, too.
    """
    named = Path(name.replace("\\", "/").removeprefix("file://"))
    places = [*folders, *(folder / inner for folder in folders for inner in IMAGE_FOLDERS)]
    if named.name and "://" not in name:
        inside = [] if named.is_absolute() or ".." in named.parts else [named]
        for place in places:
            for wanted in (*inside, Path(named.name)):
                if (place / wanted).is_file():
                    return place / wanted
    for place in places:
        for part in dict.fromkeys((named.stem, stem, stem.split(".")[0])):
            if part and place.is_dir():
                found = sorted(file for file in place.glob(f"{_literal(part)}.*") if is_image(file) and file.is_file())
                if found:
                    return found[0]
    return None


def _literal(stem: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in stem)


def as_described(pixels: np.ndarray, page: XmlPage, opened: Callable[[], IO[bytes]]) -> np.ndarray:
    """Return an upright image as it is stored, if the page has it so: some tools pay no heed to the EXIF orientation.

    Args:
        pixels: (height, width) uint8.
        opened: opens the image's file.
    """
    from PIL import Image

    height, width = pixels.shape
    if not page.width or not page.height or (width > height) == (page.width > page.height):
        return pixels
    with opened() as stream, Image.open(stream) as picture:
        orientation = picture.getexif().get(0x0112, 1)
    turns = {6: 1, 5: 1, 8: -1, 7: -1}.get(orientation, 0)
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


def scale_of(page: XmlPage, pixels: np.ndarray, source: str, image: str) -> tuple[float, float]:
    """Return how many pixels of the image there are to a unit of the file, across and down.

    Raises:
        InputError: the image is not the one that the file describes, or there is no telling.
    """
    height, width = pixels.shape
    if not page.width or not page.height:
        if page.in_pixels:
            return 1.0, 1.0
        raise InputError("expected the size of the page, since its unit is not the pixel, found none", source)
    across, down = width / page.width, height / page.height
    if abs(across / down - 1) > STRETCH:
        size = f"{page.width:g}×{page.height:g}"
        raise InputError(
            f"expected an image of the page's {size} or scaled, found {width}×{height}: {image}", source
        )
    return across, down


def in_pixels(line: XmlLine, across: float, down: float) -> XmlLine:
    """Return a line with its points in pixels of the image."""

    def move(points: list[Point] | None) -> list[Point] | None:
        return points and [(x * across, y * down) for x, y in points]

    return replace(line, polygon=move(line.polygon), baseline=move(line.baseline))


def spacing_of(lines: Sequence[XmlLine]) -> float | None:
    """Return the usual distance between baselines, for lines that have no outline."""
    heights = np.array(sorted(np.mean([y for _, y in line.baseline]) for line in lines if line.baseline))
    gaps = np.diff(heights)
    gaps = gaps[gaps > 8]
    return float(np.median(gaps)) if len(gaps) else None

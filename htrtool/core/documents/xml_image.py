"""The image that an ALTO or PAGE file describes: where it is, and the file's lines in its pixels."""

from __future__ import annotations

import functools
import os
import re
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Callable, Iterator, NamedTuple, Sequence
from urllib.parse import unquote

import numpy as np

from htrtool.core.documents.xml_elements import Point, XmlLine, XmlPage
from htrtool.core.errors import InputError
from htrtool.core.medians import line_spacing
from htrtool.core.pages import DEFAULT_DPI, PageSource, picture_sources
from htrtool.core.suffixes import is_image

if TYPE_CHECKING:
    from htrtool.core.cut import Cut

IMAGE_FOLDERS = ("images", "image", "img", "imgs", "jpg", "scans", "IMG")
# Transkribus and others keep XML in a folder of such a name beside the images.
XML_FOLDERS = ("page", "alto")
# How many folders up one of these is looked for.
DEEPEST = 4
# How a URL names a page of a PDF: https://www.rfc-editor.org/rfc/rfc8118
OF_PAGES = re.compile(r"#page=(\d+)$")
# How far the two sides' scales may differ for an image to pass as the one that the file describes.
STRETCH = 0.03


def named_image(page: XmlPage) -> tuple[str, int | None]:
    """Return the name of the image that a page of an XML file gives, and the index of the image's page, if told."""
    within = OF_PAGES.search(page.image)
    return (page.image[: within.start()], int(within[1]) - 1) if within else (page.image, None)


def find_image(name: str, stem: str, folders: Sequence[Path]) -> Path | None:
    """Return the image that an XML file describes, None if it is not to be found.

    Args:
        name: the name that the file gives; where that is a path, it is followed from a folder downwards, never out of
            it, and its last part is looked for as well, in other letters too: capitals or not, accents apart or not.
        stem: the XML file's own stem, for which an image may be named if the name leads nowhere.
        folders: where to look; in folders of images within them, too.
    """
    named = Path(name.replace("\\", "/").removeprefix("file://"))
    places = [*folders, *(folder / inner for folder in folders for inner in IMAGE_FOLDERS)]
    if named.name and "://" not in name:
        inside = [] if named.is_absolute() or ".." in named.parts else [named]
        for place in places:
            for wanted in (*inside, Path(named.name)):
                if os.path.isfile(place / wanted):
                    return place / wanted
    indexes = [(place, _index_of(place)) for place in places]
    candidates = [place / file for place, index in indexes for file in index.by_folded.get(_folded(named.name), ())]
    stems = dict.fromkeys((named.stem, stem, stem.split(".")[0]))
    candidates += [place / file for place, index in indexes for part in stems for file in index.by_stem.get(part, ())]
    return next(filter(os.path.isfile, candidates), None)


class _Index(NamedTuple):
    """The names in a folder, by what they are in other letters, and those of images by what stands before one of their dots."""

    by_folded: dict[str, list[str]]
    by_stem: dict[str, list[str]]


def _index_of(folder: Path) -> _Index:
    try:
        return _index_at(os.path.abspath(folder), os.stat(folder).st_mtime_ns)
    except OSError:
        return _Index({}, {})


@functools.lru_cache(maxsize=32)
def _index_at(folder: str, changed: int) -> _Index:
    """Return the index of a folder as it is since a moment: what is to be found for each of thousands of files is listed once."""
    index = _Index({}, {})
    for name in sorted(os.listdir(folder)):
        index.by_folded.setdefault(_folded(name), []).append(name)
        if is_image(name):
            for dot in (place for place, letter in enumerate(name) if letter == "." and place):
                index.by_stem.setdefault(name[:dot], []).append(name)
    return index


def _folded(name: str) -> str:
    """Return a name as it may be told in other letters: capitals or not, as in a URL or not, accents apart or not."""
    return unicodedata.normalize("NFC", unquote(name)).casefold()


def image_of(page: XmlPage, source: str, folder: Path, trusted: bool = False) -> tuple[Path, int | None]:
    """Return the image that a page of an XML file describes, and the index of the image's page, if the file tells.

    Args:
        source: the name of the XML file, for errors, and its stem for an image named alike.
        folder: where the file is; the image must be there, in a folder of images within, or, where the folder or one a
            little above is one in which Transkribus and others keep XML beside images, beside that.
        trusted: look in the folder above in any case, and follow an absolute path.

    Raises:
        InputError: it is not where it may be.
    """
    name, index = named_image(page)
    wanted = Path(name.replace("\\", "/").removeprefix("file://"))
    if trusted and wanted.is_absolute() and os.path.isfile(wanted):
        return wanted, index
    folders = [folder, *_beside(folder), *([folder.parent] if trusted else [])]
    origin = os.path.join(os.path.realpath(folder), page.origin) if page.origin else None
    read_in = Path(os.path.realpath(os.path.dirname(origin))) if origin else None
    followed = read_in is not None and (trusted or any(read_in.is_relative_to(os.path.realpath(place)) for place in folders))
    image = find_image(name, Path(source).stem, [*folders, read_in] if followed else folders)
    if image is None:
        leads_out = wanted.is_absolute() or ".." in wanted.parts or "://" in name
        outside = name if leads_out else page.origin if origin and not followed and os.path.isfile(origin) else None
        raise InputError(
            f"expected the page's image, {wanted.name or Path(source).stem!r}, beside it, found none: put it there, or a link to it"
            + f" ({outside!r} is not looked for, since it leads out of the file's folder)" * (outside is not None and not trusted),
            source,
        )
    return image, index


def _beside(folder: Path) -> list[Path]:
    """Return where images lie if a folder, or one a little above, is kept for their XML: beside it, in folders of the same names."""
    here = Path(os.path.abspath(folder))
    for kept in (here, *here.parents)[:DEEPEST]:
        if kept.name in XML_FOLDERS:
            below, base = here.relative_to(kept), kept.parent
            return [base / below, *(base / inner / below for inner in IMAGE_FOLDERS), base]
    return []


def as_described(pixels: np.ndarray, page: XmlPage, opened: Callable[[], IO[bytes]]) -> np.ndarray:
    """Return an upright image as it is stored, if the page has it so: some tools pay no heed to the EXIF orientation.

    Args:
        pixels: (height, width) uint8.
        opened: opens the image's file.
    """
    from PIL import ExifTags, Image

    height, width = pixels.shape
    if not page.width or not page.height or (width > height) == (page.width > page.height):
        return pixels
    with opened() as stream, Image.open(stream) as picture:
        orientation = picture.getexif().get(ExifTags.Base.Orientation, 1)
    # Undone is what orientations 5 and 7, mirrored, and 6 and 8, turned, ask for.
    stored = {5: pixels.T, 6: np.rot90(pixels), 7: pixels[::-1, ::-1].T, 8: np.rot90(pixels, -1)}.get(orientation, pixels)
    return np.ascontiguousarray(stored)


def picture_of(image: Path, index: int | None, number: int, count: int, source: str, dpi: float = DEFAULT_DPI) -> PageSource:
    """Return the page of an image that a page of an XML file describes.

    Args:
        image: the image, a PDF or a picture of one page or several.
        index: which of its pages, if the file tells.
        number: which page of the XML file it is, of ``count``.
        source: the XML file, for errors.
        dpi: the resolution at which a PDF is drawn.

    Raises:
        InputError: the image is none, or has no such page, or there is no telling which.
    """
    pictures = list(picture_sources(str(image), dpi))
    return pictures[index_within(len(pictures), index, number, count, str(image), source)]


def index_within(pages: int, index: int | None, number: int, count: int, image: str, source: str) -> int:
    """Return the index, among the ``pages`` of an image, of the one that a page of an XML file describes; see :func:`picture_of`.

    Raises:
        InputError: the image has no such page, or there is no telling which.
    """
    if index is None and pages not in (1, count):
        raise InputError(
            f"expected an image of {'one page' if count == 1 else f'1 or {count} pages'}, or that the file says which of its pages "
            f"it describes, as by the name {Path(image).name}#page=2 for the second, found {pages} pages: {image}",
            source,
        )
    if index is None:
        index = number - 1 if pages == count else 0
    if not 0 <= index < pages:
        raise InputError(f"expected an image with a page {index + 1}, found {pages} pages: {image}", source)
    return index


def load_described(page: XmlPage, picture: PageSource) -> np.ndarray:
    """Load the picture of a page as the page has it, (height, width) uint8.

    Raises:
        InputError: it is broken.
    """
    pixels = picture.load()
    return pixels if picture.original.is_pdf else as_described(pixels, page, picture.original.opened)


def cuts_along(lines: Sequence[XmlLine], pixels: np.ndarray) -> Iterator[Cut | InputError]:
    """Cut lines out of their page; for each that can't be, yield the error.

    Args:
        lines: their points are in pixels.
        pixels: the page, (height, width) uint8.
    """
    from htrtool.core.cut import Cut, cut_line
    from htrtool.core.place import Place

    height, width = pixels.shape
    corners = {(0, 0), (width, 0), (width, height), (0, height)}
    spacing = line_spacing(np.mean([y for _, y in line.baseline]) for line in lines if line.baseline)
    on_its_head = _stands_on_its_head(lines)
    for line in lines:
        if not line.baseline and {(round(x), round(y)) for x, y in line.polygon or ()} == corners:
            # Such is the line of a picture that shows no more than one.
            yield Cut(pixels, Place.of_picture(width, height))
            continue
        try:
            directed = on_its_head or line.quarters == 2 or _is_overturned(line)
            yield cut_line(pixels, line.polygon, line.baseline, spacing, directed, line.quarters)
        except InputError as error:
            yield error


def scale_of(page: XmlPage, pixels: np.ndarray, source: str, image: str) -> tuple[float, float]:
    """Return how many pixels of the image, (height, width), there are to a unit of the file, across and down.

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


def _stands_on_its_head(lines: Sequence[XmlLine]) -> bool:
    """Tell whether most baselines run from right to left; a single one may just have been drawn so."""
    return 2 * sum(map(_runs_back, lines)) > len(lines)


def _runs_back(line: XmlLine) -> bool:
    return bool(line.baseline) and line.baseline[0][0] > line.baseline[-1][0]


def _is_overturned(line: XmlLine) -> bool:
    """Tell whether a line of a page that is upright stands on its head, as in a margin: seen so, most of it is above its baseline."""
    from htrtool.core.guide import extent_of

    if not _runs_back(line) or line.polygon is None or len(line.polygon) < 3:
        return False
    _, _, top, bottom = extent_of(np.asarray(line.baseline), np.asarray(line.polygon))
    return -top > bottom

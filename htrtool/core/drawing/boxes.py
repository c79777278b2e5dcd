"""Lines read as they are drawn over their page: from tables, JSON lines, ALTO and PAGE XML."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterable, Mapping

import numpy as np

from htrtool.core.cells import number_in, whole_number_in
from htrtool.core.errors import InputError
from htrtool.core.json_lines import objects_in
from htrtool.core.medians import line_spacing

BOX_COLUMNS = ("file", "left", "top", "width", "height")
FARTHEST = 1e6
"""How far from the corner of a page anything on it may be, in pixels."""
ABOVE, BELOW = 0.5, 0.2
"""How far a line reaches above its baseline and below, of the spacing, where nothing but the baseline is known."""


@dataclass(frozen=True)
class Described:
    """A page of an XML file, the ``number``-th of ``count``, and the index of its image's page, if the file tells."""

    xml: str
    index: int | None
    number: int
    count: int


@dataclass(frozen=True)
class Box:
    """A line read: its place on the page in pixels, its rank in reading order, its text and its confidence or None.

    ``polygon`` and ``baseline`` are (points, 2), None where they are not known. ``page_size`` is width and height of
    the page in the units of the line; None: they are the image's own. Of a line in an XML file ``described`` says what is
    told of its page, whose number in the image is known with that: see :meth:`within`.
    """

    file: str
    page: int
    line: str
    left: float
    top: float
    width: float
    height: float
    text: str
    conf: float | None
    polygon: np.ndarray | None = None
    baseline: np.ndarray | None = None
    page_size: tuple[float, float] | None = None
    described: Described | None = None

    @property
    def outline(self) -> np.ndarray:
        """The polygon, or the box, (points, 2), from the upper left on."""
        if self.polygon is not None:
            return self.polygon
        right, bottom = self.left + self.width, self.top + self.height
        return np.array([(self.left, self.top), (right, self.top), (right, bottom), (self.left, bottom)])

    def on(self, width: int, height: int) -> Box:
        """Return the box in pixels of an image of that size."""
        if self.page_size is None or not all(self.page_size):
            return self
        scale = np.array([width, height]) / self.page_size
        left, top, wide, high = np.array([self.left, self.top, self.width, self.height]) * np.tile(scale, 2)
        polygon, baseline = (None if part is None else part * scale for part in (self.polygon, self.baseline))
        return replace(
            self, left=left, top=top, width=wide, height=high, polygon=polygon, baseline=baseline, page_size=None
        )

    def is_off(self, width: int, height: int) -> bool:
        """Tell whether the middle of the line, in pixels, lies off an image of that size."""
        across, down = (self.outline.min(axis=0) + self.outline.max(axis=0)) / 2
        return not (0 <= across <= width and 0 <= down <= height)

    def within(self, pages: int) -> Box:
        """Return the box with the number of its page in an image of so many pages.

        Raises:
            InputError: its file does not tell which of them it is, or there is no such page.
        """
        if self.described is None:
            return self
        from htrtool.core.documents.xml_image import index_within

        of = self.described
        return replace(self, page=index_within(pages, of.index, of.number, of.count, self.file, of.xml) + 1, described=None)


def boxes_of(rows: Iterable[tuple[int, Mapping[str, str]]], source: str) -> list[Box]:
    """Turn numbered rows of a table of lines or words into boxes; left out is a row without one, or of a text read second best.

    Raises:
        InputError: a cell that should hold numbers does not, or a row names no image.
    """
    from htrtool.core.tables import is_best

    boxes = []
    for number, row in rows:
        if not row["left"] or not is_best(row):
            continue
        if not row["file"]:
            raise InputError(f"row {number}, column file: expected the name of a page's image, found none", source)
        left, top, width, height = (_place(row, name, number, source) for name in ("left", "top", "width", "height"))
        conf = _place(row, "conf", number, source) if row.get("conf") else None
        page = (whole_number_in(row, "page", number, source) if "page" in row else None) or 1
        # The words of a line share its number, which need be seen but once.
        word = whole_number_in(row, "word", number, source) if "word" in row else 1
        line = row.get("line", "") if word == 1 else ""
        polygon, baseline = (_points(row, name, number, source) for name in ("polygon", "baseline"))
        boxes.append(
            Box(row["file"], page, line, left, top, width, height, row.get("text", ""), conf, polygon, baseline)
        )
    return boxes


def _place(row: Mapping[str, str], column: str, number: int, source: str) -> float:
    value = number_in(row, column, number, source)
    if not abs(value) <= FARTHEST:
        raise InputError(f"row {number}, column {column}: expected a number, found {row[column]!r}", source)
    return value


def _points(row: Mapping[str, str], column: str, number: int, source: str) -> np.ndarray | None:
    cell = row.get(column, "").split()
    try:
        points = np.array([[float(part) for part in point.split(",")] for point in cell]).reshape(-1, 2)
        if not (np.abs(points) <= FARTHEST).all():
            raise ValueError
        return points if cell else None
    except ValueError:
        raise InputError(
            f"row {number}, column {column}: expected points, x,y x,y, found {row[column][:60]!r}", source
        ) from None


def boxes_in_json(lines: Iterable[str], source: str) -> list[Box]:
    """Turn objects, one a line as ``htr read -f jsonl`` writes them, into boxes.

    Raises:
        InputError: a line is no such object.
    """

    def rows():
        for number, found in objects_in(lines, source):
            try:
                row = {name: _cell(value) for name, value in found.items()}
            except (ValueError, TypeError):
                raise InputError(f"row {number}: expected outlines as lists of points, [x, y]", source) from None
            if missing := [name for name in BOX_COLUMNS if name not in row]:
                raise InputError(f"row {number}: expected an object with {' '.join(missing)}, found none", source)
            yield number, row

    return boxes_of(rows(), source)


def _cell(value: object) -> str:
    if isinstance(value, list):
        return " ".join(f"{x},{y}" for x, y in value)
    return "" if value is None else str(value)


def boxes_in_xml(content: bytes, source: str, folder: Path, beside: bool = True) -> list[Box]:
    """Turn the lines of an ALTO or PAGE file into boxes on the image that it names.

    Args:
        source: the name of the file, for errors.
        folder: where it is.
        beside: look for the image there; otherwise it goes by its name among images that are given.

    Raises:
        InputError: it is not well-formed, defines entities, or is neither ALTO nor PAGE.
    """
    from htrtool.core.documents.xml_image import image_of, named_image
    from htrtool.core.documents.xml_in import pages_in, parse_tree

    boxes = []
    pages = pages_in(parse_tree(content, source), source)
    for number, page in enumerate(pages, 1):
        if beside or not page.image:
            try:
                image, index = image_of(page, source, folder)
            except InputError as error:
                raise InputError(f"{error.args[0]}, or give it too", source) from None
        else:
            name, index = named_image(page)
            image = folder / name.replace("\\", "/")
        spacing = line_spacing(np.mean([y for _, y in line.baseline]) for line in page.lines if line.baseline)
        for rank, line in enumerate(page.lines, 1):
            points = np.array(line.polygon or line.baseline or [], float).reshape(-1, 2)
            if not len(points):
                continue
            low, size = points.min(axis=0), np.ptp(points, axis=0)
            if not line.polygon and spacing:
                low, size = low - (0, ABOVE * spacing), size + (0, (ABOVE + BELOW) * spacing)
            polygon = points if line.polygon else None
            baseline = np.array(line.baseline, float) if line.baseline else None
            where = (polygon, baseline, (page.width, page.height), Described(source, index, number, len(pages)))
            boxes.append(Box(str(image), number, str(rank), *low, *size, line.text or "", line.conf, *where))
    return boxes

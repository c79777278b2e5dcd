"""Which tables and pages become which figures."""

from __future__ import annotations

import itertools
import os
import re
import stat
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Iterable, Iterator, Sequence

from htrtool.core.counted import counted
from htrtool.core.drawing import charts
from htrtool.core.drawing.boxes import BOX_COLUMNS, Box, boxes_in_json, boxes_in_xml, boxes_of
from htrtool.core.drawing.charts import Curve
from htrtool.core.drawing.figures import Figure, save
from htrtool.core.drawing.hand_chart import HAND_COLUMNS, HandCurve, hand_chart, hand_curves_of
from htrtool.core.drawing.page_chart import page_with_lines
from htrtool.core.drawing.score_chart import RATE_COLUMNS, Scores, score_chart, scores_of
from htrtool.core.errors import InputError, unreadable
from htrtool.core.kinds import is_xml
from htrtool.core.names import name_from_text, printable_name
from htrtool.core.pages import DEFAULT_DPI, PageSource, page_sources
from htrtool.core.scoring.file_names import match_files
from htrtool.core.spreadsheets import unquoted
from htrtool.core.tables import as_text, header_columns, read_numbered
from htrtool.core.text_files import OTHER_KINDS, refuse_other_kind

__all__ = ["Curve", "Style", "figures", "kind_of", "load", "pictures_of", "save", "sort_operands"]

Table = Curve | Scores | list[HandCurve] | list[Box]
_HEAD = 512
_PORTABLE_MAPS = tuple(b"P%d\n" % kind for kind in range(1, 7)) + tuple(b"P%d " % kind for kind in range(1, 7))
"""How pictures in the formats PBM, PGM and PPM begin, which may have no NUL in their first bytes."""


@dataclass(frozen=True)
class Style:
    """How figures look.

    ``title`` stands above each, over pages with ``%f`` for the file and ``%p`` for the page; ``width`` is in inches, ``dpi``
    the pixels an inch of what is drawn in pixels. ``along`` is the column along which curves run, one of
    :data:`htrtool.core.drawing.charts.AXES`; ``text`` is ``over``, ``beside`` or ``none``, see
    :func:`htrtool.core.drawing.page_chart.page_with_lines`; ``pdf_dpi`` the resolution at which pages of a PDF were read.
    """

    title: str | None = None
    width: float = 8
    dpi: float = 150
    along: str = "epoch"
    text: str = "over"
    pdf_dpi: float = DEFAULT_DPI


def sort_operands(operands: Sequence[str], problem: Callable[[InputError], None]) -> tuple[list[str], list[str]]:
    """Tell tables from images by their first bytes; a pipe is a table. Of one that can't be read the error is passed on."""
    tables, images = [], []
    for operand in operands:
        try:
            (tables if operand == "-" or _is_text(operand) else images).append(operand)
        except OSError as error:
            problem(unreadable(error, operand))
    return tables, images


def _is_text(operand: str) -> bool:
    if not stat.S_ISREG(os.stat(operand).st_mode):
        return True
    with open(operand, "rb") as stream:
        head = stream.read(_HEAD)
    return is_xml(head) or head.startswith(tuple(OTHER_KINDS)) or b"\0" not in head and not head.startswith((b"%PDF", *_PORTABLE_MAPS))


def load(operand: str, beside: bool = True) -> Table:
    """Read a table of epochs, of scores, of lines or of learned hands, told apart by its header, JSON lines, ALTO or PAGE XML.

    Args:
        beside: see :func:`htrtool.core.drawing.boxes.boxes_in_xml`.

    Raises:
        InputError: it is none of these, or broken.
    """
    try:
        with open(0, "rb", closefd=False) if operand == "-" else open(operand, "rb") as stream:
            head = stream.peek(_HEAD)
            if is_xml(head):
                return boxes_in_xml(stream.read(), operand, Path() if operand == "-" else Path(operand).parent, beside)
            refuse_other_kind(head, operand)
            text = as_text(stream)
            header = text.readline()
            if header.removeprefix("\ufeff").startswith("{"):
                return boxes_in_json(itertools.chain([header], text), operand)
            lines = unquoted(itertools.chain(filter(None, [header]), text))
            header = next(lines, "")
            columns = header_columns(header)
            rows = read_numbered(itertools.chain(filter(None, [header]), lines), operand)
            if "epoch" in columns or "loss" in columns:
                return charts.curve_of(rows, operand)
            if set(RATE_COLUMNS) <= set(columns):
                return scores_of(rows, operand)
            if set(HAND_COLUMNS) <= set(columns):
                return hand_curves_of(rows, operand)
            if set(BOX_COLUMNS) <= set(columns):
                return boxes_of(((number, row | {"file": name_from_text(row["file"])}) for number, row in rows), operand)
    except OSError as error:
        raise unreadable(error, operand) from None
    found = " ".join(columns)
    raise InputError(
        f"expected a table of epochs (epoch, loss, …), of scores ({', '.join(RATE_COLUMNS)}, …), of lines ({', '.join(BOX_COLUMNS)}, …) or of learned hands "
        f"({', '.join(HAND_COLUMNS)}, …) with a header, "
        "JSON lines, ALTO or PAGE XML, "
        + (f"found {found[:100]!r}" if found else "found nothing")
        + ", whose columns no tabs part" * (len(columns) == 1 and "," in found),
        operand,
    )


def kind_of(table: Table) -> str:
    """Return what a table is one of: ``epochs``, ``scores``, ``hands`` or ``lines``."""
    if isinstance(table, Curve):
        return "epochs"
    if isinstance(table, Scores):
        return "scores"
    return "hands" if table and isinstance(table[0], HandCurve) else "lines"


def figures(
    loaded: Sequence[Table],
    images: Sequence[str],
    style: Style,
    problem: Callable[[InputError], None],
    warn: Callable[[str], None],
) -> Iterator[Figure]:
    """Yield the figures of tables: one for all tables of epochs, of scores or of hands, or one for each page with lines.

    Raises:
        InputError: tables of several kinds, images beside curves, or nothing that can be drawn.
    """
    kinds = list(dict.fromkeys(map(kind_of, loaded)))
    kind = kinds[0]
    if len(kinds) > 1 or images and kind != "lines":
        received = " and ".join(kinds + ["images"] * bool(images))
        raise InputError(f"expected tables of one kind, received tables of {received}: draw them one by one")
    title = style.title and printable_name(style.title)
    if kind == "epochs":
        for curve in loaded:
            if curve[style.along] is None:
                warn(f"{curve.name}: no numbers in the column {style.along}, without which it is not drawn")
        yield charts.learning_curves(loaded, style.along, title, style.width)
        return
    if kind == "scores":
        yield score_chart(loaded, title, style.width)
        return
    if kind == "hands":
        yield hand_chart(_told_apart(loaded), title, style.width)
        return
    boxes = [box for table in loaded for box in table]
    if not boxes:
        raise InputError("expected lines with their boxes (left, top, width, height), found none in the table")
    yield from _pages(boxes, images, style, problem, warn)


def _told_apart(tables: list[list[HandCurve]]) -> list[HandCurve]:
    """Return the hands of all tables; those that several have are named with the table."""
    times = Counter(name for table in tables for name in {curve.name for curve in table})
    return [
        replace(curve, name=f"{curve.name}, {curve.source}") if times[curve.name] > 1 else curve
        for table in tables
        for curve in table
    ]


def _pages(boxes: list[Box], images: Sequence[str], style: Style, problem, warn) -> Iterator[Figure]:
    drawn = 0
    files = list(dict.fromkeys(box.file for box in boxes))
    operands = _listed(files, images, style.pdf_dpi, problem)
    file_of = _files_of(files, images, operands)
    known: dict[str | None, set[int]] = defaultdict(set)
    for source in itertools.chain.from_iterable(operands.values()):
        known[file_of.get(source.file)].add(source.page)
    by_page: dict[tuple[str, int], list[Box]] = defaultdict(list)
    for box in _within(boxes, {file: len(pages) for file, pages in known.items()}, problem):
        by_page[box.file, box.page].append(box)
    for source in _with_content(operands, style.pdf_dpi):
        file = file_of.get(source.file)
        lines = by_page.get((file, source.page))
        if not lines:
            if images:
                warn(f"{source.file}, page {source.page}: the table has no lines of it")
            continue
        try:
            with source.room():
                pixels = source.load()
                lines = [box.on(*pixels.shape[::-1]) for box in lines]
                if told := _off_the_page(lines, source, *pixels.shape[::-1]):
                    warn(told)
                figure = page_with_lines(
                    pixels, lines, _title(source, style.title), style.width, style.dpi, style.text
                )
        except InputError as error:
            problem(error)
            continue
        drawn += 1
        yield figure
    for file, page in by_page:
        if file in known and page not in known[file]:
            count = len(known[file])
            problem(InputError(f"expected a page {page}, of which the table has lines, found {counted(count, 'page')}", file))
    if not drawn:
        raise InputError(f"expected images of pages that the table names, such as {files[0]!r}, found none to draw")


def _off_the_page(lines: list[Box], source: PageSource, width: int, height: int) -> str:
    """Return what to say of lines that a page of that size in pixels has no place for, empty if there are none."""
    off = sum(box.is_off(width, height) for box in lines)
    if not off:
        return ""
    other = "--pdf-dpi is not what htr read --dpi was told" if source.original and source.original.is_pdf else "the picture is not as it was read"
    return f"{source.file}, page {source.page}: {counted(off, 'line lies', 'lines lie')} off the page of {width}×{height} pixels: {other}"


def _within(boxes: list[Box], pages: dict[str | None, int], problem) -> list[Box]:
    """Return boxes with the numbers of their pages in images that have so many; what is wrong with others is told as a problem.

    Raises:
        InputError: none has a page there; of several errors the last.
    """
    kept, errors = [], {}
    for box in boxes:
        try:
            kept.append(box.within(pages[box.file]) if box.file in pages else box)
        except InputError as error:
            errors.setdefault(box.described, error)
    last = None if kept else errors.popitem()[1]
    for error in errors.values():
        problem(error)
    if last:
        raise last
    return kept


def _title(source: PageSource, title: str | None) -> str | None:
    told = {"%f": source.file, "%p": str(source.page)}
    # At once, since a name may have a %p in it.
    return printable_name(re.sub("%[fp]", lambda found: told[found[0]], title)) if title else None


def _listed(files: list[str], images: Sequence[str], dpi: float, problem) -> dict[str, list[PageSource]]:
    """Return the pages of each operand, of files that can be opened again without their content; of one that can't be read the error is told."""
    operands: dict[str, list[PageSource]] = {}
    for operand in dict.fromkeys(images) or _pictures(files):
        if operand == "-":
            problem(InputError("expected the image too: htr read was given it on standard input, so that the table does not name it", "-"))
            continue
        pages = operands[operand] = []
        try:
            for source in page_sources(operand, dpi):
                pages.append(PageSource(source.file, source.page) if os.path.isfile(operand) else source)
        except InputError as error:
            problem(error)
    return operands


def _with_content(operands: dict[str, list[PageSource]], dpi: float) -> Iterator[PageSource]:
    """Yield listed pages so that they can be loaded, one after the other: a tar holds more pictures than there is memory."""
    for operand, pages in operands.items():
        yield from pages if pages and pages[0].load else itertools.islice(page_sources(operand, dpi), len(pages))


def _files_of(files: list[str], images: Sequence[str], operands: dict[str, list[PageSource]]) -> dict[str, str]:
    """Return which name in the table means the file of each page, by its own name."""
    found = list(dict.fromkeys(source.file for pages in operands.values() for source in pages))
    # All at once, since of two pages of one name in two folders neither may be taken for the other.
    names = match_files(files, found)
    unnamed = [file for file in files if Path(file).name == "-"]
    if len(unnamed) == len(images) == 1 and found and found[0] not in names:
        names[found[0]] = unnamed[0]
    return names


def pictures_of(loaded: Sequence[Table]) -> list[str]:
    """Return the files that :func:`figures` draws the lines of these tables over, where it is given no images."""
    return _pictures(box.file for table in loaded if kind_of(table) == "lines" for box in table)


def _pictures(files: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(_existing(file) for file in dict.fromkeys(files)))


def _existing(file: str) -> str:
    """Return the file itself, or the archive that holds the sample."""
    return next((str(path) for path in (Path(file), *Path(file).parents) if os.path.isfile(path)), file)

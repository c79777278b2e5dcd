"""Lines read as rows: of a table or of objects, a line or a word each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import IO, Callable, Iterator

import numpy as np

from htrtool.core.names import name_to_text, printable_name
from htrtool.core.page import Page, PageLine
from htrtool.core.place import box_of
from htrtool.core.tables import LINE_COLUMNS, OUTLINE_COLUMNS, WORD_COLUMNS, TableWriter

Row = dict[str, object]
BOX = ("left", "top", "width", "height")


@dataclass(frozen=True)
class RowForm:
    """How lines are written.

    Args:
        form: ``tsv``, ``txt`` (the text alone, an empty line between pages) or ``jsonl`` (an object each, baseline and polygon always in it).
        header: whether a table begins with the names of its columns.
        per_word: whether words have rows, not lines.
        outlines: whether a table has the columns baseline and polygon.
        ranked: whether alternatives are given: in a table as rows of their own, told apart by the column ``rank``.
    """

    form: str = "tsv"
    header: bool = True
    per_word: bool = False
    outlines: bool = False
    ranked: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The names in each row, ``text`` last."""
        *columns, text = WORD_COLUMNS if self.per_word else LINE_COLUMNS
        outlines = OUTLINE_COLUMNS if self.outlines or self.form == "jsonl" else ()
        rank = ("rank",) if self.ranked and self.form == "tsv" else ()
        return (*columns, *outlines, *rank, text)


def line_rows(page: Page, line: PageLine) -> Iterator[Row]:
    """Yield the one row of a line; its baseline and polygon are int (points, 2), or None."""
    place = line.place
    yield page.row(line)._asdict() | {"baseline": place.baseline, "polygon": place.polygon}


def ranked_rows(page: Page, line: PageLine) -> Iterator[Row]:
    """Yield a row for each reading of a line, the best first, with its rank from 1."""
    (row,) = line_rows(page, line)
    readings = [(row["text"], row["conf"]), *line.reading.alternatives]
    for rank, (text, conf) in enumerate(readings, 1):
        yield row | {"rank": rank, "text": text, "conf": conf}


def word_rows(page: Page, line: PageLine) -> Iterator[Row]:
    """Yield a row for each word of a line, numbered from 1 within it."""
    of_line = page.row(line)._asdict()
    for number, word in enumerate(line.words, 1):
        polygon = line.place.part(word.start, word.end)
        baseline = None if line.place.baseline is None else line.place.foot(word.start, word.end)
        yield of_line | dict(zip(BOX, box_of(polygon))) | {
            "word": number, "conf": word.conf, "text": word.text, "baseline": baseline, "polygon": polygon,
        }  # fmt: skip


def row_writer(form: RowForm, stream: IO[str]) -> Callable[[Page, PageLine], None]:
    """Return a function that writes a line, and flushes it."""
    if form.form == "txt":
        return _text_writer(stream)
    if form.form == "tsv":
        return _table_writer(form, stream)
    rows = word_rows if form.per_word else line_rows

    def write(page: Page, line: PageLine) -> None:
        for row in rows(page, line):
            data = {name: row[name] for name in form.columns} | {"conf": round(row["conf"], 3)}
            data["file"] = printable_name(row["file"])
            data |= {name: _plain(row[name]) for name in OUTLINE_COLUMNS}
            if form.ranked:
                data["alternatives"] = [{"conf": round(conf, 3), "text": text} for text, conf in row["alternatives"]]
            print(json.dumps(data, ensure_ascii=False), file=stream, flush=True)

    return write


def _text_writer(stream: IO[str]) -> Callable[[Page, PageLine], None]:
    last: Page | None = None

    def write(page: Page, line: PageLine) -> None:
        nonlocal last
        # Pictures of a line each are one text, or a line for each of them.
        if last is not None and page is not last and max(len(last.lines), len(page.lines)) > 1:
            print(file=stream)
        last = page
        print(line.reading.text, file=stream, flush=True)

    return write


def _table_writer(form: RowForm, stream: IO[str]) -> Callable[[Page, PageLine], None]:
    rows = word_rows if form.per_word else ranked_rows if form.ranked else line_rows
    table = TableWriter(stream, form.columns, form.header)

    def write(page: Page, line: PageLine) -> None:
        for row in rows(page, line):
            cells = {name: row[name] for name in form.columns}
            outline = {name: _cell(row[name]) for name in OUTLINE_COLUMNS if name in cells}
            table.write(cells | outline | {"file": name_to_text(row["file"]), "conf": f"{row['conf']:.3f}"})

    return write


def _cell(points: np.ndarray | None) -> str:
    return "" if points is None else " ".join(f"{x},{y}" for x, y in points.tolist())


def _plain(points: np.ndarray | None) -> list | None:
    return None if points is None else points.tolist()

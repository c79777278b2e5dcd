"""Lines read as rows: of a table or of objects, a line or a word each."""

from __future__ import annotations

import json
from typing import IO, Callable, Iterator

import numpy as np

from htrtool.core.pipeline import Page, PageLine
from htrtool.core.place import box_of
from htrtool.core.tables import LINE_COLUMNS, OUTLINE_COLUMNS, WORD_COLUMNS, TableWriter

Row = dict[str, object]
BOX = ("left", "top", "width", "height")


def line_rows(page: Page, line: PageLine) -> Iterator[Row]:
    """Yield the one row of a line; its baseline and polygon are int (points, 2), or None."""
    place = line.place
    yield page.row(line)._asdict() | {"baseline": place.baseline, "polygon": place.polygon}


def word_rows(page: Page, line: PageLine) -> Iterator[Row]:
    """Yield a row for each word of a line, numbered from 1 within it."""
    of_line = page.row(line)._asdict()
    for number, word in enumerate(line.words, 1):
        polygon = line.place.part(word.start, word.end)
        baseline = None if line.place.baseline is None else line.place.foot(word.start, word.end)
        yield of_line | dict(zip(BOX, box_of(polygon))) | {
            "word": number, "conf": word.conf, "text": word.text, "baseline": baseline, "polygon": polygon,
        }  # fmt: skip


def table_columns(per_word: bool, outlines: bool) -> tuple[str, ...]:
    """Return the columns of a table of lines or of words."""
    columns = WORD_COLUMNS if per_word else LINE_COLUMNS
    return (*columns[:-1], *OUTLINE_COLUMNS, columns[-1]) if outlines else columns


def row_writer(
    form: str, stream: IO[str], header: bool = True, per_word: bool = False, outlines: bool = False
) -> Callable[[Page, PageLine], None]:
    """Return a function that writes a line, and flushes it.

    Args:
        form: ``tsv``, ``txt`` (the text alone) or ``jsonl`` (an object each, baseline and polygon always in it).
        header: whether the table begins with the names of its columns.
        per_word: whether words have rows, not lines.
        outlines: whether the table has the columns baseline and polygon.
    """
    if form == "txt":
        return lambda page, line: print(line.reading.text, file=stream, flush=True)
    rows = word_rows if per_word else line_rows
    names = table_columns(per_word, outlines or form == "jsonl")
    table = TableWriter(stream, names, header) if form == "tsv" else None

    def write(page: Page, line: PageLine) -> None:
        for row in rows(page, line):
            row = {name: row[name] for name in names}
            if table is not None:
                outline = {name: _cell(row[name]) for name in OUTLINE_COLUMNS if name in row}
                table.write(row | outline | {"conf": f"{row['conf']:.3f}"})
            else:
                row |= {"conf": round(row["conf"], 3)} | {name: _plain(row[name]) for name in OUTLINE_COLUMNS}
                print(json.dumps(row, ensure_ascii=False), file=stream, flush=True)

    return write


def _cell(points: np.ndarray | None) -> str:
    return "" if points is None else " ".join(f"{x},{y}" for x, y in points.tolist())


def _plain(points: np.ndarray | None) -> list | None:
    return None if points is None else points.tolist()

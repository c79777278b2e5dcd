"""Tables of pictures and their texts as people keep them: TSV, CSV or JSON lines, with columns of whatever names.

Learning and scoring read them here, so that a table says the same to both.
"""

from __future__ import annotations

import csv
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Iterator, Mapping, Sequence

from htrtool.core.errors import InputError
from htrtool.core.spreadsheets import NAMED_DELIMITER, folded, unquoted
from htrtool.core.tables import check_utf8, header_columns, is_best, unescape
from htrtool.core.text_files import refuse_other_kind

IMAGE_COLUMNS = tuple("filename file file_name image image_path image_file img path img_path name id".split())
TEXT_COLUMNS = tuple(
    "identity text transcription transcript label ground_truth gt content sentence value words word line".split()
)
DOCUMENT_COLUMNS = ("document", "page_id", "form", "form_id", "book", "letter")
WRITER_COLUMNS = ("writer", "writer_id", "author", "hand", "scribe")
# What the Kaggle names set, FILENAME and IDENTITY, says instead of a name; each of its rows is another writer's.
NAMES_SET = "identity"
UNREADABLE, EMPTY = "UNREADABLE", "EMPTY"
# A sheet of a spreadsheet may have long cells; the standard limit is 128 KiB.
csv.field_size_limit(2**24)

Row = dict[str, str]


@dataclass
class Table:
    """A table: the names of its columns, and its rows as they stand, each with its number and the cells that it has.

    ``is_escaped`` says that a tab or a line end within a cell is written ``\\t`` or ``\\n``.
    """

    source: str
    columns: Sequence[str]
    cells: Iterator[tuple[int, Mapping[str, object]] | InputError]
    is_escaped: bool = False

    def rows(self, image: str, text: str, names_as_they_stand: bool = False) -> Iterator[tuple[int, Row] | InputError]:
        """Yield the rows with their numbers, each the cells that it has by column; the header of a table is row 1.

        For a row that can't be used an error is yielded, and the others follow. Passed over are rows with nothing in them, and
        what a model read second best.

        Args:
            image: the column of the names of pictures, which may be any bytes.
            text: that of their texts.
            names_as_they_stand: what is escaped stays so in the names, which may have the backslashes of another system.

        Raises:
            InputError: there are two columns of one of these names, or what follows is no row.
        """
        for column in (image, text):
            if self.columns.count(column) > 1:
                raise InputError(f"expected every column once, found {column} twice", self.source)
        for found in self.cells:
            if isinstance(found, InputError):
                yield found
                continue
            number, cells = found
            try:
                row = {column: self._cell(cells[column], column, number, column in (image, text)) for column in cells}
                check_utf8(row, number, self.source, image)
            except InputError as error:
                yield error
                continue
            if any(row.values()) and is_best(row):
                kept = {image: row[image]} if names_as_they_stand and image in row else {}
                yield number, ({column: unescape(cell) for column, cell in row.items()} if self.is_escaped else row) | kept

    def _cell(self, value: object, column: str, number: int, is_used: bool) -> str:
        if is_used and isinstance(value, (bool, list, dict)):
            raise InputError(f"row {number}, column {column}: expected a string, found {str(value)[:60]}", self.source)
        return str(value)


def table_of(lines: Iterable[str], source: str) -> Table:
    """Return the table that a text holds, TSV or CSV, told by its first line.

    Args:
        lines: the text, its line ends kept, as of a file opened with ``newline=""``.
        source: its name, for errors; one that ends in ``.csv`` is parted by tabs only where these are the most.

    Raises:
        InputError: the names of the columns are not UTF-8, or broken.
    """
    lines = iter(lines)
    header, before = next(lines, "").removeprefix("\ufeff"), 0
    refuse_other_kind(header[:8].encode("utf-8", "surrogateescape"), source)
    if named := NAMED_DELIMITER.match(header):
        header, before = next(lines, ""), 1
    separator = named[1] if named else _separator(header, source)
    lines = itertools.chain([header], lines)
    if separator == "\t":
        lines = unquoted(lines)
        columns = header_columns(next(lines))
        rows = enumerate((line.rstrip("\r\n").split("\t") for line in lines), before + 2)
        remedy = r"a tab within a cell is written \t and a line end \n"
    else:
        rows = _csv_rows(lines, separator, before, source)
        found = next(rows, (1, []))
        if isinstance(found, InputError):
            raise found
        columns = [cell.strip() for cell in found[1]]
        remedy = f'a cell with {separator!r} in it stands between double quotes (")'
    check_utf8(dict(zip(columns, columns)), before + 1, source)
    return Table(source, columns, _in_columns(rows, columns, remedy, source), is_escaped=separator == "\t")


def table_of_objects(objects: Iterable[tuple[int, dict]], columns: Sequence[str], source: str) -> Table:
    """Return numbered objects as a table; what one does not name, or names null, its row does not have."""
    rows = ((number, {name: value for name, value in found.items() if value is not None}) for number, found in objects)
    return Table(source, columns, rows)


def column_of(columns: Sequence[str], names: Iterable[str]) -> str | None:
    """Return the column that has the first of some names that any has; case and what parts their words make no difference."""
    known_as = {folded(column): column for column in reversed(columns)}
    return next((known_as[name] for name in names if name in known_as), None)


def _separator(header: str, source: str) -> str:
    if Path(source).suffix.lower() == ".csv":
        return max(",;\t", key=header.count)
    # A header of one column is that of a TSV.
    return "\t" if "\t" in header else max("\t,;", key=header.count)


def _csv_rows(lines: Iterable[str], separator: str, before: int, source: str) -> Iterator[tuple[int, list[str]] | InputError]:
    """Yield the rows of a CSV, the header too, with the numbers of the lines that they end in, of which so many came ``before``."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield InputError(f"row {reader.line_num + before}: expected CSV, found {error}", source)
        else:
            yield reader.line_num + before, cells


def _in_columns(
    rows: Iterable[tuple[int, list[str]] | InputError], columns: Sequence[str], remedy: str, source: str
) -> Iterator[tuple[int, Row] | InputError]:
    """Yield rows as cells by column; where there is a cell too many, none can be told to be the text."""
    for found in rows:
        if isinstance(found, InputError):
            yield found
            continue
        number, cells = found
        if any(cells[len(columns) :]):
            yield InputError(f"row {number}: expected {len(columns)} cells ({' '.join(columns)}), found {len(cells)}; {remedy}", source)
        else:
            row: Row = {}
            for column, cell in zip(columns, cells):
                # Of columns with the same name the first counts.
                row.setdefault(column, cell)
            yield number, row

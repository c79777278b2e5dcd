"""The tables that flow between commands: tab-separated, UTF-8, columns found by their header name.

A tab, line feed, carriage return or backslash inside a cell is written ``\\t``, ``\\n``, ``\\r`` or ``\\\\``; nothing is
ever quoted, so that every row is one line and ``cut``, ``sort`` and ``grep`` work on it.
"""

from __future__ import annotations

import io
import math
import numbers
import re
from typing import IO, Iterable, Iterator, Mapping, Sequence

from htrtool.core.errors import InputError
from htrtool.core.names import has_bytes

LINE_COLUMNS = ("file", "page", "line", "left", "top", "width", "height", "conf", "text")
WORD_COLUMNS = ("file", "page", "line", "word", "left", "top", "width", "height", "conf", "text")
# These stand before the text where they are asked for.
OUTLINE_COLUMNS = ("baseline", "polygon")
EPOCH_COLUMNS = ("epoch", "step", "samples", "seconds", "lr", "loss", "val_loss", "val_cer", "val_wer")
SCORE_COLUMNS = ("scope", "name", "metric", "value", "low", "high", "errors", "total")

_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_UNESCAPES = {escaped: plain for plain, escaped in _ESCAPES.items()}
_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPED = re.compile(r"\\[\\tnr]")
_ALTERNATIVE = re.compile(r"(?:[2-9]|[1-9]\d+)(?:\.0)?")
_SURROGATE = re.compile("[\ud800-\udfff]")


def escape(text: str) -> str:
    """Return ``text`` as a cell: tabs, line ends and backslashes escaped."""
    return _SPECIAL.sub(lambda match: _ESCAPES[match[0]], text)


def unescape(cell: str) -> str:
    """Return the text of a cell. A backslash that begins no known escape stands for itself."""
    return _ESCAPED.sub(lambda match: _UNESCAPES[match[0]], cell) if "\\" in cell else cell


def as_text(stream: IO[bytes]) -> io.TextIOWrapper:
    """Wrap a binary stream for :func:`read_table` or :class:`TableWriter`, whatever the locale says.

    File names that are not UTF-8 come in and go out as the bytes they are.
    """
    return io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape", newline="\n")


def format_value(value: object) -> str:
    """Return a value as it stands in a cell, escaped.

    None and not-a-number are empty; real numbers have up to six significant digits.
    """
    if value is None:
        return ""
    # What most cells hold first: to ask for an abstract class takes longer than all else.
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) or isinstance(value, numbers.Real) and not isinstance(value, numbers.Integral):
        return "" if math.isnan(value) else f"{float(value):.6g}"
    return escape(str(value))


class TableWriter:
    """Write rows to a text stream, the header first, each row flushed as soon as it is written, unless all are known."""

    def __init__(self, stream: IO[str], columns: Sequence[str], header: bool = True):
        self.stream = stream
        self.columns = tuple(columns)
        self._known = set(columns)
        if header:
            self._put(self.columns)
            self.stream.flush()

    def _put(self, cells: Iterable[str]) -> None:
        self.stream.write("\t".join(cells) + "\n")

    def write(self, row: Mapping[str, object]) -> None:
        """Write one row; a column that it lacks stays empty.

        Raises:
            ValueError: the row has a column that the table lacks.
        """
        self.write_all([row])

    def write_all(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Write rows that need not be waited for; they are flushed together.

        Raises:
            ValueError: a row has a column that the table lacks.
        """
        for row in rows:
            if not row.keys() <= self._known:
                raise ValueError(f"Expected columns among {self.columns}. Received: {sorted(row.keys() - self._known)}")
            self._put([format_value(row.get(column)) for column in self.columns])
        self.stream.flush()


def read_table(stream: Iterable[str], source: str, required: Sequence[str] = ()) -> Iterator[dict[str, str]]:
    """Yield the rows of a table as dicts of unescaped text, in whatever order its columns stand.

    Args:
        stream: text, best from :func:`as_text`; a byte order mark, CRLF and a missing last newline are borne.
        source: the name that errors give.
        required: the columns without which the table is of no use.

    Raises:
        InputError: there is no header, it lacks a column of ``required`` or names one twice, a row has more or
            fewer cells than the header, or text is not UTF-8.
    """
    for _, row in read_numbered(stream, source, required):
        yield row


def read_numbered(
    stream: Iterable[str], source: str, required: Sequence[str] = ()
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield what :func:`read_table` does, each row with its number; the header is row 1."""
    lines = _numbered_lines(stream, source)
    _, header = next(lines, (0, ""))
    columns = header_columns(header)
    check_columns(columns, required, source)
    for number, line in lines:
        if not line and len(columns) > 1:
            continue
        cells = line.split("\t")
        if len(cells) != len(columns):
            raise InputError(
                f"row {number}: expected {len(columns)} cells ({' '.join(columns)}), found {len(cells)}; "
                r"a tab within a cell is written \t and a line end \n",
                source,
            )
        row = {column: unescape(cell) for column, cell in zip(columns, cells)}
        check_utf8(row, number, source)
        yield number, row


def header_columns(line: str) -> list[str]:
    """Return the names of the columns in the first line of a table."""
    return [unescape(cell.strip()) for cell in line.rstrip("\r\n").removeprefix("\ufeff").split("\t")]


def _numbered_lines(stream: Iterable[str], source: str) -> Iterator[tuple[int, str]]:
    try:
        for number, line in enumerate(stream, start=1):
            yield number, line.rstrip("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise InputError("expected UTF-8 text; convert it with iconv -f ENCODING -t UTF-8", source) from None


def check_columns(columns: Sequence[str], required: Sequence[str], source: str) -> None:
    """Check the header of a table.

    Raises:
        InputError: it is empty, lacks a column of ``required``, or names one twice.
    """
    if not any(columns):
        raise InputError("expected a table whose first line names its columns, received none (is it empty?)", source)
    if missing := [column for column in required if column not in columns]:
        found = " ".join(columns) if len(header := " ".join(columns)) <= 200 else header[:200] + "…"
        raise InputError(
            f"expected a table with the column{'s' * (len(missing) > 1)} {' '.join(missing)} named in its first line, found {found!r}",
            source,
        )
    if twice := sorted({column for column in columns if columns.count(column) > 1}):
        raise InputError(f"expected every column once, found {' '.join(twice)} twice", source)


def is_best(row: Mapping[str, str]) -> bool:
    """Tell whether a row is the best reading of a line, as all are but the alternatives of ``htr read --nbest``."""
    # A spreadsheet may write 2.0; in a table of someone else's a rank may be that of a captain.
    return _ALTERNATIVE.fullmatch(row.get("rank", "").strip()) is None


def check_utf8(row: Mapping[str, str], number: int, source: str, files: str = "file") -> None:
    """Check that a row's cells are UTF-8; those of the column ``files`` may be any bytes, as file names may.

    Raises:
        InputError: they are not.
    """
    for column, cell in row.items():
        if not has_bytes(cell) or (column != files and _SURROGATE.search(cell)):
            raise InputError(
                f"row {number}, column {column}: expected UTF-8 text; convert it with iconv -f ENCODING -t UTF-8",
                source,
            )

"""A table, TSV, CSV or JSON lines, with a column of images and one of transcriptions."""

from __future__ import annotations

import contextlib
import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Iterator, Mapping

from htrtool.core.errors import InputError, unreadable
from htrtool.core.json_lines import objects_in
from htrtool.core.layouts.base import Found, LeftOut, key_of, picture_entry
from htrtool.core.layouts.table_images import NamedImages
from htrtool.core.samples import document_of
from htrtool.core.split import TEST, VAL
from htrtool.core.spreadsheets import folded
from htrtool.core.suffixes import is_image
from htrtool.core.text_tables import (
    DOCUMENT_COLUMNS,
    EMPTY,
    IMAGE_COLUMNS,
    NAMES_SET,
    TEXT_COLUMNS,
    UNREADABLE,
    WRITER_COLUMNS,
    Row,
    Table,
    column_of,
    table_of,
    table_of_objects,
)

OBJECTS = ".jsonl"
TABLE_SUFFIXES = (".csv", ".tsv", ".tab", OBJECTS)
LANGUAGE_COLUMNS = ("language", "lang")
SPLIT_COLUMNS = ("split", "partition")
# Of a page, a row a line or all of it in one cell.
OF_A_PAGE = "several lines of text for one picture: of a page give the text with --text"
# What the parts of data are called, for ours.
PARTS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "eval"), VAL),
    **dict.fromkeys(("test", "testing"), TEST),
}


@dataclass(frozen=True)
class Columns:
    """What the columns of a table are called."""

    image: str
    text: str
    document: str | None = None
    writer: str | None = None
    language: str | None = None
    split: str | None = None

    @property
    def each_its_own(self) -> bool:
        """Whether each row is another writer's."""
        return folded(self.text) == NAMES_SET


def is_table(path: Path, image_column: str | None = None, text_column: str | None = None) -> bool:
    """Tell whether a file is a table with a column of images and one of transcriptions."""
    if what_ails(path):
        return False
    try:
        with _opened(path) as file:
            _columns(_table(file, path), image_column, text_column)
            return True
    except (InputError, OSError):
        return False


def what_ails(path: Path) -> InputError | None:
    """Return what is wrong with a table that can't be opened or whose beginning is not UTF-8, None for any other file."""
    try:
        with open(path, encoding="utf-8") as file:
            file.readline()
    except UnicodeDecodeError as error:
        return _not_utf8(path, error)
    except OSError as error:
        return unreadable(error, path)
    return None


def is_output(path: Path) -> bool:
    """Tell whether a file is a table of lines that a model has read, which is no truth to learn from."""
    return {"conf", "text", "line"} <= _names_in(path)


def is_report(path: Path) -> bool:
    """Tell whether a file is a table of scores or epochs, as htr eval and htr train print them."""
    names = _names_in(path)
    return {"metric", "value"} <= names or {"epoch", "loss"} <= names


def _names_in(path: Path) -> set[str]:
    """Return the names of a table's columns, none if it can't be read."""
    try:
        with _opened(path) as file:
            return set(_table(file, path).columns)
    except (InputError, OSError):
        return set()


def parts_alone(path: Path) -> InputError | None:
    """Return what is wrong with a table of the lines that a model found on pages, or of words, whose pictures are not theirs alone.

    None for any other file.
    """
    if is_output(path) and _holds_parts(path):
        return InputError(
            "expected a table of pictures of lines, found one of the lines that htr read found on pages, or of "
            "words: htr prep takes those as htr read -f page writes them, or pages with --lines",
            str(path),
        )
    return None


def _holds_parts(path: Path) -> bool:
    """Tell whether a table of what a model has read has several lines of one picture, which is a page then, or words."""
    try:
        with _opened(path) as file:
            table = _table(file, path)
            return "word" in table.columns or any(str(cells.get("line", "1")) not in ("", "1") for _, cells in _as_they_stand(table))
    except InputError:
        # What is wrong with it is told where its rows are taken.
        return False


def _cells_of(path: Path, column: str) -> Iterator[str]:
    """Yield what stands in a column of a table."""
    with _opened(path) as file:
        yield from (str(cells.get(column, "")) for _, cells in _as_they_stand(_table(file, path)))


def _as_they_stand(table: Table) -> Iterator[tuple[int, Mapping[str, object]]]:
    return (found for found in table.cells if not isinstance(found, InputError))


def in_table(
    path: Path, prefix: str, image_column: str | None = None, text_column: str | None = None
) -> Iterator[Found]:
    """Yield the rows of a table, one at a time.

    Images are looked for beside the table, then in the folders below, first in those whose names share a word with
    the table's. A row with no text is left out, and so is one that only says that it is unreadable, or what a model read
    second best.
    """
    try:
        with _opened(path) as file:
            table = _table(file, path)
            columns = _columns(table, image_column, text_column)
            images = NamedImages(path, lambda: _cells_of(path, columns.image))
            pages = _with_several_texts(path, columns)
            for found in table.rows(columns.image, columns.text, names_as_they_stand=True):
                if isinstance(found, InputError):
                    yield found
                else:
                    number, row = found
                    place = f"{path}:{number}"
                    is_page = row.get(columns.image) in pages and _is_truth(row, columns)
                    yield LeftOut(place, OF_A_PAGE) if is_page else _found(row, columns, images, path, prefix, place)
    except InputError as error:
        yield error
    except OSError as error:
        yield unreadable(error, path)


def _not_utf8(path: Path, error: Exception) -> InputError:
    return InputError(
        f"expected a table in UTF-8, received something else ({error}): if it is a table, convert it with "
        "iconv -f ENCODING -t UTF-8",
        str(path),
    )


def _opened(path: Path) -> IO[str]:
    # The names of files may be any bytes.
    return open(path, encoding="utf-8-sig", errors="surrogateescape", newline="")


def _table(file: IO[str], path: Path) -> Table:
    """Return the table in a file; the columns of JSON lines, such as ``metadata.jsonl`` of Hugging Face, are what any object names."""
    if path.suffix.lower() == OBJECTS:
        return table_of_objects(objects_in(file, str(path)), _names_in_objects(path, os.stat(path).st_mtime_ns), str(path))
    return table_of(file, str(path))


@functools.lru_cache(maxsize=64)
def _names_in_objects(path: Path, changed: int) -> tuple[str, ...]:
    """Return what the objects of JSON lines name, which takes all of the file; ``changed`` is when that was last written."""
    names: dict[str, None] = {}
    # What is no object is told in its place among the rows.
    with _opened(path) as file, contextlib.suppress(InputError):
        for _, found in objects_in(file, str(path)):
            names.update(dict.fromkeys(found))
    return tuple(names)


def _columns(table: Table, image_column: str | None, text_column: str | None) -> Columns:
    names = table.columns

    def column(given: str | None, guesses: tuple[str, ...], usual: str, what: str, option: str) -> str:
        if given is not None:
            if given in names:
                return given
            if found := column_of(names, [given]):
                return found
            raise InputError(f"expected a column {given!r} ({option}), found {', '.join(names)}", table.source)
        found = column_of(names, guesses)
        if found is None:
            wanted = f"expected a column of {what} such as {usual!r}"
            raise InputError(f"{wanted}, found {', '.join(names) or 'nothing'}: name it with {option}", table.source)
        return found

    return Columns(
        text=column(text_column, TEXT_COLUMNS, "text", "transcriptions", "--text-column"),
        image=column(image_column, IMAGE_COLUMNS, "file", "images", "--image-column"),
        document=column_of(names, DOCUMENT_COLUMNS),
        writer=column_of(names, WRITER_COLUMNS),
        language=column_of(names, LANGUAGE_COLUMNS),
        split=column_of(names, SPLIT_COLUMNS),
    )


def _with_several_texts(path: Path, columns: Columns) -> set[str]:
    """Return the names of pictures of which rows of a table have different texts, so that none can be that of all of it."""
    # Of each name a number only, since a table may be long.
    texts: dict[int, int] = {}
    several: set[str] = set()
    # What is wrong with it is told where its rows are taken.
    with _opened(path) as file, contextlib.suppress(InputError):
        for found in _table(file, path).rows(columns.image, columns.text, names_as_they_stand=True):
            if isinstance(found, InputError) or not _is_truth(found[1], columns):
                continue
            name, text = found[1][columns.image], hash(found[1][columns.text].strip())
            if texts.setdefault(hash(name), text) != text:
                several.add(name)
    return several


def _is_truth(row: Row, columns: Columns) -> bool:
    """Tell whether a row names a picture and says what stands in it."""
    text = row.get(columns.text, "").strip()
    return bool(row.get(columns.image, "").strip() and text) and text != EMPTY and text.upper() != UNREADABLE


def _found(row: Row, columns: Columns, images: NamedImages, table: Path, prefix: str, place: str) -> Found:
    def cell(column: str | None) -> str:
        return row.get(column, "").strip()

    name, text = cell(columns.image), cell(columns.text)
    if not name:
        return LeftOut(place, "no image named in the row")
    if not text or text == EMPTY:
        return LeftOut(place, "empty transcription")
    if text.upper() == UNREADABLE:
        return LeftOut(place, "marked unreadable")
    if "\n" in text or "\r" in text:
        return LeftOut(place, OF_A_PAGE)
    path = images.find(name)
    if path is None:
        return LeftOut(place, "no image for the row")
    below = Path(os.path.relpath(path, table.parent)).parent
    key = key_of(prefix, table.stem, str(below), path.with_suffix("").name if is_image(path) else path.name)
    meta = {"document": cell(columns.document) or (key if columns.each_its_own else document_of(key))}
    if writer := cell(columns.writer):
        meta["writer"] = writer
    if language := cell(columns.language):
        meta["language"] = language
    if part := PARTS.get(cell(columns.split).lower()):
        meta["split"] = part
    return picture_entry(path, key, text, meta)

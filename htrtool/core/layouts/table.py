"""A table, TSV, CSV or JSON lines, with a column of images and one of transcriptions."""

from __future__ import annotations

import contextlib
import csv
import functools
import itertools
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Iterator

from htrtool.core.errors import InputError, unreadable
from htrtool.core.json_lines import objects_in
from htrtool.core.layouts.base import IMAGE_SUFFIXES, Found, LeftOut, is_image, key_of, picture_entry
from htrtool.core.samples import document_of
from htrtool.core.split import TEST, VAL
from htrtool.core.spreadsheets import NAMED_DELIMITER, folded, unquoted
from htrtool.core.tables import check_utf8, is_best, unescape

OBJECTS = ".jsonl"
TABLE_SUFFIXES = (".csv", ".tsv", ".tab", OBJECTS)
IMAGE_COLUMNS = tuple("filename file file_name image image_path image_file img path img_path name id".split())
TEXT_COLUMNS = tuple(
    "identity text transcription transcript label ground_truth gt content sentence value words word line".split()
)
DOCUMENT_COLUMNS = ("document", "page_id", "form", "form_id", "book", "letter")
WRITER_COLUMNS = ("writer", "writer_id", "author", "hand", "scribe")
LANGUAGE_COLUMNS = ("language", "lang")
SPLIT_COLUMNS = ("split", "partition")
# What the parts of data are called, for ours.
PARTS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "eval"), VAL),
    **dict.fromkeys(("test", "testing"), TEST),
}
# What the Kaggle names set, FILENAME and IDENTITY, says instead of a name; each of its rows is another writer's.
NAMES_SET = "identity"
UNREADABLE, EMPTY = "UNREADABLE", "EMPTY"
# A sheet of a spreadsheet may have long cells; the standard limit is 128 KiB.
csv.field_size_limit(2**24)


@dataclass(frozen=True)
class Columns:
    """The places of the columns in a table."""

    image: int
    text: int
    document: int | None = None
    writer: int | None = None
    language: int | None = None
    split: int | None = None
    each_its_own: bool = False


def is_table(path: Path, image_column: str | None = None, text_column: str | None = None) -> bool:
    """Tell whether a file is a table with a column of images and one of transcriptions."""
    if what_ails(path):
        return False
    try:
        with _opened(path) as file:
            reader = _reader(file, path)
            _columns(next(reader, []), image_column, text_column, str(path))
            return True
    except (InputError, OSError, csv.Error):
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
            return set(next(_reader(file, path), []))
    except (InputError, OSError, csv.Error):
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
            rows = _reader(file, path)
            header = next(rows)
            place = header.index("line")
            return "word" in header or any(len(row) > place and row[place] not in ("", "1") for row in rows)
    except (InputError, csv.Error):
        # What is wrong with it is told where its rows are taken.
        return False


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
            reader = _reader(file, path)
            header = next(reader, [])
            check_utf8(dict(zip(header, header)), 1, str(path))
            columns = _columns(header, image_column, text_column, str(path))
            images = _Images(path, columns.image)
            for row in reader:
                if any(row[len(header) :]):
                    # Where a cell is too much, no cell can be told to be the text.
                    yield InputError(
                        f"expected {len(header)} cells as in the first line, found {len(row)}", f"{path}:{reader.line_num}"
                    )
                elif any(row):
                    if isinstance(reader, _Rows):
                        # The names of files may have the backslashes of another system.
                        row = [cell if place == columns.image else unescape(cell) for place, cell in enumerate(row)]
                    cells = dict(zip(header, row))
                    check_utf8(cells, reader.line_num, str(path), header[columns.image])
                    if not is_best(cells):
                        continue
                    yield _found(row, columns, images, path, prefix, f"{path}:{reader.line_num}")
    except InputError as error:
        yield error
    except OSError as error:
        yield unreadable(error, path)
    except csv.Error as error:
        yield _not_utf8(path, error)


def _not_utf8(path: Path, error: Exception) -> InputError:
    return InputError(
        f"expected a table in UTF-8, received something else ({error}): if it is a table, convert it with "
        "iconv -f ENCODING -t UTF-8",
        str(path),
    )


def _opened(path: Path) -> IO[str]:
    # The names of files may be any bytes.
    return open(path, encoding="utf-8-sig", errors="surrogateescape", newline="")


def _reader(file: IO[str], path: Path) -> Iterator[list[str]]:
    if path.suffix.lower() == OBJECTS:
        return _Objects(file, path)
    first = file.readline()
    if named := NAMED_DELIMITER.match(first):
        return csv.reader(file, delimiter=named[1])
    file.seek(0)
    if path.suffix.lower() == ".csv":
        delimiter = max(",;\t", key=first.count)
    else:
        delimiter = "\t" if "\t" in first else max(",;", key=first.count)
    if delimiter == "\t" and path.suffix.lower() != ".csv":
        return _Rows(file)
    return csv.reader(file, delimiter=delimiter)


class _Rows:
    """The rows of a TSV."""

    def __init__(self, file: IO[str]):
        self._lines, self.line_num = unquoted(file), 0

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        self.line_num += 1
        return next(self._lines).rstrip("\r\n").split("\t")


class _Objects:
    """The rows of JSON lines, such as ``metadata.jsonl`` of Hugging Face; the columns are what any object names."""

    def __init__(self, file: IO[str], path: Path):
        self._objects, self._path = objects_in(file, str(path)), path
        self._names: tuple[str, ...] | None = None
        self.line_num = 0

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        if self._names is None:
            self._names = _names_in_objects(self._path, os.stat(self._path).st_mtime_ns)
            return list(self._names)
        self.line_num, found = next(self._objects)
        return ["" if found.get(name) is None else str(found[name]) for name in self._names]


@functools.lru_cache(maxsize=64)
def _names_in_objects(path: Path, changed: int) -> tuple[str, ...]:
    """Return what the objects of JSON lines name, which takes all of the file; ``changed`` is when that was last written."""
    names: dict[str, None] = {}
    # What is no object is told in its place among the rows.
    with _opened(path) as file, contextlib.suppress(InputError):
        for _, found in objects_in(file, str(path)):
            names.update(dict.fromkeys(found))
    return tuple(names)


def _columns(header: list[str], image_column: str | None, text_column: str | None, source: str) -> Columns:
    names = list(map(folded, header))

    def place(given: str | None, guesses: tuple[str, ...], what: str, option: str) -> int:
        if given is not None:
            for candidates in (header, names):
                if given in candidates:
                    return candidates.index(given)
            raise InputError(f"expected a column {given!r} ({option}), found {', '.join(header)}", source)
        found = _guess(names, guesses)
        if found is None:
            wanted = f"expected a column of {what} such as {guesses[0]!r}"
            raise InputError(f"{wanted}, found {', '.join(header) or 'nothing'}: name it with {option}", source)
        return found

    text = place(text_column, TEXT_COLUMNS, "transcriptions", "--text-column")
    return Columns(
        place(image_column, IMAGE_COLUMNS, "images", "--image-column"),
        text,
        _guess(names, DOCUMENT_COLUMNS),
        _guess(names, WRITER_COLUMNS),
        _guess(names, LANGUAGE_COLUMNS),
        _guess(names, SPLIT_COLUMNS),
        names[text] == NAMES_SET,
    )


def _parts_of(name: str) -> tuple[str, ...]:
    """Return the folders and the name of an image, without what would lead out of where it is looked for."""
    path = Path(name.strip().replace("\\", "/"))
    return tuple(part for part in path.parts if part not in ("/", "..")) or ("_",)


def _guess(names: list[str], guesses: tuple[str, ...]) -> int | None:
    return next((names.index(guess) for guess in guesses if guess in names), None)


def _found(row: list[str], columns: Columns, images: _Images, table: Path, prefix: str, place: str) -> Found:
    def cell(column: int | None) -> str:
        return row[column].strip() if column is not None and column < len(row) else ""

    name, text = cell(columns.image), cell(columns.text)
    if not name:
        return LeftOut(place, "no image named in the row")
    if not text or text == EMPTY:
        return LeftOut(place, "empty transcription")
    if text.upper() == UNREADABLE:
        return LeftOut(place, "marked unreadable")
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


class _Images:
    """Finds images by the names that a table gives; holds folders only, so that a table may have any length.

    Of a name with folders in it these are found beside the table or below, as many of them as there are, at least one; where
    no name's are, the last part will do if but one image has it.
    """

    def __init__(self, table: Path, column: int):
        self._table, self._column = table, column
        self._base = table.parent
        self._words = set(re.findall(r"[a-z0-9]+", table.stem.lower()))
        self._below: list[Path] | None = None
        self._places: dict[tuple[str, ...], Path] = {}

    def find(self, name: str) -> Path | None:
        for path in (unescape(name), name.replace("\\", "/")):
            if candidate := self._file(self._base / path):
                return candidate
        parts = _parts_of(name)
        if candidate := self._in_named_folder(parts):
            return candidate
        found = self._below_table(Path(parts[-1]))
        if len(parts) == 1:
            return next(found, None)
        several = list(itertools.islice(found, 2))
        return several[0] if len(several) == 1 and not self.folders_are_there else None

    @functools.cached_property
    def folders_are_there(self) -> bool:
        """Whether any of the table's names leads to an image together with a folder of it."""
        with _opened(self._table) as file:
            rows = itertools.islice(_reader(file, self._table), 1, None)
            names = (_parts_of(row[self._column]) for row in rows if len(row) > self._column and row[self._column].strip())
            return any(self._in_named_folder(parts) for parts in names)

    def _in_named_folder(self, parts: tuple[str, ...]) -> Path | None:
        *folders, name = parts
        place = self._places.get(tuple(folders))
        if place is None or (found := self._file(place / name)) is None:
            tails = (Path(*parts[begin:]) for begin in range(len(folders)))
            found = next((path for tail in tails for path in self._below_table(tail)), None)
        if found is not None:
            self._places[tuple(folders)] = found.parent
        return found

    def _below_table(self, name: Path) -> Iterator[Path]:
        if self._below is None:
            folders = (Path(folder) for folder, _, _ in os.walk(self._base))
            self._below = sorted(folders, key=lambda folder: (-self._shared(folder), len(folder.parts), folder))
        return filter(None, (self._file(folder / name) for folder in self._below))

    def _shared(self, folder: Path) -> int:
        words = re.findall(r"[a-z0-9]+", str(folder.relative_to(self._base)).lower())
        return len(self._words.intersection(words))

    @staticmethod
    def _file(path: Path) -> Path | None:
        if os.path.isfile(path):
            return path
        if path.suffix:
            return None
        named = (path.with_name(path.name + suffix) for suffix in IMAGE_SUFFIXES)
        return next((place for place in named if os.path.isfile(place)), None)

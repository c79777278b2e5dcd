"""Lines from whatever holds them: a table of lines, a CSV, JSON lines, ALTO or PAGE XML, a sample stream, or text files."""

from __future__ import annotations

import csv
import io
import itertools
import posixpath
from collections import Counter
from pathlib import Path
from typing import IO, Iterable, Iterator

from htrtool.core.cells import share_in, whole_number_in
from htrtool.core.errors import InputError, unreadable
from htrtool.core.json_lines import objects_in
from htrtool.core.kinds import Rejoined, is_tar, is_xml
from htrtool.core.layouts.finder import files_below
from htrtool.core.layouts.table import (
    DOCUMENT_COLUMNS,
    EMPTY,
    IMAGE_COLUMNS,
    NAMES_SET,
    TEXT_COLUMNS,
    UNREADABLE,
    WRITER_COLUMNS,
)
from htrtool.core.scoring.joining import Line
from htrtool.core.spreadsheets import NAMED_DELIMITER, folded, unquoted
from htrtool.core.tables import as_text, check_columns, check_utf8, header_columns, is_best, read_numbered
from htrtool.core.text_files import decoded

# In a table of lines these hold numbers, whatever they are called elsewhere.
_NUMBERED = ("page", "line")
_HEAD = 512


def read_lines(operand: str, document: str | None = None, is_truth: bool = True) -> list[Line]:
    """Return the lines that a table, JSON lines, ALTO or PAGE XML, a sample stream, or a text file or a folder of them holds.

    Args:
        operand: a path, or ``-`` for standard input.
        document: the column of a table, or the key of samples' JSON, that names the document of a line; without it one
            with such a name as ``document`` or ``writer``, where there is one.
        is_truth: of the texts in a folder take those called ``.gt.txt``, where there are any; else those called ``.pred.txt``,
            or, where there are none either, other than ``.gt.txt``.

    Raises:
        InputError: there is nothing of the kind, or it is broken.
    """
    if operand != "-" and Path(operand).is_dir():
        if document:
            raise InputError(f"expected a table with a column {document!r}, received a folder", operand)
        return list(_of_folder(Path(operand), operand, is_truth))
    try:
        with open(0, "rb", closefd=False) if operand == "-" else open(operand, "rb") as stream:
            head = stream.read(_HEAD)
            content = io.BufferedReader(Rejoined(head, stream))
            if is_tar(head):
                return list(_of_samples(content, operand, document))
            if b"\0" in head and not is_xml(head):
                raise InputError(
                    "expected a table, a sample stream (tar) or a folder of .txt files, found something else", operand
                )
            # What else may look like a table or an object is a text if it is called so.
            if Path(operand).suffix.lower() == ".txt" and not _is_header(head):
                return [_text(operand, content.read())]
            if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
                return list(_of_json(as_text(content), operand, document))
            if is_xml(head):
                if document:
                    raise InputError(f"expected a table with a column {document!r}, received XML", operand)
                return list(_of_xml(content.read(), operand))
            # From a pipe comes what htr read -f txt writes.
            if head and b"\t" not in head and not Path(operand).is_file() and not _is_header(head):
                return [_text(operand, content.read())]
            return list(_of_table(as_text(content), operand, document))
    except OSError as error:
        raise unreadable(error, operand) from None


def _of_folder(folder: Path, operand: str, is_truth: bool) -> Iterator[Line]:
    from htrtool.core.documents.xml_in import is_page_xml

    found = sorted(files_below(folder))
    texts = [file for file in found if file.name.endswith(".txt")]
    true, predicted = ([file for file in texts if file.name.endswith(suffix)] for suffix in (".gt.txt", ".pred.txt"))
    others = [file for file in texts if not file.name.endswith((".gt.txt", ".pred.txt"))]
    files = true if is_truth else predicted
    # Beside XML a text that is not called so may be anything, a licence for one.
    documents = [] if files else [file for file in found if file.suffix == ".xml" and is_page_xml(file)]
    if not documents:
        files = files or others or texts
    for file in files or documents:
        try:
            content = file.read_bytes()
        except OSError as error:
            raise unreadable(error, file) from None
        yield from [_text(str(file), content)] if files else _of_xml(content, str(file))
    if not files and not documents:
        raise InputError("expected a folder with .gt.txt or .txt files, or ALTO or PAGE XML, found none", operand)


def _text(file: str, content: bytes) -> Line:
    return Line(file, decoded(content, file).rstrip("\r\n"), is_text=True)


def _of_json(lines: Iterable[str], operand: str, document: str | None) -> Iterator[Line]:
    """Return the lines of objects, one a line, as ``htr read -f jsonl`` writes them, of lines or of words."""
    rows, words = [], False
    for number, found in objects_in(lines, operand):
        lacked = [name for name in ("file", "text") if not isinstance(found.get(name), str)]
        lacked += [document] * bool(document and document not in found)
        if lacked:
            raise InputError(f"row {number}: expected an object with {' and '.join(lacked)}, found {' '.join(found) or 'none'}", operand)
        words |= "word" in found
        cells = {"page": "", "line": "", "conf": ""} | {name: "" if value is None else str(value) for name, value in found.items()}
        rows.append((number, cells))
    keys = {name for _, cells in rows for name in cells}
    document = document or next((name for name in (*DOCUMENT_COLUMNS, *WRITER_COLUMNS) if name in keys), None)
    names = {name: name for name in ("file", "text", "page", "line", "conf")} | {"document": document}
    return _of_words(_of_rows(_by_word(rows, "word", operand), names, operand)) if words else _of_rows(rows, names, operand)


def _of_xml(content: bytes, operand: str) -> Iterator[Line]:
    """Yield the lines of an ALTO or PAGE file, under the name of its image, taken to lie beside it, and, else, its own."""
    from htrtool.core.documents.xml_image import named_image
    from htrtool.core.documents.xml_in import pages_in, parse_tree, tag_of

    counts: Counter[str] = Counter()
    tree = parse_tree(content, operand)
    # How sure each word is, as ALTO has it, does not tell how sure the line is.
    of_lines = tag_of(tree.getroot()) != "alto"
    for page in pages_in(tree, operand):
        image, index = named_image(page)
        counts[image] += 1
        number = counts[image] if index is None else index + 1
        # Pages in several folders may have the same name.
        file = posixpath.join(posixpath.dirname(operand), image.replace("\\", "/")) if image else operand
        for line, found in enumerate(page.lines, 1):
            yield Line(file, found.text or "", number, line, found.conf if of_lines else None, alias=operand, is_blank=not found.text)


def _of_samples(stream: IO[bytes], operand: str, document: str | None) -> Iterator[Line]:
    from htrtool.core.samples import read_samples

    for sample in read_samples(stream, operand):
        if sample.text is not None:
            if document and document not in sample.meta:
                known = " ".join(sorted(sample.meta)) or "none"
                raise InputError(f"expected a key {document!r} in the JSON of {sample.key!r}, found {known}", operand)
            name = str(sample.meta[document]) if document else sample.document
            yield Line(f"{operand}/{sample.key}", sample.text, document=name)


def _of_table(stream: Iterable[str], operand: str, document: str | None) -> Iterator[Line]:
    stream = iter(stream)
    header = next(stream, "")
    named = NAMED_DELIMITER.match(header.removeprefix("\ufeff"))
    if named:
        header = next(stream, "")
    separator = named[1] if named else _separator(header)
    if separator == "\t":
        lines = unquoted(itertools.chain([header], stream))
        header = next(lines)
        columns = header_columns(header)
        rows = read_numbered(itertools.chain([header], lines), operand)
    else:
        columns = _csv_columns(header, separator)
        rows = _csv_rows(stream, columns, operand, separator, first=3 if named else 2)
    check_columns(columns, (), operand)
    names = _columns(columns, operand, document)
    if names["word"]:
        return _of_words(_of_rows(_by_word(rows, names["word"], operand), names, operand))
    return _of_rows(rows, names, operand)


def _is_header(head: bytes) -> bool:
    """Tell whether the first line of a file, of which this is the beginning, names the columns of a table of lines."""
    line = head.partition(b"\n")[0].decode("utf-8", "replace")
    separator = _separator(line)
    try:
        _columns(header_columns(next(unquoted([line]))) if separator == "\t" else _csv_columns(line, separator), "", None)
    except (InputError, csv.Error):
        return False
    return True


def _of_rows(rows: Iterable[tuple[int, dict[str, str]]], names: dict[str, str | None], operand: str) -> Iterator[Line]:
    for number, row in rows:
        # htr prep makes no sample of such a row either.
        if names["text"].casefold() == NAMES_SET and row[names["text"]].strip() in ("", EMPTY, UNREADABLE):
            continue
        if not is_best(row):
            continue
        yield Line(
            row[names["file"]],
            row[names["text"]],
            names["page"] and whole_number_in(row, names["page"], number, operand),
            names["line"] and whole_number_in(row, names["line"], number, operand),
            names["conf"] and share_in(row, names["conf"], number, operand),
            row.get(names["document"]) or None,
        )


def _by_word(
    rows: Iterable[tuple[int, dict[str, str]]], column: str, operand: str
) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of words, which may stand in any order, by their number within the line."""

    def number_of(row: tuple[int, dict[str, str]]) -> int:
        number, cells = row
        return (whole_number_in(cells, column, number, operand) if column in cells else None) or 0

    return sorted(rows, key=number_of)


def _of_words(words: Iterable[Line]) -> Iterator[Line]:
    """Put the words of each line together; how sure each word is does not tell how sure the line is."""
    lines: dict[tuple, list[Line]] = {}
    for word in words:
        lines.setdefault((word.file, word.page, word.line), []).append(word)
    for (file, page, line), row in lines.items():
        yield Line(file, " ".join(word.text for word in row), page, line, document=row[0].document)


def _separator(header: str) -> str:
    if "\t" in header:
        return "\t"
    return max(",;", key=header.count) if any(mark in header for mark in ",;") else "\t"


def _csv_columns(header: str, separator: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([header.removeprefix("\ufeff")], delimiter=separator))]


def _csv_rows(
    stream: Iterable[str], columns: list[str], source: str, separator: str, first: int
) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(stream, delimiter=separator, strict=True)
    try:
        for cells in reader:
            number = reader.line_num + first - 1
            if not cells:
                continue
            if len(cells) != len(columns):
                raise InputError(
                    f"row {number}: expected {len(columns)} cells ({' '.join(columns)}), found {len(cells)}; "
                    f'a cell with {separator!r} in it stands between double quotes (")',
                    source,
                )
            row = dict(zip(columns, cells))
            check_utf8(row, number, source)
            yield number, row
    except csv.Error as error:
        raise InputError(f"row {reader.line_num + first - 1}: expected CSV, found {error}", source) from None


def _columns(columns: list[str], source: str, document: str | None) -> dict[str, str | None]:
    """Say which column is which; names are matched without regard to case and to what parts their words."""
    known_as = {folded(column): column for column in reversed(columns)}

    def first(names: Iterable[str]) -> str | None:
        return next((known_as[name] for name in names if name in known_as), None)

    texts = [name for name in TEXT_COLUMNS if name not in _NUMBERED]
    found = {
        "file": first(IMAGE_COLUMNS),
        "text": first(texts),
        "document": first([folded(document)] if document else (*DOCUMENT_COLUMNS, *WRITER_COLUMNS)),
        **{name: first([name]) for name in (*_NUMBERED, "conf")},
    }
    # A row a word, as htr read --per-word has it, in a table of numbered lines.
    found["word"] = first(["word"]) if found["line"] and found["text"] != first(["word"]) else None
    required = {"file": IMAGE_COLUMNS, "text": texts} | ({"document": (document,)} if document else {})
    for name, known in required.items():
        if found[name] is None:
            raise InputError(
                f"expected a column such as {known[0]!r} ({name}) named in the first line, found {' '.join(columns)!r}"
                if len(known) > 1
                else f"expected a column {known[0]!r} named in the first line, found {' '.join(columns)!r}",
                source,
            )
    return found

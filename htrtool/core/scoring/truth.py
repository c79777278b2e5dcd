"""Lines from whatever holds them: a table of lines, a CSV, JSON lines, ALTO or PAGE XML, a sample stream, or text files."""

from __future__ import annotations

import io
import os
import posixpath
import sys
from collections import Counter
from pathlib import Path
from typing import IO, Iterable, Iterator

from htrtool.core.cells import page_in, share_in, whole_number_in
from htrtool.core.errors import InputError, unreadable
from htrtool.core.folders import files_below, refuse_closed
from htrtool.core.json_lines import objects_in
from htrtool.core.kinds import Rejoined, is_tar, is_xml, kind_of
from htrtool.core.scoring.joining import Line
from htrtool.core.spreadsheets import folded
from htrtool.core.tables import check_columns
from htrtool.core.text_files import decoded, refuse_other_kind
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

# In a table of lines these hold numbers, whatever they are called elsewhere.
_NUMBERED = ("page", "line")
_TEXTS = tuple(name for name in TEXT_COLUMNS if name not in _NUMBERED)
_HEAD = 512
_EXPECTED = "expected a table, JSON lines, ALTO or PAGE XML, a tar of samples, a text, or a folder of texts or XML"


def read_lines(operand: str, document: str | None = None, is_truth: bool = True) -> list[Line]:
    """Return the lines that a table, JSON lines, ALTO or PAGE XML, a sample stream, or a text file or a folder of them holds.

    Args:
        operand: a path, or ``-`` for standard input.
        document: the column of a table, or the key of samples' JSON, that names the document of a line; without it the
            writer, or else the document, where a column with such a name tells it.
        is_truth: of the texts in a folder take those called ``.gt.txt``, where there are any; else those called ``.pred.txt``,
            or, where there are none either, other than ``.gt.txt``.

    Raises:
        InputError: there is nothing of the kind, or it is broken.
    """
    if operand != "-" and os.path.isdir(operand):
        _refuse_column(document, "a folder", operand)
        return list(_of_folder(Path(operand), operand, is_truth))
    try:
        with open(0, "rb", closefd=False) if operand == "-" else open(operand, "rb") as stream:
            head = stream.read(_HEAD)
            content = io.BufferedReader(Rejoined(head, stream))
            if is_tar(head):
                return list(_of_samples(content, operand, document))
            if not is_xml(head):
                refuse_other_kind(head, operand)
            kind = kind_of(head)
            if kind in ("a picture", "a PDF"):
                raise InputError(f"{_EXPECTED}, received {kind}: give what htr read makes of it", operand)
            if b"\0" in head and kind is None:
                raise InputError(f"{_EXPECTED}, found something else", operand)
            # What else may look like a table or an object is a text if it is called so.
            if Path(operand).suffix.lower() == ".txt" and not _is_header(head):
                _refuse_column(document, "a text", operand)
                return [_text(operand, content.read())]
            if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
                return list(_of_json(_as_text(content), operand, document))
            if is_xml(head):
                _refuse_column(document, "XML", operand)
                return list(_of_xml(content.read(), operand))
            # From a pipe comes what htr read -f txt writes.
            if head and b"\t" not in head and not Path(operand).is_file() and not _is_header(head):
                _refuse_column(document, "a text", operand)
                return [_text(operand, content.read())]
            return list(_of_table(_as_text(content), operand, document))
    except OSError as error:
        raise unreadable(error, operand) from None


def _refuse_column(document: str | None, received: str, operand: str) -> None:
    """Raise an error if a column is to name the documents of lines, where what is received has no columns."""
    if document:
        raise InputError(f"expected a table with a column {document!r}, received {received}", operand)


def _of_folder(folder: Path, operand: str, is_truth: bool) -> Iterator[Line]:
    from htrtool.core.documents.xml_in import is_page_xml

    found = sorted(files_below(folder, refuse_closed))
    texts, true, predicted = ([file for file in found if file.name.lower().endswith(suffix)] for suffix in (".txt", ".gt.txt", ".pred.txt"))
    others = [file for file in texts if not file.name.lower().endswith((".gt.txt", ".pred.txt"))]
    files = true if is_truth else predicted
    # Beside XML a text that is not called so may be anything, a licence for one.
    documents = [] if files else [file for file in found if file.suffix.lower() == ".xml" and is_page_xml(file)]
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


def _as_text(stream: IO[bytes]) -> IO[str]:
    # The names of files may be any bytes.
    return io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape", newline="")


def _of_json(lines: Iterable[str], operand: str, document: str | None) -> Iterator[Line]:
    """Return the lines of objects, one a line, as ``htr read -f jsonl`` writes them, of lines or of words."""
    objects = list(objects_in(lines, operand))
    columns = list(dict.fromkeys(name for _, found in objects for name in found))
    names = _columns(columns, document)
    if lacked := _lacked(names, document):
        number, found = objects[0]
        raise InputError(f"row {number}: expected an object with a name {lacked[0]}, found {' '.join(found) or 'none'}", operand)
    return _of_rows(table_of_objects(objects, columns, operand), names, document, operand)


def _of_xml(content: bytes, operand: str) -> Iterator[Line]:
    """Yield the lines of an ALTO or PAGE file, under the name of its image, taken to lie beside it, and, else, its own."""
    from htrtool.core.documents.xml_elements import tag_of
    from htrtool.core.documents.xml_image import named_image
    from htrtool.core.documents.xml_in import pages_in, parse_tree

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
    from htrtool.core.sample_stream import read_samples

    for sample in read_samples(stream, operand):
        if sample.text is not None:
            if document and document not in sample.meta:
                known = " ".join(sorted(sample.meta)) or "none"
                raise InputError(f"expected a key {document!r} in the JSON of {sample.key!r}, found {known}", operand)
            name = str(sample.meta[document]) if document else sample.document
            yield Line(f"{operand}/{sample.key}", sample.text, document=name)


def _of_table(stream: Iterable[str], operand: str, document: str | None) -> Iterator[Line]:
    table = table_of(stream, operand)
    names = _columns(table.columns, document)
    if lacked := _lacked(names, document):
        # A row where the header should be may have a cell twice.
        check_columns([*filter(None, table.columns)][:1], (), operand)
        raise InputError(f"expected a column {lacked[0]} named in the first line, found {' '.join(table.columns)!r}", operand)
    check_columns([column for column in table.columns if column in names.values()], (), operand)
    return _of_rows(table, names, document, operand)


def _is_header(head: bytes) -> bool:
    """Tell whether the first line of a file, of which this is the beginning, names the columns of a table of lines."""
    try:
        return not _lacked(_columns(table_of([head.partition(b"\n")[0].decode("utf-8", "replace")], "").columns, None), None)
    except InputError:
        return False


def _of_rows(table: Table, names: dict[str, str | None], document: str | None, operand: str) -> Iterator[Line]:
    rows = _usable(table.rows(names["file"], names["text"]), names, document, operand)
    if names["word"]:
        return _of_words(_lines(_by_word(rows, names["word"], operand), names, operand))
    return _lines(rows, names, operand)


def _usable(
    rows: Iterable[tuple[int, Row] | InputError], names: dict[str, str | None], document: str | None, operand: str
) -> Iterator[tuple[int, Row]]:
    """Yield rows that have what is needed of them; the first that has not is raised as an error."""
    needed = [names["file"], names["text"], *([names["document"]] if document else [])]
    for found in rows:
        if isinstance(found, InputError):
            raise found
        number, row = found
        if lacked := [column for column in needed if column not in row]:
            raise InputError(f"row {number}: expected {' and '.join(lacked)}, found {' '.join(row)} only", operand)
        yield found


def _lines(rows: Iterable[tuple[int, Row]], names: dict[str, str | None], operand: str) -> Iterator[Line]:
    def told(name: str, read, number: int, row: Row):
        return read(row, names[name], number, operand) if names[name] in row else None

    for number, row in rows:
        # htr prep makes no sample of such a row either.
        if folded(names["text"]) == NAMES_SET and row[names["text"]].strip() in ("", EMPTY, UNREADABLE):
            continue
        yield Line(
            # Many lines are of one file, whose name is held but once.
            sys.intern(row[names["file"]]),
            row[names["text"]],
            page_in(row, names["page"]) if names["page"] in row else None,
            told("line", whole_number_in, number, row),
            told("conf", share_in, number, row),
            row.get(names["writer"]) or row.get(names["document"]) or None,
        )


def _by_word(rows: Iterable[tuple[int, Row]], column: str, operand: str) -> list[tuple[int, Row]]:
    """Return the rows of words, which may stand in any order, by their number within the line."""

    def number_of(row: tuple[int, Row]) -> int:
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


def _columns(columns: list[str], document: str | None) -> dict[str, str | None]:
    """Say which column is which, None where there is none.

    A known writer comes before the document, as in :attr:`htrtool.core.samples.Sample.document`, unless a column is named.
    """
    found = {
        "file": column_of(columns, IMAGE_COLUMNS),
        "text": column_of(columns, _TEXTS),
        "writer": None if document else column_of(columns, WRITER_COLUMNS),
        "document": column_of(columns, [folded(document)] if document else DOCUMENT_COLUMNS),
        **{name: column_of(columns, [name]) for name in (*_NUMBERED, "conf")},
    }
    # A row a word, as htr read --per-word has it, in a table of numbered lines.
    word = column_of(columns, ["word"])
    return found | {"word": word if found["line"] and found["text"] != word else None}


def _lacked(names: dict[str, str | None], document: str | None) -> list[str]:
    """Return what columns that are needed are called, of those that there are not."""
    wanted = {"file": "such as 'file'", "text": "such as 'text'"}
    return [called for name, called in (wanted | ({"document": repr(document)} if document else {})).items() if names[name] is None]

"""The tables: what is written comes back, and what other tools do to them is borne."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from htrtool.core.errors import InputError
from htrtool.core.tables import LINE_COLUMNS, TableWriter, as_text, escape, read_table, unescape

texts = st.text(st.characters(exclude_categories=["Cs"]))


def rows_of(content: bytes, required=()):
    return list(read_table(as_text(io.BytesIO(content)), "t.tsv", required))


def written(rows, columns, header=True) -> bytes:
    raw = io.BytesIO()
    stream = as_text(raw)
    table = TableWriter(stream, columns, header)
    for row in rows:
        table.write(row)
    return raw.getvalue()


@given(texts)
def test_escape_comes_back_and_keeps_one_line_and_cell(text):
    assert unescape(escape(text)) == text
    assert not set(escape(text)) & set("\t\n\r")


@given(st.lists(st.fixed_dictionaries({"file": texts, "text": texts})))
def test_rows_come_back(rows):
    assert rows_of(written(rows, ("file", "text"))) == rows


@given(st.lists(st.fixed_dictionaries({"text": texts})))
def test_rows_of_one_column_come_back_even_empty_ones(rows):
    assert rows_of(written(rows, ("text",))) == rows


def test_unknown_escapes_stand_for_themselves():
    assert unescape(r"C:\dir \x \\t" + "\\") == "C:\\dir \\x \\t\\"


def test_columns_may_be_reordered_and_cut():
    assert rows_of(b"text\tfile\nhello\ta.png\n", ["file", "text"]) == [{"text": "hello", "file": "a.png"}]


def test_bom_crlf_blank_lines_and_missing_last_newline_are_borne():
    content = "\ufefffile\ttext\r\na.png\tété\r\n\r\nb.png\tdeux".encode()
    assert rows_of(content, ["file"]) == [{"file": "a.png", "text": "été"}, {"file": "b.png", "text": "deux"}]


def test_only_a_line_feed_ends_a_row():
    assert rows_of("text\na\x0bb\x85c\u2028d\n".encode()) == [{"text": "a\x0bb\x85c\u2028d"}]


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "t.tsv: expected a table whose first line names its columns"),
        (b"file\nx\n", "expected a table with the column text"),
        (b"file\ttext\ttext\n", "found text twice"),
        (b"file\ttext\na\tb\nc\n", "t.tsv: row 3: expected 2 cells (file text), found 1"),
        (b"file\ttext\na\tb\tc\n", "row 2: expected 2 cells (file text), found 3"),
        ("file\ttext\na\tété\n".encode("latin-1"), "row 2, column text: expected UTF-8"),
    ],
)
def test_a_bad_table_is_told_with_its_row(content, message):
    with pytest.raises(InputError) as caught:
        rows_of(content, ["text"])
    assert message in str(caught.value)


def test_a_strict_stream_that_is_not_utf8_is_told_too():
    with pytest.raises(InputError, match="UTF-8"):
        list(read_table(io.TextIOWrapper(io.BytesIO(b"text\n\xe9\n"), encoding="utf-8"), "t.tsv"))


def test_numbers_and_what_is_not_known():
    row = {"file": "a", "page": 1, "line": 2, "conf": 0.12345678, "text": None, "width": float("nan")}
    assert written([row], LINE_COLUMNS, header=False) == b"a\t1\t2\t\t\t\t\t0.123457\t\n"


def test_file_names_that_are_not_utf8_pass_through():
    content = b"file\ttext\n\xff.png\tx\n"
    assert written(rows_of(content), ("file", "text")) == content


def test_a_row_is_flushed_at_once_and_an_unknown_column_refused():
    raw = io.BytesIO()
    table = TableWriter(as_text(raw), ("text",))
    table.write({"text": "x"})
    assert raw.getvalue() == b"text\nx\n"
    with pytest.raises(ValueError, match="colour"):
        table.write({"colour": "red"})

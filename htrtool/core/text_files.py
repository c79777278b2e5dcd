"""Texts read from files."""

from __future__ import annotations

import codecs
import re
import shlex
from pathlib import Path

from htrtool.core.errors import InputError, unreadable

_UTF16 = "UTF-16: save it as UTF-8, or convert it with iconv -f UTF-16 -t UTF-8"
_OFFICE = "save it as plain text, a table as CSV, in UTF-8"
ZIP = b"PK\x03\x04"
"""How a zip begins, as other programs export whole documents."""
OTHER_KINDS = {
    codecs.BOM_UTF16_LE: _UTF16,
    codecs.BOM_UTF16_BE: _UTF16,
    b"{\\rtf": f"rich text (RTF): {_OFFICE}",
    ZIP: f"a zip, as .docx, .odt, .xlsx and .ods are: {_OFFICE}; or, if it is one of files, unpack it, as with unzip",
    b"\xd0\xcf\x11\xe0": f"a file of an office program, as .doc and .xls are: {_OFFICE}",
}
"""What is no plain text: how it begins, and what it is called, with the remedy."""
_OBJECTS = re.compile(rb'\s*\[\s*\{\s*"')


def read_utf8(path: str | Path) -> str:
    """Return the text of a file, or of standard input if it is named ``-``, without a byte order mark.

    Raises:
        InputError: it can't be read, or is not UTF-8.
    """
    is_input = str(path) == "-"
    try:
        with open(0 if is_input else path, "rb", closefd=not is_input) as stream:
            return decoded(stream.read(), str(path))
    except IsADirectoryError:
        raise InputError(f"expected a text file, received a folder: give its files, such as {shlex.quote(str(path).rstrip('/'))}/*.txt", str(path)) from None
    except OSError as error:
        raise unreadable(error, path) from None


def refuse_other_kind(content: bytes, source: str) -> None:
    """Check that what should be a text or a table does not begin as what word processors and spreadsheets save instead.

    Of these RTF is text, whose marks would be taken for words.

    Raises:
        InputError: it does; the message says what to save it as.
    """
    for mark, kind in OTHER_KINDS.items():
        if content.startswith(mark):
            raise InputError(f"expected plain text in UTF-8, received {kind}", source)
    if _OBJECTS.match(content):
        raise InputError("expected plain text or JSON lines, an object a line, received a JSON array: make lines of it with jq -c '.[]'", source)


def decoded(content: bytes, source: str) -> str:
    """Return a text without a byte order mark.

    Raises:
        InputError: it is not UTF-8.
    """
    refuse_other_kind(content, source)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"expected UTF-8 text, received bytes that are not ({error.reason} at byte {error.start}): convert it with "
            "iconv -f ENCODING -t UTF-8",
            source,
        ) from None

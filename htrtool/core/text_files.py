"""Texts read from files."""

from __future__ import annotations

import codecs
import shlex
from pathlib import Path

from htrtool.core.errors import InputError, unreadable


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


def refuse_utf16(content: bytes, source: str) -> None:
    """Check that a text does not begin with the mark of UTF-16, as which Windows calls it Unicode.

    Raises:
        InputError: it does.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InputError("expected UTF-8 text, received UTF-16: save it as UTF-8, or convert it with iconv -f UTF-16 -t UTF-8", source)


def decoded(content: bytes, source: str) -> str:
    """Return a text without a byte order mark.

    Raises:
        InputError: it is not UTF-8.
    """
    refuse_utf16(content, source)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"expected UTF-8 text, received bytes that are not ({error.reason} at byte {error.start}): convert it with "
            "iconv -f ENCODING -t UTF-8",
            source,
        ) from None

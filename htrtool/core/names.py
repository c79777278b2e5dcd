"""The names of files as tables, JSON and pictures can hold them, whatever bytes they are of."""

from __future__ import annotations

import os
import re

_HALF = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def printable_name(name: str) -> str:
    """Return a file's name with a replacement character (�) for each byte that is no UTF-8, which JSON, XML and pictures can't hold."""
    return _bytes_of(name).decode("utf-8", "replace")


def name_to_text(name: str) -> str:
    """Return a file's name as tables hold it: as text of which UTF-8, with surrogateescape, makes the name's own bytes, whatever the locale."""
    return _bytes_of(name).decode("utf-8", "surrogateescape")


def name_from_text(text: str) -> str:
    """Return the file's name that :func:`name_to_text` made a text of."""
    return os.fsdecode(text.encode("utf-8", "surrogateescape"))


def may_be_name(name: str) -> bool:
    """Tell whether a file may be called so, in this locale."""
    try:
        return b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:
        return False


def has_bytes(text: str) -> bool:
    """Tell whether UTF-8 with surrogateescape has bytes for a text, as for every file's name.

    JSON may hold halves of characters, for which there are none.
    """
    return _HALF.search(text) is None


def _bytes_of(name: str) -> bytes:
    try:
        return os.fsencode(name)
    except UnicodeEncodeError:
        # What a sample or JSON tells may be a name that the locale does not know.
        return name.encode("utf-8", "surrogatepass")

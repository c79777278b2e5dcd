"""PDFs that stand one after the other in one input, as ``cat`` makes it: of such PDFium shows the last one alone."""

from __future__ import annotations

import functools
import mmap
import re
from pathlib import Path
from typing import Iterator

_HEADER, _END = b"%PDF-", b"%%EOF"
_START = re.compile(rb"startxref\s+(\d{1,12})\s+%%EOF")
_TABLE = re.compile(rb"\s*(?:xref|\d+\s+\d+\s+obj)\b")
# How far before the next header the end of a PDF is looked for, and from the end of one where its table begins.
_BETWEEN, _TAIL = 64, 4096


def pdfs_in(content: bytes | mmap.mmap) -> list[tuple[int, int]]:
    """Return where in an input whole PDFs stand: the first byte of each, and the one after it; mostly it is one alone.

    What was put to a PDF later, as a signature is, is a part of it: its table is found from the beginning of all.
    """
    parts, end = [], len(content)
    for start in reversed(list(_headers(content))):
        if content[max(0, start - _BETWEEN) : start].rstrip().endswith(_END) and _is_whole(content, start, end):
            parts.append((start, end))
            end = start
    return [(0, end), *reversed(parts)]


def pdfs_of(path: Path) -> list[tuple[int, int]]:
    """Return what :func:`pdfs_in` does of a file, looked through once, however often its pages are asked for.

    Raises:
        OSError: it can't be read.
    """
    status = path.stat()
    return _pdfs_at(path, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=32)
def _pdfs_at(path: Path, size: int, changed: int) -> list[tuple[int, int]]:
    with open(path, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return pdfs_in(content)


def _headers(content: bytes | mmap.mmap) -> Iterator[int]:
    """Yield where the header of a PDF stands, but at the beginning."""
    place = content.find(_HEADER, 1)
    while place >= 0:
        yield place
        place = content.find(_HEADER, place + 1)


def _is_whole(content: bytes | mmap.mmap, start: int, end: int) -> bool:
    """Tell whether a part of an input is a PDF by itself: its table is where it says, counted from its own first byte."""
    found = list(_START.finditer(content[max(start, end - _TAIL) : end]))
    return bool(found) and _TABLE.match(content, start + int(found[-1][1]), end) is not None

"""Pictures that stand one after the other in one input, as Netpbm's tools write pages, and as ``cat`` pipes files on."""

from __future__ import annotations

import mmap
import re
import struct

_NUMBER = rb"(?:\s|#[^\r\n]*[\r\n])+(\d{1,9})"
_BITMAP = re.compile(rb"P4" + 2 * _NUMBER + rb"\s")
_TONES = re.compile(rb"P([56])" + 3 * _NUMBER + rb"\s")
_PNG, _JPEG = rb"\x89PNG\r\n\x1a\n", rb"\xff\xd8\xff"
_BEGINNING = re.compile(rb"P[4-6][\s#]|" + _PNG + rb"|" + _JPEG)
# It stands within the data of none; that of a smaller form in its head is not followed by a beginning.
_JPEG_END = re.compile(rb"\xff\xd9(?=" + _BEGINNING.pattern + rb")")
# In the head of a JPEG: pictures after it are other forms of it and no pages.
_OTHER_FORMS = b"MPF\0"


def is_pnm(head: bytes) -> bool:
    """Tell whether the first bytes of an input are those of a PNM of the kinds of which a file may hold several."""
    return bool(_BITMAP.match(head) or _TONES.match(head))


def parts_of(content: bytes | mmap.mmap) -> list[tuple[int, int]]:
    """Return where in an input PNM, PNG and JPEG pictures stand one after the other: the first byte of each, and the one after it.

    An input of another kind is one part, and so is all that follows a picture but is none of these.
    """
    parts, start = [], 0
    while (end := _end(content, start)) is not None and _BEGINNING.match(content, end):
        parts.append((start, end))
        start = end
    return [*parts, (start, len(content))]


def _end(content: bytes | mmap.mmap, start: int) -> int | None:
    """Return where a picture ends, None where that can't be told."""
    if found := _BITMAP.match(content, start):
        width, height = map(int, found.groups())
        return found.end() + -(-width // 8) * height
    if found := _TONES.match(content, start):
        kind, width, height, lightest = map(int, found.groups())
        return found.end() + (3 if kind == 6 else 1) * (2 if lightest > 255 else 1) * width * height
    if content[start : start + 1] == b"\x89":
        return _end_of_png(content, start + 8)
    return _end_of_jpeg(content, start) if content[start : start + 2] == b"\xff\xd8" else None


def _end_of_png(content: bytes | mmap.mmap, place: int) -> int | None:
    kind = b""
    while kind != b"IEND" and place + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        place += length + 12
    return place if kind == b"IEND" else None


def _end_of_jpeg(content: bytes | mmap.mmap, start: int) -> int | None:
    found = _JPEG_END.search(content, start)
    return found.start() + 2 if found and content.find(_OTHER_FORMS, start, found.start()) < 0 else None

"""Pictures that stand one after the other in one input, as Netpbm's tools write pages, and as ``cat`` pipes files on."""

from __future__ import annotations

import mmap
import re
import struct

from htrtool.core.tiff_end import tiff_end

_NUMBER = rb"(?:\s|#[^\r\n]*[\r\n])+(\d{1,9})"
_BITMAP = re.compile(rb"P4" + 2 * _NUMBER + rb"\s")
_TONES = re.compile(rb"P([56])" + 3 * _NUMBER + rb"\s")
_PNG, _JPEG, _TIFF = rb"\x89PNG\r\n\x1a\n", rb"\xff\xd8\xff", rb"II[*+]\0|MM\0[*+]"
_GIF, _WEBP = rb"GIF8[79]a", rb"RIFF[\0-\xff]{4}WEBP"
# Two letters tell little: what stands after them is the sizes of the file and of its head, with nothing between.
_BMP = rb"BM[\0-\xff]{4}\0{4}[\0-\xff]{4}[\x0c\x28\x34\x38\x40\x6c\x7c]\0{3}"
# Made of boxes are JPEG 2000, HEIC and AVIF.
_BOXES = rb"\0{3}\x0cjP  \r\n\x87\n|\0{2}[\0-\xff]{2}ftyp(?:hei|hev|mif|msf|avi)"
_BEGINNING = re.compile(b"|".join((rb"P[4-6][\s#]", _PNG, _JPEG, _TIFF, _GIF, _WEBP, _BMP, _BOXES)))
# What some programs fill the last block of a TIFF with.
_PADDING = re.compile(rb"\0{0,4096}?(?=" + _BEGINNING.pattern + rb")")
# It stands within the data of none.
_JPEG_END = re.compile(rb"\xff\xd9(?=" + _BEGINNING.pattern + rb")")
# In the head of a JPEG: pictures after it are other forms of it and no pages.
_OTHER_FORMS = b"MPF\0", b"ns.google.com/photos/1.0/container"
# Of the segments in that head, which may hold smaller forms too: where the last one begins, and what stands between two.
_JPEG_SCAN, _JPEG_FILL, _JPEG_SEGMENTS = 0xFFDA, 0xFFFF, range(0xFFC0, 0xFFFF)


def may_hold_several(head: bytes) -> bool:
    """Tell whether a file that begins so may hold several pictures, one after the other."""
    return _BEGINNING.match(head) is not None


def is_picture(head: bytes) -> bool:
    """Tell whether what begins so is a picture; of two letters, as PNM begins, the sizes that follow tell it from a text."""
    return any(kind.match(head) for kind in (_BITMAP, _TONES)) or any(kind.match(head) for kind, _ in _ENDS)


def parts_of(content: bytes | mmap.mmap) -> list[tuple[int, int]]:
    """Return where in an input pictures stand one after the other: the first byte of each, and the one after it.

    An input of another kind is one part; what follows a picture but is none is of its part.
    """
    parts, start = [], 0
    while (end := _end(content, start)) is not None and end > start and _BEGINNING.match(content, end):
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
    for beginning, end_of in _ENDS:
        if beginning.match(content, start):
            try:
                return end_of(content, start)
            except (struct.error, IndexError):
                # It breaks off.
                return None
    return None


def _end_of_png(content: bytes | mmap.mmap, start: int) -> int | None:
    place, kind = start + 8, b""
    while kind != b"IEND" and place + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        place += length + 12
    return place if kind == b"IEND" else None


def _end_of_jpeg(content: bytes | mmap.mmap, start: int) -> int | None:
    place = start + 2
    while (marker := struct.unpack_from(">H", content, place)[0]) != _JPEG_SCAN:
        if marker == _JPEG_FILL:
            place += 1
        elif marker in _JPEG_SEGMENTS:
            place += 2 + struct.unpack_from(">H", content, place + 2)[0]
        else:
            break
    found = _JPEG_END.search(content, place)
    return found.start() + 2 if found and all(content.find(form, start, place) < 0 for form in _OTHER_FORMS) else None


def _end_of_webp(content: bytes | mmap.mmap, start: int) -> int:
    (size,) = struct.unpack_from("<I", content, start + 4)
    return start + 8 + size + size % 2


def _end_of_bmp(content: bytes | mmap.mmap, start: int) -> int:
    return start + struct.unpack_from("<I", content, start + 2)[0]


def _end_of_gif(content: bytes | mmap.mmap, start: int) -> int | None:
    def after_colours(place: int, packed: int) -> int:
        return place + (3 << (packed & 7) + 1 if packed & 0x80 else 0)

    place = after_colours(start + 13, content[start + 10])
    while (kind := content[place]) != 0x3B:
        if kind == 0x2C:
            place = after_colours(place + 10, content[place + 9]) + 1
        elif kind == 0x21:
            place += 2
        else:
            return None
        while length := content[place]:
            place += 1 + length
        place += 1
    return place + 1


def _end_of_boxes(content: bytes | mmap.mmap, start: int) -> int | None:
    place = start
    while place < len(content) and (place == start or not _BEGINNING.match(content, place)):
        (size,) = struct.unpack_from(">I", content, place)
        if size == 1:
            (size,) = struct.unpack_from(">Q", content, place + 8)
        if size < 8:
            # One of no size reaches to the end.
            return None
        place += size
    return place


def _end_of_tiff(content: bytes | mmap.mmap, start: int) -> int | None:
    end = tiff_end(content, start)
    padding = None if end is None else _PADDING.match(content, end)
    return padding.end() if padding else end


_ENDS = tuple(
    (re.compile(beginning), end_of)
    for beginning, end_of in (
        (_PNG, _end_of_png),
        (_JPEG, _end_of_jpeg),
        (_TIFF, _end_of_tiff),
        (_GIF, _end_of_gif),
        (_WEBP, _end_of_webp),
        (_BMP, _end_of_bmp),
        (_BOXES, _end_of_boxes),
    )
)
"""How the end of a picture is found, by how it begins."""

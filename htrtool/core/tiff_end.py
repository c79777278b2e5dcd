"""Where a TIFF ends, which says nowhere how long it is: after the last byte that any of its directories points to.

https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf
"""

from __future__ import annotations

import mmap
import struct

_BIG = 43
# By the number of a type, the bytes that a value of it takes.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_WHOLE = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
# Tags of where something is and of how many bytes: strips, tiles, and a picture in JPEG.
_DATA = ((273, 279), (324, 325), (513, 514))
# Tags of further directories: of smaller forms, EXIF, where it was taken, and how it may be used.
_DIRECTORIES = (330, 34665, 34853, 40965)


def tiff_end(content: bytes | mmap.mmap, start: int) -> int | None:
    """Return the place after the last byte of a TIFF that begins at ``start``; None if that can't be told.

    Raises:
        struct.error: it breaks off.
    """
    order = "<" if content[start : start + 2] == b"II" else ">"
    is_big = struct.unpack_from(order + "H", content, start + 2)[0] == _BIG
    offset, count_form, entry = ("Q", "Q", 20) if is_big else ("I", "H", 12)
    width = struct.calcsize(offset)
    waiting, seen, end = [struct.unpack_from(order + offset, content, start + (8 if is_big else 4))[0]], set(), 0
    # Directories that lie over one another, as in no honest file, could be without number.
    room = len(content) // entry
    while waiting:
        place = waiting.pop()
        if not place or place in seen:
            continue
        seen.add(place)
        (count,) = struct.unpack_from(order + count_form, content, start + place)
        if (room := room - count) < 0:
            return None
        first = place + struct.calcsize(count_form)
        after = first + count * entry
        waiting.append(struct.unpack_from(order + offset, content, start + after)[0])
        end = max(end, after + width)
        values: dict[int, tuple[int, ...]] = {}
        for at in range(first, after, entry):
            tag, kind, number = struct.unpack_from(order + "HH" + offset, content, start + at)
            size = number * _SIZES.get(kind, 0)
            if size > width:
                (where,) = struct.unpack_from(order + offset, content, start + at + entry - width)
                end = max(end, where + size)
            else:
                where = at + entry - width
            if kind in _WHOLE and tag in {*_DIRECTORIES, *(tag for pair in _DATA for tag in pair)}:
                values[tag] = struct.unpack_from(f"{order}{number}{_WHOLE[kind]}", content, start + where)
        for places, sizes in _DATA:
            end = max([end, *(where + size for where, size in zip(values.get(places, ()), values.get(sizes, ())))])
        waiting += (where for tag in _DIRECTORIES for where in values.get(tag, ()))
    return start + end if seen else None

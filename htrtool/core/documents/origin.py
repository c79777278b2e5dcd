"""The file that a document was read from, noted in it, so that one of another file, or of another hand, is told apart."""

from __future__ import annotations

import os
import re
import zlib
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from lxml import etree

from htrtool.core.files import same_file

HEAD = 16 * 1024
_MARK = re.compile(rb'<\?htr source="([^"]*)"(?: bytes="(\d+)")?(?: read="in part")?(?: crc32="([0-9a-f]{8})")?\?>\n?')
_IN_PART = b' read="in part"'
# What only documents of ours say that have no mark, as older ones have none.
_CREATOR = re.compile(rb'<Creator>htr |<softwareName>htr<|<meta name="ocr-system" content="htr ')


def marked(content: bytes, place: Path | None, name: str, is_whole: bool) -> bytes:
    """Return an XML document, whose first line is its declaration, with the file that it was read from noted after that.

    It is a processing instruction, which no schema forbids and other programs pass over: the path from the document's
    folder, as in a URL, and the file's size in bytes; of a pipe, or to one, ``-`` and no size; then whether
    pages or lines could not be read, and a checksum of all the rest.

    Args:
        place: where the document will be, in a folder that exists; None if that is not known.
        name: of the page that was read, as in :class:`htrtool.core.pages.PageSource`.
        is_whole: whether all pages and lines could be read.
    """
    content = _MARK.sub(b"", content, count=1)
    declaration, _, rest = content.partition(b"\n")
    mark = (place and mark_of(place, name)) or b'<?htr source="-"?>'
    mark = mark.removesuffix(b"?>") + (b"" if is_whole else _IN_PART)
    return declaration + b"\n" + mark + f' crc32="{zlib.crc32(content):08x}"?>\n'.encode() + rest


def mark_of(place: Path, name: str) -> bytes:
    """Return the note of the file that what is to be at a place comes from, empty for a pipe; see :func:`marked`."""
    file = _file_of(name)
    if file is None:
        return b""
    # A link keeps its own name, which the document gives its image, too.
    real = os.path.join(os.path.realpath(os.path.dirname(file)), os.path.basename(file))
    path = os.path.relpath(real, os.path.realpath(place.parent))
    return f'<?htr source="{quote(os.fsencode(path))}" bytes="{os.path.getsize(file)}"?>'.encode()


def origin_in(tree: etree._ElementTree) -> str | None:
    """Return the path from a document's folder to the file that it was read from, if that is noted."""
    for node in tree.getroot().itersiblings(preceding=True):
        if node.tag is etree.PI and node.target == "htr":
            path = _path_in(node.get("source") or "-")
            return path if path != "-" and "\0" not in path else None
    return None


def is_foreign(place: Path) -> bool:
    """Tell whether a file is there and not empty that is no document of ours; a pipe or device is none."""
    if not os.path.isfile(place) or not os.path.getsize(place):
        return False
    head = _head_of(place)
    return not (_MARK.search(head) or _CREATOR.search(head))


def is_changed(place: Path) -> bool:
    """Tell whether a document is there that is no longer as it was written, as where someone has corrected it."""
    noted = _MARK.search(_head_of(place)) if os.path.isfile(place) else None
    return bool(noted and noted[3]) and int(noted[3], 16) != zlib.crc32(_MARK.sub(b"", place.read_bytes(), count=1))


def is_part(head: bytes) -> bool:
    """Tell whether it is noted in the beginning of a document that not all that belongs in it could be read."""
    noted = _MARK.search(head)
    return noted is not None and _IN_PART in noted[0]


def is_of(place: Path, name: str) -> bool:
    """Tell whether a document is there in which the file of a page is noted, and not just one that it may have been."""
    file = _file_of(name)
    noted = _noted_in(place) if file else None
    return noted is not None and same_file(noted[0], file)


def other_origin(place: Path, name: str) -> str | None:
    """Return the file that a document was read from if that is another than the one of a page; None if not, or if there is no telling.

    Where the file that is noted is no longer there, the page's passes for the same one, moved, if it is of the same size.
    """
    origin, is_same = _compared(place, name)
    return None if origin is None or is_same else os.path.normpath(origin)


def has_origin(place: Path, name: str) -> bool:
    """Tell whether it is noted in a file that it comes from the file of a page, which may have been moved, see :func:`other_origin`."""
    return _compared(place, name)[1]


def _compared(place: Path, name: str) -> tuple[str | None, bool]:
    """Return the file that is noted in the one at a place, None if there is no telling, and whether it is that of a page."""
    file = _file_of(name)
    noted = _noted_in(place) if file else None
    if noted is None:
        return None, False
    origin, size = noted
    return origin, same_file(origin, file) if os.path.isfile(origin) else size == os.path.getsize(file)


def _noted_in(place: Path) -> tuple[str, int] | None:
    """Return the path of the file that a document was read from, and its size; None if there is no such document, or of a pipe."""
    noted = _MARK.search(_head_of(place)) if os.path.isfile(place) else None
    return (os.path.join(place.parent, _path_in(noted[1].decode())), int(noted[2])) if noted and noted[2] else None


def _path_in(noted: str) -> str:
    return os.fsdecode(unquote_to_bytes(noted))


def _head_of(place: Path) -> bytes:
    try:
        with open(place, "rb") as stream:
            return stream.read(HEAD)
    except OSError:
        return b""


def _file_of(name: str) -> str | None:
    """Return the file that a page is in, or the archive that holds the sample; None for a pipe."""
    path = Path(name)
    return None if path.parts[:1] == ("-",) else next((str(file) for file in (path, *path.parents) if os.path.isfile(file)), None)

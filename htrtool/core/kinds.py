"""What an input is, told by its first bytes: a tar, a PDF, XML; and streams that are looked into before they are read."""

from __future__ import annotations

import io
import re
import tarfile
from pathlib import Path
from typing import IO

from htrtool.core.joined import is_picture
from htrtool.core.pictures import HEAD

PAGE_XML = re.compile(rb"<(?:[\w.-]+:)?(?:alto|PcGts)[\s>/]")
"""The first element of an ALTO or PAGE file."""


COMPRESSED = {b"\x1f\x8b": "gunzip", b"BZh": "bunzip2", b"\xfd7zXZ\0": "unxz"}
"""How what is compressed begins, and what unpacks it."""


def peeked(stream: IO[bytes]) -> tuple[bytes, IO[bytes]]:
    """Return the first bytes of a stream, and the stream from its beginning on."""
    head = stream.peek(HEAD)
    if len(head) >= 512:
        return head, stream
    # A pipe may hand over its first bytes in small pieces.
    head = stream.read(HEAD)
    return head, io.BufferedReader(Rejoined(head, stream))


class Rejoined(io.RawIOBase):
    """A stream whose beginning has been read already."""

    def __init__(self, head: bytes, rest: IO[bytes]):
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        if self._head:
            piece, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        else:
            piece = self._rest.read1(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def is_tar(head: bytes) -> bool:
    """Tell whether the first bytes of an input are those of a tar, plain or compressed."""
    if head.startswith(tuple(COMPRESSED)):
        return True
    if len(head) < 512:
        return False
    try:
        tarfile.TarInfo.frombuf(head[:512], "utf-8", "surrogateescape")
    except tarfile.EOFHeaderError:
        return True
    except tarfile.HeaderError:
        return False
    return True


def is_pdf(head: bytes) -> bool:
    """Tell whether the first bytes of an input are those of a PDF, which may begin with other bytes."""
    return b"%PDF-" in head[:1024]


def is_xml(head: bytes) -> bool:
    """Tell whether the first bytes of an input are those of XML, in UTF-8 or UTF-16."""
    text = head[:256].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return text.startswith((b"<?xml", b"<!DOCTYPE", b"<!--")) or PAGE_XML.match(text) is not None


def kind_of(head: bytes) -> str | None:
    """Return what an input is called that begins so, None if it is of no kind that is read as pages."""
    if is_tar(head):
        # First, since a PDF that it begins with shows as well.
        return "a tar"
    if is_picture(head):
        return "a picture"
    if is_pdf(head):
        return "a PDF"
    return "XML" if is_xml(head) else None


def kind_in(path: str | Path) -> str | None:
    """Return what a file is called, see :func:`kind_of`; None of one that can't be read, too."""
    try:
        with open(path, "rb") as stream:
            return kind_of(stream.read(HEAD))
    except OSError:
        return None

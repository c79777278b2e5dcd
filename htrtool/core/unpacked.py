"""A stream that may be compressed, unpacked as it is read."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from typing import IO

from htrtool.core.errors import InputError
from htrtool.core.kinds import COMPRESSED, Rejoined, kind_of, peeked


def unpacked(stream: IO[bytes], source: str) -> IO[bytes]:
    """Return what a stream holds, unpacked where it is compressed: all that stands in it one after the other.

    What packs with several cores, as pbzip2 does, writes many such parts, and cat(1) joins them; of these ``tarfile``
    takes the first alone.

    Args:
        stream: need not be seekable.
        source: its name, for messages.

    Raises:
        InputError: it is compressed, and what is in it is of a kind that is only read when it is not.
        OSError, EOFError, zlib.error, lzma.LZMAError: it is broken; also as it is read on.
    """
    # It has peek, and leaves the stream open when it is let go of.
    head, whole = peeked(io.BufferedReader(Rejoined(b"", stream)))
    tool = next((tool for mark, tool in COMPRESSED.items() if head.startswith(mark)), None)
    if tool is None:
        return whole
    opened = {"gunzip": gzip.GzipFile, "bunzip2": bz2.BZ2File, "unxz": lzma.LZMAFile}[tool]
    inside, content = peeked(io.BufferedReader(opened(fileobj=whole) if tool == "gunzip" else opened(whole)))
    kind = kind_of(inside)
    if kind not in (None, "a tar"):
        raise InputError(f"expected a tar stream of samples, received {kind} that is compressed: unpack it first, as with {tool}", source)
    return content

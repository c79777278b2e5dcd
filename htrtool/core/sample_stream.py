"""The stream of samples: a tar in the WebDataset convention, ``KEY.png`` then ``KEY.txt`` and ``KEY.json``.

https://github.com/webdataset/webdataset describes the convention.
"""

from __future__ import annotations

import json
import lzma
import tarfile
import unicodedata
import zlib
from typing import IO, Callable, Iterator

from htrtool.core.errors import InputError
from htrtool.core.names import has_bytes
from htrtool.core.pictures import MAX_PIXELS
from htrtool.core.samples import Sample, image_suffix
from htrtool.core.suffixes import IMAGE_SUFFIXES
from htrtool.core.unpacked import unpacked

PICTURE_MEMBERS = (".png", ".webp", ".jpg", ".jpeg")
MISSED_MEMBERS = (*IMAGE_SUFFIXES, ".pdf")
"""Those and others that are no samples' pictures, but would be missed."""
TEXT_MEMBERS = (".txt", ".gt.txt")
USED_MEMBERS = (*PICTURE_MEMBERS, *TEXT_MEMBERS, ".json")
LARGEST_MEMBER = MAX_PIXELS // 2
"""In bytes: a picture of the most pixels takes less, and a few kilobytes of a tar can hold gigabytes of zeros."""


def read_samples(
    stream: IO[bytes], source: str = "-", on_error: Callable[[InputError], None] | None = None
) -> Iterator[Sample]:
    """Yield the samples of a tar stream, or of several written one after the other.

    A sample's files must stand together, as WebDataset asks; its key is the path up to the first dot of
    the file name.

    Args:
        stream: the tar, plain or compressed; it need not be seekable.
        source: its name, for messages.
        on_error: called with what is wrong with a single sample, which is then left out; without it, that is raised. It
            is told too of pictures beside the one that a sample has, which are left out.

    Raises:
        InputError: the stream is not a tar, breaks off, holds no picture, or has a picture and its text apart.
    """
    key, parts, has_pictures, has_other = None, {}, False, False
    alone = _Alone(source)
    try:
        with tarfile.open(fileobj=unpacked(stream, source), mode="r|", ignore_zeros=True, tarinfo=_Member) as archive:
            for member in archive:
                # tarfile remembers every member that it has seen, which for a long stream is hundreds of megabytes.
                archive.members = []
                if not member.isfile():
                    continue
                folder, _, name = member.name.removeprefix("./").rpartition("/")
                stem, _, suffix = name.partition(".")
                if not stem:
                    continue
                member_key = f"{folder}/{stem}" if folder else stem
                suffix = "." + suffix.lower()
                has_pictures |= suffix.endswith(MISSED_MEMBERS)
                # The last of one stream and the first of the next may have the same key.
                if member_key != key or suffix in parts:
                    alone.check(key, parts)
                    yield from _assembled(key, parts, source, on_error)
                    key, parts = member_key, {}
                parts[suffix] = _content(archive, member) if suffix in USED_MEMBERS else b""
            has_other = getattr(archive, "has_other", False)
    except (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError) as error:
        raise InputError(
            f"expected a tar stream of samples, received something else or a broken one ({error})", source
        ) from None
    alone.check(key, parts)
    yield from _assembled(key, parts, source, on_error)
    if not has_pictures:
        received = "one without pictures" if key else "something else" if has_other else "none (is the input empty?)"
        raise InputError(f"expected a tar stream of samples, received {received}", source)


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes | None:
    """Return the bytes of a member, None if they are too many."""
    return archive.extractfile(member).read() if member.size <= LARGEST_MEMBER else None


class _Member(tarfile.TarInfo):
    """A member of a tar that must go on to its end: Python takes one that breaks off between members for a whole one."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> tarfile.TarInfo:
        """Read the next header; see TarFile, which passes over what is none.

        Raises:
            ReadError: after a member comes neither another nor the blocks of zeros that end a tar.
        """
        after_member = getattr(archive, "after_member", False)
        archive.after_member = False
        try:
            member = super().fromtarfile(archive)
        except tarfile.EOFHeaderError:
            raise
        except tarfile.HeaderError as error:
            if after_member:
                raise tarfile.ReadError(f"it breaks off or is damaged at byte {archive.offset}") from error
            archive.has_other = True
            raise
        archive.after_member = True
        return member


class _Alone:
    """Finds out whether pictures and their texts stand apart in a stream, by the first ``SEEN`` that have no other beside them."""

    SEEN = 10_000

    def __init__(self, source: str):
        self._source = source
        self._seen: dict[str, bool] = {}

    def check(self, key: str | None, parts: dict[str, bytes | None]) -> None:
        """Take note of one sample's files.

        Raises:
            InputError: what it lacks stood somewhere else.
        """
        picture, text = (any(suffix in parts for suffix in suffixes) for suffixes in (PICTURE_MEMBERS, TEXT_MEMBERS))
        if key is None or picture == text:
            return
        if self._seen.get(key, picture) != picture:
            raise InputError(
                f"expected the picture and the text of {key!r} side by side, received them apart: make the tar with "
                "tar --sort=name",
                self._source,
            )
        if len(self._seen) < self.SEEN:
            self._seen[key] = picture


def _assembled(
    key: str | None, parts: dict[str, bytes | None], source: str, on_error: Callable[[InputError], None] | None
) -> Iterator[Sample]:
    try:
        sample = _sample_of(key, parts, source)
    except InputError as error:
        if on_error is None:
            raise
        on_error(error)
        return
    if sample is None:
        return
    first, *others = (key + suffix for suffix in PICTURE_MEMBERS if suffix in parts)
    if others and on_error is not None:
        found = f"found {first} and {' and '.join(others)}, of which the first is taken"
        on_error(InputError(f"expected one picture of a sample, {found}: give the other a name of its own", source))
    yield sample


def _sample_of(key: str | None, parts: dict[str, bytes | None], source: str) -> Sample | None:
    """Return the sample that some files make, None if there is no picture among them.

    Raises:
        InputError: one of them is too large, of no kind that is read, or broken.
    """
    if key and "\0" in key:
        wanted = "expected the name of a file, which has no NUL in it"
        raise InputError(f"{wanted}, received {key!r}: give it another", source)
    too_large = [key + suffix for suffix, content in parts.items() if content is None]
    if too_large:
        raise InputError(f"expected a sample's files to have {LARGEST_MEMBER // 1_000_000} megabytes at most, {too_large[0]} has more", source)
    image = next((parts[suffix] for suffix in PICTURE_MEMBERS if suffix in parts), None)
    if image is None:
        missed = [suffix for suffix in parts if suffix.endswith(MISSED_MEMBERS)]
        if not missed:
            return None
        found = " and ".join(key + suffix for suffix in missed)
        remedy = "give it by itself, or convert it" if missed[0] in MISSED_MEMBERS else "names of samples have no dot but that of their suffix"
        raise InputError(f"expected a picture {' or '.join(key + suffix for suffix in PICTURE_MEMBERS)}, found {found}: {remedy}", source)
    text = next((parts[suffix] for suffix in TEXT_MEMBERS if suffix in parts), None)
    try:
        meta = json.loads(parts[".json"]) if ".json" in parts else {}
        if not isinstance(meta, dict):
            raise ValueError("the JSON is no object")
        if b"\\u" in parts.get(".json", b"") and not has_bytes(json.dumps(meta, ensure_ascii=False)):
            raise ValueError("the JSON has half a character in it")
        label = None if text is None else unicodedata.normalize("NFC", text.decode("utf-8-sig").rstrip("\r\n"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"expected UTF-8 text and JSON beside the picture of {key!r}: {error}", source) from None
    return Sample(key, image, label, meta)


class SampleWriter:
    """Write samples to a binary stream, the same bytes for the same samples, and nothing kept in memory.

    Used as a context manager it ends the stream only if all went well, so that a stream that was interrupted
    is seen to be broken off.
    """

    def __init__(self, stream: IO[bytes]):
        self._stream = stream
        self._written = 0

    def write(self, sample: Sample) -> None:
        """Write one sample: the picture, then its text and JSON where it has them."""
        self._add(sample.key + image_suffix(sample.image), sample.image)
        if sample.text is not None:
            self._add(sample.key + ".txt", unicodedata.normalize("NFC", sample.text).encode())
        if sample.meta:
            self._add(sample.key + ".json", _json(sample.meta))

    def _add(self, name: str, content: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        header = member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        self._put(header + content + b"\0" * (-len(content) % tarfile.BLOCKSIZE))

    def _put(self, data: bytes) -> None:
        # A raw stream, such as standard output unbuffered, may take only a part at a time.
        view = memoryview(data)
        while view:
            view = view[self._stream.write(view) :]
        self._written += len(data)

    def close(self) -> None:
        """Write the end of the stream; the stream itself stays open."""
        end = 2 * tarfile.BLOCKSIZE
        self._put(b"\0" * (end + -(self._written + end) % tarfile.RECORDSIZE))

    def __enter__(self) -> SampleWriter:
        return self

    def __exit__(self, kind, error, trace) -> None:
        if kind is None:
            self.close()


def _json(meta: dict) -> bytes:
    # A file name that is not UTF-8 holds lone surrogates, which JSON can only give escaped.
    return json.dumps(meta, ensure_ascii=False, sort_keys=True).encode("utf-8", "backslashreplace")

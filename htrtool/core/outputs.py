"""Where samples are written to: a stream, a file, a folder with a file for each part of a split, or pairs of files."""

from __future__ import annotations

import bz2
import contextlib
import enum
import gzip
import lzma
import os
import zlib
from pathlib import Path
from typing import IO, Callable, Iterator

from htrtool.core.documents.origin import has_origin, mark_of
from htrtool.core.errors import OutputError
from htrtool.core.files import check_folder, made_folder, making_folder, replacing
from htrtool.core.names import may_be_name
from htrtool.core.sample_stream import SampleWriter
from htrtool.core.samples import Sample, image_suffix
from htrtool.core.split import Split
from htrtool.core.suffixes import is_tar_name


class Written(enum.Enum):
    """What became of a sample: it is there as it was given, or beside its picture another transcription is kept."""

    WHOLE = enum.auto()
    OTHER_TEXT_KEPT = enum.auto()


@contextlib.contextmanager
def sample_output(output: IO[bytes] | str, split: Split | None = None) -> Iterator[Callable[[Sample], Written]]:
    """Give a function that writes a sample to where it belongs.

    Args:
        output: a binary stream, closed at the end; a file, compressed as its name tells (``.tar.gz``); with a split and a
            name that is not that of a tar, a folder, in which ``PART.tar`` is written for each part; or, without one, the
            folder of :class:`PairWriter`. Files are replaced when all is written, and a folder that was made for them goes
            again if none is.
        split: the parts, named by each sample's ``split``.

    Raises:
        OutputError: the file can't be written, or the folder not be made.
    """
    with contextlib.ExitStack() as stack:

        def writer(opened: contextlib.AbstractContextManager[IO[bytes]]) -> Callable[[Sample], Written]:
            samples = stack.enter_context(SampleWriter(stack.enter_context(opened)))

            def write(sample: Sample) -> Written:
                samples.write(sample)
                return Written.WHOLE

            return write

        if not isinstance(output, str):
            yield writer(contextlib.closing(output))
        elif split is None and is_sample_folder(output):
            yield PairWriter(Path(output)).write
        elif split is None or is_tar_name(output):
            yield writer(compressing(output))
        else:
            stack.enter_context(making_folder(Path(output)))
            writers = {name: writer(replacing(file)) for name, file in part_files(output, split).items()}
            yield lambda sample: writers[sample.meta["split"]](sample)


@contextlib.contextmanager
def compressing(path: str) -> Iterator[IO[bytes]]:
    """Open a file as :func:`htrtool.core.files.replacing` does, and compress what is written as its name tells."""
    name = path.lower()
    with replacing(path) as stream:
        if name.endswith((".gz", ".tgz")):
            # Without a name and a time in it, so that the same samples give the same bytes.
            packed = gzip.GzipFile("", "wb", 6, stream, mtime=0)
        elif name.endswith(".bz2"):
            packed = bz2.BZ2File(stream, "wb")
        elif name.endswith(".xz"):
            packed = lzma.LZMAFile(stream, "wb")
        else:
            packed = contextlib.nullcontext(stream)
        with packed as opened:
            yield opened


def part_files(output: str, split: Split | None) -> dict[str, Path]:
    """Return the file of each part of a split, by its name; none where the parts go to one tar, or there is no split."""
    if split is None or is_tar_name(output):
        return {}
    return {name: Path(output, f"{name}.tar") for name in split.names}


def is_sample_folder(output: str) -> bool:
    """Tell whether an output names a folder, one that is there or one that is to be made."""
    return output.endswith("/") or os.path.isdir(output)


class PairWriter:
    """Writes samples as pictures with ``.gt.txt`` beside them, for any editor and for all tools that take such pairs.

    The first folder of a key is left away. A transcription that is there already is kept: someone may have corrected it;
    so is its picture, since another would not show what it says. No picture takes the place of the one that it comes from,
    nor of one that comes from another file: PNG and JPEG note theirs in a comment, and of what does not there is no telling.

    Raises:
        OutputError: the folder may not be written to.
    """

    def __init__(self, folder: Path):
        check_folder(folder)
        self.folder = folder
        self._written: set[Path] = set()
        self._owners: dict[Path, str] = {}

    def write(self, sample: Sample) -> Written:
        """Write one sample.

        Raises:
            OutputError: a folder can't be made, there is the original, or another picture, of another source or with another
                transcription, or what is there can't be read.
        """
        stem = self.folder / (sample.key.partition("/")[2] or sample.key)
        folder = sample.key.rpartition("/")[0]
        # The lines of two pages of one name must not come to lie in one folder.
        is_other = stem.parent != self.folder and self._owners.setdefault(stem.parent, folder) != folder
        if is_other or stem in self._written:
            stem = self.folder / sample.key
        self._written.add(stem)
        source = str(sample.meta.get("source", ""))
        # The JSON of a sample may hold anything.
        if may_be_name(source) and os.path.realpath(stem) == os.path.realpath(os.path.splitext(source)[0]):
            raise OutputError("this is where the picture comes from, which is kept: write to another folder", str(stem))
        made_folder(stem.parent)
        picture, text = Path(f"{stem}{image_suffix(sample.image)}"), Path(f"{stem}.gt.txt")
        content = None if sample.text is None else f"{sample.text}\n".encode()
        kept = text.exists() and _read(text) != content
        replaces = picture.exists() and not _is_but_for_comment(_read(picture), sample.image)
        if replaces and (kept or not has_origin(picture, source)):
            raise OutputError(
                "another picture with its transcription is there already, and both are kept: write to another folder",
                str(picture),
            )
        with replacing(picture) as stream:
            stream.write(_commented(sample.image, mark_of(picture, source)))
        if content is not None and not text.exists():
            with replacing(text) as stream:
                stream.write(content)
        return Written.OTHER_TEXT_KEPT if kept and content is not None else Written.WHOLE


def _read(there: Path) -> bytes:
    try:
        return there.read_bytes()
    except OSError as error:
        raise OutputError(f"is there, and can't be read: {error.strerror}", str(there)) from None


def _comment_place(image: bytes) -> int:
    """Return where in an encoded picture a comment may stand: in a PNG after the header's chunk, in a JPEG after its mark; 0: nowhere."""
    return 33 if image.startswith(b"\x89PNG") else 2 if image.startswith(b"\xff\xd8") else 0


def _commented(image: bytes, comment: bytes) -> bytes:
    """Return an encoded picture with a comment of ASCII in it, where its format has room for one."""
    place = _comment_place(image)
    if not place or not comment:
        return image
    if place == 2:
        segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
    else:
        chunk = b"tEXtComment\0" + comment
        segment = (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    return image[:place] + segment + image[place:]


def _is_but_for_comment(there: bytes, image: bytes) -> bool:
    """Tell whether what is there is this encoded picture, whatever comment is in it."""
    place = _comment_place(image)
    return there[:place] == image[:place] and there.endswith(image[place:])

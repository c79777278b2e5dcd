"""The stream of samples: a tar in the WebDataset convention, ``KEY.png`` then ``KEY.txt`` and ``KEY.json``.

https://github.com/webdataset/webdataset describes the convention.
"""

from __future__ import annotations

import io
import json
import tarfile
import unicodedata
from dataclasses import dataclass, field
from typing import IO, Iterator

import cv2
import numpy as np

from htrtool.core.errors import InputError

IMAGE_SUFFIXES = (".png", ".webp", ".jpg", ".jpeg")


@dataclass
class Sample:
    """One line or word: its picture, its transcription and what else is known of it.

    ``image`` is the encoded picture (PNG, WebP or JPEG); ``pixels`` decodes it. ``text`` is None for a
    picture that is still to be transcribed. ``meta`` is the content of ``KEY.json``.
    """

    key: str
    image: bytes
    text: str | None = None
    meta: dict = field(default_factory=dict)

    @property
    def document(self) -> str:
        """The page, writer or folder that the sample comes from, by which data is split."""
        return self.meta.get("document") or self.meta.get("writer") or self.key.rpartition("/")[0] or self.key

    def pixels(self) -> np.ndarray:
        """Decode the picture to gray pixels, (height, width) uint8.

        Raises:
            InputError: the picture is broken.
        """
        pixels = cv2.imdecode(np.frombuffer(self.image, np.uint8), cv2.IMREAD_GRAYSCALE) if self.image else None
        if pixels is None:
            raise InputError("expected a PNG, WebP or JPEG picture, found none that can be decoded", self.key)
        return pixels


def encode_png(pixels: np.ndarray) -> bytes:
    """Encode gray pixels, (height, width) uint8, as PNG."""
    return cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 6])[1].tobytes()


def read_samples(stream: IO[bytes], source: str = "-") -> Iterator[Sample]:
    """Yield the samples of a tar stream, or of several written one after the other.

    A sample's files must stand together, as WebDataset asks; its key is the path up to the first dot of
    the file name.

    Raises:
        InputError: the stream is not a tar, or breaks off.
    """
    key, parts, found = None, {}, False
    try:
        with tarfile.open(fileobj=stream, mode="r|*", ignore_zeros=True) as archive:
            for member in archive:
                if not member.isfile():
                    continue
                folder, _, name = member.name.rpartition("/")
                stem, _, suffix = name.partition(".")
                member_key = f"{folder}/{stem}" if folder else stem
                found = True
                if member_key != key:
                    if key is not None and (sample := _assembled(key, parts, source)):
                        yield sample
                    key, parts = member_key, {}
                parts["." + suffix.lower()] = archive.extractfile(member).read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise InputError(f"expected a tar stream of samples, received something else or a broken one ({error})", source) from None
    if key is not None and (sample := _assembled(key, parts, source)):
        yield sample
    if not found:
        raise InputError("expected a tar stream of samples, received none (is the input empty?)", source)


def _assembled(key: str, parts: dict[str, bytes], source: str) -> Sample | None:
    image = next((parts[suffix] for suffix in IMAGE_SUFFIXES if suffix in parts), None)
    if image is None:
        return None
    text = parts.get(".txt", parts.get(".gt.txt"))
    try:
        return Sample(
            key,
            image,
            None if text is None else unicodedata.normalize("NFC", text.decode("utf-8").rstrip("\r\n")),
            json.loads(parts[".json"]) if ".json" in parts else {},
        )
    except ValueError as error:
        raise InputError(f"expected UTF-8 text and JSON beside the picture of {key!r}: {error}", source) from None


class SampleWriter:
    """Write samples to a binary stream, the same bytes for the same samples."""

    def __init__(self, stream: IO[bytes]):
        self._archive = tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT)

    def write(self, sample: Sample) -> None:
        """Write one sample: the picture, then its text and JSON where it has them."""
        self._add(sample.key + image_suffix(sample.image), sample.image)
        if sample.text is not None:
            self._add(sample.key + ".txt", unicodedata.normalize("NFC", sample.text).encode())
        if sample.meta:
            self._add(sample.key + ".json", json.dumps(sample.meta, ensure_ascii=False, sort_keys=True).encode())

    def _add(self, name: str, content: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        self._archive.addfile(member, io.BytesIO(content))

    def close(self) -> None:
        """Write the end of the stream; the stream itself stays open."""
        self._archive.close()

    def __enter__(self) -> SampleWriter:
        return self

    def __exit__(self, kind, error, trace) -> None:
        if kind is None:
            self.close()


def image_suffix(image: bytes) -> str:
    """Return the file name suffix that an encoded picture's first bytes call for."""
    if image[:4] == b"RIFF":
        return ".webp"
    return ".jpg" if image[:2] == b"\xff\xd8" else ".png"

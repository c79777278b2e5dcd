"""A sample: the picture of a line, its transcription, and what else is known of it; and how such pictures are encoded."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field

import cv2
import numpy as np

from htrtool.core.errors import InputError
from htrtool.core.pictures import check_size, load_picture, open_picture

_LINE_NUMBER = re.compile(r"[-_. ]?(?:(?:line|l|tl|word|w)[-_. ]?)?\d+$", re.IGNORECASE)


@dataclass
class Sample:
    """One line or word: its picture, its transcription and what else is known of it.

    ``image`` is the encoded picture, mostly PNG, WebP or JPEG; ``pixels`` decodes it. ``text`` is None for a
    picture that is still to be transcribed. ``meta`` is the content of ``KEY.json``. ``is_unnamed`` says that no document
    was found in its key as it was asked for.
    """

    key: str
    image: bytes
    text: str | None = None
    meta: dict = field(default_factory=dict)
    is_unnamed: bool = False

    @property
    def document(self) -> str:
        """The writer, page or folder that the sample comes from, by which data is split; of one in no folder what its name tells.

        A known writer comes first: two documents of one writer are no independent test of each other.
        """
        return str(self.meta.get("writer") or self.meta.get("document") or self.key.rpartition("/")[0] or document_of(self.key))

    def pixels(self) -> np.ndarray:
        """Decode the picture to gray pixels, (height, width) uint8: as it is if it tells a recipe, else as any other picture.

        Raises:
            InputError: the picture is broken, too small or too large.
        """
        if "recipe" in self.meta:
            with open_picture(io.BytesIO(self.image), self.key) as header:
                check_size(*header.size, self.key)
            return decode_prepared(self.image, self.key)
        return load_picture(lambda: io.BytesIO(self.image), self.key)


def document_of(key: str) -> str:
    """Return the document that a line's file belongs to, as far as names tell.

    The name without the number of the line, ``page1_003`` → ``page1``; the folder if nothing else is left.
    """
    folder, _, name = key.rpartition("/")
    rest = _LINE_NUMBER.sub("", name)
    return "/".join(part for part in (folder, rest) if part) or name


def decode_prepared(image: bytes, name: str) -> np.ndarray:
    """Decode a picture that :func:`encode_image` wrote, or one like it: gray pixels, (height, width) uint8.

    Raises:
        InputError: the picture is broken.
    """
    try:
        pixels = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_GRAYSCALE) if image else None
    except cv2.error:
        # Its header tells a size beyond all bounds.
        pixels = None
    if pixels is None:
        raise InputError("expected a PNG, WebP or JPEG picture, found none that can be decoded", name)
    return pixels


def encode_image(pixels: np.ndarray, form: str = "png") -> bytes:
    """Encode gray pixels, (height, width) uint8, as PNG, WebP or JPEG.

    Raises:
        InputError: the format does not allow a picture so large (WebP: 16383 pixels a side, JPEG: 65535).
    """
    settings = {
        "png": [cv2.IMWRITE_PNG_COMPRESSION, 3],
        "webp": [cv2.IMWRITE_WEBP_QUALITY, 90],
        "jpg": [cv2.IMWRITE_JPEG_QUALITY, 92],
    }
    largest = {"webp": 16383, "jpg": 65535}.get(form)
    if largest and max(pixels.shape) > largest:
        size = f"{pixels.shape[1]}×{pixels.shape[0]}"
        raise InputError(f"expected at most {largest} pixels a side for a {form} picture, received {size}: write png")
    return cv2.imencode(f".{form}", pixels, settings[form])[1].tobytes()


def encode_png(pixels: np.ndarray) -> bytes:
    """Encode gray pixels, (height, width) uint8, as PNG."""
    return encode_image(pixels, "png")


def image_suffix(image: bytes) -> str:
    """Return the file name suffix that an encoded picture's first bytes call for."""
    if image[:4] == b"RIFF":
        return ".webp"
    return ".jpg" if image[:2] == b"\xff\xd8" else ".png"

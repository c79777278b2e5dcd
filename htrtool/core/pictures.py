"""An encoded picture to gray pixels: any format that is read, told by content and not by name, and checked before it is decoded."""

from __future__ import annotations

import io
import itertools
import re
import warnings
from typing import IO, Callable

import numpy as np
from PIL import Image, ImageChops, UnidentifiedImageError

from htrtool.core.errors import BROKEN_PICTURE, InputError, unreadable
from htrtool.core.gray import dark_on_light, to_gray
from htrtool.core.text_files import ZIP
from htrtool.core.tiff_kinds import is_misread, is_told, of_other_kind, tags_of
from htrtool.core.tiff_talk import of_lost_rows, overheard

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "JPEG2000", "GIF", "BMP", "PPM")
FORMATS_OF_PHONES = ("HEIF", "AVIF")
EXPECTED = "expected an image (PNG, JPEG, TIFF, WebP, HEIC, AVIF, JPEG 2000, GIF, BMP, PNM), a PDF, ALTO or PAGE XML, or a tar of samples"
MAX_PIXELS = 500_000_000
MIN_SIDE = 4
HEAD = 2048
"""How many of its first bytes tell what an input is."""

# The size is checked here, before anything is decoded, and an error names the file; Pillow's own limit would warn on
# stderr at 89 megapixels, which is a mere A2 at 600 dpi.
Image.MAX_IMAGE_PIXELS = None
# What it warns of, such as broken metadata, is no fault of what is seen; else an error names the file.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

_TIFF = "TIFF"
_MAGIC = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG", "PNG"), *((magic, _TIFF) for magic in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")))
# Of JPEG: its beginning, that of its data, its end, the rows of its smallest blocks, and what may stand for more of its data.
_JPEG, _JPEG_SCAN, _JPEG_END, _JPEG_ROWS, _JPEG_DATA = b"\xff\xd8", b"\xff\xda", b"\xff\xd9", 8, bytes(range(128))
# Of TIFF: what kind of page it is, and the bits that tell of a smaller form of another one, and of a mask for one.
_SUBFILE_TYPE, _NO_PAGE = 254, 0b101
_OF_PHONES = re.compile(rb".{4}ftyp(?:hei|hev|mif|msf|avi)", re.DOTALL)


def open_picture(stream: IO[bytes], name: str) -> Image.Image:
    """Open the picture that a seekable stream holds, of which Pillow reads the header only.

    Raises:
        InputError: it is no picture of a format that is read, or broken.
    """
    head = stream.read(HEAD)
    stream.seek(0)
    is_of_phone = _OF_PHONES.match(head) is not None
    if is_of_phone:
        # Only now, since it takes its time.
        from pillow_heif import register_heif_opener

        register_heif_opener()
    try:
        return Image.open(stream, formats=FORMATS_OF_PHONES if is_of_phone else FORMATS)
    except UnidentifiedImageError:
        kind = "HEIC or AVIF" if is_of_phone else next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
        if kind == _TIFF and is_told(tags := tags_of(stream)):
            raise of_other_kind(tags, name) from None
        if kind:
            raise InputError(f"the image is broken or breaks off ({kind})", name) from None
        raise InputError(f"{EXPECTED}; received {_described(head)}", name) from None
    except BROKEN_PICTURE as error:
        raise InputError(f"the image is broken ({error})", name) from None


def frames_of(image: Image.Image) -> tuple[list[int], Exception | None]:
    """Return which frames of a TIFF or HEIC are pages of their own, and what is wrong with it after those, if anything; of any other picture, the first."""
    if image.format == "HEIF":
        return list(range(image.n_frames)), None
    if image.format != _TIFF:
        # The frames of an animation are no pages.
        return [0], None
    frames: list[int] = []
    for index in itertools.count():
        try:
            image.seek(index)
            if not image.tag_v2.get(_SUBFILE_TYPE, 0) & _NO_PAGE:
                frames.append(index)
        except EOFError:
            return frames or [0], None
        except BROKEN_PICTURE as error:
            if image.tell() != index or not is_told(image.tag_v2):
                return frames, error
            # What its tags tell of the next page is known, even if its own kind is not.
            frames.append(index)


def _described(head: bytes) -> str:
    if not head:
        return "an empty file"
    if head.startswith(ZIP):
        return "a zip: unpack it first, as with unzip"
    text = head.lstrip(b"\xef\xbb\xbf")
    if all(byte in b"\t\n\r\f" or 32 <= byte < 127 or byte >= 128 for byte in text[:512]):
        return f"text that begins {text[:20].decode('utf-8', 'replace')!r}"
    return f"bytes that begin {head[:8].hex(' ')}"


def load_picture(opened: Callable[[], IO[bytes]], name: str, index: int = 0) -> np.ndarray:
    """Decode a picture to gray pixels.

    Args:
        opened: opens it as a seekable stream.
        name: its name, for messages.
        index: which of its frames.

    Returns:
        (height, width) uint8, upright, dark ink on light paper.

    Raises:
        InputError: it can't be opened any more, is no picture of a format that is read, or is broken, too small or too large.
    """
    try:
        gray = _gray(opened, name, index)
    except InputError:
        raise
    except BROKEN_PICTURE as error:
        if isinstance(error, OSError) and error.errno:
            # It is the system that can't read it; what Pillow says of broken bytes has no number.
            raise unreadable(error, name) from None
        gray = _ended(opened, name)
        if gray is None:
            # Some decoders tell a long story.
            raise InputError(f"the image is broken or breaks off ({' '.join(str(error).split())})", name) from None
    return dark_on_light(gray)


def _gray(opened: Callable[[], IO[bytes]], name: str, index: int) -> np.ndarray:
    with opened() as stream, open_picture(stream, name) as image:
        if image.format == _TIFF:
            return _gray_of_tiff(image, name, index)
        if index:
            image.seek(index)
        check_size(*image.size, name)
        return to_gray(image)


def _gray_of_tiff(image: Image.Image, name: str, index: int) -> np.ndarray:
    try:
        image.seek(index)
    except BROKEN_PICTURE:
        if image.tell() != index or not is_told(image.tag_v2):
            raise
        raise of_other_kind(image.tag_v2, name) from None
    if is_misread(image.tag_v2):
        raise of_other_kind(image.tag_v2, name)
    check_size(*image.size, name)
    with overheard() as said:
        try:
            gray = to_gray(image)
        except BROKEN_PICTURE as error:
            if not said:
                raise
            # Pillow gives a number only.
            raise OSError(said[0]) from error
    if lost := of_lost_rows(said):
        raise OSError(lost)
    return gray


def _ended(opened: Callable[[], IO[bytes]], name: str) -> np.ndarray | None:
    """Return a JPEG picture that lacks its end as :func:`load_picture` does, None if it lacks more or is of another format."""
    with opened() as stream:
        content = stream.read()
    ended = _with_end(content) if content.startswith(_JPEG) else None
    return None if ended is None else _gray(lambda: io.BytesIO(ended), name, 0)


def breaks_off(content: bytes) -> bool:
    """Tell whether a JPEG picture lacks more than its end; it is decoded only if it lacks that."""
    end = content.rfind(_JPEG_END)
    # A smaller form of it within its head has an end too.
    is_ended = end >= 0 and _JPEG_SCAN not in content[end:]
    return not is_ended and _with_end(content) is None


def _with_end(content: bytes) -> bytes | None:
    """Return a JPEG picture that lacks its end as one that has it, None if it is broken or lacks a row of blocks or more.

    If its data is whole, more of it is passed over; else it fills blocks that lack, at the end of the picture or, in a
    progressive one, of a scan.
    """
    # Where room was made for the whole file beforehand, zeros stand for what did not come.
    content = content.rstrip(b"\0")
    try:
        first, second = (Image.open(io.BytesIO(content + more + _JPEG_END), formats=["JPEG"]) for more in (b"", _JPEG_DATA))
        changed = ImageChops.difference(first, second).getbbox()
    except BROKEN_PICTURE:
        return None
    return content + _JPEG_END if changed is None or changed[1] >= first.height - _JPEG_ROWS else None


def check_size(width: int, height: int, name: str, remedy: str = "scale it down") -> None:
    """Refuse a picture too small to hold writing, or too large to be read.

    Raises:
        InputError: a side is under ``MIN_SIDE``, or there are more than ``MAX_PIXELS`` pixels.
    """
    if min(width, height) < MIN_SIDE:
        raise InputError(f"expected an image at least {MIN_SIDE} pixels high and wide, received {width}×{height}", name)
    if width * height > MAX_PIXELS:
        most = MAX_PIXELS // 1_000_000
        raise InputError(f"expected at most {most} megapixels, received {width}×{height}: {remedy}", name)

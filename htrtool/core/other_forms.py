"""Which pictures that stand behind a JPEG in a file are pages, and which are other forms of it: cameras put previews there, and the like."""

from __future__ import annotations

import io
import mmap
from typing import Sequence

from PIL import Image

from htrtool.core.errors import BROKEN_PICTURE, InputError
from htrtool.core.pictures import open_picture

SMALLEST_PAGE = 0.5
"""The share of the pixels of the page before it that a picture must have to be a page, where no camera tells the times of both."""
JPEG = b"\xff\xd8\xff"
"""How a picture of that kind begins."""
# In Exif: where that stands which a camera tells, of it the exposure, by which a photo is told from a scan, and when it was taken.
_OF_CAMERA, _EXPOSURE, _TAKEN = 0x8769, 0x829A, (0x9003, 0x9291)


def pages_among(content: bytes | mmap.mmap, places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return where the pages stand in a file of pictures one after the other, each with the other forms of it.

    Behind a photo only another photo, taken at another time, is a page; behind another JPEG, a picture that is not much smaller.

    Args:
        places: where the pictures stand: the first byte of each, and the one after it.
    """
    pages: list[tuple[int, int]] = []
    for start, end in places:
        first = pages[-1][0] if pages else start
        are_jpegs = all(content[place : place + len(JPEG)] == JPEG for place in (first, start))
        if pages and are_jpegs and not _is_another(_opened(content[first:start]), _opened(content[start:end])):
            pages[-1] = first, end
        else:
            pages.append((start, end))
    return pages


def _opened(content: bytes) -> Image.Image | None:
    try:
        return open_picture(io.BytesIO(content), "")
    except InputError:
        return None


def _is_another(page: Image.Image | None, picture: Image.Image | None) -> bool:
    """Tell whether a picture is one of its own, not another form of the page before it; None is one that is broken."""
    if page is None or picture is None:
        return page is None
    told, told_before = _of_camera(picture), _of_camera(page)
    if _EXPOSURE in told_before:
        taken, before = (tuple(tags.get(tag) for tag in _TAKEN) for tags in (told, told_before))
        return _EXPOSURE in told and taken != before
    return picture.width * picture.height >= SMALLEST_PAGE * page.width * page.height


def _of_camera(picture: Image.Image) -> dict:
    try:
        return dict(picture.getexif().get_ifd(_OF_CAMERA))
    except BROKEN_PICTURE:
        return {}

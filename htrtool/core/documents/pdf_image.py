"""A picture as a page of a PDF, its pixels as they are: JPEG and PNG data are copied, all else is packed losslessly."""

from __future__ import annotations

import io
import struct
from typing import Iterator

import numpy as np
from pikepdf import Array, Dictionary, Name, Page, Pdf, Stream
from PIL import Image

from htrtool.core.gray import backdrop_of, is_transparent, orientation_of, to_eight_bits
from htrtool.core.pages import Original

POINTS_PER_INCH = 72
# Cameras and editors write 72 or 96 for want of a better number; nobody scans so.
LEAST_TOLD_DPI = 97
# The largest side that PDF readers must bear, in points.
LARGEST_SIDE = 14_400
COLOURS = {"1": Name.DeviceGray, "L": Name.DeviceGray, "RGB": Name.DeviceRGB, "CMYK": Name.DeviceCMYK}
# Black and white, gray, and RGB.
PNG_LIKE_PDF = ((1, 0, 0), (8, 0, 0), (8, 2, 0))


def add_picture(pdf: Pdf, original: Original, size: tuple[int, int], dpi: float) -> tuple[Page, np.ndarray]:
    """Append a page that shows a picture.

    Args:
        size: width and height of the picture as it was read.
        dpi: its resolution, where it does not tell.

    Returns:
        The page, and the matrix, (2, 3), from pixels as they were read to points on it.
    """
    with original.opened() as stream, Image.open(stream) as image:
        if original.index:
            image.seek(original.index)
        orientation = orientation_of(image)
        if image.size == size and orientation >= 5 and size[0] != size[1]:
            # It was read as it is stored, because its ALTO or PAGE file has it so.
            orientation = 1
        told = image.info.get("dpi", (0, 0))
        across, down = told if min(told) >= LEAST_TOLD_DPI else (dpi, dpi)
        if orientation >= 5:
            across, down = down, across
        picture = _jpeg(pdf, original, image) if image.format in ("JPEG", "MPO") else None
        if picture is None:
            picture = _lossless(pdf, original, image)
        stored = image.size
    width, height = size[0] * POINTS_PER_INCH / across, size[1] * POINTS_PER_INCH / down
    shrunk = min(1.0, LARGEST_SIDE / max(width, height))
    width, height = float(width * shrunk), float(height * shrunk)
    matrix = np.array([[width / size[0], 0, 0], [0, -height / size[1], height]])
    # Where three corners of the stored picture come to lie: lower left, lower right, upper left.
    corners = [(0, stored[1]), stored, (0, 0)]
    start, right, up = (matrix[:, :2] @ _upright(*corner, stored, orientation) + matrix[:, 2] for corner in corners)
    numbers = (*(right - start), *(up - start), *start)
    page = Dictionary(
        Type=Name.Page,
        MediaBox=Array([0, 0, round(width, 3), round(height, 3)]),
        Resources=Dictionary(XObject=Dictionary(Scan=picture)),
        Contents=pdf.make_stream(f"q {' '.join(f'{number:.4f}' for number in numbers)} cm /Scan Do Q".encode()),
    )
    pdf.pages.append(Page(pdf.make_indirect(page)))
    return pdf.pages[-1], matrix


def _upright(x: float, y: float, stored: tuple[int, int], orientation: int) -> np.ndarray:
    """Return where a point of a stored picture is when the picture stands upright, as ``gray.to_gray`` has it."""
    width, height = stored
    if orientation >= 5:
        x, y, width, height = y, x, height, width
    if orientation in (2, 3, 6, 7):
        x = width - x
    if orientation in (3, 4, 7, 8):
        y = height - y
    return np.array([x, y], float)


def _jpeg(pdf: Pdf, original: Original, image: Image.Image) -> Stream | None:
    """Return a JPEG's own data as an image of a PDF, None if it is of a kind that PDF does not know."""
    if image.mode not in COLOURS:
        return None
    with original.opened() as stream:
        picture = _image(pdf, stream.read(), image, Name.DCTDecode)
    if image.mode == "CMYK" and "adobe" in image.info:
        # Adobe's programs store the complement, and say so by their mark.
        picture.Decode = Array([1, 0] * 4)
    return picture


def _lossless(pdf: Pdf, original: Original, image: Image.Image) -> Stream:
    """Return a picture's pixels as PNG packs them, which PDF can unpack; a PNG's own data, if they are of that kind."""
    content = b""
    if image.format == "PNG":
        with original.opened() as stream:
            content = stream.read()
    # Of the header: bits a sample, colour type and interlacing.
    if (*content[24:26], *content[28:29]) not in PNG_LIKE_PDF or "transparency" in image.info:
        image = _plain(image)
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        content = buffer.getvalue()
    picture = _image(pdf, b"".join(_data_of_png(content)), image, Name.FlateDecode)
    picture.DecodeParms = Dictionary(
        Predictor=15,
        Colors=3 if image.mode == "RGB" else 1,
        BitsPerComponent=picture.BitsPerComponent,
        Columns=image.width,
    )
    return picture


def _plain(image: Image.Image) -> Image.Image:
    """Return a picture as black and white, gray or RGB, on the paper that it is read on where it is transparent."""
    if image.mode in ("1", "L", "RGB") and "transparency" not in image.info:
        return image
    if image.mode[0] in "IF":
        return Image.fromarray(to_eight_bits(np.asarray(image)))
    if is_transparent(image):
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, backdrop_of(image)), image).convert("RGB")
    return image.convert("RGB")


def _data_of_png(content: bytes) -> Iterator[bytes]:
    """Yield the data of a PNG's pixels, as it is packed; of one that lacks its end, as Pillow reads it too, what there is."""
    place = 8
    while place + 8 <= len(content):
        length, kind = struct.unpack(">I4s", content[place : place + 8])
        if kind == b"IEND":
            # What comes after it is no part of the picture.
            return
        if kind == b"IDAT":
            yield content[place + 8 : place + 8 + length]
        place += length + 12


def _image(pdf: Pdf, data: bytes, image: Image.Image, packed: Name) -> Stream:
    return Stream(
        pdf,
        data,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=image.width,
        Height=image.height,
        ColorSpace=COLOURS[image.mode],
        BitsPerComponent=1 if image.mode == "1" else 8,
        Filter=packed,
    )

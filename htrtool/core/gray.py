"""Any decoded picture as gray pixels: upright, on white paper, dark on light."""

from __future__ import annotations

import math

import numpy as np
from PIL import ExifTags, Image

STRIP = 1_000_000
# What is drawn in tones lighter than LIGHT, on average, on a picture whose opacity is less than MOSTLY_CLEAR, is white ink.
LIGHT, MOSTLY_CLEAR = 160, 128
LOOKED_AT = 1000
WITH_ALPHA = {"LA", "PA", "RGBA", "La", "RGBa"}


def to_gray(image: Image.Image) -> np.ndarray:
    """Turn any picture that Pillow opens into (height, width) uint8: upright, on white where it is transparent, or on black.

    Sixteen-bit samples are scaled by the number of bits that they use (12 bits in 16 come out right), floating point
    by its range. Memory: the decoded picture and the gray one.
    """
    image.draft("L", None)
    orientation = orientation_of(image)
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode[0] in "IF":
        gray = to_eight_bits(np.asarray(image))
    elif image.mode == "L" and "transparency" not in image.info:
        gray = np.array(image)
    else:
        gray = _gray_by_strips(image)
    if orientation in range(2, 9):
        gray = _turned(gray, orientation)
    return np.ascontiguousarray(gray)


def orientation_of(image: Image.Image) -> int:
    """Return how a picture's pixels, as Pillow hands them out, are turned: an EXIF orientation, 1 to 8."""
    if image.format == "TIFF":
        # Pillow turns these itself when it loads them, and takes the tag away.
        image.load()
    return image.getexif().get(ExifTags.Base.Orientation, 1)


def to_eight_bits(samples: np.ndarray) -> np.ndarray:
    """Scale integer or floating point samples, (height, width), to uint8."""
    if samples.dtype.kind in "iu" and samples.min() >= 0:
        bits = max(8, int(samples.max()).bit_length())
        return (samples >> (bits - 8)).astype(np.uint8)
    samples = np.nan_to_num(samples.astype(np.float32), posinf=0.0, neginf=0.0)
    low, high = float(samples.min()), float(samples.max())
    if 0 <= low and 0 < high <= 1:
        low, high = 0.0, 1.0
    return ((samples - low) / max(high - low, 1e-6) * 255).round().astype(np.uint8)


def _gray_by_strips(image: Image.Image) -> np.ndarray:
    width, height = image.size
    gray = np.empty((height, width), np.uint8)
    rows = max(1, STRIP // width)
    backdrop = backdrop_of(image) if is_transparent(image) else ""
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(top + rows, height)))
        strip.info = image.info
        gray[top : top + strip.height] = np.asarray(_strip_gray(strip, backdrop))
    return gray


def is_transparent(image: Image.Image) -> bool:
    """Tell whether a picture says how opaque its pixels are."""
    return image.mode in WITH_ALPHA or "transparency" in image.info


def backdrop_of(image: Image.Image) -> str:
    """Return the colour of paper on which what a transparent picture shows can be seen: black for white ink, else white."""
    side = max(1, int(math.sqrt(image.width * image.height)) // LOOKED_AT)
    seen = image.resize([max(1, length // side) for length in image.size], Image.Resampling.NEAREST)
    tones, opacity = (np.asarray(band, np.float32) for band in seen.convert("RGBA").convert("LA").split())
    return "black" if (tones * opacity).sum() > LIGHT * opacity.sum() and opacity.mean() < MOSTLY_CLEAR else "white"


def _strip_gray(strip: Image.Image, backdrop: str) -> Image.Image:
    if backdrop:
        strip = strip.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", strip.size, backdrop), strip).convert("L")
    if strip.mode == "LAB":
        return strip.getchannel(0)
    if strip.mode in ("1", "L", "RGB"):
        return strip.convert("L")
    return strip.convert("RGB").convert("L")


def _turned(gray: np.ndarray, orientation: int) -> np.ndarray:
    """Undo an EXIF orientation (2 to 8)."""
    if orientation >= 5:
        gray = gray.T
    if orientation in (2, 3, 7, 6):
        gray = gray[:, ::-1]
    if orientation in (3, 4, 7, 8):
        gray = gray[::-1]
    return gray


SURELY_PAPER = 190
"""Where half of a picture is of this tone or lighter, the ground is no slate."""


def dark_on_light(gray: np.ndarray) -> np.ndarray:
    """Invert a picture that shows light writing on a dark ground.

    Writing is sparse, so it makes the distribution of the differences from the local tone lopsided towards its own
    tone; the ground is what most of the picture is.

    Args:
        gray: (height, width) uint8; the result too.
    """
    step = max(1, int(max(gray.shape) / 1500))
    looked_at = gray[::step, ::step]
    # The median would say the same, but takes a tenth of a second.
    if 2 * np.count_nonzero(looked_at >= SURELY_PAPER) > looked_at.size:
        return gray
    import cv2

    small = looked_at.astype(np.float32)
    width = max(3, min(31, min(small.shape) // 2 * 2 - 1))
    detail = small - cv2.blur(small, (width, width), borderType=cv2.BORDER_REPLICATE)
    spread = float(detail.std())
    lopsided = float((detail * detail * detail).mean()) / max(spread, 1e-3) ** 3
    return 255 - gray if spread > 4 and lopsided > 1 else gray

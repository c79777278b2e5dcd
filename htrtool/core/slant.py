"""Level and upright writing: the skew of a line and the slant of its letters, estimated and taken out."""

from __future__ import annotations

import cv2
import numpy as np

WORKING_HEIGHT = 48
WORKING_WIDTH = 1200
MAX_SKEW = 8
MAX_SLANT = 55
# How much better than a level line, or upright letters, the best angle must be to be trusted.
GAIN = 1.03


def deskew(pixels: np.ndarray) -> np.ndarray:
    """Turn a line level.

    The skew is where the horizontal projection of the ink has the largest sum of squares (after Postl, 1986), at most
    8°; lines less than three times as wide as high, in which it is not to be told, stay.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
    """
    angle = skew_of(pixels)
    if not angle:
        return pixels
    height, width = pixels.shape
    slope = np.tan(np.radians(angle))
    rotation = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    grown = (round(width + abs(slope) * height), round(height + abs(slope) * width))
    rotation[:, 2] += (grown[0] - width) / 2, (grown[1] - height) / 2
    turned = _warped(pixels, rotation, grown)
    # The height that the line would have had, had it stood level.
    return _cropped_to_ink(turned, max(8, round(height - abs(slope) * width)))


def deslant(pixels: np.ndarray) -> np.ndarray:
    """Shear a line so that its long strokes stand upright.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
    """
    return shear_upright(pixels)[0]


def shear_upright(pixels: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Shear a line so that its long strokes stand upright, and tell where its points went.

    Returns:
        The sheared line; the tangent ``t`` of the slant, to the right positive; and the ``offset``: the point (x, y)
        went to (x + t * y + offset, y).
    """
    angle = slant_of(pixels)
    if not angle:
        return pixels, 0.0, 0.0
    height, width = pixels.shape
    shear = float(np.tan(np.radians(angle)))
    offset = max(0.0, -shear) * (height - 1)
    matrix = np.array([[1, shear, offset], [0, 1, 0]])
    return _warped(pixels, matrix, (width + int(np.ceil(abs(shear) * (height - 1))), height)), shear, offset


def skew_of(pixels: np.ndarray) -> float:
    """Return by how many degrees a line goes down to the right, within ±8; 0 if that is not to be told."""
    height, width = pixels.shape
    if width < 3 * height:
        return 0.0
    ink = _ink(pixels)

    def score(angle: float) -> float:
        slope = np.tan(np.radians(angle))
        pad = int(abs(slope) * ink.shape[1] / 2) + 1
        matrix = np.array([[1, 0, 0], [-slope, 1, slope * ink.shape[1] / 2 + pad]])
        turned = cv2.warpAffine(ink, matrix, (ink.shape[1], ink.shape[0] + 2 * pad), flags=cv2.INTER_LINEAR)
        return float((turned.sum(axis=1, dtype=np.float64) ** 2).sum())

    return _best(score, MAX_SKEW, (1.0, 0.25))


def slant_of(pixels: np.ndarray) -> float:
    """Return by how many degrees the letters lean to the right, within ±55; 0 if that is not to be told.

    For every shear, the columns in which the ink is one unbroken stroke count with the square of its height; the best
    shear has the largest sum (A. Vinciarelli and J. Luettin, A new normalization technique for cursive handwritten
    words, Pattern Recognition Letters 22, 2001).
    """
    ink = _ink(pixels)
    mask = (ink > 0).astype(np.uint8)
    height, width = mask.shape
    if not mask.any():
        return 0.0

    def score(angle: float) -> float:
        shear = np.tan(np.radians(angle))
        pad = int(np.ceil(abs(shear) * height))
        matrix = np.array([[1, shear, pad if shear < 0 else 0], [0, 1, 0]], np.float64)
        sheared = cv2.warpAffine(mask, matrix, (width + pad, height), flags=cv2.INTER_NEAREST)
        count = sheared.sum(axis=0, dtype=np.int64)
        first = sheared.argmax(axis=0)
        last = height - 1 - sheared[::-1].argmax(axis=0)
        whole = (count > 0) & (count == last - first + 1)
        return float((count[whole] ** 2).sum())

    return _best(score, MAX_SLANT, (5.0, 1.0))


def _best(score, most: float, steps: tuple[float, float]) -> float:
    coarse, fine = steps
    angles = np.arange(-most, most + 0.01, coarse)
    first = max(angles, key=score)
    around = np.arange(max(-most, first - coarse + fine), min(most, first + coarse - fine) + fine / 2, fine)
    best = max(around, key=score)
    return float(best) if score(best) > GAIN * score(0.0) else 0.0


def _ink(pixels: np.ndarray) -> np.ndarray:
    """Return the ink at a working size, uint8, 0 on paper."""
    height, width = pixels.shape
    scale = min(WORKING_HEIGHT / height, WORKING_WIDTH / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    _, mask = cv2.threshold(small, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    return (255 - small) * mask


def _paper(pixels: np.ndarray) -> float:
    return float(np.quantile(pixels, 0.8))


def _warped(pixels: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    border = {"borderMode": cv2.BORDER_CONSTANT, "borderValue": _paper(pixels)}
    return cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_LINEAR, **border)


def _cropped_to_ink(pixels: np.ndarray, least: int) -> np.ndarray:
    """Take off rows of paper above and below that turning has added, down to ``least`` rows."""
    _, mask = cv2.threshold(pixels, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    inked = np.flatnonzero(mask.sum(axis=1) > 0)
    if not len(inked) or pixels.shape[0] <= least:
        return pixels
    margin = max(1, least // 16)
    top, bottom = max(0, inked[0] - margin), min(pixels.shape[0], inked[-1] + 1 + margin)
    short = least - (bottom - top)
    if short > 0:
        top = min(max(0, top - short // 2), pixels.shape[0] - least)
        bottom = top + least
    return pixels[top:bottom]

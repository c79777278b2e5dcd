"""Level and upright writing: the skew of a line and the slant of its letters, estimated and taken out."""

from __future__ import annotations

import functools

import cv2
import numpy as np

# The skew is looked for on at most this many rows and columns, in strips of columns, among these slopes (down per
# column), in all waves up to the finest that strips still show.
SKEW_HEIGHT = 48
SKEW_WIDTH = 1200
STRIP = 16
SLOPES = np.tan(np.radians(np.arange(-16, 17) / 2))
SKEW_PERIOD = 256
SKEW_WAVES = (1, 60)
# How much better than a level line the best slope must be to be trusted: of a line, and of what is less than LINE times as wide
# as high, which may be a word, whose letters make it seem to rise or fall.
GAIN, GAIN_OF_WORD = 1.03, 1.15
LINE, LEAST_ASPECT = 8, 3
# The slant is looked for on this many rows and no more columns, among these shears (to the right per row), in waves
# as long as strokes may be apart, 3.5 to 30 columns.
SLANT_HEIGHT = 40
SLANT_PERIOD = 1024
SHEARS = np.arange(-9, 17) / 10
SLANT_WAVES = (35, 292)
# How hands lean, the standard deviation of the tangent; and by what, times the power of 1.5 of how many times as wide as high
# a line is, its sharpness counts beside that: the strokes of a word or two are sharpest at many a slant.
LEANING, TOLD = 0.35, 1.2


def turn_level(pixels: np.ndarray) -> tuple[np.ndarray, float]:
    """Turn a line level, and tell by how many columns its ends moved inwards.

    The skew is where the horizontal projection of the ink has the largest sum of squares (after Postl, 1986), at most
    8°; lines less than ``LEAST_ASPECT`` times as wide as high, in which it is not to be told, stay.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
    """
    angle = skew_of(pixels)
    if not angle:
        return pixels, 0.0
    height, width = pixels.shape
    slope = np.tan(np.radians(angle))
    rotation = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    grown = (round(width + abs(slope) * height), round(height + abs(slope) * width))
    rotation[:, 2] += (grown[0] - width) / 2, (grown[1] - height) / 2
    turned = _warped(pixels, rotation, grown)
    # The height that the line would have had, had it stood level.
    return _cropped_to_ink(turned, max(8, round(height - abs(slope) * width))), (grown[0] - width) / 2


def shear_upright(pixels: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Shear a line so that its long strokes stand upright, and tell where its points went.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.

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
    """Return by how many degrees a line goes down to the right, within ±8; 0 if that is not to be told.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
    """
    height, width = pixels.shape
    if width < LEAST_ASPECT * height:
        return 0.0
    scale = min(SKEW_HEIGHT / height, SKEW_WIDTH / width)
    ink = _ink(pixels, (max(1, round(width * scale)), max(1, round(height * scale))))
    strips = np.zeros((ink.shape[0], SKEW_WIDTH), np.float32)
    before = (SKEW_WIDTH - ink.shape[1]) // 2
    strips[:, before : before + ink.shape[1]] = ink
    strips = strips.reshape(len(strips), -1, STRIP).sum(axis=2).T
    energy = _energies(strips, SLOPES, STRIP, SKEW_PERIOD, SKEW_WAVES)
    best = int(energy.argmax())
    if energy[best] <= (GAIN if width >= LINE * height else GAIN_OF_WORD) * energy[len(SLOPES) // 2]:
        return 0.0
    return float(np.degrees(np.arctan(_vertex(energy, best, SLOPES))))


def slant_of(pixels: np.ndarray) -> float:
    """Return by how many degrees the letters lean to the right, to the left negative; 0 where there is no ink.

    The line is sheared upright by the shear that makes its vertical projection sharpest, in the waves as long as strokes
    are apart; the shorter it is, the more as most hands lean.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
    """
    height, width = pixels.shape
    ink = _ink(pixels, (max(1, round(width * SLANT_HEIGHT / height)), SLANT_HEIGHT))
    ink = ink[::-1, : SLANT_PERIOD - 2 * SLANT_HEIGHT].astype(np.float32)
    energy = _energies(ink, SHEARS, 1, SLANT_PERIOD, SLANT_WAVES)
    if not energy.max():
        return 0.0
    odds = TOLD * (width / height) ** 1.5 * np.log(np.maximum(energy, 1e-9)) - (SHEARS / LEANING) ** 2 / 2
    return float(np.degrees(np.arctan(_vertex(odds, int(odds.argmax()), SHEARS))))


def _energies(rows: np.ndarray, slopes: np.ndarray, step: int, period: int, waves: tuple[int, int]) -> np.ndarray:
    """Return, (slopes,), how much energy the sum of the rows has in some waves, once each row is shifted along a slope.

    In a sheared picture each row is only shifted, so that all shears can be tried on the Fourier transforms of the rows,
    without an interpolation that would favour some of them.

    Args:
        rows: float (rows, length), ``step`` apart; a slope shifts each back by so much for each step.
        period: the length of the transforms; it holds the rows and their shifts.
        waves: the first and the last wave that count, in a period.
    """
    spectra = np.fft.rfft(rows, period, axis=1)[:, waves[0] : waves[1] + 1].T.astype(np.complex64)
    sums = _turns(len(rows), tuple(slopes), step, period, waves) @ spectra[:, :, None]
    return (np.abs(sums) ** 2).sum(axis=(0, 2))


@functools.cache
def _turns(rows: int, slopes: tuple[float, ...], step: int, period: int, waves: tuple[int, int]) -> np.ndarray:
    """Return by what each wave of each row turns under each slope, complex (waves, slopes, rows)."""
    places = step * (np.arange(rows) - (rows - 1) / 2)
    shifts = np.asarray(slopes)[:, None] * places
    return np.exp(2j * np.pi / period * np.arange(waves[0], waves[1] + 1)[:, None, None] * shifts).astype(np.complex64)


def _vertex(energy: np.ndarray, best: int, slopes: np.ndarray) -> float:
    """Return the slope at the vertex of the parabola through the greatest energy and its neighbours."""
    if not 0 < best < len(energy) - 1:
        return slopes[best]
    before, at, after = energy[best - 1 : best + 2]
    curve = before - 2 * at + after
    return slopes[best] + ((before - after) / (2 * curve) if curve else 0) * (slopes[1] - slopes[0])


def _ink(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the ink at a size (width, height), uint8, 0 on paper."""
    shrinks = size[1] < pixels.shape[0]
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
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

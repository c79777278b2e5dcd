"""Whether a picture shows one line of writing or a page of several."""

from __future__ import annotations

import enum
import itertools

import cv2
import numpy as np

from htrtool.core.ink import InkMap, ink_map, threshold

STEEPEST = 0.2
# What tells a picture of one line: shares of its height, of the strongest band's ink, and of the lesser of two bands'.
LINE_HEIGHT = 128
LEAST_BAND = 0.3
DEEPEST_VALLEY = 0.6
LEAST_DISTANCE = 0.25
CLEAR_VALLEY = 0.1
# What is so many times as wide as high is no page.
LONGEST_PAGE = 5
# Two lines of writing that can be read are no lower than this, in pixels.
LOWEST_PAGE = 40
# What tells a written picture: ink so dark, 0 to 1, tones so far apart, of 256, and so many pixels of ink within a margin, a share
# of its shorter side, where its frame is.
SURELY_INK = 0.1
LEAST_TONES = 16
LEAST_PIXELS = 5
MARGIN = 0.15


class Appearance(enum.Enum):
    """What a picture looks like: one line, a line that slopes or else two level ones, or neither, as a page does."""

    LINE = enum.auto()
    SLOPING = enum.auto()
    OTHER = enum.auto()


def appearance_of(pixels: np.ndarray) -> Appearance:
    """Tell what a picture looks like.

    It looks like a line or a word if the writing fills most of its height and its rows, seen along the slope of the writing, make
    one band. A low one without writing does not.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
    """
    height, width = pixels.shape
    if height <= LOWEST_PAGE and width >= height // 2:
        return Appearance.LINE if shows_ink(pixels) else Appearance.OTHER
    if width < 0.7 * height or (height > 2 * LINE_HEIGHT and width < 1.5 * height):
        return Appearance.OTHER
    ink = _ink_of_line(pixels)
    # From afar, the lines of a high picture may pass for rules.
    if height <= 2 * LINE_HEIGHT and not _is_written(pixels, ink):
        return Appearance.OTHER
    if not ink.mask.any():
        return Appearance.LINE if width >= 3 * height else Appearance.OTHER
    if _has_bands(row_profile(ink.mask)):
        return Appearance.OTHER
    # The end of one line and the beginning of the next, seen along a slope, make one band too.
    return Appearance.SLOPING if _has_bands(ink.mask.astype(np.float32).sum(axis=1)) else Appearance.LINE


def shows_ink(pixels: np.ndarray) -> bool:
    """Tell whether a picture, (height, width) uint8, that may be one of a line shows more than paper, rules and a frame."""
    return _is_written(pixels, _ink_of_line(pixels))


def _ink_of_line(pixels: np.ndarray) -> InkMap:
    height, width = pixels.shape
    if height > LINE_HEIGHT:
        size = (max(1, round(width * LINE_HEIGHT / height)), LINE_HEIGHT)
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return ink_map(pixels, side=max(pixels.shape))


def _is_written(pixels: np.ndarray, ink: InkMap) -> bool:
    if np.ptp(pixels) < LEAST_TONES:
        return False
    margin = round(MARGIN * min(ink.mask.shape))
    inner = np.s_[margin : ink.mask.shape[0] - margin, margin : ink.mask.shape[1] - margin]
    dark = ink.darkness[inner] > SURELY_INK
    if np.count_nonzero(ink.mask[inner] & dark) >= LEAST_PIXELS:
        return True
    # Writing that a picture is cut to is left out of the mask, as what lies along the edges of a page.
    whole = threshold(ink.darkness) & ~ink.rules
    return np.count_nonzero(whole[inner] & dark) >= LEAST_PIXELS


def row_profile(mask: np.ndarray) -> np.ndarray:
    """Return how much ink each row of a mask, bool (height, width), has, seen along its slope: float (rows,)."""
    height, width = mask.shape
    # A single line rises no more than its picture is high; a free search would find a slope that blends two lines.
    slope = page_slope(mask, 0.5 * height / width) if width > 2 * height else 0.0
    pad = int(np.ceil(abs(slope) * width)) + 1
    return sheared(mask.astype(np.float32), slope, pad).sum(axis=1)


def _has_bands(profile: np.ndarray) -> bool:
    return has_two_bands(profile) or has_several_bands(profile)


def has_two_bands(profile: np.ndarray) -> bool:
    """Tell whether rows of ink, float (rows,), form bands far apart: two peaks with a deep valley between."""
    height = len(profile)
    profile, peaks = _peaks(profile, max(1.0, 0.06 * height))
    return any(
        lower - upper >= LEAST_DISTANCE * height
        and profile[upper:lower].min() < DEEPEST_VALLEY * min(profile[upper], profile[lower])
        for upper, lower in itertools.combinations(peaks, 2)
    )


def has_several_bands(profile: np.ndarray) -> bool:
    """Tell whether rows of ink, float (rows,), form three bands or more, however narrow, with hardly any between."""
    profile, peaks = _peaks(profile, 1.0)
    clear = sum(
        profile[upper:lower].min() < CLEAR_VALLEY * min(profile[upper], profile[lower])
        for upper, lower in itertools.pairwise(peaks)
    )
    return clear >= 2


def _peaks(profile: np.ndarray, blur: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the blurred profile, and the rows of its peaks that are no less than a share of the highest."""
    profile = cv2.GaussianBlur(profile[:, None], (1, 0), sigmaX=1, sigmaY=blur)[:, 0]
    peaks = np.flatnonzero((profile[1:-1] >= profile[:-2]) & (profile[1:-1] > profile[2:])) + 1
    return profile, peaks[profile[peaks] >= LEAST_BAND * profile.max()]


def page_slope(mask: np.ndarray, steepest: float = STEEPEST) -> float:
    """Estimate the slope of the lines of a mask, bool (height, width), y per x, as that of the most uneven row profile.

    Postl, "Detection of linear oblique structures and skew scan in digitized documents" (1986).
    """
    factor = max(1, round(max(mask.shape) / 700))
    small = cv2.resize(mask.astype(np.float32), None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    ys, xs = np.nonzero(small > 0.1)
    if len(xs) < 50:
        return 0.0
    weights = small[ys, xs]
    xs = xs - small.shape[1] / 2

    def unevenness(slope: float) -> float:
        rows = np.round(ys - slope * xs).astype(int)
        profile = np.bincount(rows - rows.min(), weights)
        return float((np.diff(profile) ** 2).sum())

    steepest = min(steepest, STEEPEST)
    coarse = np.linspace(-steepest, steepest, 81)
    best = coarse[np.argmax([unevenness(slope) for slope in coarse])]
    fine = best + np.linspace(-1, 1, 11) * steepest / 40
    return float(fine[np.argmax([unevenness(slope) for slope in fine])])


def sheared(image: np.ndarray, slope: float, pad: int) -> np.ndarray:
    """Shift columns so that lines of ``slope`` become level; ``pad`` rows are added above and below.

    Args:
        image: (height, width); the result is (height + 2 pad, width).
    """
    matrix = np.float32([[1, 0, 0], [-slope, 1, pad]])
    return cv2.warpAffine(image, matrix, (image.shape[1], image.shape[0] + 2 * pad))

"""Where the text lines of a page are, in reading order, and how they are cut out."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass

import cv2
import numpy as np

from htrtool.core.cut import Cut, cut_line
from htrtool.core.errors import InputError
from htrtool.core.ink import ink_map
from htrtool.core.order import reading_order
from htrtool.core.outlines import fit_baseline, outline
from htrtool.core.owners import assign_ink, ink_of_each, without_specks
from htrtool.core.ridges import find_ridges, line_pitch, link_ridges, page_slope, pieces_height, sheared

# The line pitch that letters of a height of one ask for at least.
LETTERS_IN_PITCH = 2.5
# What tells a picture of one line: shares of its height, of the strongest band's ink, and of the lesser of two bands'.
LINE_HEIGHT = 128
LEAST_BAND = 0.3
DEEPEST_VALLEY = 0.6
LEAST_DISTANCE = 0.25
CLEAR_VALLEY = 0.1
# Two lines of writing that can be read are no lower than this, in pixels.
LOWEST_PAGE = 80


@dataclass
class TextLine:
    """A line found on a page: its baseline from left to right and its outline, float (points, 2), in page pixels."""

    baseline: np.ndarray
    polygon: np.ndarray


def find_lines(pixels: np.ndarray) -> list[TextLine]:
    """Find the text lines of a page, in reading order.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
    """
    ink = ink_map(pixels)
    slope = page_slope(ink.mask)
    pad = int(np.ceil(abs(slope) * ink.mask.shape[1])) + 1
    level, rules = (
        sheared(part.astype(np.uint8), slope, pad, cv2.INTER_NEAREST).astype(bool) for part in (ink.mask, ink.rules)
    )
    pitch = line_pitch(level)
    # Where lines stand far apart, the size of the letters is what counts.
    size = min(pitch, LETTERS_IN_PITCH * pieces_height(level))
    level = without_specks(level, size)
    ridges = link_ridges(find_ridges(level, pitch), pitch, rules)
    owners, ridges = assign_ink(level, ridges, pitch, size, rules)
    lines = []
    for ridge, (xs, ys) in zip(ridges, ink_of_each(owners, len(ridges))):
        if not len(xs):
            continue
        knots, base = fit_baseline(xs, ys, ridge, size)
        polygon = outline(xs, ys, knots, base, size)
        lines.append(
            TextLine(*(_in_page(points, slope, pad, ink.scale) for points in (np.column_stack([knots, base]), polygon)))
        )
    if not lines:
        return []
    ends = np.array([(line.baseline[0, 0], line.baseline[-1, 0]) for line in lines])
    heights = np.array([line.baseline[:, 1].mean() for line in lines])
    return [lines[index] for index in reading_order(ends, heights)]


def _in_page(points: np.ndarray, slope: float, pad: int, scale: float) -> np.ndarray:
    """Carry points from the levelled working image to the page."""
    xs, ys = points.T
    return np.column_stack([xs, ys - pad + slope * xs]) / scale


def cut_lines(pixels: np.ndarray) -> list[Cut]:
    """Find the lines of a page and cut them out, in reading order.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
    """
    cuts = []
    for line in find_lines(pixels):
        # What is too small to be cut is a speck that looked like writing, no fault of the page.
        with contextlib.suppress(InputError):
            cuts.append(cut_line(pixels, line.polygon, line.baseline))
    return cuts


def looks_like_line(pixels: np.ndarray) -> bool:
    """Tell whether a picture shows one text line or word, not a page to be cut into lines.

    It does if the writing fills most of its height and its rows, seen along the slope of the writing, make one band.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
    """
    height, width = pixels.shape
    if height <= LOWEST_PAGE and width >= height // 2:
        return True
    if width < 0.7 * height or (height > 2 * LINE_HEIGHT and width < 1.5 * height):
        return False
    small = pixels
    if height > LINE_HEIGHT:
        size = (max(1, round(width * LINE_HEIGHT / height)), LINE_HEIGHT)
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    ink = ink_map(small, side=max(small.shape))
    if not ink.mask.any():
        return width >= 3 * height
    profile = row_profile(ink.mask)
    return not has_two_bands(profile) and not has_several_bands(profile)


def row_profile(mask: np.ndarray) -> np.ndarray:
    """Return how much ink each row has, seen along the slope of the writing."""
    height, width = mask.shape
    # A single line rises no more than its picture is high; a free search would find a slope that blends two lines.
    slope = page_slope(mask, 0.5 * height / width) if width > 2 * height else 0.0
    pad = int(np.ceil(abs(slope) * width)) + 1
    return sheared(mask.astype(np.float32), slope, pad).sum(axis=1)


def has_two_bands(profile: np.ndarray) -> bool:
    """Tell whether rows of ink form bands far apart: two peaks with a deep valley between."""
    height = len(profile)
    profile, peaks = _peaks(profile, max(1.0, 0.06 * height))
    return any(
        lower - upper >= LEAST_DISTANCE * height
        and profile[upper:lower].min() < DEEPEST_VALLEY * min(profile[upper], profile[lower])
        for upper, lower in itertools.combinations(peaks, 2)
    )


def has_several_bands(profile: np.ndarray) -> bool:
    """Tell whether rows of ink form three bands or more, however narrow, with hardly any ink between."""
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

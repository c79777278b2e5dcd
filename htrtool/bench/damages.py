"""Lines as worse pages, pens and scanners would have them: what ``python -m htrtool.bench damage`` reads.

Each takes a line, (height, width) uint8, dark ink on light paper, and a source of chance, and returns another such line.
They are written apart from what training does to lines, so that a model is not measured by what it learned with.
"""

from __future__ import annotations

import functools
from typing import Callable

import cv2
import numpy as np

Damage = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def _paper(pixels: np.ndarray) -> float:
    return float(np.percentile(pixels, 80))


def _squared(pixels, rng, thickness, shade):
    """Rule squares, of a third to six tenths of the line's height."""
    height, width = pixels.shape
    pixels, spacing = pixels.copy(), int(rng.uniform(0.34, 0.62) * height)
    for sheet, length in ((pixels, height), (pixels.T, width)):
        for place in range(int(rng.integers(spacing)), length, spacing):
            sheet[place : place + thickness] = (sheet[place : place + thickness] * shade).astype(np.uint8)
    return pixels


def _ruled_through(pixels, rng, share):
    """Draw a line as dark as the ink through the letters, at a share of the height."""
    height, width = pixels.shape
    pixels = pixels.copy()
    places = [(int(width * part), int(height * share + rng.normal(0, 1))) for part in (0, 0.3, 0.6, 1)]
    cv2.polylines(pixels, [np.array(places, np.int32)], False, int(pixels.min()), 2, cv2.LINE_AA)
    return pixels


def _bled_through(pixels, rng, share):
    ink = np.clip(_paper(pixels) - pixels[:, ::-1].astype(np.float32), 0, None)
    ink = np.roll(ink, (int(rng.integers(len(ink))), int(rng.integers(ink.shape[1]))), (0, 1))
    return np.clip(pixels - share * cv2.GaussianBlur(ink, (0, 0), 1), 0, 255).astype(np.uint8)


def _pen(pixels, rng, quarters):
    """Make strokes thicker, or thinner if negative, by some quarters of a pixel."""
    height, width = pixels.shape
    large = cv2.resize(pixels, (4 * width, 4 * height), interpolation=cv2.INTER_CUBIC)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (abs(quarters) + 1, abs(quarters) + 1))
    changed = cv2.erode(large, kernel) if quarters > 0 else cv2.dilate(large, kernel)
    return cv2.resize(changed, (width, height), interpolation=cv2.INTER_AREA)


def _leaning(pixels, rng, degrees):
    height, width = pixels.shape
    shear = np.tan(np.radians(degrees))
    turn = np.float32([[1, -shear, max(0.0, shear * height)], [0, 1, 0]])
    return cv2.warpAffine(pixels, turn, (int(width + abs(shear) * height), height), borderValue=_paper(pixels))


def _climbing(pixels, rng, degrees):
    height, width = pixels.shape
    rise = np.tan(np.radians(degrees))
    turn = np.float32([[1, 0, 0], [-rise, 1, max(0.0, rise * width)]])
    return cv2.warpAffine(pixels, turn, (width, int(height + abs(rise) * width)), borderValue=_paper(pixels))


def _waving(pixels, rng):
    height, width = pixels.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(1.25 * height, dtype=np.float32))
    y += (0.1 * np.sin(x / width * 2 * np.pi) - 0.125) * height
    return cv2.remap(pixels, x, y, cv2.INTER_LINEAR, borderValue=_paper(pixels))


def _resized(pixels, rng, across, down):
    way = cv2.INTER_AREA if min(across, down) < 1 else cv2.INTER_CUBIC
    return cv2.resize(pixels, None, fx=across, fy=down, interpolation=way)


def _dithered(pixels, rng):
    """Leave black and white, the error of each pixel passed on (Floyd & Steinberg, 1976)."""
    height, width = pixels.shape
    tones = np.pad(pixels.astype(np.float32), ((0, 1), (1, 1)))
    for y in range(height):
        for x in range(1, width + 1):
            tone = tones[y, x]
            tones[y, x] = 255 if tone > 128 else 0
            error = (tone - tones[y, x]) / 16
            tones[y, x + 1] += 7 * error
            tones[y + 1, x - 1 : x + 2] += np.array([3, 5, 1]) * error
    return tones[:height, 1:-1].clip(0, 255).astype(np.uint8)


def _black_and_white(pixels, rng, shift):
    threshold, _ = cv2.threshold(pixels, 0, 255, cv2.THRESH_OTSU)
    return np.where(pixels > threshold + shift, 255, 0).astype(np.uint8)


def _stained(pixels, rng):
    height, width = pixels.shape
    stains = np.zeros(pixels.shape, np.float32)
    for _ in range(4):
        centre, size = (int(rng.integers(width)), int(rng.integers(height))), (rng.uniform(0.2, 1, 2) * (2, 1) * height).astype(int)
        cv2.ellipse(stains, centre, tuple(map(int, size)), float(rng.uniform(0, 180)), 0, 360, float(rng.uniform(0.15, 0.5)), -1)
    return (pixels * (1 - cv2.GaussianBlur(stains, (0, 0), 4))).astype(np.uint8)


def _specked(pixels, rng):
    pixels, count = pixels.copy(), int(0.004 * pixels.size)
    pixels[rng.integers(0, pixels.shape[0], count), rng.integers(0, pixels.shape[1], count)] = 40
    return pixels


def _blotted(pixels, rng):
    height, width = pixels.shape
    pixels, tone = pixels.copy(), int(pixels.min())
    for _ in range(max(1, width // (2 * height))):
        cv2.circle(pixels, (int(rng.integers(width)), int(rng.integers(height))), int(rng.uniform(0.04, 0.14) * height), tone, -1)
    return pixels


def _shaded(pixels, rng):
    return (pixels * np.linspace(0.35, 1, pixels.shape[1])).astype(np.uint8)


def _faint(pixels, rng):
    paper = _paper(pixels)
    return np.clip(paper - (paper - pixels.astype(np.float32)) * 0.25 + rng.normal(0, 5, pixels.shape), 0, 255).astype(np.uint8)


def _noisy(pixels, rng):
    return np.clip(pixels + rng.normal(0, 25, pixels.shape), 0, 255).astype(np.uint8)


def _blurred(pixels, rng):
    return cv2.GaussianBlur(pixels, (0, 0), 1.5)


def _on_blank_paper(pixels, rng, left, above):
    """Put paper around the line, in heights of it."""
    height = len(pixels)
    sides = [round(part * height) for part in (above, above, left, left)]
    return cv2.copyMakeBorder(pixels, *sides, cv2.BORDER_CONSTANT, value=_paper(pixels))


def _between_lines(pixels, rng):
    """Put a third of a line above and below: this one's own."""
    third = len(pixels) // 3
    above, below = (np.roll(pixels, int(rng.integers(pixels.shape[1])), 1) for _ in range(2))
    return np.vstack([above[-third:], pixels, below[:third]])


DAMAGES: dict[str, Damage] = {
    "none": lambda pixels, rng: pixels,
    "squared paper": functools.partial(_squared, thickness=1, shade=0.7),
    "squared paper, dark": functools.partial(_squared, thickness=2, shade=0.6),
    "underlined": functools.partial(_ruled_through, share=0.8),
    "ruled through": functools.partial(_ruled_through, share=0.5),
    "other side shows": functools.partial(_bled_through, share=0.2),
    "other side shows, dark": functools.partial(_bled_through, share=0.4),
    "thick pen": functools.partial(_pen, quarters=8),
    "thin pen": functools.partial(_pen, quarters=-6),
    "leaning 40°": functools.partial(_leaning, degrees=40),
    "leaning -25°": functools.partial(_leaning, degrees=-25),
    "climbing 3°": functools.partial(_climbing, degrees=3),
    "waving": _waving,
    "narrow": functools.partial(_resized, across=0.7, down=1),
    "wide": functools.partial(_resized, across=1.4, down=1),
    "very wide": functools.partial(_resized, across=1.8, down=1),
    "half as large": functools.partial(_resized, across=0.5, down=0.5),
    "a third as large": functools.partial(_resized, across=0.3, down=0.3),
    "dithered": _dithered,
    "black and white": functools.partial(_black_and_white, shift=0),
    "black and white, pale": functools.partial(_black_and_white, shift=-25),
    "black and white, dark": functools.partial(_black_and_white, shift=25),
    "stained": _stained,
    "specked": _specked,
    "blotted": _blotted,
    "shaded": _shaded,
    "faint": _faint,
    "noisy": _noisy,
    "blurred": _blurred,
    "wide margins": functools.partial(_on_blank_paper, left=6, above=0),
    "high margins": functools.partial(_on_blank_paper, left=0, above=0.6),
    "parts of other lines": _between_lines,
}
"""The ways in which a line may be worse, by what the table calls them."""

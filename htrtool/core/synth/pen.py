"""The pen: how wide, how even and how dark the strokes are, and how the line of ink bends."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

CELL = 8
"""Pixels between the nodes of the field by which a line is bent."""


@dataclass(frozen=True)
class Pen:
    """What writes.

    ``width`` is in pixels of the final line, ``contrast`` 0..1 how much thicker down strokes are, ``pressure``
    how unevenly it presses, ``hardness`` that of the strokes' edges, ``grain`` 0..1 how much paper shows through.
    """

    width: float
    contrast: float = 0.0
    pressure: float = 0.05
    hardness: float = 3.0
    grain: float = 0.0


PALEST = 70
"""The palest middle of a blurred stroke, 0..255, that is still brought to full ink."""

KINDS = (("ballpoint", 0.42), ("fineliner", 0.2), ("pencil", 0.13), ("dip", 0.21), ("felt", 0.04))


def draw_pen(rng: np.random.Generator) -> tuple[Pen, str]:
    """Draw a pen and its name: ballpoint, fineliner, pencil, dip pen or felt-tip."""
    chance, uniform = rng.random(), rng.uniform
    for kind, share in KINDS:
        if chance < share:
            break
        chance -= share
    width = min(max(math.exp(rng.normal(0.28, 0.28)), 0.9), 3.6)
    if kind == "ballpoint":
        return Pen(width, 0, uniform(0.02, 0.1), uniform(1.4, 3), uniform(0, 0.22)), kind
    if kind == "fineliner":
        return Pen(0.95 * width, 0, uniform(0, 0.05), uniform(1.8, 3.6)), kind
    if kind == "pencil":
        return Pen(1.05 * width, 0, uniform(0.04, 0.13), uniform(1.0, 2), uniform(0.25, 0.75)), kind
    if kind == "dip":
        return Pen(1.15 * width, uniform(0.3, 1), uniform(0.03, 0.14), uniform(1.4, 3.4), uniform(0, 0.2)), kind
    return Pen(1.75 * width, 0, uniform(0, 0.06), uniform(2, 4)), kind


def press(mask: np.ndarray, level: float, field: np.ndarray, pen: Pen, rng: np.random.Generator) -> np.ndarray:
    """Write a mask through ``field``, heavier here and lighter there.

    Args:
        mask, level: as :func:`broaden` returns them.
        field: as :func:`bend` returns it.

    Returns:
        float32 (height, width), 1 where the ink covers all.
    """
    height, width = field.shape[:2]
    ink = cv2.remap(mask, field, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT).astype(np.float32)
    weight = smooth_noise(rng, (height, width), (2 + height // 64, 2 + width // 30))
    ink *= np.float32(pen.hardness / 255)
    ink -= np.float32(0.5 * pen.pressure * pen.hardness) * weight
    ink += np.float32(0.5 - level * pen.hardness)
    np.minimum(np.maximum(ink, 0, out=ink), 1, out=ink)
    if pen.pressure > 0.02:
        fade = np.float32(1.6 * pen.pressure)
        weight *= np.float32(-0.8)
        weight += np.float32(0.4)
        np.minimum(np.maximum(weight, 0, out=weight), 1, out=weight)
        weight *= -fade
        weight += 1
        ink *= weight
    return ink


def broaden(mask: np.ndarray, stroke: float, pen: Pen, scale: float) -> tuple[np.ndarray, float]:
    """Bring strokes of a mask to the pen's width, as far as their letters bear it.

    Whole pixels are added or taken by dilation and erosion, the rest by where the blurred edge is cut.

    Args:
        mask: (height, width) uint8.
        stroke: mean width of the strokes of ``mask``, pixels.
        scale: pixels of the final line for one of ``mask``.

    Returns:
        The blurred mask, and the level, 0..1, at which it is to be cut.
    """
    change = min(max(pen.width / scale - stroke, -0.7 * stroke), 5)
    if change >= 1:
        across = round(change)
        down = max(1, round(change * (1 - 0.8 * pen.contrast)))
        mask = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (across + 1, down + 1)))
        change -= across
    elif change <= -0.8:
        pixels = min(max(round(-change), 1), 3)
        mask = thin(mask, pixels, along=pen.contrast < 0.6)
        change += pixels
    if pen.contrast and change < 1:
        mask = cv2.dilate(mask, np.ones((1, 2 + (pen.contrast > 0.7)), np.uint8))
        change -= 0.5
    spread = max(0.8, 0.5 / scale)
    mask = cv2.GaussianBlur(mask, (0, 0), spread)
    # blurring makes the middle of hairlines pale: measured by the darkest nearby they don't break
    mask = cv2.divide(mask, cv2.max(cv2.dilate(mask, np.ones((5, 5), np.uint8)), PALEST), scale=255)
    return mask, min(max(0.5 * math.erfc(change / 2 / spread / math.sqrt(2)), 0.2), 0.55)


def thin(mask: np.ndarray, pixels: int, along: bool) -> np.ndarray:
    """Take ``pixels`` from the width of strokes; those that are too thin to lose any stay as they are.

    Args:
        mask: (height, width) uint8, ink 255; the result too.
        along: whether level strokes get thinner too, not only those going down.
    """
    kernel = np.ones((pixels + 1 if along else 1, pixels + 1), np.uint8)
    core = cv2.erode(mask, kernel)
    # an even kernel has its anchor off the middle: the dilation's is reflected to put the opening back in its place
    anchor = ((kernel.shape[1] - 1) - kernel.shape[1] // 2, (kernel.shape[0] - 1) - kernel.shape[0] // 2)
    opened = cv2.dilate(core, kernel, anchor=anchor)
    return cv2.max(core, cv2.subtract(mask, opened))


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], coarse: tuple[int, int]) -> np.ndarray:
    """Return noise of unit scale, float32 (height, width), that changes over about a ``coarse`` part of it."""
    noise = rng.standard_normal((max(2, coarse[0]), max(2, coarse[1])), np.float32)
    if shape[0] * shape[1] > 10_000:
        noise = cv2.resize(noise, (shape[1] // 6 + 1, shape[0] // 6 + 1), interpolation=cv2.INTER_CUBIC)
        return cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_CUBIC)


def bend(
    height: int,
    width: int,
    rng: np.random.Generator,
    origin: tuple[float, float],
    scale: tuple[float, float],
    slant: float,
    baseline: float,
    unrest: float,
) -> np.ndarray:
    """Return the map by which a line of ``height`` x ``width`` pixels takes its ink from a mask.

    One field for everything: scale, slant about the baseline, drift of the baseline, and an elastic part as
    fine as a letter, which also turns, stretches and lifts each letter by itself.

    Args:
        origin: the mask's (x, y) at the line's upper left corner.
        scale: mask pixels for a pixel of the line, (x, y).
        slant: tangent of the angle by which letters lean to the right.
        baseline: row of the baseline in the line.
        unrest: size of the elastic part, about 1.

    Returns:
        float32 (height, width, 2), for ``cv2.remap``.
    """
    rows, columns = -(-height // CELL) + 2, -(-width // CELL) + 2
    v = ((np.arange(rows, dtype=np.float32) - 1) * CELL + (CELL - 1) / 2)[:, None]
    u = ((np.arange(columns, dtype=np.float32) - 1) * CELL + (CELL - 1) / 2)[None]
    letters = max(2, width // 26)
    nodes = np.empty((rows, columns, 2), np.float32)
    fine = [smooth_noise(rng, (rows, columns), (4, letters)) for _ in range(2)]
    lift = smooth_noise(rng, (1, columns), (1, letters))
    drift = smooth_noise(rng, (1, columns), (1, 2 + width // 220))
    pace = smooth_noise(rng, (1, columns), (1, 2 + width // 120))
    pace *= np.minimum(1, np.minimum(u + CELL, width + CELL - u) / 64)  # so that no letter leaves the line at its ends
    lean = smooth_noise(rng, (1, columns), (1, 2 + width // 90))
    x = u + (slant + 0.05 * unrest * lean) * (v - baseline) + unrest * (1.2 * fine[0] + 2.4 * pace)
    y = v + unrest * (1.0 * fine[1] + 0.7 * lift) + 1.3 * drift
    size = 1 + 0.06 * unrest * smooth_noise(rng, (1, columns), (1, letters))
    y = baseline + (y - baseline) * size
    nodes[..., 0] = origin[0] + x * scale[0]
    nodes[..., 1] = origin[1] + y * scale[1]
    full = cv2.resize(nodes, (columns * CELL, rows * CELL), interpolation=cv2.INTER_CUBIC)
    return full[CELL : CELL + height, CELL : CELL + width]


def stroke_width(ink: np.ndarray) -> float:
    """Return the mean width of the strokes of ink, bool (height, width), in pixels: half of their outline is their length."""
    mask = ink.astype(np.uint8)
    contours = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]
    outline = sum(cv2.arcLength(contour, True) for contour in contours)
    return 2 * float(mask.sum()) / max(outline, 1)

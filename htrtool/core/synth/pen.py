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
    """What writes: ``width`` in pixels of the final line, ``contrast`` 0..1 how much thicker down strokes are,
    ``pressure`` how unevenly it presses, ``hardness`` of the strokes' edges, ``grain`` 0..1 how much paper shows through.
    """

    width: float
    contrast: float = 0.0
    pressure: float = 0.05
    hardness: float = 3.0
    grain: float = 0.0


def draw_pen(rng: np.random.Generator) -> tuple[Pen, str]:
    """Draw a pen and its name: ballpoint, fineliner, pencil, dip pen or felt-tip."""
    kind = rng.choice(5, p=(0.4, 0.18, 0.14, 0.22, 0.06))
    if kind == 0:
        return Pen(rng.uniform(1.5, 3.2), 0, rng.uniform(0.03, 0.14), rng.uniform(1.6, 3.5), rng.uniform(0, 0.35)), "ballpoint"
    if kind == 1:
        return Pen(rng.uniform(1.3, 2.8), 0, rng.uniform(0, 0.05), rng.uniform(2, 4)), "fineliner"
    if kind == 2:
        return Pen(rng.uniform(1.6, 3.4), 0, rng.uniform(0.06, 0.16), rng.uniform(1.0, 2), rng.uniform(0.4, 0.9)), "pencil"
    if kind == 3:
        return Pen(rng.uniform(1.7, 4.0), rng.uniform(0.3, 1), rng.uniform(0.05, 0.18), rng.uniform(1.6, 4), rng.uniform(0, 0.2)), "dip"
    return Pen(rng.uniform(3.2, 5.5), 0, rng.uniform(0, 0.06), rng.uniform(2, 4)), "felt"


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
    change = float(np.clip(pen.width / scale - stroke, -0.5 * stroke, 5))
    if change >= 1:
        across = round(change)
        down = max(1, round(change * (1 - 0.8 * pen.contrast)))
        mask = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (across + 1, down + 1)))
        change -= across
    elif change <= -1.4:
        mask = cv2.erode(mask, np.ones((1, 3) if pen.contrast > 0.6 else (2, 2), np.uint8))
        change += 1
    if pen.contrast and change < 1:
        mask = cv2.dilate(mask, np.ones((1, 2 + (pen.contrast > 0.7)), np.uint8))
    spread = max(0.8, 0.5 / scale)
    mask = cv2.GaussianBlur(mask, (0, 0), spread)
    return mask, float(np.clip(0.5 * math.erfc(change / 2 / spread / math.sqrt(2)), 0.2, 0.55))


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], coarse: tuple[int, int]) -> np.ndarray:
    """Return noise of unit scale, float32 (height, width), that changes over about a ``coarse`` part of it."""
    rows, columns = max(2, coarse[0]), max(2, coarse[1])
    return cv2.resize(rng.standard_normal((rows, columns), np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)


def bend(height: int, width: int, rng: np.random.Generator, origin: tuple[float, float], scale: tuple[float, float], slant: float,
         baseline: float, unrest: float) -> np.ndarray:
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
    lean = smooth_noise(rng, (1, columns), (1, 2 + width // 90))
    x = u + (slant + 0.05 * unrest * lean) * (v - baseline) + unrest * (1.0 * fine[0] + 2.2 * pace)
    y = v + unrest * (0.8 * fine[1] + 0.5 * lift) + 1.3 * drift
    size = 1 + 0.05 * unrest * smooth_noise(rng, (1, columns), (1, letters))
    y = baseline + (y - baseline) * size
    nodes[..., 0] = origin[0] + x * scale[0]
    nodes[..., 1] = origin[1] + y * scale[1]
    full = cv2.resize(nodes, (columns * CELL, rows * CELL), interpolation=cv2.INTER_CUBIC)
    return full[CELL : CELL + height, CELL : CELL + width]

"""A line of text as handwriting on paper, cut out as line segmentation would cut it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from htrtool.core.ink import shown_through
from htrtool.core.synth.faces import X_HEIGHT, Face
from htrtool.core.synth.letters import Setting, set_line
from htrtool.core.synth.paper import Paper, draw_paper, grain, lay_paper, rule, scan
from htrtool.core.synth.pen import Pen, bend, broaden, draw_pen, press, smooth_noise

TALLEST = 5.2 * X_HEIGHT
"""What a cut keeps at most: where letters reach further, their ends are lost, but small ones stay readable."""

WIDEST = 32
"""The width of a line of usual length at most, in heights: rather than wider, it is written closer."""


def write_line(text: str, face: Face, rng: np.random.Generator, height: int = 64) -> np.ndarray:
    """Write one line and cut it out.

    Returns:
        (height, width) uint8, dark ink on lighter paper.
    """
    setting = set_line(text, face, rng)
    pen, kind = draw_pen(rng)
    paper = draw_paper(rng, kind == "pencil")
    unrest = float(np.exp(rng.normal(-0.1, 0.45)))
    slant = float(np.clip(rng.normal(*face.lean), -0.4, 1.0))
    top, bottom = window(setting, face, rng)
    scale = height / (bottom - top)
    if face.own_pen:
        pen = replace(pen, width=face.stroke * scale * float(np.exp(rng.normal(0, 0.15))))
    stretch = float(np.exp(rng.normal(0.0, 0.17))) / max(1, scale * X_HEIGHT / 30)
    across = scale * stretch
    lean = abs(slant) * 0.6 * height
    across = min(across, max(WIDEST, 0.3 * len(text)) * height / (setting.right - setting.left))
    before, after = np.maximum(rng.normal(6, 8, 2) + (rng.random(2) < 0.12) * rng.uniform(0, 60), 0) + lean * 0.5
    width = max(16, round((setting.right - setting.left) * across + before + after))
    baseline = (setting.baseline - top) * scale

    mask = with_neighbours(setting, top, bottom, rng) if rng.random() < 0.4 else setting.mask
    mask, level = broaden(mask, face.stroke, pen, scale)
    field = bend(
        height, width, rng, (setting.left - before / across, top), (1 / across, 1 / scale), slant, baseline, unrest
    )
    ink = press(mask, level, field, pen, rng)
    line = on_paper(ink, pen, paper, baseline, X_HEIGHT * scale, rng)
    if rng.random() < 0.35:
        cut_out(line, paper.tone, rng)
    return scan(line, rng)


def on_paper(
    ink: np.ndarray,
    pen: Pen,
    paper: Paper,
    baseline: float,
    x_height: float,
    rng: np.random.Generator,
    spacing: float | None = None,
) -> np.ndarray:
    """Lay ink, (height, width) 0..1, on a sheet with its rules and what shows through; return float32 gray levels."""
    height, width = ink.shape
    if pen.grain:
        ink = ink * np.clip(1 - pen.grain * (0.3 + 0.5 * grain(0, height, width, rng)), 0.1, 1)
    sheet = lay_paper(paper, height, width, rng)
    depth = paper.tone - paper.ink
    if (rules := rule(paper, height, width, baseline, x_height, rng, spacing)) is not None:
        sheet -= rules * np.float32(min(depth, 0.6 * paper.tone) / 255)
    if paper.unevenness > 1.5 and rng.random() < 0.12:
        sheet -= np.float32(depth * rng.uniform(0.08, 0.3)) * bleed_through(ink, rng)
    return sheet * (1 - np.float32(depth / paper.tone) * ink)


def window(setting: Setting, face: Face, rng: np.random.Generator) -> tuple[float, float]:
    """Return the rows of a setting that the cut keeps: tight around the ink, or the same for every line of a hand."""
    darkest = setting.mask.max(axis=1)
    rows = np.flatnonzero(darkest >= min(60, darkest.max()))
    tight = rows[0], rows[-1] + 1
    usual = setting.baseline - face.ascent, setting.baseline + face.descent
    share = rng.random() if rng.random() < 0.6 else float(rng.random() < 0.5)
    top, bottom = (share * a + (1 - share) * b for a, b in zip(tight, usual))
    tall = bottom - top
    top -= tall * max(rng.normal(0.19, 0.12), -0.04)
    bottom += tall * max(rng.normal(0.07, 0.08), -0.04)
    if bottom - top < 2 * X_HEIGHT:
        spare = (2 * X_HEIGHT - (bottom - top)) * rng.uniform(0.9, 1.6)
        part = rng.uniform(0.3, 0.7)
        top, bottom = top - spare * part, bottom + spare * (1 - part)
    if bottom - top > TALLEST:
        middle = setting.baseline - X_HEIGHT / 2
        share = TALLEST / (bottom - top)
        top, bottom = middle - (middle - top) * share, middle + (bottom - middle) * share
    return float(top), float(bottom)


def with_neighbours(setting: Setting, top: float, bottom: float, rng: np.random.Generator) -> np.ndarray:
    """Let strokes of the lines above and below reach into the cut: the line's own ink, shifted.

    Returns:
        The mask with them, of the shape of the setting's.
    """
    height, width = setting.mask.shape
    mask = setting.mask.copy()
    spacing = max(int(rng.uniform(0.75, 1.15) * (bottom - top)), X_HEIGHT)
    for sign in (-1, 1):
        if rng.random() < 0.35 or spacing >= height:
            continue
        other = np.roll(setting.mask, int(rng.integers(width)), axis=1)
        if sign < 0:
            np.maximum(mask[: height - spacing], other[spacing:], out=mask[: height - spacing])
        else:
            np.maximum(mask[spacing:], other[: height - spacing], out=mask[spacing:])
    return mask


def bleed_through(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return what shows of the page behind: the line's ink, float32 (height, width), mirrored, shifted and blurred."""
    return shown_through(ink, int(rng.integers(-30, 30)), int(rng.integers(ink.shape[1])), float(rng.uniform(1, 2.5)))


def cut_out(line: np.ndarray, tone: float, rng: np.random.Generator) -> None:
    """Fill with the paper's tone what lies outside a wavering outline of a line, float32 (height, width), in place."""
    height, width = line.shape
    rows = np.arange(height, dtype=np.float32)[:, None]
    reach = rng.uniform(1, 7, 2)
    top, bottom = (
        smooth_noise(rng, (1, width), (1, 2 + width // int(rng.integers(40, 160)))) * reach[i] for i in range(2)
    )
    line[(rows < top) | (rows > height - 1 - bottom)] = tone

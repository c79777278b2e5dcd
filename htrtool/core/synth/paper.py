"""The paper: its tone, grain, stains and rules, and what the scanner makes of it."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np

from htrtool.core.synth.pen import smooth_noise

TEXTURE = (192, 4096)


@dataclass(frozen=True)
class Paper:
    """A sheet: ``tone`` 0..255 of the paper and ``ink`` of full strokes, ``unevenness`` and ``grain`` in gray levels,
    ``texture`` which of the grains, ``rule`` none, lines or squares, ``rule_strength`` 0..1.
    """

    tone: float
    ink: float
    unevenness: float = 0.0
    grain: float = 0.0
    texture: int = 0
    rule: str = "none"
    rule_strength: float = 0.0


def draw_paper(rng: np.random.Generator, pencil: bool) -> Paper:
    """Draw a sheet: clean and white, old and stained, or a dark scan, with or without rules."""
    chance = rng.random()
    kind = 0 if chance < 0.42 else 1 if chance < 0.88 else 2
    if kind == 0:
        tone, uneven, grain = rng.uniform(244, 255), rng.uniform(0, 2), rng.uniform(0, 2.5) * (rng.random() < 0.6)
    elif kind == 1:
        tone, uneven, grain = rng.uniform(185, 245), rng.uniform(1, 8), rng.uniform(1, 7)
    else:
        tone, uneven, grain = rng.uniform(95, 190), rng.uniform(2, 10), rng.uniform(1, 6)
    depth = (
        rng.uniform(0.36, 0.72) if pencil else rng.uniform(0.52, 1) if rng.random() < 0.93 else rng.uniform(0.28, 0.5)
    )
    if kind == 2:
        depth = max(depth, 0.5)
    chance = rng.random()
    rule = "none" if chance < 0.62 else "lines" if chance < 0.89 else "squares"
    texture = (0, 0, 1, 1, 2, 3)[int(rng.integers(6))]
    return Paper(tone, tone * (1 - depth), uneven, grain, texture, rule, rng.uniform(0.04, 0.35) * rng.uniform(0.4, 1))


@functools.cache
def textures() -> list[np.ndarray]:
    """Return four grains of unit scale, float32 ``TEXTURE`` each: fine, clotted, fibres, laid paper's upright lines."""
    rng = np.random.default_rng(20)
    fine, fibres, laid = (rng.standard_normal(TEXTURE, np.float32) for _ in range(3))
    sheets = [
        cv2.GaussianBlur(fine, (0, 0), 0.6),
        cv2.GaussianBlur(fine, (0, 0), 1.2),
        cv2.GaussianBlur(fibres, (0, 0), sigmaX=3, sigmaY=0.7) + 0.2 * fine,
        cv2.GaussianBlur(laid, (0, 0), sigmaX=0.9, sigmaY=9) + 0.08 * fine,
    ]
    return [sheet / sheet.std() for sheet in sheets]


def grain(kind: int, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Cut a piece of grain ``kind``, float32 (height, width), anywhere from its sheet, which repeats."""
    sheet = textures()[kind]
    top = int(rng.integers(0, TEXTURE[0] - height)) if height < TEXTURE[0] else 0
    left = int(rng.integers(0, TEXTURE[1] - width)) if width < TEXTURE[1] else 0
    piece = sheet[top : top + height, left : left + width]
    if piece.shape != (height, width):
        piece = np.pad(piece, ((0, height - piece.shape[0]), (0, width - piece.shape[1])), mode="wrap")
    return piece


def lay_paper(paper: Paper, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Return the sheet under a line: tone, grain, stains and a margin's line, but no rules.

    Returns:
        float32 (height, width) gray levels.
    """
    sheet = np.full((height, width), paper.tone, np.float32)
    if paper.unevenness > 0.3:
        sheet += paper.unevenness * smooth_noise(rng, (height, width), (2 + height // 160, 2 + width // 160))
    if paper.grain > 0.3:
        sheet += paper.grain * grain(paper.texture, height, width, rng)
    if rng.random() < 0.03:
        x = int(rng.integers(width)) if rng.random() < 0.3 else int(rng.integers(min(width, 40)))
        sheet[:, x : x + int(rng.integers(1, 4))] *= np.float32(rng.uniform(0.5, 0.95))
    if paper.unevenness > 3:
        if rng.random() < 0.12:
            stain(sheet, rng)
        if rng.random() < 0.1:
            shade = np.linspace(*rng.uniform(0.55, 1, 2), width, dtype=np.float32)
            sheet *= shade
    return sheet


def stain(sheet: np.ndarray, rng: np.random.Generator) -> None:
    """Darken a blot with a darker rim on a sheet, float32 (height, width), in place."""
    height, width = sheet.shape
    radius = int(rng.integers(12, 70))
    centre = int(rng.integers(width)), int(rng.integers(-20, height + 20))
    blot = np.zeros((height, width), np.uint8)
    cv2.ellipse(
        blot, centre, (radius, max(6, int(radius * rng.uniform(0.4, 1)))), float(rng.uniform(0, 180)), 0, 360, 160, -1
    )
    cv2.ellipse(
        blot, centre, (radius, max(6, int(radius * rng.uniform(0.4, 1)))), float(rng.uniform(0, 180)), 0, 360, 255, 2
    )
    blot = cv2.GaussianBlur(blot, (0, 0), float(rng.uniform(1.5, 6)))
    sheet *= 1 - blot * np.float32(rng.uniform(0.05, 0.3) / 255)


def rule(
    paper: Paper,
    height: int,
    width: int,
    baseline: float,
    x_height: float,
    rng: np.random.Generator,
    spacing: float | None = None,
) -> np.ndarray | None:
    """Return the rules' ink, uint8 (height, width), or None for blank paper.

    Given the ``spacing`` of a page's lines, the rules keep to it, else they are as wide as they happen to be.
    """
    if paper.rule == "none":
        return None
    ink = np.zeros((height, width), np.uint8)
    strength = int(255 * min(1, paper.rule_strength * 2))
    tilt = rng.normal(0, 0.004) * width
    shift = 4
    thick = 1 if rng.random() < 0.75 else 2
    keeps = spacing is not None
    if not keeps:
        spacing = x_height * (rng.uniform(1.6, 3.4) if paper.rule == "lines" else rng.uniform(0.6, 1.9))
    row = baseline + rng.normal(0.06, 0.12) * x_height if keeps or rng.random() < 0.75 else rng.uniform(0, height)
    first = row - np.ceil(row / spacing) * spacing
    for y in np.arange(first, height + spacing, spacing):
        ends = [(0, round((y - tilt / 2) * 16)), (width << shift, round((y + tilt / 2) * 16))]
        cv2.line(ink, *ends, strength, thick, cv2.LINE_AA, shift)
    if paper.rule == "squares":
        spacing = spacing / 2 if keeps else spacing
        for x in np.arange(rng.uniform(0, spacing), width, spacing):
            cv2.line(
                ink,
                (round(x * 16), 0),
                (round((x + rng.normal(0, 0.3)) * 16), height << shift),
                strength,
                1,
                cv2.LINE_AA,
                shift,
            )
    return ink


def scan(line: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return gray levels, float32 (height, width), as a scanner, a resize and a lossy file would leave them: uint8."""
    if (blur := rng.uniform(0, 1.15)) > 0.4:
        line = cv2.GaussianBlur(line, (0, 0), blur)
    noise = rng.uniform(0.5, 4) if rng.random() < 0.35 else 0
    if noise:
        line = line + np.float32(noise) * grain(0, *line.shape, rng)
    pixels = np.clip(line, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        quality = int(rng.integers(25, 85))
        pixels = cv2.imdecode(
            cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE
        )
    return pixels

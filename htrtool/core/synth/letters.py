"""Letters set in a row: the ink of one line as a mask, before it is bent and written on paper."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from htrtool.core.synth.faces import X_HEIGHT, Face, Glyph


@dataclass
class Setting:
    """A line of ink: ``mask`` (height, width) uint8 with ink at 255, and the rows and columns that matter in it.

    ``baseline`` is a row, ``left`` and ``right`` the columns where the ink begins and ends, ``words`` the
    first and last column of each word.
    """

    mask: np.ndarray
    baseline: int
    left: int
    right: int
    words: list[tuple[int, int]]


def set_line(text: str, face: Face, rng: np.random.Generator, hidden: int | None = None) -> Setting:
    """Set one line, every letter or joined word a little off its place.

    Args:
        hidden: the index of a word to be scratched out.
    """
    words = text.split()
    space = X_HEIGHT * float(np.exp(rng.normal(-0.15, 0.3)))
    tracking = rng.normal(0.5, 1.3)
    unrest = float(np.exp(rng.normal(-0.4, 0.5)))
    sink = np.clip(rng.normal(0, 1.1 * unrest, len(words)), -4, 4)
    placed: list[tuple[Glyph, int, int]] = []
    spans = []
    pen = 0.0
    for index, word in enumerate(words):
        start = pen
        if face.joined:
            glyph = face.word(word)
            placed.append((glyph, round(pen) + glyph.left, round(sink[index]) + glyph.top))
            pen += max(glyph.advance, glyph.left + glyph.mask.shape[1] - 0.3 * X_HEIGHT)
        else:
            jitter = rng.normal(0, 0.8 * unrest, (len(word), 2))
            for letter, (across, up) in zip(word, jitter):
                glyph = face.word(letter)
                placed.append((glyph, round(pen + across) + glyph.left, round(sink[index] + up) + glyph.top))
                pen += max(glyph.advance + tracking, 3)
        spans.append((round(start), round(pen)))
        pen += max(space * float(np.exp(rng.normal(0, 0.18))), 0.36 * X_HEIGHT)
    left = min(x for _, x, _ in placed)
    right = max(x + glyph.mask.shape[1] for glyph, x, _ in placed)
    top = min(min(y for _, _, y in placed), -face.ascent)
    bottom = max(max(y + glyph.mask.shape[0] for glyph, _, y in placed), face.descent)
    margin = X_HEIGHT // 2
    mask = np.zeros((bottom - top + 2 * margin, right - left + 2 * margin), np.uint8)
    across, down = margin - left, margin - top
    for glyph, x, y in placed:
        rows, columns = glyph.mask.shape
        spot = mask[y + down : y + down + rows, x + across : x + across + columns]
        np.maximum(spot, glyph.mask, out=spot)
    spans = [(first + across, last + across) for first, last in spans]
    if hidden is not None:
        scratch(mask, spans[hidden], down, face.stroke, rng)
    return Setting(mask, down, margin, mask.shape[1] - margin, spans)


def scratch(mask: np.ndarray, span: tuple[int, int], baseline: int, stroke: float, rng: np.random.Generator) -> None:
    """Scratch a word out: strokes straight through, or a scrawl to and fro."""
    first, last = span
    width = max(1, round(stroke * rng.uniform(0.8, 1.5)))
    middle = baseline - X_HEIGHT / 2
    if rng.random() < 0.6:
        for _ in range(int(rng.integers(1, 4))):
            ends = middle + rng.normal(0, 5, 2)
            cv2.line(mask, (first - 4, round(ends[0])), (last + 4, round(ends[1])), 255, width, cv2.LINE_AA)
        return
    steps = max(6, (last - first) // 7)
    xs = np.linspace(first - 3, last + 3, steps) + rng.normal(0, 3, steps)
    ys = middle + np.where(np.arange(steps) % 2, 1, -1) * rng.uniform(6, 20, steps)
    cv2.polylines(mask, [np.stack([xs, ys], 1).astype(np.int32)], False, 255, width, cv2.LINE_AA)

"""Letters set in a row: the ink of one line as a mask, before it is bent and written on paper."""

from __future__ import annotations

import re
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


RAISED = re.compile(r"^(\d+)(st|nd|rd|th|er|e|o|a|º)$|^(M)(r|rs|me|lle|gr|e)$|^(D)(r)$|^(S)(t|te)$|^([NJ])(o|r)$")
"""Ordinals and titles whose ending many hands raise: 1st, Mr, Mme."""


def set_line(text: str, face: Face, rng: np.random.Generator) -> Setting:
    """Set one line, every letter or joined word a little off its place.

    Now and then a false start stands scratched out before a word, a word is underlined, an ending is raised
    or a gap is wide: none of which changes how the line reads.
    """
    words = text.split()
    scratched = int(rng.integers(len(words))) if len(words) > 2 and rng.random() < 0.008 else None
    if scratched is not None:
        words.insert(scratched, words[scratched][: int(rng.integers(2, 8))])
    underlined = int(rng.integers(len(words))) if rng.random() < 0.02 else None
    gap = int(rng.integers(len(words))) if rng.random() < 0.03 else None
    raised = rng.random() < 0.4
    space = X_HEIGHT * float(np.exp(rng.normal(-0.15, 0.3)))
    tracking = rng.normal(0.5, 1.3)
    unrest = float(np.exp(rng.normal(-0.4, 0.5)))
    sink = np.clip(rng.normal(0, 1.1 * unrest, len(words)), -4, 4)
    gaps = np.maximum(space * np.exp(rng.normal(0, 0.18, len(words))), 0.36 * X_HEIGHT)
    placed: list[tuple[Glyph, int, int]] = []
    spans = []
    pen = 0.0
    for index, word in enumerate(words):
        start, drop = pen, float(sink[index])
        ending = None
        if raised and (parts := RAISED.match(word)):
            word, ending = filter(None, parts.groups())
        if face.joined:
            glyph = face.word(word)
            placed.append((glyph, round(pen) + glyph.left, round(drop) + glyph.top))
            pen += max(glyph.advance, glyph.left + glyph.mask.shape[1] - 0.3 * X_HEIGHT)
        else:
            jitter = rng.normal(0, 0.8 * unrest, (len(word), 2)).tolist()
            for letter, (across, up) in zip(word, jitter):
                glyph = face.word(letter)
                placed.append((glyph, round(pen + across) + glyph.left, round(drop + up) + glyph.top))
                pen += max(glyph.advance + tracking, 3)
        if ending:
            glyph = shrunk(face.word(ending), 0.65)
            placed.append((glyph, round(pen) + glyph.left, round(drop - 0.7 * X_HEIGHT) + glyph.top))
            pen += glyph.left + glyph.mask.shape[1]
        spans.append((round(start), round(pen)))
        pen += gaps[index] + (float(rng.uniform(1, 6)) * X_HEIGHT if index == gap else 0)
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
    if scratched is not None:
        scratch(mask, spans[scratched], down, face.stroke, rng)
    if underlined is not None:
        (first, last), row = spans[underlined], down + rng.uniform(0.15, 0.4) * X_HEIGHT
        ends = (first, round(row + rng.normal(0, 1.5))), (last, round(row + rng.normal(0, 1.5)))
        cv2.line(mask, *ends, 255, max(1, round(face.stroke)), cv2.LINE_AA)
    return Setting(mask, down, margin, mask.shape[1] - margin, spans)


def shrunk(glyph: Glyph, part: float) -> Glyph:
    """Return a glyph at ``part`` of its size."""
    rows, columns = (max(1, round(side * part)) for side in glyph.mask.shape)
    mask = cv2.resize(glyph.mask, (columns, rows), interpolation=cv2.INTER_AREA)
    return Glyph(mask, round(glyph.left * part), round(glyph.top * part), glyph.advance * part)


def scratch(mask: np.ndarray, span: tuple[int, int], baseline: int, stroke: float, rng: np.random.Generator) -> None:
    """Scratch a word out: strokes straight through, or a scrawl to and fro.

    Args:
        mask: (height, width) uint8, ink 255; it is changed in place.
        span: the first and last column of the word.
        baseline: the row on which it stands.
        stroke: the width of the hand's strokes, in pixels.
    """
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

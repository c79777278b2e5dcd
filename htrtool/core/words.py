"""The words and characters of a line read: where each stands along the line, and how sure it is."""

from __future__ import annotations

import re
from typing import NamedTuple, Sequence

import numpy as np

# Probabilities are kept this far from 0 and 1, so that their logits are finite.
FLOOR = 1e-6
_WORD = re.compile(r"\S+")


class Glyph(NamedTuple):
    """A character; it stands between two shares, 0 to 1, of the width of the line's picture."""

    text: str
    start: float
    end: float
    conf: float


class Word(NamedTuple):
    """A word, with the glyphs that it consists of."""

    text: str
    start: float
    end: float
    conf: float
    glyphs: list[Glyph]


def words_of(text: str, centres: Sequence[float], confs: Sequence[float]) -> list[Word]:
    """Part a line into words.

    A character reaches half the way to its neighbours; the first and the last, which have flourishes, as far outwards
    as characters of the line usually are apart. A word is as sure as its characters are on the average.

    Args:
        text: the line.
        centres: where its characters stand, shares of the picture's width that do not fall.
        confs: how sure each of them is, 0 to 1.
    """
    if not text:
        return []
    centres = np.asarray(centres, float)
    steps = np.diff(centres)
    reach = float(np.median(steps)) if len(steps) else 0.5
    borders = np.concatenate([centres[:1] - reach, centres[:-1] + steps / 2, centres[-1:] + reach]).clip(0, 1)
    words = []
    for found in _WORD.finditer(text):
        places = range(found.start(), found.end())
        glyphs = [Glyph(text[i], float(borders[i]), float(borders[i + 1]), float(confs[i])) for i in places]
        conf = float(np.mean([glyph.conf for glyph in glyphs]))
        words.append(Word(found[0], glyphs[0].start, glyphs[-1].end, conf, glyphs))
    return words


def spread_confidence(conf: float, probabilities: np.ndarray) -> np.ndarray:
    """Share a line's confidence out among its characters.

    The network's own probabilities say which characters are surer than others, not how sure they are; so all are
    moved alike, by one step on the scale of logits, until their mean is the line's confidence.

    Args:
        conf: of the line, 0 to 1.
        probabilities: (characters,), that of each character in its frame.

    Returns:
        (characters,), from 0 to 1.
    """
    if not len(probabilities):
        return np.zeros(0)
    kept = np.clip(np.asarray(probabilities, float), FLOOR, 1 - FLOOR)
    logits = np.log(kept) - np.log1p(-kept)
    low, high = -60.0, 60.0
    for _ in range(50):
        step = (low + high) / 2
        moved = 1 / (1 + np.exp(-(logits + step)))
        low, high = (step, high) if moved.mean() < conf else (low, step)
    return moved

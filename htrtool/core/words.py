"""The words and characters of a line read: where each stands along the line, and how sure it is."""

from __future__ import annotations

import re
from typing import NamedTuple, Sequence

import numpy as np

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


def words_of(
    text: str, centres: Sequence[float], characters: Sequence[float], words: Sequence[float]
) -> list[Word]:
    """Part a line into words.

    A character reaches half the way to its neighbours; the first and the last, which have flourishes, as far outwards
    as characters of the line usually are apart.

    Args:
        text: the line.
        centres: where its characters stand, shares of the picture's width that do not fall.
        characters, words: how sure each character and each word is, 0 to 1.
    """
    if not text:
        return []
    centres = np.asarray(centres, float)
    steps = np.diff(centres)
    reach = float(np.median(steps)) if len(steps) else 0.5
    borders = np.concatenate([centres[:1] - reach, centres[:-1] + steps / 2, centres[-1:] + reach]).clip(0, 1)
    found_words = []
    for found, conf in zip(_WORD.finditer(text), words, strict=True):
        places = range(found.start(), found.end())
        glyphs = [Glyph(text[i], float(borders[i]), float(borders[i + 1]), float(characters[i])) for i in places]
        found_words.append(Word(found[0], glyphs[0].start, glyphs[-1].end, float(conf), glyphs))
    return found_words

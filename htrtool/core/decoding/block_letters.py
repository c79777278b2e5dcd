"""Lines in block letters, which a network of prose reads in a jumble of cases, and how they are read in capitals.

Many letters in capitals look like their small ones, and a network that learned from prose takes some for these:
``WItHin A SHort timE``. No prose mixes cases within its words so.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Sequence

import numpy as np

from htrtool.core.charset import Charset

LEAST_JUMBLED = 2
"""How many jumbled words it takes, on a line or on its page: one may be a name such as McLean."""
FEW = 2
"""How many words a text counts for neither side, so that one of few words says little."""
_WORD = re.compile(r"[^\W\d_]{3,}")


class _Words(NamedTuple):
    """How many words of a text are jumbled, and how many are as prose has them, a capital in front counting by half."""

    jumbled: int
    prose: float

    def excess(self) -> float:
        """Return by how much more of them are jumbled, -1 to 1; of few words little."""
        return (self.jumbled - self.prose) / (self.jumbled + self.prose + FEW)


def in_block_letters(page: Sequence[str]) -> list[bool]:
    """Tell which lines of a page, as the network reads them, are in block letters: it and its page count alike."""
    whole = _words("\n".join(page))
    if whole.jumbled < LEAST_JUMBLED:
        return [False] * len(page)
    return [_words(line).excess() + whole.excess() > 0 for line in page]


def in_capitals(probabilities: np.ndarray, charset: Charset) -> np.ndarray:
    """Return probabilities, (frames, classes), with those of small letters given to their capitals."""
    folded = probabilities.copy()
    for small, capital in _pairs(charset):
        folded[:, capital] += folded[:, small]
        folded[:, small] = 0
    return folded


def _words(text: str) -> _Words:
    jumbled, prose = 0, 0.0
    for word in _WORD.findall(text):
        if word.islower():
            prose += 1
        elif word[1:].islower():
            prose += 0.5
        else:
            jumbled += not word.isupper()
    return _Words(jumbled, prose)


def _pairs(charset: Charset) -> list[tuple[int, int]]:
    """Return the classes of small letters with those of their capitals, where the charset has both."""
    return [
        tuple(charset.encode(small + small.upper()))
        for small in charset.characters
        if small.islower() and len(small.upper()) == 1 and small.upper() != small and small.upper() in charset
    ]

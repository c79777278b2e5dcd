"""A line looked at several times, each time at another width, and the text that all looks agree on best.

A network reads a hand better at one width than at another, and errs elsewhere at each, so that texts read at one width
are weighed by what the others make of them (rescoring of n-best lists by several models, as in Ostendorf et al.,
"Integration of Diverse Recognition Methodologies Through Reevaluation of N-Best Sentence Hypotheses", 1991). Narrow letters
are read better when they are made wider, wide ones narrower: how wide they are tells the first look.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Sequence

import cv2
import numpy as np

from htrtool.core.charset import Charset
from htrtool.core.decoding.align import log_likelihoods
from htrtool.core.decoding.beam import Candidate

STEP = 1.105
"""How much wider each of the widths is, at which lines are looked at, than the one before."""
FARTHEST = 4
"""So many steps are the narrowest and the widest of them from a line's own width."""
TOWARDS = 0.6
"""How much of the way to the width at which its characters are as wide as the network likes best a line is brought, in logarithms."""
AROUND = 0, 1, -1, -3, 3, 2, -2, 4, -4, 5, -5, 6, -6, 7, -7, 8, -8
"""How many steps from the best width to look, in order, besides once at a line's own width."""
NEAR = 0, 2, 1, -1, -2, 3, -3, 4, -4
"""How many steps from a line's own width, in order, where the best is not known: wider first, which hides nothing."""
TEXTS, TEXTS_ALONE = 8, 2
"""How many texts each look puts forward at least, with a language model and without."""
FURTHER = (0.98, 3), (0.9, 5)
"""Below which confidence a line is looked at further, and how often in all it is then."""
MANY, FINER = 5, 6
"""In a line that is looked at so often, a search with a language model follows so many times as many prefixes: it is a hard one."""


@dataclass
class Look:
    """What the network saw of a line: the width of the picture, in pixels, and (frames, classes) of probabilities.

    ``found`` are the texts that decoding found in it, once it did, ``asked`` for so many, by a search so many times finer;
    ``in_capitals`` is the same with small letters taken for capitals, once that was asked for.
    """

    width: int
    probabilities: np.ndarray
    found: list[Candidate] | None = None
    asked: tuple[int, int] = 0, 0
    in_capitals: Look | None = None


def views(line: np.ndarray, looks: int, characters: int, pitch: float) -> list[np.ndarray]:
    """Return a prepared line at the widths at which to look at it, from narrow to wide, itself among them.

    Args:
        line: (height, width) uint8.
        looks: how often, 1 to 9.
        characters: how many were read in it.
        pitch: the width by characters, in heights of the line, that the network reads best; 0 if that is not known.
    """
    width, wanted = line.shape[1], NEAR
    if pitch:
        best = _steps_to_pitch(line, characters, pitch)
        wanted = 0, *(best + step for step in AROUND)
    reached = dict.fromkeys(step for step in wanted if abs(step) <= FARTHEST)
    return [_stretched(line, max(1, round(width * STEP**step))) for step in sorted([*reached][:looks])]


def brought_to_pitch(line: np.ndarray, characters: int, pitch: float) -> np.ndarray:
    """Return a line, (height, width) uint8, at the width around which :func:`views` looks at it."""
    return _stretched(line, max(1, round(line.shape[1] * STEP ** _steps_to_pitch(line, characters, pitch))))


def _steps_to_pitch(line: np.ndarray, characters: int, pitch: float) -> int:
    height, width = line.shape
    own = width / max(characters, 1) / height
    steps = round(TOWARDS * math.log(pitch / own) / math.log(STEP))
    return min(max(steps, -FARTHEST), FARTHEST)


def looks_needed(looks: int, confidence: float) -> int:
    """Return how often in all to look at a line that was read with some confidence after so many looks; ``looks`` if that will do."""
    return next((more for least, more in FURTHER if confidence < least and more > looks), looks)


def _stretched(line: np.ndarray, width: int) -> np.ndarray:
    if width == line.shape[1]:
        return line
    way = cv2.INTER_AREA if width < line.shape[1] else cv2.INTER_LINEAR
    return cv2.resize(line, (width, line.shape[0]), interpolation=way)


def ranked(
    looks: Sequence[np.ndarray], texts: Sequence[str], charset: Charset, priors: Sequence[float]
) -> list[tuple[str, float]]:
    """Return texts of a line with their scores, logarithms of weights, best first.

    A score is the mean log-likelihood of the text over the looks, (frames, classes) of probabilities each, and its prior.
    """
    labels = [charset.encode(text) for text in texts]
    seen = np.mean([log_likelihoods(look, labels) for look in looks], axis=0)
    scores = seen + priors
    return [(texts[place], float(scores[place])) for place in np.argsort(-scores, kind="stable")]

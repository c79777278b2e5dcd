"""CTC frames to text with a language model: which frames and classes to search, what they are worth, and what was found.

Frames that are clearly blank are passed over, and few classes are looked at in the others.
"""

from __future__ import annotations

import math
from typing import Hashable, NamedTuple, Sequence

import numpy as np

from htrtool.core.charset import BLANK, Charset
from htrtool.core.decoding.search import Found, Frames, Knowledge, search
from htrtool.core.lm.internal_lm import InternalLM
from htrtool.core.lm.ngram import STEP
from htrtool.core.lm.page_language import LanguageModel

WIDTH = 16
WEIGHT = 0.5
"""What the language model's logarithms count beside the network's."""
BONUS = 1.3
"""What each character is worth, in nats, since a language model would rather have few."""
TEMPERATURE = 1.4
"""By how much the network's logarithms are divided beside a language model: it is too sure of what it sees."""
INTERNAL = 0.3
"""How much of what the network expects by itself is taken out again."""
EXPECTED = 2.4
"""What a character costs the network by itself on average, in nats."""
SURELY_BLANK = 0.98
OVERLOOKED, MOST_OVERLOOKED = 0.16, 0.02
"""Classes of less than this probability, divided by the number of prefixes, are not followed, nor prefixes of less than that
beside the best; but of a few prefixes no more is overlooked than the second."""
MOST_CLASSES = 6
"""Of a line whose frames leave more classes to follow on average, a finer search finds no more than any other."""
_COSTS = 4096
_LOOKED_BACK = 8
"""How many characters of a line before are looked back at: more than any n-gram has."""


class Candidate(NamedTuple):
    """A text, the frame of each of its characters, and its score, the logarithm of a weight: only differences count."""

    text: str
    frames: np.ndarray
    score: float


class BeamSearch:
    """Decode with a language model.

    Args:
        model: the language model; None leaves all to the network.
        width: the most prefixes that are followed at a time.
        internal: what the network expects by itself, if that is known.
        finer: follow so many times as many prefixes, but by the same classes, where these are few enough.
    """

    def __init__(
        self,
        charset: Charset,
        model: LanguageModel | None,
        width: int = WIDTH,
        internal: InternalLM | None = None,
        finer: int = 1,
    ):
        self.charset, self.width, self.finer = charset, width, finer
        self._temperature = 1.0 if model is None else TEMPERATURE
        space = charset.characters.index(" ") + 1 if " " in charset else BLANK
        symbols, self._start, worths = [0] * charset.classes, 0, np.ones(1)
        pairs, surprises = np.zeros((charset.classes, charset.classes), np.uint8), np.ones(256)
        if model is not None:
            symbols, self._start = model.symbols_of(charset), model.start
            worths = np.exp(BONUS - WEIGHT * STEP * np.arange(_COSTS))
            if internal is not None:
                pairs, surprises = internal.costs, np.exp(INTERNAL * (STEP * np.arange(256) - EXPECTED))
        self._knowledge = Knowledge(model, symbols, worths, np.ascontiguousarray(pairs), surprises, space)

    def decode(self, probabilities: np.ndarray, nbest: int = 1, before: str = "") -> list[Candidate]:
        """Return the ``nbest`` best texts of a line, best first: fewer where there are no more, one at least.

        Spaces at the ends are dropped and runs of spaces folded into one.

        Args:
            probabilities: (frames, classes), each row adding up to 1.
            before: the text of the line before, if that is known.
        """
        frames = self._frames(self.softened(probabilities))
        few = len(frames.classes) <= MOST_CLASSES * len(frames.numbers)
        width = self.width * self.finer if few else self.width
        found = search(frames, self._knowledge, self._after(before), width, _least(width))
        return self._texts(found, nbest, len(probabilities))

    def softened(self, probabilities: np.ndarray) -> np.ndarray:
        """Return (frames, classes) of probabilities as the search takes them."""
        if self._temperature == 1:
            return probabilities
        powers = probabilities ** (1 / self._temperature)
        return powers / powers.sum(axis=1, keepdims=True)

    def prior(self, text: str, before: str = "") -> float:
        """Return the logarithm of what the language model and the bonus give a text after another, the space after it included."""
        known, labels = self._knowledge, self._encoded(text)
        if known.model is None or not labels:
            return 0.0
        costs, _ = known.model.walk(self._after(before), [known.symbols[label] for label in labels])
        return float(np.log(known.worths[costs] * known.surprises[known.pairs[[known.space, *labels[:-1]], labels]]).sum())

    def _after(self, before: str) -> Hashable:
        """Return the state of the language model at the beginning of a line that follows a text."""
        known = self._knowledge
        if not before or known.model is None:
            return self._start
        return known.model.walk(self._start, [known.symbols[label] for label in self._encoded(before[-_LOOKED_BACK:])])[1]

    def _encoded(self, text: str) -> list[int]:
        """Return the classes of a text and of the space after it, if there is one to come."""
        return self.charset.encode(text + " " if self._knowledge.space != BLANK else text)

    def _frames(self, probabilities: np.ndarray) -> Frames:
        """Return the frames that are not surely blank, and the classes that are possible in them."""
        active = np.flatnonzero(probabilities[:, BLANK] < SURELY_BLANK)
        chosen = probabilities[active]
        rows, classes = np.nonzero(chosen[:, 1:] > _least(self.width))
        ends = np.searchsorted(rows, np.arange(len(active)), side="right")
        return Frames(active, chosen[:, BLANK].astype(float), ends, classes + 1, chosen[rows, classes + 1].astype(float))

    def _texts(self, found: Sequence[Found], nbest: int, count: int) -> list[Candidate]:
        candidates: dict[str, Candidate] = {}
        for place in np.argsort([text.weight for text in found])[::-1]:
            weight, labels, frames = found[place]
            kept = "".join([self.charset.characters[label - 1] for label in labels]).rstrip(" ")
            if kept in candidates:
                continue
            # Where each was surest; what a rival prefix has left there must not bring them out of order.
            places = np.arange(len(kept))
            apart = np.maximum.accumulate(np.array(frames[: len(kept)], int) - places) + places
            candidates[kept] = Candidate(kept, np.minimum(apart, count - len(kept) + places), math.log(weight))
            if len(candidates) == nbest:
                break
        return list(candidates.values())


def _least(width: int) -> float:
    """Return the least probability of a class that is followed, and the least weight of a prefix beside the best."""
    return min(OVERLOOKED / width, MOST_OVERLOOKED)

"""CTC frames to text with a language model: prefix beam search.

After Hannun et al., "First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs", 2014.

Frames that are clearly blank are passed over, few classes are looked at in the others, and prefixes far behind the best
are dropped at once, so that plain Python is quick enough: about ten prefixes are left after a frame.
"""

from __future__ import annotations

import math
from typing import Iterator, NamedTuple

import numpy as np

from htrtool.core.charset import BLANK, Charset
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
SURELY_BLANK = 0.95
OVERLOOKED, MOST_OVERLOOKED = 0.16, 0.02
"""Classes of less than this probability, divided by the number of prefixes, are not followed, nor prefixes of less than that
beside the best; but of a few prefixes no more is overlooked than the second."""
_FACTORS = 4096


class Candidate(NamedTuple):
    """A text, the frame of each of its characters, and its score, the logarithm of a weight: only differences count."""

    text: str
    frames: np.ndarray
    score: float


class _Prefix:
    """A text so far.

    ``blank`` and ``other`` are its weights with the last frame blank or not, ``next_…`` those after the frame ``frame``;
    ``factor`` is what its last character was worth to the language model, which is in ``state`` after it, and
    ``surest`` the frame in which that character weighed most, ``peak``.
    """

    __slots__ = (
        "parent", "label", "state", "factor", "children", "blank", "other", "next_blank", "next_other", "frame",
        "surest", "peak",
    )

    def __init__(self, parent: _Prefix | None, label: int, state: int, factor: float):
        self.parent, self.label, self.state, self.factor = parent, label, state, factor
        self.children: dict[int, _Prefix] = {}
        self.blank = self.other = self.next_blank = self.next_other = 0.0
        self.frame = -1
        self.surest, self.peak = 0, 0.0


class BeamSearch:
    """Decode with a language model.

    Args:
        model: the language model; None leaves all to the network.
        width: the most prefixes that are followed at a time.
        internal: what the network expects by itself, if that is known.
    """

    def __init__(
        self, charset: Charset, model: LanguageModel | None, width: int = WIDTH, internal: InternalLM | None = None
    ):
        self.charset, self.width = charset, width
        self._least = min(OVERLOOKED / width, MOST_OVERLOOKED)
        self._temperature = 1.0 if model is None else TEMPERATURE
        if model is None:
            self._step, self._start, self._symbols, self._factors = _indifferent, 0, [0] * charset.classes, [1.0]
        else:
            self._step, self._start, self._symbols = model.step, model.start, model.symbols_of(charset)
            self._factors = np.exp(BONUS - WEIGHT * STEP * np.arange(_FACTORS)).tolist()
        self._space = charset.characters.index(" ") + 1 if " " in charset else BLANK
        if model is None or internal is None:
            self._pairs, self._surprises = [bytes(charset.classes)] * charset.classes, [1.0]
        else:
            self._pairs = [row.tobytes() for row in internal.costs]
            self._surprises = np.exp(INTERNAL * (STEP * np.arange(256) - EXPECTED)).tolist()

    def decode(self, probabilities: np.ndarray, nbest: int = 1) -> list[Candidate]:
        """Return the ``nbest`` best texts of a line, best first: fewer where there are no more, one at least.

        Spaces at the ends are dropped and runs of spaces folded into one.

        Args:
            probabilities: (frames, classes), each row adding up to 1.
        """
        worth, space = self._worth, self._space
        root = _Prefix(None, space, self._start, 1.0)
        root.blank = 1.0
        prefixes, before, far_behind = [root], -1, self._least
        for frame, blank, classes in self._frames(self.softened(probabilities)):
            if frame > before + 1:
                for prefix in prefixes:
                    prefix.blank += prefix.other
                    prefix.other = 0.0
            before = frame
            touched = []
            for prefix in prefixes:
                both = prefix.blank + prefix.other
                if prefix.frame != frame:
                    prefix.frame = frame
                    prefix.next_blank, prefix.next_other = both * blank, 0.0
                    touched.append(prefix)
                else:
                    prefix.next_blank = both * blank
                label, children = prefix.label, prefix.children
                for other, probability in classes:
                    weight = both * probability
                    if weight < far_behind:
                        continue
                    if other == label:
                        if label == space:
                            prefix.next_other += weight
                            continue
                        again = prefix.other * probability
                        prefix.next_other += again
                        if again > prefix.peak:
                            prefix.peak, prefix.surest = again, frame
                        weight -= again
                        if weight < far_behind:
                            continue
                    child = children.get(other)
                    if child is None:
                        factor, state = worth(prefix.state, label, other)
                        child = children[other] = _Prefix(prefix, other, state, factor)
                    if weight > child.peak:
                        child.peak, child.surest = weight, frame
                    if child.frame != frame:
                        child.frame = frame
                        child.next_blank, child.next_other = 0.0, weight * child.factor
                        touched.append(child)
                    else:
                        child.next_other += weight * child.factor
            prefixes = self._survivors(touched)
        return self._texts(prefixes, nbest, len(probabilities))

    def softened(self, probabilities: np.ndarray) -> np.ndarray:
        """Return (frames, classes) of probabilities as the search takes them."""
        if self._temperature == 1:
            return probabilities
        powers = probabilities ** (1 / self._temperature)
        return powers / powers.sum(axis=1, keepdims=True)

    def prior(self, text: str) -> float:
        """Return the logarithm of what the language model and the bonus give a text, the space after it included."""
        total, state, before = 0.0, self._start, self._space
        for label in self.charset.encode(text + " " if self._space != BLANK else text):
            factor, state = self._worth(state, before, label)
            total += math.log(factor)
            before = label
        return total

    def _worth(self, state: int, before: int, label: int) -> tuple[float, int]:
        """Return what a class is worth after another in a state of the language model, and the state after it."""
        cost, state = self._step(state, self._symbols[label])
        return self._factors[cost] * self._surprises[self._pairs[before][label]], state

    def _ended(self, prefix: _Prefix) -> float:
        """Return what the space after the last word is worth, if there is one to come."""
        if prefix.label == self._space or self._space == BLANK:
            return 1.0
        return self._worth(prefix.state, prefix.label, self._space)[0]

    def _frames(self, probabilities: np.ndarray) -> Iterator[tuple[int, float, list[tuple[int, float]]]]:
        """Return the frames that are not surely blank: their numbers, the probabilities of a blank, and the possible classes with theirs."""
        active = np.flatnonzero(probabilities[:, BLANK] < SURELY_BLANK)
        chosen = probabilities[active]
        rows, classes = np.nonzero(chosen[:, 1:] > self._least)
        pairs = list(zip((classes + 1).tolist(), chosen[rows, classes + 1].tolist()))
        ends = np.searchsorted(rows, np.arange(len(active)), side="right").tolist()
        spans = zip([0, *ends], ends)
        return zip(active.tolist(), chosen[:, BLANK].tolist(), (pairs[start:end] for start, end in spans))

    def _survivors(self, touched: list[_Prefix]) -> list[_Prefix]:
        """Return the prefixes to follow on, their weights such that the greatest is 1."""
        weights = [prefix.next_blank + prefix.next_other for prefix in touched]
        best = max(weights)
        floor = best * self._least
        if len(touched) > self.width:
            floor = max(floor, sorted(weights, reverse=True)[self.width - 1])
        survivors = [prefix for prefix, weight in zip(touched, weights) if weight >= floor]
        for prefix in survivors:
            prefix.blank, prefix.other = prefix.next_blank / best, prefix.next_other / best
        return survivors

    def _texts(self, prefixes: list[_Prefix], nbest: int, count: int) -> list[Candidate]:
        found: dict[str, Candidate] = {}
        # A line ends where a word does, mostly; what stands there must not be lost for being seldom.
        scores = [(prefix.blank + prefix.other) * self._ended(prefix) for prefix in prefixes]
        for place in np.argsort(scores)[::-1]:
            prefix, score = prefixes[place], math.log(scores[place])
            characters, frames = [], []
            while prefix.parent is not None:
                characters.append(self.charset.characters[prefix.label - 1])
                frames.append(prefix.surest)
                prefix = prefix.parent
            text = "".join(reversed(characters))
            kept = text.rstrip(" ")
            # Where each was surest; what a rival prefix has left there must not bring them out of order.
            places = np.arange(len(kept))
            apart = np.maximum.accumulate(np.array(frames[::-1][: len(kept)], int) - places) + places
            frames = np.minimum(apart, count - len(kept) + places)
            found.setdefault(kept, Candidate(kept, frames, score))
            if len(found) == nbest:
                break
        return list(found.values())


def _indifferent(state: int, symbol: int) -> tuple[int, int]:
    return 0, 0

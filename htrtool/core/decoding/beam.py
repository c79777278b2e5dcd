"""CTC frames to text with a language model: prefix beam search.

After Hannun et al., "First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs", 2014.

Frames that are clearly blank are passed over, few classes are looked at in the others, and prefixes far behind the best
are dropped at once, so that plain Python is quick enough: about ten prefixes are left after a frame.
"""

from __future__ import annotations

import math
from operator import itemgetter
from typing import Hashable, Iterator, NamedTuple

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
MOST_CLASSES = 6
"""Of a line whose frames leave more classes to follow on average, a finer search finds no more than any other."""
_FACTORS = 4096
_LOOKED_BACK = 8
"""How many characters of a line before are looked back at: more than any n-gram has."""


class Candidate(NamedTuple):
    """A text, the frame of each of its characters, and its score, the logarithm of a weight: only differences count."""

    text: str
    frames: np.ndarray
    score: float


class _Prefixes:
    """The texts so far of one line, each known by its number: lists, since a collector of garbage passes over numbers.

    ``children`` is asked by the number of a text times the classes, plus a class. ``factors`` is what the last
    character of each was worth, ``states`` that of the language model after it, and ``surest`` the frame in which that
    character weighed most, ``peaks``.
    """

    def __init__(self, state: Hashable, label: int):
        self.children: dict[int, int] = {}
        self.parents, self.labels, self.states, self.factors = [-1], [label], [state], [1.0]
        self.surest, self.peaks = [0], [0.0]


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

    def decode(self, probabilities: np.ndarray, nbest: int = 1, before: str = "") -> list[Candidate]:
        """Return the ``nbest`` best texts of a line, best first: fewer where there are no more, one at least.

        Spaces at the ends are dropped and runs of spaces folded into one.

        Args:
            probabilities: (frames, classes), each row adding up to 1.
            before: the text of the line before, if that is known.
        """
        frames = list(self._frames(self.softened(probabilities)))
        few = sum(len(classes) for _, _, classes in frames) <= MOST_CLASSES * len(frames)
        width = self.width * self.finer if few else self.width
        space, classes_in_all, least = self._space, self.charset.classes, _least(width)
        prefixes = _Prefixes(self._after(before), space)
        children, labels, states, factors = prefixes.children, prefixes.labels, prefixes.states, prefixes.factors
        parents, surest, peaks = prefixes.parents, prefixes.surest, prefixes.peaks
        step, symbols, worths, pairs, surprises = self._step, self._symbols, self._factors, self._pairs, self._surprises
        # The weights of a text with the last frame blank, or not.
        beam, last = [(0, 1.0, 0.0)], -1
        for frame, blank, classes in frames:
            if frame > last + 1:
                beam = [(prefix, of_blank + of_other, 0.0) for prefix, of_blank, of_other in beam]
            last = frame
            blanks = {prefix: (of_blank + of_other) * blank for prefix, of_blank, of_other in beam}
            others: dict[int, float] = {}
            # What is below this in the end is dropped, so that a new text of less need not even begin.
            floor = least * max(blanks.values())
            for prefix, of_blank, of_other in beam:
                both, label = of_blank + of_other, labels[prefix]
                for other, probability in classes:
                    weight = both * probability
                    if weight < least:
                        continue
                    if other == label:
                        if label == space:
                            others[prefix] = others.get(prefix, 0.0) + weight
                            continue
                        again = of_other * probability
                        others[prefix] = others.get(prefix, 0.0) + again
                        if again > peaks[prefix]:
                            peaks[prefix], surest[prefix] = again, frame
                        weight -= again
                        if weight < least:
                            continue
                    key = prefix * classes_in_all + other
                    child = children.get(key)
                    if child is not None:
                        if weight > peaks[child]:
                            peaks[child], surest[child] = weight, frame
                        others[child] = others.get(child, 0.0) + weight * factors[child]
                        continue
                    # As _worth has it, whose call would take as long as the rest.
                    cost, state = step(states[prefix], symbols[other])
                    factor = worths[cost] * surprises[pairs[label][other]]
                    weighed = weight * factor
                    if weighed < floor:
                        continue
                    if weighed * least > floor:
                        floor = weighed * least
                    child = children[key] = len(labels)
                    parents.append(prefix)
                    labels.append(other)
                    states.append(state)
                    factors.append(factor)
                    peaks.append(weight)
                    surest.append(frame)
                    others[child] = weighed
            beam = _survivors(blanks, others, width)
        return self._texts(prefixes, beam, nbest, len(probabilities))

    def softened(self, probabilities: np.ndarray) -> np.ndarray:
        """Return (frames, classes) of probabilities as the search takes them."""
        if self._temperature == 1:
            return probabilities
        powers = probabilities ** (1 / self._temperature)
        return powers / powers.sum(axis=1, keepdims=True)

    def prior(self, text: str, before: str = "") -> float:
        """Return the logarithm of what the language model and the bonus give a text after another, the space after it included."""
        total, state, previous = 0.0, self._after(before), self._space
        for label in self._encoded(text):
            factor, state = self._worth(state, previous, label)
            total += math.log(factor)
            previous = label
        return total

    def _after(self, before: str) -> Hashable:
        """Return the state of the language model at the beginning of a line that follows a text."""
        state = self._start
        if before:
            for label in self._encoded(before[-_LOOKED_BACK:]):
                state = self._step(state, self._symbols[label])[1]
        return state

    def _encoded(self, text: str) -> list[int]:
        """Return the classes of a text and of the space after it, if there is one to come."""
        return self.charset.encode(text + " " if self._space != BLANK else text)

    def _worth(self, state: Hashable, before: int, label: int) -> tuple[float, Hashable]:
        """Return what a class is worth after another in a state of the language model, and the state after it."""
        cost, state = self._step(state, self._symbols[label])
        return self._factors[cost] * self._surprises[self._pairs[before][label]], state

    def _ended(self, prefixes: _Prefixes, prefix: int) -> float:
        """Return what the space after the last word is worth, if there is one to come."""
        label = prefixes.labels[prefix]
        if label == self._space or self._space == BLANK:
            return 1.0
        return self._worth(prefixes.states[prefix], label, self._space)[0]

    def _frames(self, probabilities: np.ndarray) -> Iterator[tuple[int, float, list[tuple[int, float]]]]:
        """Return the frames that are not surely blank: their numbers, the probabilities of a blank, and of the possible classes."""
        active = np.flatnonzero(probabilities[:, BLANK] < SURELY_BLANK)
        chosen = probabilities[active]
        rows, classes = np.nonzero(chosen[:, 1:] > _least(self.width))
        pairs = list(zip((classes + 1).tolist(), chosen[rows, classes + 1].tolist()))
        ends = np.searchsorted(rows, np.arange(len(active)), side="right").tolist()
        spans = zip([0, *ends], ends)
        return zip(active.tolist(), chosen[:, BLANK].tolist(), (pairs[start:end] for start, end in spans))

    def _texts(
        self, prefixes: _Prefixes, beam: list[tuple[int, float, float]], nbest: int, count: int
    ) -> list[Candidate]:
        found: dict[str, Candidate] = {}
        # A line ends where a word does, mostly; what stands there must not be lost for being seldom.
        scores = [(of_blank + of_other) * self._ended(prefixes, prefix) for prefix, of_blank, of_other in beam]
        for place in np.argsort(scores)[::-1]:
            prefix, score = beam[place][0], math.log(scores[place])
            characters, frames = [], []
            while prefix:
                characters.append(self.charset.characters[prefixes.labels[prefix] - 1])
                frames.append(prefixes.surest[prefix])
                prefix = prefixes.parents[prefix]
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


def _least(width: int) -> float:
    """Return the least probability of a class that is followed, and the least weight of a prefix beside the best."""
    return min(OVERLOOKED / width, MOST_OVERLOOKED)


def _survivors(blanks: dict[int, float], others: dict[int, float], width: int) -> list[tuple[int, float, float]]:
    """Return the texts to follow on, best first, at most ``width``, and their weights, such that the greatest is 1."""
    weights = others | {prefix: weight + others.get(prefix, 0.0) for prefix, weight in blanks.items()}
    ranked = sorted(weights.items(), key=itemgetter(1), reverse=True)[:width]
    best = ranked[0][1]
    floor = best * _least(width)
    return [
        (prefix, blanks.get(prefix, 0.0) / best, others.get(prefix, 0.0) / best)
        for prefix, weight in ranked
        if weight >= floor
    ]


def _indifferent(state: int, symbol: int) -> tuple[int, int]:
    return 0, 0

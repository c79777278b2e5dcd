"""The search for the texts of a line: CTC prefix beam search.

After Hannun et al., "First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs", 2014.

Prefixes far behind the best are dropped at once, so that plain Python is quick enough: about ten prefixes are left after a frame.
Where the package was compiled, decoding.c searches by plain n-grams, and finds the same.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any, Hashable, Iterator, NamedTuple, Sequence

import numpy as np

from htrtool.core.charset import BLANK
from htrtool.core.compiled import library as compiled
from htrtool.core.lm.ngram import NGram
from htrtool.core.lm.page_language import LanguageModel


@dataclass(frozen=True)
class Frames:
    """The frames of a line that are not surely blank, and the classes to follow in them.

    Args:
        numbers: int64 (frames,), which frames they are.
        blanks: float64 (frames,), the probabilities of a blank.
        ends: int64 (frames,), up to where in the other two stands what is of each frame.
        classes: int64, those to follow.
        probabilities: float64, theirs.
    """

    numbers: np.ndarray
    blanks: np.ndarray
    ends: np.ndarray
    classes: np.ndarray
    probabilities: np.ndarray

    def __iter__(self) -> Iterator[tuple[int, float, list[tuple[int, float]]]]:
        """Yield the number of each frame, the probability of a blank, and the classes to follow with theirs."""
        pairs = list(zip(self.classes.tolist(), self.probabilities.tolist()))
        ends = self.ends.tolist()
        spans = zip([0, *ends], ends)
        yield from zip(self.numbers.tolist(), self.blanks.tolist(), (pairs[start:end] for start, end in spans))


class Found(NamedTuple):
    """A text that is left in the end: its weight with the end of its last word, its classes, and the frame of each of these."""

    weight: float
    labels: Sequence[int]
    frames: Sequence[int]


@dataclass
class Knowledge:
    """What a search goes by beside the frames.

    Args:
        model: the language model, if there is one.
        symbols: that of each class in the model.
        worths: float (costs,), what a character counts by its cost in the model, in ``STEP``.
        pairs: uint8 (classes, classes), what a class is to the network after another.
        surprises: float (256,), what a character counts by that.
        space: the class of a space, ``BLANK`` if there is none.
    """

    model: LanguageModel | None
    symbols: list[Any]
    worths: np.ndarray
    pairs: np.ndarray
    surprises: np.ndarray
    space: int

    @cached_property
    def as_lists(self) -> tuple[list[float], list[bytes], list[float]]:
        """What counts, as Python looks it up fastest."""
        return self.worths.tolist(), [row.tobytes() for row in self.pairs], self.surprises.tolist()

    def worth(self, state: Hashable, before: int, label: int) -> tuple[float, Hashable]:
        """Return what a class counts after another in a state of the language model, and the state after it."""
        worths, pairs, surprises = self.as_lists
        cost, state = self.step(state, self.symbols[label])
        return worths[cost] * surprises[pairs[before][label]], state

    @property
    def step(self):
        """How the language model goes on."""
        return self.model.step if self.model is not None else _indifferent

    @cached_property
    def compiled(self) -> compiled.Knowledge | None:
        """The same for compiled functions; None where they do not know such a model."""
        if self.model is not None and not isinstance(self.model, NGram):
            return None
        self._symbols = np.array(self.symbols, np.int32)
        trie = ctypes.pointer(self.model.trie) if self.model is not None else None
        parts = (self._symbols, self.worths, self.pairs, self.surprises)
        return compiled.Knowledge(trie, *map(compiled.address, parts), len(self.pairs), self.space)


def search(frames: Frames, knowledge: Knowledge, start: Hashable, width: int, least: float) -> list[Found]:
    """Return the texts that are left of a line, at most ``width``.

    Args:
        start: the state of the language model before the line.
        least: the least weight of a prefix beside the best.
    """
    if compiled.library() is None or knowledge.compiled is None:
        return search_in_python(frames, knowledge, start, width, least)
    return _search_compiled(frames, knowledge.compiled, start, width, least)


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


def search_in_python(frames: Frames, knowledge: Knowledge, start: Hashable, width: int, least: float) -> list[Found]:
    """Return what :func:`search` does."""
    space, classes_in_all, step, symbols = knowledge.space, len(knowledge.pairs), knowledge.step, knowledge.symbols
    worths, pairs, surprises = knowledge.as_lists
    prefixes = _Prefixes(start, space)
    children, labels, states, factors = prefixes.children, prefixes.labels, prefixes.states, prefixes.factors
    parents, surest, peaks = prefixes.parents, prefixes.surest, prefixes.peaks
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
                # As Knowledge.worth has it, whose call would take as long as the rest.
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
        beam = _survivors(blanks, others, width, least)
    return [_found(prefixes, *follower, knowledge) for follower in beam]


def _survivors(
    blanks: dict[int, float], others: dict[int, float], width: int, least: float
) -> list[tuple[int, float, float]]:
    """Return the texts to follow on, best first, at most ``width``, and their weights, such that the greatest is 1."""
    weights = others | {prefix: weight + others.get(prefix, 0.0) for prefix, weight in blanks.items()}
    ranked = sorted(weights.items(), key=itemgetter(1), reverse=True)[:width]
    best = ranked[0][1]
    floor = best * least
    return [
        (prefix, blanks.get(prefix, 0.0) / best, others.get(prefix, 0.0) / best)
        for prefix, weight in ranked
        if weight >= floor
    ]


def _found(prefixes: _Prefixes, prefix: int, of_blank: float, of_other: float, knowledge: Knowledge) -> Found:
    weight, label = of_blank + of_other, prefixes.labels[prefix]
    # A line ends where a word does, mostly; what stands there must not be lost for being seldom.
    if label != knowledge.space and knowledge.space != BLANK:
        weight *= knowledge.worth(prefixes.states[prefix], label, knowledge.space)[0]
    labels, frames = [], []
    while prefix:
        labels.append(prefixes.labels[prefix])
        frames.append(prefixes.surest[prefix])
        prefix = prefixes.parents[prefix]
    return Found(weight, labels[::-1], frames[::-1])


def _search_compiled(frames: Frames, knowledge: compiled.Knowledge, start: int, width: int, least: float) -> list[Found]:
    count = len(frames.numbers)
    weights, lengths = np.empty(width), np.empty(width, np.int32)
    labels, places = np.empty((width, count), np.int32), np.empty((width, count), np.int32)
    parts = (frames.numbers, frames.ends, frames.classes, frames.blanks, frames.probabilities)
    given = compiled.Frames(*map(compiled.address, parts), count)
    outputs = map(compiled.address, (weights, lengths, labels, places))
    found = compiled.library().htr_search(knowledge, given, start, width, least, *outputs)
    if found < 0:
        raise MemoryError
    return [
        Found(weight, labels[place, :length].tolist(), places[place, :length].tolist())
        for place, (weight, length) in enumerate(zip(weights[:found].tolist(), lengths[:found].tolist()))
    ]


def _indifferent(state: int, symbol: int) -> tuple[int, int]:
    return 0, 0

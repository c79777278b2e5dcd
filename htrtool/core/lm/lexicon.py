"""Words that are known to occur, preferred by a language model.

The next word is one of the list, all of which are equally probable, or it is whatever the language model expects, and
the probability of its letters is the mixture of both. So a word of a long list gains little, and a list in which nothing
of a text is found costs little.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, Iterable, NamedTuple

import numpy as np

from htrtool.core.charset import Charset
from htrtool.core.lm.mixture import Mixture
from htrtool.core.lm.ngram import STEP, CharacterModel, NGram

LISTED = 0.3
"""The share of words that are taken to be of the list."""
AFTER = 1.0
"""What the character after a listed word costs at most, in nats: a model that knows no such word expects none."""
Symbol = int | tuple[int, ...]
"""What the model has for a character."""
_MOST = 255


class _Beginning:
    """The beginning of some listed words.

    ``cost`` is what it costs that a listed word begins so, ``whole`` that it is this and no longer, in nats.
    """

    __slots__ = ("longer", "words", "cost", "whole")

    def __init__(self) -> None:
        self.longer: dict[Symbol, _Beginning] = {}
        self.words = 0
        self.cost = self.whole = math.inf


_UNLISTED = _Beginning()


class _State(NamedTuple):
    """The state of the model, and the word that is begun: what is listed of it, and its cost in the model, in ``STEP``."""

    inner: Any
    beginning: _Beginning
    word: int


class Lexicon(CharacterModel):
    """A language model in which some words are more probable; it is asked like the model itself.

    Nothing is forced: what the list adds to the probability of a beginning is taken back where the word turns out to be
    another.
    """

    def __init__(self, model: NGram | Mixture, words: Iterable[str]):
        self.model, self.of_words, self.misread = model, model.of_words, model.misread
        self._letters: dict[Symbol, bool] = {model.symbol(c): c.isalnum() for c in model.characters}
        self._words = list(dict.fromkeys(words))

    @cached_property
    def start(self) -> _State:
        """The state before the first character."""
        return _State(self.model.start, self._nothing, 0)

    @cached_property
    def _nothing(self) -> _Beginning:
        """The beginning of all words, the empty one: made when it is first asked for, since most languages never are."""
        words = self._words
        nothing = _Beginning()
        nothing.cost = 0.0
        beginnings = []
        for word in words:
            beginning = nothing
            for symbol in map(self.model.symbol, word):
                if symbol not in beginning.longer:
                    beginning.longer[symbol] = _Beginning()
                    beginnings.append(beginning.longer[symbol])
                beginning = beginning.longer[symbol]
                beginning.words += 1
            beginning.whole = math.log(len(words))
        for beginning in beginnings:
            beginning.cost = math.log(len(words) / beginning.words)
        return nothing

    def symbols_of(self, charset: Charset) -> list[Symbol]:
        """Return the symbol of each class of a charset."""
        return self.model.symbols_of(charset)

    def costs(self, text: str) -> np.ndarray:
        """Return what each character of a line costs in the model without the words, in nats: float (characters,)."""
        return self.model.costs(text)

    def step(self, state: _State, symbol: Symbol) -> tuple[int, _State]:
        """Return what ``symbol`` costs in ``state``, in ``STEP``, and the state after it."""
        inner, beginning, word = state
        cost, inner = self.model.step(inner, symbol)
        longer = beginning.longer.get(symbol)
        if longer is not None:
            listed, after = longer.cost, _State(inner, longer, word + cost)
        elif self._letters.get(symbol, True):
            listed, after = math.inf, _State(inner, _UNLISTED, 0)
        elif beginning is self._nothing:
            return cost, _State(inner, self._nothing, 0)
        else:
            listed, after = beginning.whole + min(AFTER, STEP * cost), _State(inner, self._nothing, 0)
        added = _either(word + cost, listed) - _either(word, beginning.cost)
        return min(max(added, 0), _MOST), after


def _either(word: int, listed: float) -> int:
    """Return what a beginning costs, in ``STEP``: ``word`` in the model, in ``STEP``, ``listed`` in the list, in nats."""
    cost = STEP * word
    least = min(cost, listed)
    return round((least - math.log((1 - LISTED) * math.exp(least - cost) + LISTED * math.exp(least - listed))) / STEP)

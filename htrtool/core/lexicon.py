"""Words that are known to occur, preferred by a language model."""

from __future__ import annotations

from typing import Iterable

import numpy as np

from htrtool.core.charset import Charset
from htrtool.core.mixture import Mixture
from htrtool.core.ngram import STEP, NGram

CHEAP = 0.1
"""What a character of a listed word costs at most, in nats: as little as in the words that the model knows best."""


class Lexicon:
    """A language model in which some words are more probable; it is asked like the model itself.

    While a prefix goes on like a listed word, each character costs less; what was saved is paid back where the word
    turns out to be another. So nothing is forced, and words that begin alike don't gain by it.
    """

    def __init__(self, model: NGram | Mixture, words: Iterable[str]):
        self.model = model
        self._letters: dict[int, bool] = {model.symbol(c): c.isalnum() for c in model.characters}
        self._tree: dict = {}
        for word in words:
            node = self._tree
            for character in word:
                node = node.setdefault(model.symbol(character), {})
            node[None] = {}
        self._states: list[tuple[int, dict | None, int]] = []
        self._number: dict[tuple[int, int, int], int] = {}
        self.start = self._state(model.start, self._tree, 0)

    def symbols_of(self, charset: Charset) -> list[int]:
        """Return the symbol of each class of a charset."""
        return self.model.symbols_of(charset)

    def costs(self, text: str) -> np.ndarray:
        """Return what each character of a line costs in the model without the words, in nats."""
        return self.model.costs(text)

    def step(self, state: int, symbol: int) -> tuple[int, int]:
        """Return what ``symbol`` costs in ``state``, in ``STEP``, and the state after it."""
        inner, node, saved = self._states[state]
        cost, inner = self.model.step(inner, symbol)
        if node is not None and symbol in node:
            saving = max(0, cost - round(CHEAP / STEP))
            return cost - saving, self._state(inner, node[symbol], saved + saving)
        letter = self._letters.get(symbol, True)
        complete = node is not None and None in node and not letter
        return cost + (0 if complete else saved), self._state(inner, None if letter else self._tree, 0)

    def _state(self, inner: int, node: dict | None, saved: int) -> int:
        key = (inner, id(node), saved)
        number = self._number.get(key)
        if number is None:
            number = self._number[key] = len(self._states)
            self._states.append((inner, node, saved))
        return number

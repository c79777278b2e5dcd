"""Several language models as one, such as that of a language and that of an archive."""

from __future__ import annotations

import math
from typing import Sequence

from htrtool.core.charset import Charset
from htrtool.core.ngram import STEP, CharacterModel, NGram

_REMEMBERED = 200_000


class Mixture(CharacterModel):
    """The mean of what several language models hold probable; it is asked like one of them.

    A state is that of each model, a symbol stands for that of each.
    """

    def __init__(self, models: Sequence[NGram]):
        self.models = tuple(models)
        self.characters = "".join(dict.fromkeys(character for model in models for character in model.characters))
        self._symbols: list[tuple[int, ...]] = []
        self._number: dict[tuple[int, ...], int] = {}
        self._steps: dict[tuple[tuple[int, ...], int], tuple[int, tuple[int, ...]]] = {}
        self.start = tuple(model.start for model in self.models)

    def symbol(self, character: str) -> int:
        """Return the symbol of a character."""
        return self._numbered(tuple(model.symbol(character) for model in self.models))

    def symbols_of(self, charset: Charset) -> list[int]:
        """Return the symbol of each class of a charset, the blank's being that of the unknown."""
        return [self._numbered(symbols) for symbols in zip(*(model.symbols_of(charset) for model in self.models))]

    def step(self, state: tuple[int, ...], symbol: int) -> tuple[int, tuple[int, ...]]:
        """Return what ``symbol`` costs in ``state``, in ``STEP``, and the state after it."""
        known = self._steps.get((state, symbol))
        if known is None:
            if len(self._steps) >= _REMEMBERED:
                self._steps = {}
            steps = [model.step(*at) for model, *at in zip(self.models, state, self._symbols[symbol])]
            least = min(cost for cost, _ in steps)
            mean = sum(math.exp(STEP * (least - cost)) for cost, _ in steps) / len(steps)
            cost = round(least - math.log(mean) / STEP)
            known = self._steps[state, symbol] = cost, tuple(after for _, after in steps)
        return known

    def _numbered(self, symbols: tuple[int, ...]) -> int:
        number = self._number.get(symbols)
        if number is None:
            number = self._number[symbols] = len(self._symbols)
            self._symbols.append(symbols)
        return number

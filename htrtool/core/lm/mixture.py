"""Several language models as one, such as that of a language and that of an archive."""

from __future__ import annotations

import math
from typing import Iterable, NamedTuple, Sequence

from htrtool.core.charset import Charset
from htrtool.core.lm.ngram import STEP, UNKNOWN, CharacterModel, NGram

REMEMBERED = 0.8
"""What remains, from one character to the next, of how much better one model did than another."""
GRAIN = 4
"""To which multiple of ``STEP`` that is rounded, so that there are few states."""
WORST = 60
"""By how much a model may be behind, in ``STEP``: it has a chance where the text becomes its own."""
WEIGHT_OF_SIZE = 0.75
"""The exponent of a model's number of n-grams in what it counts: what a few lines tell is often wrong of other lines."""
_KEPT = 200_000
_Symbol = tuple[int, ...]


class _State(NamedTuple):
    """The state of each model, and by how much, in ``STEP``, each is behind the one that did best lately."""

    inner: tuple[int, ...]
    behind: tuple[int, ...]


class Mixture(CharacterModel):
    """The mean of what several language models hold probable, each weighed by its size and how well it did on the last characters.

    It is asked like one of them; a symbol is that of each. So a small model of an archive speaks where the text
    is like the archive's; SRILM's ``ngram -bayes`` (Stolcke, 2002) weighs by the likelihood of a fixed context.

    Args:
        models: what is mixed.
        charset: the characters that can occur; without it, those that the models know.
    """

    def __init__(self, models: Sequence[NGram], charset: Charset | None = None):
        self.models = tuple(models)
        self.of_words = all(model.of_words for model in self.models)
        # What is not known of one would count as nothing, by which languages differ less than they do.
        known = [model.misread for model in self.models if model.misread]
        self.misread = sum(known) / len(known) if known else 0.0
        self.characters = "".join(dict.fromkeys(character for model in models for character in model.characters))
        self._sizes = [model.size**WEIGHT_OF_SIZE for model in self.models]
        # A small model knows few characters, and one that it does not know is only one of the many that are left.
        occurring = charset.characters if charset else self.characters
        self._unknown = [self._share_of_unknown(model, occurring) for model in models]
        self._steps: dict[tuple[_State, _Symbol], tuple[int, _State]] = {}
        self.start = _State(tuple(model.start for model in self.models), (0,) * len(self.models))

    def symbol(self, character: str) -> _Symbol:
        """Return the symbol of a character."""
        return tuple(model.symbol(character) for model in self.models)

    def symbols_of(self, charset: Charset) -> list[_Symbol]:
        """Return the symbol of each class of a charset, the blank's being that of the unknown."""
        return list(zip(*(model.symbols_of(charset) for model in self.models)))

    @staticmethod
    def _share_of_unknown(model: NGram, characters: Iterable[str]) -> int:
        """Return what it costs to be a certain one of the characters that a model does not know, in ``STEP``."""
        return round(math.log(max(1, sum(model.symbol(character) == UNKNOWN for character in characters))) / STEP)

    def step(self, state: _State, symbol: _Symbol) -> tuple[int, _State]:
        """Return what ``symbol`` costs in ``state``, in ``STEP``, and the state after it."""
        known = self._steps.get((state, symbol))
        if known is None:
            if len(self._steps) >= _KEPT:
                self._steps = {}
            known = self._steps[state, symbol] = self._step(state, symbol)
        return known

    def _step(self, state: _State, symbol: _Symbol) -> tuple[int, _State]:
        steps = [model.step(*at) for model, *at in zip(self.models, state.inner, symbol)]
        costs = [
            cost + (unknown if own == UNKNOWN else 0) for (cost, _), own, unknown in zip(steps, symbol, self._unknown)
        ]
        weights = [size * math.exp(-STEP * behind) for size, behind in zip(self._sizes, state.behind)]
        least = min(costs)
        mean = sum(weight * math.exp(STEP * (least - cost)) for weight, cost in zip(weights, costs)) / sum(weights)
        totals = [REMEMBERED * behind + cost for behind, cost in zip(state.behind, costs)]
        best = min(totals)
        behind = tuple(min(GRAIN * round((total - best) / GRAIN), WORST) for total in totals)
        return round(least - math.log(mean) / STEP), _State(tuple(after for _, after in steps), behind)

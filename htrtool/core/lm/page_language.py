"""The language models of several languages, of which a page is read with the one that fits it."""

from __future__ import annotations

from itertools import pairwise
from typing import Mapping, Sequence

import numpy as np

from htrtool.core.lm.lexicon import Lexicon
from htrtool.core.lm.mixture import Mixture
from htrtool.core.lm.ngram import CAPITALS, NGram, doubtful_cost
from htrtool.core.lm.recurrent import RecurrentLM

LanguageModel = NGram | Mixture | Lexicon
"""What a search can ask for the cost of a character."""

CLEAR = 0.7
"""By how many nats a line and its page must be cheaper in their language than in the next."""
CLEAR_OF_WORDS = 2.0
"""The same for a language of which only words are known; else it is none of theirs."""
OTHERS = 3.0
"""What the other lines of a page tell against a language at most, in nats, so that a line can be in another one."""
IN_CAPITALS = 0.45
"""The share of capitals after letters, of a line and its page on average, from which the line is in capitals."""


class Languages:
    """The models of some languages, that of all of them together under ``""``, and that of texts in capitals.

    A ``recurrent`` model, if there is one, chooses among the texts that a search with them leaves.
    """

    def __init__(self, models: Mapping[str, LanguageModel], recurrent: RecurrentLM | None = None):
        self.models, self.recurrent = dict(models), recurrent

    def of(self, page: Sequence[str]) -> list[str]:
        """Return what each line of a page, read with some mistakes, is in.

        That is what it and the other lines cost least in, or ``""`` if it is not clear; but ``CAPITALS`` for a line in capitals.
        """
        found = self._languages_of(page)
        if CAPITALS not in self.models:
            return found
        whole = _share_of_capitals("\n".join(page))
        return [
            CAPITALS if _share_of_capitals(line) + whole >= 2 * IN_CAPITALS else language
            for line, language in zip(page, found)
        ]

    def _languages_of(self, page: Sequence[str]) -> list[str]:
        languages = [language for language in self.models if language not in ("", CAPITALS)]
        if not languages:
            return [""] * len(page)
        costs = np.array([[self._cost(line, language) for language in languages] for line in page]).reshape(-1, len(languages))
        others = costs.sum(axis=0) - costs
        costs += np.minimum(others - others.min(axis=1, keepdims=True), OTHERS)
        return [self._clear(dict(zip(languages, row.tolist()))) for row in costs]

    def _cost(self, line: str, language: str) -> float:
        """Return what a line costs in a language beyond what it would if it were misread."""
        model = self.models[language]
        return doubtful_cost(model.costs(line)) - model.misread * len(line)

    def _clear(self, costs: Mapping[str, float]) -> str:
        """Return the language of the least cost, ``""`` if it is not clear."""
        ranked = sorted(costs, key=costs.get)
        of_sentences = [language for language in ranked if not self.models[language].of_words]
        for best, clear in ((ranked, CLEAR_OF_WORDS), (of_sentences, CLEAR)):
            if best and (len(best) == 1 or costs[best[1]] - costs[best[0]] > clear):
                return best[0]
        return ""


def _share_of_capitals(text: str) -> float:
    """Return the share of capitals among the letters that stand after a letter."""
    letters = [letter for before, letter in pairwise(text) if before.isalpha() and letter.isalpha()]
    return sum(map(str.isupper, letters)) / len(letters) if letters else 0.0

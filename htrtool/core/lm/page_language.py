"""The language models of several languages, of which a page is read with the one that fits it."""

from __future__ import annotations

from itertools import pairwise
from typing import Mapping, Sequence

import numpy as np

from htrtool.core.lm.lexicon import Lexicon
from htrtool.core.lm.mixture import Mixture
from htrtool.core.lm.ngram import CAPITALS, NGram
from htrtool.core.lm.recurrent import RecurrentLM

LanguageModel = NGram | Mixture | Lexicon
"""What a search can ask for the cost of a character."""

FOREIGN = 1.0
"""What a character tells against a language at most, in nats: what was misread costs much in all of them, and least in
that whose model knows least."""
CLEAR = 1.0
"""By how many nats a page must be cheaper in its language than in the next, all of its characters together."""
CLEAR_OF_WORDS = 2.0
"""The same for a language of which only words are known; else it is none of the page's."""
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

        That is the page's language, or ``""`` if it is not clear; but ``CAPITALS`` for a line in capitals.
        """
        language = self._language(page)
        if CAPITALS not in self.models:
            return [language] * len(page)
        whole = _share_of_capitals("\n".join(page))
        return [CAPITALS if _share_of_capitals(line) + whole >= 2 * IN_CAPITALS else language for line in page]

    def _language(self, page: Sequence[str]) -> str:
        languages = [language for language in self.models if language not in ("", CAPITALS)]
        if not languages:
            return ""
        costs = dict.fromkeys(languages, 0.0)
        for line in page:
            for language in languages:
                costs[language] += float(np.minimum(self.models[language].costs(line), FOREIGN).sum())
        ranked = sorted(languages, key=costs.get)
        of_sentences = [language for language in ranked if not self.models[language].of_words]
        for best, clear in ((ranked, CLEAR_OF_WORDS), (of_sentences, CLEAR)):
            if best and (len(best) == 1 or costs[best[1]] - costs[best[0]] > clear):
                return best[0]
        return ""


def _share_of_capitals(text: str) -> float:
    """Return the share of capitals among the letters that stand after a letter."""
    letters = [letter for before, letter in pairwise(text) if before.isalpha() and letter.isalpha()]
    return sum(map(str.isupper, letters)) / len(letters) if letters else 0.0

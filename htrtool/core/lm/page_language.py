"""The language models of several languages, of which a page is read with the one that fits it."""

from __future__ import annotations

from itertools import pairwise
from typing import Mapping, Sequence

import numpy as np

from htrtool.core.lm.lexicon import Lexicon
from htrtool.core.lm.mixture import Mixture
from htrtool.core.lm.ngram import CAPITALS, NGram

LanguageModel = NGram | Mixture | Lexicon
"""What a search can ask for the cost of a character."""

FOREIGN = 1.0
"""What a character tells against a language at most, in nats: what was misread costs much in all of them, and least in
that whose model knows least."""
CLEAR = 1.0
"""By how many nats a page must be cheaper in its language than in the next, all of its characters together."""
IN_CAPITALS = 0.45
"""The share of capitals after letters, of a line and its page on average, from which the line is in capitals."""


class Languages:
    """The models of some languages, that of all of them together under ``""``, and that of texts in capitals."""

    def __init__(self, models: Mapping[str, LanguageModel]):
        self.models = dict(models)

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
        costs = np.zeros(len(languages))
        for line in page:
            costs += [np.minimum(self.models[language].costs(line), FOREIGN).sum() for language in languages]
        best, *others = np.sort(costs)
        clear = not others or others[0] - best > CLEAR
        return languages[int(costs.argmin())] if clear else ""


def _share_of_capitals(text: str) -> float:
    """Return the share of capitals among the letters that stand after a letter."""
    letters = [letter for before, letter in pairwise(text) if before.isalpha() and letter.isalpha()]
    return sum(map(str.isupper, letters)) / len(letters) if letters else 0.0

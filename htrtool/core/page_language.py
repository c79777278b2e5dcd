"""The language models of several languages, of which a page is read with the one that fits it."""

from __future__ import annotations

from typing import Iterable, Mapping

import numpy as np

from htrtool.core.lexicon import Lexicon
from htrtool.core.mixture import Mixture
from htrtool.core.ngram import NGram

LanguageModel = NGram | Mixture | Lexicon
"""What a search can ask for the cost of a character."""

FOREIGN = 1.0
"""What a character tells against a language at most, in nats: what was misread costs much in all of them, and least in
that whose model knows least."""
CLEAR = 1.0
"""By how many nats a page must be cheaper in its language than in the next, all of its characters together."""


class Languages:
    """The models of some languages, and under ``""`` that of all of them together."""

    def __init__(self, models: Mapping[str, LanguageModel]):
        self.models = dict(models)

    def of(self, page: Iterable[str]) -> str:
        """Return the language of the lines of a page, read with some mistakes, or ``""`` if it is not clear."""
        languages = [language for language in self.models if language]
        if not languages:
            return ""
        costs = np.zeros(len(languages))
        for line in page:
            costs += [np.minimum(self.models[language].costs(line), FOREIGN).sum() for language in languages]
        best, *others = np.sort(costs)
        clear = not others or others[0] - best > CLEAR
        return languages[int(costs.argmin())] if clear else ""

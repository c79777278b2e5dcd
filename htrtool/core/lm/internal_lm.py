"""What a network expects of a text by itself: which character comes after which, in what it was trained on.

A network that reads lines learns their language too, and a language model beside it counts that twice. So decoding takes
out again what pairs of characters tell: the low-order density ratio of Zheng et al., "An Empirical Study of Language
Model Integration for Transducer based Speech Recognition" (2022).
"""

from __future__ import annotations

import base64
import zlib
from typing import Iterable

import numpy as np

from htrtool.core.charset import BLANK, Charset
from htrtool.core.errors import InputError
from htrtool.core.lm.ngram import STEP

TRUST = 100
"""For how many pairs after each character counts what was known of it before."""


class InternalLM:
    """How probable each character of a charset is after each.

    Args:
        costs: uint8 (classes, classes), minus the logarithm of the probability of the second class after the first, in
            ``STEP``; the blank's are 0.
    """

    def __init__(self, charset: Charset, costs: np.ndarray):
        self.charset, self.costs = charset, costs

    @classmethod
    def fit(cls, texts: Iterable[str], charset: Charset, known: InternalLM | None = None) -> InternalLM:
        """Count the pairs in lines of text, each with a space before and after it.

        Args:
            texts: lines in characters of the charset.
            known: what the network expected before it learned these lines; its charset may be another.
        """
        counts = np.zeros((charset.classes, charset.classes))
        for text in texts:
            line = charset.encode(f" {text} " if " " in charset else text)
            np.add.at(counts, (line[:-1], line[1:]), 1)
        counts = counts[1:, 1:]
        single = 1 + counts.sum(0)
        before = np.tile(single / single.sum(), (len(single), 1))
        if known is not None:
            theirs, own = map(np.array, known.charset.shared(charset))
            # The more lines there are, the less that counts: or pairs that never occur would seem rarer with each training.
            trust = TRUST / (TRUST + counts[own - 1].sum(1, keepdims=True))
            logarithms = -STEP * known.costs[np.ix_(theirs, theirs)].astype(float)
            square = np.ix_(own - 1, own - 1)
            before[square] = np.exp(trust * logarithms + (1 - trust) * np.log(before[square]))
            before /= before.sum(1, keepdims=True)
        shares = (counts + TRUST * before) / (counts.sum(1, keepdims=True) + TRUST)
        # No text tells one number from another.
        figures = [place for place, character in enumerate(charset.characters) if character.isdecimal()]
        if figures:
            shares[figures] = shares[figures].mean(0)
            shares[:, figures] = shares[:, figures].sum(1, keepdims=True)
        costs = np.zeros((charset.classes, charset.classes), np.uint8)
        costs[1:, 1:] = np.clip(np.rint(-np.log(shares) / STEP), 0, 255)
        return cls(charset, costs)

    def surprises(self, text: str) -> np.ndarray:
        """Return what each character of a line costs after the one before it, in nats: float (characters,)."""
        before, labels = self.charset.encode(" ") if " " in self.charset else [BLANK], self.charset.encode(text)
        return STEP * self.costs[(before + labels)[:-1], labels]

    def to_json(self) -> str:
        """Return it as text, the charset left out."""
        return base64.b64encode(zlib.compress(self.costs.tobytes(), 9)).decode()

    @classmethod
    def of(cls, text: str, charset: Charset) -> InternalLM | None:
        """Make again what ``to_json`` wrote; None of an empty text.

        Raises:
            InputError: the text is something else.
        """
        if not text:
            return None
        try:
            costs = np.frombuffer(zlib.decompress(base64.b64decode(text, validate=True)), np.uint8)
            return cls(charset, costs.reshape(charset.classes, charset.classes))
        except (zlib.error, ValueError) as error:
            raise InputError(f"expected the costs of pairs of {charset.classes} classes, received something else ({error})") from None

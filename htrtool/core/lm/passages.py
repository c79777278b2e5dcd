"""Passages of texts, cut into lines as handwriting is, for a recurrent language model to learn from."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Iterable, NamedTuple, Sequence

import numpy as np

from htrtool.core.errors import InputError
from htrtool.core.labels import plain
from htrtool.core.lm.ngram import FIGURE, FIGURES
from htrtool.core.lm.ngram_training import LanguageText
from htrtool.core.lm.recurrent import LINE_END, Symbols

LENGTH = 192
"""The characters of a passage: a few lines of handwriting."""
LEAST = 30
"""A character that occurs less often is not told from others unknown."""
ROW = 80
"""Texts whose rows are mostly no longer than this are taken for lines as they stand, the others are wrapped."""
WIDTHS = 25, 75
"""Between how many characters a line a text is wrapped."""
AS_LINES, AS_WORDS = 3.0, 0.05
"""What a character counts of a text that stands in lines, such as transcriptions, and of mere words, beside others of prose."""
UNTOLD = 0.3
"""The share of passages whose language is not told, as that of a line is not always clear."""
_FIGURES_ALIKE = str.maketrans(FIGURES, FIGURE * len(FIGURES))


class _Text(NamedTuple):
    """The words of a text, ``LINE_END`` where its rows end, and whether these are lines."""

    words: Sequence[str]
    in_lines: bool


class Passages:
    """Draws passages: a text and its language the oftener, the more there is of them, by the square root.

    Args:
        texts: what to draw from.

    Raises:
        InputError: there is no text.
    """

    def __init__(self, texts: Iterable[LanguageText]):
        self._texts: dict[str, list[_Text]] = defaultdict(list)
        weights: dict[str, list[float]] = defaultdict(list)
        counts: Counter[str] = Counter()
        for language, text, is_words in texts:
            rows = [row for row in (plain(row.translate(_FIGURES_ALIKE)) for row in text.splitlines()) if row]
            if not rows:
                continue
            in_lines = not is_words and float(np.median([len(row) for row in rows])) <= ROW
            words = [word for row in rows for word in (*row.split(" "), LINE_END)]
            self._texts[language].append(_Text(words, in_lines))
            characters = sum(map(len, rows))
            weights[language].append(characters * (AS_WORDS if is_words else AS_LINES if in_lines else 1.0))
            for row in rows:
                counts.update(row)
        if not counts:
            raise InputError("expected text to make a language model of, received none")
        self.languages = sorted(self._texts)
        known = sorted(c for c, count in counts.items() if count >= LEAST and c != LINE_END)
        self.symbols = Symbols("".join(known), [language for language in self.languages if language])
        self._shares = _shares([sum(weights[language]) for language in self.languages])
        self._of_texts = {language: _shares(weights[language]) for language in self.languages}
        self.characters = sum(counts.values())

    def batch(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """Return passages as symbols, int32 (size, ``LENGTH`` + 1), each with the beginning of a line at its head."""
        return np.stack([self._passage(rng) for _ in range(size)])

    def _passage(self, rng: np.random.Generator) -> np.ndarray:
        language = self.languages[rng.choice(len(self.languages), p=self._shares)]
        texts = self._texts[language]
        told = language if rng.random() >= UNTOLD else ""
        line = self._lines(texts[rng.choice(len(texts), p=self._of_texts[language])], rng)
        beginning = self.symbols.beginning(told)
        return np.array([*beginning, *self.symbols.encode(line)], np.int32)[: LENGTH + 1]

    @staticmethod
    def _lines(text: _Text, rng: np.random.Generator) -> str:
        """Return lines of a text from a word drawn at random on, around to its beginning where it ends."""
        words, count = text.words, len(text.words)
        at = int(rng.integers(count))
        if text.in_lines:
            while words[at - 1] != LINE_END:
                at = (at + 1) % count
        width = LENGTH if text.in_lines else int(rng.integers(*WIDTHS, endpoint=True))
        lines, line, length = [], "", 0
        while length <= LENGTH:
            word, at = words[at], (at + 1) % count
            if line and (word == LINE_END or len(line) + len(word) >= width):
                lines.append(line)
                length += len(line) + 1
                line = ""
            if word != LINE_END:
                line = f"{line} {word}" if line else word
        return LINE_END.join([*lines, ""])


def _shares(weights: Sequence[float]) -> np.ndarray:
    roots = np.sqrt(weights)
    return roots / roots.sum()

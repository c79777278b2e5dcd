"""Character n-gram models from text: counted, smoothed after Kneser and Ney, and cut down to a size.

Something is taken off each count and given to the next shorter context (Chen and Goodman, "An Empirical Study of
Smoothing Techniques for Language Modeling", 1999). What counts there is, after Kneser and Ney (1995), before how many
different characters an n-gram was seen, not how often; but tempered with how often, since of a few million characters
of text the kinds alone tell too little of what is usual in other texts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Callable, Iterable, Iterator, NamedTuple

import numpy as np

from htrtool.core.errors import HtrError, InputError
from htrtool.core.labels import capitals, plain
from htrtool.core.lm.ngram import CAPITALS, FIGURE, FIGURES, STEP, NGram, doubtful_cost
from htrtool.core.text_files import read_utf8
from htrtool.core.text_names import text_name

ORDER = 6
"""The length of the longest n-grams; packed, they have room for 8."""
NODES = 500_000
LEAST = 3
"""A character that occurs less often is not told from others unknown."""
MOST_CHARACTERS = 250
OTHERS = 0.015
"""What a text in another language counts."""
KINDS = 0.7
"""The exponent of the kinds of characters before an n-gram in what it counts for longer ones; the rest is that of its count."""
GARBLED, ROWS, WIDTH = 0.4, 300, 60
"""The share of characters that are changed in text that is taken for misread, and of how many rows of each language, how long."""
DISCOUNTS = (0.0, 0.9, 1.5, 2.4)
"""What is taken off a count of 0, 1, 2 and of 3 and more. These four were chosen on transcriptions of documents kept aside."""
_SYMBOL = np.uint64(8)


@dataclass
class _Level:
    """The n-grams of one order, sorted: their symbols packed into uint64, and what is known of each.

    ``parent`` and ``shorter`` are the places, among those one symbol shorter, of the n-gram without its last symbol
    and without its first.
    """

    keys: np.ndarray
    counts: np.ndarray
    parent: np.ndarray
    shorter: np.ndarray
    probability: np.ndarray


def train_ngram(texts: Iterable[tuple[str, float]], nodes: int = NODES) -> NGram:
    """Make a model of texts.

    Args:
        texts: each with the weight of its counts; line ends count as spaces.
        nodes: how many n-grams to keep at most; those go first that change least.

    Raises:
        InputError: there is no text.
    """
    prepared = [(f" {text} ", weight) for text, weight in ((plain(text), weight) for text, weight in texts) if text]
    if not prepared:
        raise InputError("expected text to make a language model of, received none")
    frequency = Counter()
    for text, _ in prepared:
        frequency.update(text)
    figures = sum(frequency.pop(figure, 0) for figure in FIGURES)
    kept = [c for c, count in frequency.most_common(MOST_CHARACTERS) if count >= LEAST or c == " "]
    characters = "".join(sorted(kept + [FIGURE] * bool(figures)))
    levels = _levels(*_longest(prepared, characters), len(characters) + 1)
    return _model(characters, levels, _kept(levels, nodes))


class LanguageText(NamedTuple):
    """A text, its language, ``""`` if that is not told, and whether it is words only, in no order that means anything."""

    language: str
    text: str
    is_words: bool = False


def train_languages(texts: Iterable[LanguageText]) -> dict[str, NGram]:
    """Make a model of each language that texts are in, if there are several, and one of all of them.

    That of a language learns from its texts, from those of which no language is told, and a little from the others,
    since names, quotations and places are in any language. In that of all, languages with less text count for more. Since
    some write in block letters, all texts in capitals are like one more language. Words alone teach their own language only,
    for they would water down what the others tell of sentences.

    Returns:
        The models by language, that of all under ``""``, and if there are several that of capitals under ``CAPITALS``.

    Raises:
        InputError: there is no text.
    """
    texts = [text for text in texts if plain(text.text)]
    languages = sorted({text.language for text in texts} - {""})
    common = [text for text in texts if not text.is_words] or texts
    lengths = Counter()
    for language, text, _ in common:
        lengths[language] += len(text)
    most = max(lengths.values(), default=0)
    balanced = [(text, (most / lengths[language]) ** 0.5) for language, text, _ in common]
    models = {"": train_ngram(balanced)}
    if len(languages) > 1:
        for own in languages:
            models[own] = train_ngram(
                (
                    (text, 1.0 if language in ("", own) else OTHERS)
                    for language, text, is_words in texts
                    if language == own or not is_words
                )
            )
            models[own].of_words = all(text.is_words for text in texts if text.language == own)
        misread = _misread([[text.text for text in texts if text.language == own] for own in languages])
        for model in models.values():
            model.misread = sum(doubtful_cost(model.costs(row)) for row in misread) / sum(map(len, misread))
        models[CAPITALS] = train_ngram(((capitals(text), weight) for text, weight in balanced))
    return models


def _misread(languages: Iterable[list[str]]) -> list[str]:
    """Return rows of texts, as many of each language, many of whose characters but spaces are others that occur in them."""
    rng = np.random.default_rng(0)
    drawn = []
    for texts in languages:
        rows = list(filter(None, (plain(row)[:WIDTH].strip() for text in texts for row in text.splitlines())))
        drawn += [rows[place] for place in rng.permutation(len(rows))[:ROWS]]
    characters = np.array(list("".join(drawn)))
    inner, others = characters != " ", rng.choice(characters[characters != " "], len(characters))
    changed = np.where(inner & (rng.random(len(characters)) < GARBLED), others, characters)
    ends = np.cumsum([len(row) for row in drawn])
    return ["".join(changed[end - len(row) : end]) for row, end in zip(drawn, ends)]


def read_texts(names: Iterable[str], report: Callable[[HtrError], None]) -> Iterator[LanguageText]:
    """Yield what text files say ('-': standard input), and what their names tell of it.

    Args:
        report: called with what is wrong with a file; the others are still yielded.
    """
    for name in names:
        try:
            content = read_utf8(name)
        except InputError as error:
            report(error)
            continue
        told = text_name(name)
        yield LanguageText(told.language, content, told.is_words)


def _longest(texts: list[tuple[str, float]], characters: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the n-grams of the highest order, packed and sorted, and their counts."""
    table = np.zeros(0x110000, np.uint64)
    for symbol, character in enumerate(characters, start=1):
        table[[ord(c) for c in (FIGURES if character == FIGURE else character)]] = symbol
    found = []
    for text, weight in texts:
        # Ends filled up with spaces bring the last characters into the shorter n-grams too.
        padded = table[np.frombuffer((text + " " * (ORDER - 1)).encode("utf-32-le"), np.uint32)]
        keys = np.zeros(len(text), np.uint64)
        for place in range(ORDER):
            keys = keys << _SYMBOL | padded[place : place + len(text)]
        unique, times = np.unique(keys, return_counts=True)
        found.append((unique, times * weight))
    keys, place = np.unique(np.concatenate([keys for keys, _ in found]), return_inverse=True)
    return keys, np.bincount(place, np.concatenate([counts for _, counts in found]))


def _levels(keys: np.ndarray, counts: np.ndarray, symbols: int) -> list[_Level]:
    """Return the n-grams of each order from 1 on with their smoothed probabilities."""
    tables = [_shortened(keys, counts, ORDER - length) for length in range(1, ORDER)] + [(keys, counts)]
    levels = []
    shorter_keys, shorter = np.zeros(1, np.uint64), np.full(1, 1 / symbols)
    for place, (keys, counts) in enumerate(tables):
        parent = np.searchsorted(shorter_keys, keys >> _SYMBOL)
        suffix = np.searchsorted(shorter_keys, _without_first(keys, place))
        weights = _tempered(keys, counts, place + 1, *tables[place + 1]) if place + 1 < ORDER else counts
        discounts = np.interp(weights, range(len(DISCOUNTS)), DISCOUNTS)
        total, freed = np.bincount(parent, weights)[parent], np.bincount(parent, discounts)[parent]
        probability = (weights - discounts + freed * shorter[suffix]) / total
        levels.append(_Level(keys, counts, parent, suffix, probability))
        shorter_keys, shorter = keys, probability
    return levels


def _shortened(keys: np.ndarray, counts: np.ndarray, symbols: int) -> tuple[np.ndarray, np.ndarray]:
    """Return sorted n-grams without their last ``symbols``, and their counts."""
    prefixes = keys >> np.uint64(8 * symbols)
    starts = np.flatnonzero(np.diff(prefixes, prepend=prefixes[0] + np.uint64(1)))
    return prefixes[starts], np.add.reduceat(counts, starts)


def _without_first(keys: np.ndarray, length: int) -> np.ndarray:
    """Return the last ``length`` symbols of n-grams one longer."""
    return keys & np.uint64((1 << 8 * length) - 1)


def _tempered(
    keys: np.ndarray, counts: np.ndarray, length: int, longer: np.ndarray, longer_counts: np.ndarray
) -> np.ndarray:
    """Return what n-grams of ``length`` symbols count for those one longer, which tell the kinds of symbols before them."""
    kinds = np.bincount(np.searchsorted(keys, _without_first(longer, length)), np.minimum(longer_counts, 1), len(keys))
    return np.where(kinds > 0, kinds, np.minimum(counts, 1)) ** KINDS * counts ** (1 - KINDS)


def _kept(levels: list[_Level], nodes: int) -> list[np.ndarray]:
    """Return which n-grams of each order to keep, bool.

    An n-gram goes that changes the text's likelihood less than others (Seymore and Rosenfeld, "Scalable Backoff
    Language Models", 1996), unless a longer one that stays begins or ends with it.
    """
    gains = [np.full(len(levels[0].keys), np.inf)]
    for level, below in zip(levels[1:], levels):
        gains.append(level.counts * np.abs(np.log(level.probability / below.probability[level.shorter])))

    def above(threshold: float) -> list[np.ndarray]:
        kept = [gain > threshold for gain in gains]
        for place in range(len(levels) - 1, 0, -1):
            for needed in (levels[place].parent, levels[place].shorter):
                kept[place - 1][needed[kept[place]]] = True
        return kept

    low, high = 0.0, 1e6
    while high - low > 0.02 * high and high > 1e-3:
        middle = (low + high) / 2 if low else high / 8
        if sum(int(part.sum()) for part in above(middle)) > nodes:
            low = middle
        else:
            high = middle
    return above(high)


def _model(characters: str, levels: list[_Level], kept: list[np.ndarray]) -> NGram:
    symbols, costs, children, backoffs = [np.zeros(1)], [np.zeros(1)], [], []
    number, parents = np.zeros(1, np.int64), 1
    below = np.full(1, 1 / (len(characters) + 1))
    for place, (level, stays) in enumerate(zip(levels, kept)):
        parent = number[level.parent[stays]]
        probability = level.probability[stays]
        shorter = below[level.shorter[stays]] if place else np.full(len(parent), below[0])
        seen = np.bincount(parent, probability, parents)
        seen_shorter = np.bincount(parent, shorter, parents)
        children.append(np.bincount(parent, minlength=parents))
        backoffs.append(-np.log(np.maximum(1 - seen, 1e-6) / np.maximum(1 - seen_shorter, 1e-6)))
        symbols.append(level.keys[stays] & np.uint64(255))
        costs.append(-np.log(probability))
        number = np.cumsum(stays) - 1
        below, parents = level.probability, int(stays.sum())
    return NGram(
        characters,
        np.concatenate(symbols).astype(np.uint8),
        np.concatenate(children).astype(np.uint8),
        _quantised(costs),
        _quantised(backoffs),
    )


def _quantised(logs: list[np.ndarray]) -> np.ndarray:
    return np.clip(np.rint(np.concatenate(logs) / STEP), 0, 255).astype(np.uint8)

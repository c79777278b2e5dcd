"""Error rates of what was read against the truth, with intervals."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Iterable, Iterator, Sequence

import numpy as np
from rapidfuzz.distance import Levenshtein

from htrtool.core.scoring.rates import COUNTS, METRICS, Metric

RESAMPLES = 2000
_CELLS_AT_ONCE = 2_000_000


def normalise(
    text: str,
    plain: bool = False,
    ignore_case: bool = False,
    ignore_accents: bool = False,
    ignore_punctuation: bool = False,
) -> str:
    """Return ``text`` as it is compared: NFC, white space folded to single spaces, and what else is asked for.

    Args:
        plain: make curly quotes, dashes, long s and the like plain (:func:`htrtool.core.labels.plain`).
        ignore_case: fold case as Unicode defines it.
        ignore_accents: drop combining marks, é to e.
        ignore_punctuation: drop characters of the Unicode categories P*.
    """
    if plain:
        from htrtool.core import labels

        text = labels.plain(text)
    if ignore_case:
        text = text.casefold()
    if ignore_accents:
        text = "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
    if ignore_punctuation:
        text = "".join(c for c in text if not unicodedata.category(c).startswith("P"))
    return " ".join(unicodedata.normalize("NFC", text).split())


def count(truth: str | None, read: str | None) -> np.ndarray:
    """Count one line.

    Args:
        truth: what the line says; None for a surplus line, which the truth does not have.
        read: what was read; None for a line that was missed.

    Returns:
        (len(COUNTS),) int64, in the order of ``COUNTS``. A missing line has all its characters deleted, a surplus
        line all of them inserted.
    """
    expected, received = truth or "", read or ""
    words, words_read = expected.split(), received.split()
    return np.array(
        (
            len(expected),
            Levenshtein.distance(expected, received),
            len(words),
            Levenshtein.distance(words, words_read),
            sum(a == b for a, b in zip(expected, received)),
            truth is not None,
            truth is not None and truth == read,
            truth is not None and read is None,
            truth is None,
        ),
        np.int64,
    )


def confusions(texts: Iterable[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Count which characters of the truth were read as which others, of pairs of truth and text read.

    Returns:
        How often each character was read as another; ``""`` stands for none, where one was left out or put in. Their total
        is that of the edits; of ways to edit a text that are equally short one is taken.
    """
    found: Counter[tuple[str, str]] = Counter()
    for truth, read in texts:
        for kind, at, to in Levenshtein.editops(truth, read):
            found["" if kind == "insert" else truth[at], "" if kind == "delete" else read[to]] += 1
    return found


def error_rates(pairs: Iterable[tuple[str, str]]) -> tuple[float, float]:
    """Return CER and WER of pairs of truth and text read; of no characters at all, not-a-number."""
    counts = np.array([count(truth, read) for truth, read in pairs])
    rates = {result.metric: result.value for result in score(counts)}
    return rates["cer"], rates["wer"]


def character_error_rate(truth: str, read: str) -> float:
    """Return the edits over the characters of the truth; of an empty truth 0 or 1."""
    return Levenshtein.distance(truth, read) / len(truth) if truth else float(bool(read))


def share_right(truth: str, read: str) -> float:
    """Return 1 less the character error rate, 0 at least: what the confidence of a line tells."""
    return max(0.0, 1 - character_error_rate(truth, read))


@dataclass(frozen=True)
class Score:
    """The value of a metric with its 95% interval (not-a-number where there is none) and the counts behind it."""

    metric: str
    value: float
    low: float
    high: float
    errors: int
    total: int


def score(counts: np.ndarray, documents: Sequence | None = None) -> list[Score]:
    """Sum the counts of lines and return every metric.

    Args:
        counts: (lines, len(COUNTS)) int, of :func:`count`.
        documents: the document of each line. Lines of one document have a hand and a paper in common, so it is
            documents that are drawn, not lines. None, or a single document: no intervals.

    Returns:
        A score for every one of ``METRICS``; intervals are the 2.5 and 97.5 percentiles of the percentile bootstrap
        (Efron 1979; for error rates of transcriptions Bisani and Ney 2004).
    """
    counts = np.asarray(counts, np.int64).reshape(-1, len(COUNTS))
    drawn = resample(counts, documents)
    scores = []
    for metric in METRICS.values():
        value, errors, total = _rate(metric, counts.sum(axis=0))
        low, high = _interval(metric, drawn)
        scores.append(Score(metric.name, float(value), low, high, int(errors), int(total)))
    return scores


def score_each(counts: np.ndarray, groups: Sequence[str]) -> Iterator[tuple[str, list[Score]]]:
    """Yield the name of each group of lines, as they come, and a score for every one of ``METRICS``, without intervals.

    Args:
        counts: (lines, len(COUNTS)) int, of :func:`count`.
        groups: the name of the group of each line.
    """
    names, sums = _summed(counts, groups)
    # All groups at once: there may be as many as there are lines.
    rated = [(metric.name, *(part.tolist() for part in _rate(metric, sums))) for metric in METRICS.values()]
    for index, name in enumerate(names):
        yield name, [Score(metric, values[index], math.nan, math.nan, errors[index], totals[index]) for metric, values, errors, totals in rated]


def difference(
    counts: np.ndarray, documents: Sequence, other: np.ndarray, other_documents: Sequence
) -> list[Score]:
    """Return by how much the rates of one reading are above those of another of the same documents.

    Args:
        counts: (lines, len(COUNTS)) int, of :func:`count`, of the one reading.
        documents: the document of each of these lines.
        other, other_documents: the same of the other reading, which may have other surplus lines.

    Returns:
        A score for every one of ``METRICS``: the difference, its interval, as that of :func:`score`, of documents drawn for
        both readings alike, so that what makes a document hard for both does not widen it (Bisani and Ney 2004), the
        difference of the errors, and the total of the one reading.
    """
    sides = [np.asarray(side, np.int64).reshape(-1, len(COUNTS)) for side in (counts, other)]
    both = np.concatenate([np.pad(sides[0], ((0, 0), (0, len(COUNTS)))), np.pad(sides[1], ((0, 0), (len(COUNTS), 0)))])
    drawn = resample(both, [*documents, *other_documents])
    scores = []
    for metric in METRICS.values():
        (value, errors, total), (other_value, other_errors, _) = (_rate(metric, side.sum(axis=0)) for side in sides)
        low, high = _interval(metric, drawn)
        scores.append(Score(metric.name, float(value - other_value), low, high, int(errors - other_errors), int(total)))
    return scores


def _rate(metric: Metric, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    named = {name: counts[..., index] for index, name in enumerate(COUNTS)}
    errors, total = metric.errors(named), metric.total(named)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(total > 0, errors / np.asarray(total, float), np.nan)
    return (1 - rate if metric.is_accuracy else rate), errors, total


def _interval(metric: Metric, drawn: np.ndarray | None) -> tuple[float, float]:
    """Return the 95% interval of a rate over drawings, (drawings, len(COUNTS)), or of by how much the first half of the columns
    makes it higher than the second, (drawings, 2 len(COUNTS)).
    """
    if drawn is None:
        return float("nan"), float("nan")
    values, *others = (_rate(metric, side)[0] for side in np.split(drawn, drawn.shape[1] // len(COUNTS), axis=1))
    values = values - others[0] if others else values
    values = values[~np.isnan(values)]
    low, high = np.percentile(values, (2.5, 97.5)) if len(values) else (float("nan"), float("nan"))
    return float(low), float(high)


def resample(counts: np.ndarray, documents: Sequence | None) -> np.ndarray | None:
    """Draw documents with replacement, as many as there are, ``RESAMPLES`` times, the same ones each time.

    Args:
        counts: (lines, columns) int.
        documents: the document of each line; None for none.

    Returns:
        (RESAMPLES, columns) int64, the sums of each drawing; None where there are fewer than two documents.

    Raises:
        ValueError: there is not a document for each line.
    """
    if documents is None:
        return None
    if len(documents) != len(counts):
        raise ValueError(f"Expected a document for each of {len(counts)} lines. Received: {len(documents)}")
    sums = _summed(counts, documents)[1]
    size = len(sums)
    if size < 2:
        return None
    generator = np.random.default_rng(0)
    at_once = max(1, _CELLS_AT_ONCE // size)
    drawn = []
    for start in range(0, RESAMPLES, at_once):
        rows = min(at_once, RESAMPLES - start)
        chosen = generator.integers(0, size, (rows, size)) + np.arange(rows)[:, None] * size
        times = np.bincount(chosen.ravel(), minlength=rows * size).reshape(rows, size)
        drawn.append(times.astype(np.float64) @ sums.astype(np.float64))
    return np.rint(np.concatenate(drawn)).astype(np.int64)


def _summed(counts: np.ndarray, groups: Sequence) -> tuple[list, np.ndarray]:
    """Return the groups of lines in the order in which they come, and the sums of the counts of each, (groups, columns) int64."""
    numbers: dict = {}
    of_line = np.array([numbers.setdefault(group, len(numbers)) for group in groups], np.int64)
    sums = np.zeros((len(numbers), counts.shape[1]), np.int64)
    np.add.at(sums, of_line, counts)
    return list(numbers), sums

"""From pairs of lines to the rows of a table of scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Iterator, Sequence

import numpy as np

from htrtool.core.scoring.joining import Pair
from htrtool.core.scoring.metrics import Score, confusions, count, difference, score, score_each, share_right
from htrtool.core.scoring.rates import CONFUSION, COUNTS, DIFFERENCE, OF_ERRORS


@dataclass
class Scoring:
    """Pairs of lines, compared.

    ``texts`` are those of the truth and those read as they are compared, empty where there is none; ``counts`` is (pairs,
    len(COUNTS)) int64; ``documents`` names the document of each pair; ``conf`` and ``accuracy``
    are (pairs,) float, not-a-number where a line has no confidence or was not read: the confidence, and 1 less the
    line's character error rate, 0 at least.
    """

    pairs: Sequence[Pair]
    documents: Sequence[str]
    texts: Sequence[tuple[str, str]]
    counts: np.ndarray
    conf: np.ndarray
    accuracy: np.ndarray

    @classmethod
    def of(cls, pairs: Sequence[Pair], documents: Sequence[str], normalise: Callable[[str], str]) -> Scoring:
        """Compare the lines of each pair after ``normalise``."""
        texts, conf, accuracy = [], [], []
        counts = np.empty((len(pairs), len(COUNTS)), np.int64)
        for index, pair in enumerate(pairs):
            truth = normalise(pair.truth.text) if pair.truth else None
            read = normalise(pair.read.text) if pair.read else None
            texts.append((truth or "", read or ""))
            counts[index] = count(truth, read)
            known = read is not None and pair.read.conf is not None
            conf.append(pair.read.conf if known else np.nan)
            accuracy.append(share_right(truth or "", read) if known else np.nan)
        return cls(pairs, documents, texts, counts, np.array(conf, float), np.array(accuracy, float))

    @property
    def tells_confidence(self) -> bool:
        """Whether any line that was read has a confidence."""
        return not np.isnan(self.conf).all()

    def rate(self, metric: str) -> float:
        """Return one metric of the whole corpus."""
        return next(item.value for item in score(self.counts) if item.metric == metric)

    def rows(self, name: str, scopes: Sequence[str] = ("corpus",)) -> Iterator[dict[str, object]]:
        """Yield the rows of the table of scores, one a metric, scope after scope.

        Args:
            name: the name of the whole corpus.
            scopes: some of ``SCOPES``; only the corpus has intervals, and only it has the calibration error. Of the confusions
                the frequent ones come first.
        """
        if "corpus" in scopes:
            yield from _rows("corpus", name, score(self.counts, self.documents))
            yield from self._calibration(name)
        groups = {
            "document": lambda: self.documents,
            "file": lambda: [pair.file for pair in self.pairs],
            "line": lambda: list(map(_place, self.pairs)),
        }
        for scope in (scope for scope in groups if scope in scopes):
            for group, scores in score_each(self.counts, groups[scope]()):
                yield from _rows(scope, group, scores)
        if CONFUSION in scopes:
            found = confusions(self.texts)
            total = found.total()
            for (expected, received), times in found.most_common():
                name = "→".join(side.replace(" ", "␣") for side in (expected, received))
                yield {"scope": CONFUSION, "name": name, "metric": OF_ERRORS[0], "value": times / total, "errors": times, "total": total}

    def differences(self, other: Scoring, name: str) -> Iterator[dict[str, object]]:
        """Yield by how much each rate of the whole corpus is above that of another reading of it, called ``name``."""
        yield from _rows(DIFFERENCE, name, difference(self.counts, self.documents, other.counts, other.documents))

    def _calibration(self, name: str) -> Iterator[dict[str, object]]:
        from htrtool.core.decoding.calibration import expected_calibration_error

        if self.tells_confidence:
            known = ~np.isnan(self.conf)
            error = expected_calibration_error(self.conf[known], self.accuracy[known])
            yield {"scope": "corpus", "name": name, "metric": "ece", "value": float(error), "total": int(known.sum())}


def _place(pair: Pair) -> str:
    """Return the name of a line, with a ``+`` if it is one too many: its number may be that of another line in the truth."""
    name = ":".join(str(part) for part in (pair.file, pair.page, pair.line) if part is not None)
    return name + "+" * (pair.truth is None)


def _rows(scope: str, name: str, scores: Sequence[Score]) -> Iterator[dict[str, object]]:
    for item in scores:
        yield {
            "scope": scope,
            "name": name,
            "metric": item.metric,
            "value": item.value,
            "low": item.low,
            "high": item.high,
            "errors": item.errors,
            "total": item.total,
        }

"""How sure a reading is: of each character and word, that it is right; of a line, the share of characters that are.

A network's own probabilities are too high or too low (Guo et al., "On Calibration of Modern Neural Networks", 2017),
so logistic regressions from a few features to what was right on lines kept aside correct them: one for characters, from
their frames, their neighbours and what the language model makes of them, and on it one for words and one for lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Sequence

import numpy as np
from rapidfuzz.distance import Levenshtein

from htrtool.core.charset import BLANK
from htrtool.core.decoding.calibration import Calibration
from htrtool.core.decoding.support import Support

FEATURES = ("mean_log", "worst_log", "doubtful", "entropy", "margin", "length")
CHARACTER_FEATURES = (
    "log", "rival", "blank", "neighbours", "line_log", "doubtful", "space", "cost", "neighbour_costs", "line_cost",
    "runner_up", "unsupported", "line_margin", "clear_runner_up",
)
WORD_FEATURES = ("lowest", "mean", "length", "line", "spaces", "unsupported", "chance", "clear_lowest", "clear_unsupported")
FITTED_WORD_FEATURES = ("lowest", "mean", "length", "unsupported", "chance", "clear_lowest", "clear_unsupported")
"""What words are fitted to: with the others, to which they once were, hands unlike those kept aside are judged less well."""
LINE_FEATURES = (*FEATURES, "log_odds", "mean_log_conf", "cost", "departure")
MARGIN = FEATURES.index("margin")
FLOOR = 1e-4
DOUBTFUL = 0.5


def line_features(probabilities: np.ndarray) -> np.ndarray:
    """Return what the frames of a line tell of how well it can be read.

    The features, in the order of ``FEATURES``: the mean logarithm of the characters' probabilities; that of the worst
    tenth of them; the share of them that are under one half; the mean entropy per character; the mean margin between
    the best and the second class of the frames that are not clearly blank; and the logarithm of the text's length.

    Args:
        probabilities: (frames, classes), each row adding up to 1.

    Returns:
        float64 (6,).
    """
    probabilities = np.asarray(probabilities, np.float64)
    best = probabilities.argmax(axis=-1)
    starts = np.flatnonzero((np.diff(best, prepend=-1) != 0) & (best != BLANK))
    peak = probabilities.max(axis=-1)
    if not len(starts):
        # Nothing was read: how sure the frames are of being blank is all that there is.
        surest = float(np.log(max(peak.min(initial=1.0), FLOOR)))
        return np.array([surest, surest, float(surest < np.log(DOUBTFUL)), _entropy(probabilities), 0.0, 0.0])
    runs = np.flatnonzero(np.diff(best, prepend=-1))
    highest = np.maximum.reduceat(peak, runs)[best[runs] != BLANK]
    logs = np.sort(np.log(np.maximum(highest, FLOOR)))
    worst = logs[: max(1, len(logs) // 10)]
    unsure = probabilities[:, BLANK] < 0.95
    second = np.partition(probabilities[unsure], -2, axis=-1)[:, -2]
    margin = float((peak[unsure] - second).mean()) if unsure.any() else 1.0
    return np.array(
        [
            logs.mean(),
            worst.mean(),
            (highest < DOUBTFUL).mean(),
            _entropy(probabilities) / len(logs),
            margin,
            np.log1p(len(logs)),
        ]
    )


def _entropy(probabilities: np.ndarray) -> float:
    """Return the entropy of all frames together, in nats."""
    return float(-(probabilities * np.log(np.maximum(probabilities, 1e-12))).sum())


class Confidences(NamedTuple):
    """How sure a line is, each of its characters, and each of its words (parted by spaces), all 0 to 1."""

    line: float
    characters: np.ndarray
    words: np.ndarray


class Seen(NamedTuple):
    """A text as it was read from a look at a line, and what is known of its characters.

    Args:
        probabilities: (frames, classes), each row adding up to 1.
        frames: int (characters,), in which frame each stands.
        labels: (characters,), the class of each.
        costs: (characters,), in the language model, in nats.
        support: how far other texts that were found bear it out.
    """

    probabilities: np.ndarray
    text: str
    frames: np.ndarray
    labels: Sequence[int]
    costs: np.ndarray
    support: Support


def character_features(seen: Seen, margin: float) -> np.ndarray:
    """Return what is known of each character that was read.

    The features, in the order of ``CHARACTER_FEATURES``: the logarithm of its probability in its frame, that of the
    most probable other character's and that of the blank's; the mean logarithm of its four neighbours, and of the line;
    the share of the line's characters under one half; whether it is a space; what it, its two neighbours and the
    line's characters cost in the language model on average; the logarithm of the most probable other class's
    probability, the blank's or a character's; that of the share of other texts that do not bear it out; and how clear the line is,
    and this times the runner-up, which tells more where the network knows the hand.

    Args:
        margin: how clear the line is, 0 to 1: the mean margin of :func:`line_features`.

    Returns:
        float64 (characters, 14).
    """
    costs = seen.costs
    count = len(seen.text)
    if not count:
        return np.zeros((0, len(CHARACTER_FEATURES)))
    rows = np.array(seen.probabilities[seen.frames], np.float64)
    places = np.arange(count)
    own = rows[places, seen.labels]
    blanks = rows[:, BLANK].copy()
    rows[places, seen.labels] = rows[:, BLANK] = 0
    logs, rivals, blank_logs = (np.log(np.maximum(x, FLOOR)) for x in (own, rows.max(axis=1), blanks))
    runners_up = np.maximum(rivals, blank_logs)
    near, beside = np.pad(logs, 2, mode="edge"), np.pad(costs, 1, mode="edge")
    columns = (
        logs,
        rivals,
        blank_logs,
        (near[:-4] + near[1:-3] + near[3:-1] + near[4:]) / 4,
        logs.mean(),
        (own < DOUBTFUL).mean(),
        [character == " " for character in seen.text],
        np.minimum(costs, 8),
        (beside[:-2] + beside[2:]) / 2,
        costs.mean(),
        runners_up,
        _unsupported(seen.support.characters),
        margin,
        runners_up * margin,
    )
    return np.column_stack([np.broadcast_to(column, count) for column in columns])


def departure(probabilities: np.ndarray, labels: Sequence[int]) -> float:
    """Return in how many characters a text departs from what the most probable classes spell, as a share of the text's.

    Args:
        probabilities: (frames, classes).
        labels: (characters,), the class of each character of the text.
    """
    best = probabilities.argmax(axis=-1)
    runs = best[np.flatnonzero(np.diff(best, prepend=-1))]
    return Levenshtein.distance(runs[runs != BLANK].tolist(), list(labels)) / max(1, len(labels))


def word_features(text: str, characters: np.ndarray, line: float, supported: np.ndarray, margin: float) -> np.ndarray:
    """Return what is known of each word.

    The features, in the order of ``WORD_FEATURES``: its least sure character and their mean; the logarithm of its length; its
    line; the less sure of the spaces beside it; the logarithm of the share of other texts that do not bear it out; the chance that
    all its characters are right, if each is so by itself; and, times how clear the line is, its least sure character and the logarithm of that share.

    Args:
        characters: (characters,), how sure each character is.
        line: how sure the line is.
        supported: (words,), the share of texts that have each word.
        margin: how clear the line is, 0 to 1: the mean margin of :func:`line_features`.

    Returns:
        float64 (words, 9), what is sure as log-odds.
    """
    rows, start = [], 1
    # Before and after a line there is surely a space.
    odds = np.pad(_log_odds(characters), 1, constant_values=_log_odds(1.0))
    logs = np.pad(np.log(np.maximum(characters, FLOOR)), 1)
    for word, unsupported in zip(text.split(), _unsupported(supported)):
        end = start + len(word)
        own, spaces = odds[start:end], min(odds[start - 1], odds[end])
        lowest, chance = own.min(), _log_odds(np.exp(logs[start:end].sum()))
        rows.append((
            lowest, own.mean(), np.log1p(len(word)), _log_odds(line), spaces, unsupported, chance,
            lowest * margin, unsupported * margin,
        ))  # fmt: skip
        start = end + 1
    return np.array(rows).reshape(-1, len(WORD_FEATURES))


class Features(NamedTuple):
    """What is known of a reading before it is judged: of each character, and of the line.

    ``characters`` is what :func:`character_features` and ``line`` what :func:`line_features` returns, ``cost`` the mean
    cost of a character, ``departure`` what :func:`departure` returns, and ``words`` the share of texts that have each word.
    """

    characters: np.ndarray
    line: np.ndarray
    cost: float
    departure: float
    words: np.ndarray

    @classmethod
    def of(cls, seen: Seen) -> Features:
        """Return the features of a reading."""
        line = line_features(seen.probabilities)
        return cls(
            character_features(seen, line[MARGIN]),
            line,
            float(seen.costs.mean()) if len(seen.costs) else 0.0,
            departure(seen.probabilities, seen.labels),
            seen.support.words,
        )

    def line_row(self, characters: np.ndarray) -> np.ndarray:
        """Return the line's features, float (10,), in ``LINE_FEATURES``' order, given how sure each character is."""
        sure = (_log_odds(characters.mean()), np.log(np.maximum(characters, 1e-3)).mean()) if len(characters) else (0.0, -1.0)
        return np.append(self.line, (*sure, self.cost, self.departure))

    def word_rows(self, text: str, characters: np.ndarray, line: float) -> np.ndarray:
        """Return the features of the words, given how sure each character and the line are: see :func:`word_features`."""
        return word_features(text, characters, line, self.words, self.line[MARGIN])


@dataclass(frozen=True)
class Confidence:
    """The three calibrations by which a way of decoding is judged."""

    character: Calibration
    word: Calibration
    line: Calibration

    @classmethod
    def default(cls) -> Confidence:
        """Return one for a model that has none: near the probabilities that the network gives."""
        return cls(
            Calibration.of(CHARACTER_FEATURES, 2.5, log=3.0),
            Calibration.of(WORD_FEATURES, 0.0, lowest=1.0),
            Calibration.of(LINE_FEATURES, 3.0, mean_log=4.0),
        )

    @classmethod
    def fit(cls, evidence: Sequence[Evidence]) -> Confidence:
        """Fit to lines whose truth is known; if nothing was read in any, return the default."""
        read = [item for item in evidence if item.text]
        if not read:
            return cls.default()
        features = np.concatenate([item.features.characters for item in read])
        character = Calibration.fit(CHARACTER_FEATURES, features, np.concatenate([item.right for item in read]))
        characters = [character.predict(item.features.characters) for item in evidence]
        line_rows = np.array([item.features.line_row(sure) for item, sure in zip(evidence, characters)])
        line = Calibration.fit(LINE_FEATURES, line_rows, np.array([item.accuracy for item in evidence]))
        words = np.concatenate([
            item.features.word_rows(item.text, sure, float(line.predict(row)))
            for item, sure, row in zip(evidence, characters, line_rows)
        ])
        told = words[:, [WORD_FEATURES.index(name) for name in FITTED_WORD_FEATURES]]
        word = Calibration.fit(FITTED_WORD_FEATURES, told, np.concatenate([item.right_words for item in evidence]))
        return cls(character, word.among(WORD_FEATURES), line)

    def judge(self, seen: Seen) -> Confidences:
        """Return how sure a reading is."""
        features = Features.of(seen)
        characters = self.character.predict(features.characters)
        line = float(self.line.predict(features.line_row(characters)))
        return Confidences(line, characters, self.word.predict(features.word_rows(seen.text, characters, line)))

    def to_json(self) -> dict:
        """Return it as plain JSON data."""
        return {name: getattr(self, name).to_json() for name in ("character", "word", "line")}

    @classmethod
    def from_json(cls, data: dict) -> Confidence:
        """Make one from JSON data; from empty data the default.

        Raises:
            InputError: it was fitted on features that this version does not know, or is incomplete.
        """
        if not data:
            return cls.default()
        parts = {"character": CHARACTER_FEATURES, "word": WORD_FEATURES, "line": LINE_FEATURES}
        return cls(**{name: Calibration.from_json(data.get(name, {}), names) for name, names in parts.items()})


class Evidence(NamedTuple):
    """A line that was read and whose truth is known: its features, and what was right."""

    text: str
    features: Features
    right: np.ndarray
    right_words: np.ndarray
    accuracy: float


def _unsupported(shares: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(1 - shares, FLOOR))


def _log_odds(share):
    share = np.clip(share, 1e-3, 1 - 1e-3)
    return np.log(share / (1 - share))

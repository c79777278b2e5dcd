"""How sure a reading is: the share of a line's characters that may be expected to be right.

A network's own probabilities are too high or too low (Guo et al., "On Calibration of Modern Neural Networks", 2017),
so a logistic regression from a few features of a line's frames to the accuracy seen on lines kept aside corrects them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from htrtool.core.charset import BLANK
from htrtool.core.errors import InputError

FEATURES = ("mean_log", "worst_log", "doubtful", "entropy", "margin", "length")
FLOOR = 1e-4
DOUBTFUL = 0.5
PENALTY = 1.0


def line_features(probabilities: np.ndarray) -> np.ndarray:
    """Return what the frames of a line tell of how well it was read.

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


@dataclass(frozen=True)
class Calibration:
    """A logistic regression from the features of a line to the expected share of right characters, 0 to 1."""

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    bias: float

    @classmethod
    def default(cls) -> Calibration:
        """Return a calibration for a model that has none: near the geometric mean of the characters' probabilities."""
        weights = np.zeros(len(FEATURES))
        weights[0] = 4.0
        return cls(np.zeros(len(FEATURES)), np.ones(len(FEATURES)), weights, 3.0)

    @classmethod
    def fit(cls, features: np.ndarray, accuracies: np.ndarray) -> Calibration:
        """Fit to lines whose truth is known.

        Newton's method on the cross-entropy with fractional targets and an L2 penalty on the weights.

        Args:
            features: (lines, features), each row from ``line_features``.
            accuracies: (lines,), 1 − CER clipped to 0..1.

        Raises:
            InputError: there are no lines, or the shapes don't match.
        """
        features = np.asarray(features, np.float64)
        targets = np.asarray(accuracies, np.float64)
        if features.ndim != 2 or features.shape != (len(targets), len(FEATURES)) or not len(targets):
            raise InputError(
                f"expected features of shape (lines, {len(FEATURES)}) and (lines,) accuracies, "
                f"received {features.shape} and {targets.shape}"
            )
        targets = np.clip(targets, 0.0, 1.0)
        mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
        x = np.column_stack([(features - mean) / scale, np.ones(len(targets))])
        penalty = np.append(np.full(len(FEATURES), PENALTY), 1e-6)
        w = np.zeros(x.shape[1])
        for _ in range(100):
            predicted = _sigmoid(x @ w)
            gradient = x.T @ (predicted - targets) + penalty * w
            hessian = (x * (predicted * (1 - predicted))[:, None]).T @ x + np.diag(penalty) + 1e-9 * np.eye(len(w))
            step = np.linalg.solve(hessian, gradient)
            # Short steps keep Newton's method from overshooting where nearly all targets are 0 or 1.
            w = w - step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
            if np.abs(step).max() < 1e-8:
                break
        return cls(mean, scale, w[:-1], float(w[-1]))

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the expected share of right characters, 0 to 1, of features (…, features): shape (…,)."""
        z = (np.asarray(features, np.float64) - self.mean) / self.scale
        return _sigmoid(z @ self.weights + self.bias)

    def to_json(self) -> dict:
        """Return the calibration as plain JSON data."""
        return {
            "features": list(FEATURES),
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "weights": self.weights.tolist(),
            "bias": self.bias,
        }

    @classmethod
    def from_json(cls, data: dict) -> Calibration:
        """Make a calibration from JSON data; from empty data, the default one.

        Raises:
            InputError: it was fitted on other features than this version's, or is incomplete.
        """
        if not data:
            return cls.default()
        try:
            if list(data["features"]) != list(FEATURES):
                raise InputError(
                    f"expected a calibration on the features {list(FEATURES)}, received {data['features']}"
                )
            arrays = [np.asarray(data[name], np.float64) for name in ("mean", "scale", "weights")]
            if any(array.shape != (len(FEATURES),) for array in arrays):
                raise InputError(f"expected {len(FEATURES)} numbers for each part of a calibration")
            return cls(*arrays, float(data["bias"]))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"expected a calibration as this program writes it, received another ({error})") from None


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -60, 60)))


def expected_calibration_error(confidences: np.ndarray, accuracies: np.ndarray, bins: int = 10) -> float:
    """Return the mean distance between confidence and accuracy over ``bins`` bins of equal width, weighted by size.

    After Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning" (2015).

    Args:
        confidences: (lines,), 0 to 1.
        accuracies: (lines,), 0 to 1.
    """
    confidences, accuracies = np.asarray(confidences, float), np.asarray(accuracies, float)
    if not len(confidences):
        return 0.0
    index = np.minimum((confidences * bins).astype(int), bins - 1)
    gaps = np.bincount(index, confidences - accuracies, bins)
    return float(np.abs(gaps).sum() / len(confidences))

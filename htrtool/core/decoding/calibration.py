"""From features to shares of what is right: logistic regression, and how far off such shares are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from htrtool.core.errors import InputError

PENALTY = 1.0


@dataclass(frozen=True)
class Calibration:
    """A logistic regression from features to the expected share of what is right, 0 to 1.

    ``features`` names them.
    """

    features: tuple[str, ...]
    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    bias: float

    @classmethod
    def of(cls, features: tuple[str, ...], bias: float, **weights: float) -> Calibration:
        """Return a calibration that was not fitted: some weights, the others 0."""
        zeros = np.zeros(len(features))
        return cls(features, zeros, zeros + 1, np.array([weights.get(name, 0.0) for name in features]), bias)

    @classmethod
    def fit(cls, names: tuple[str, ...], features: np.ndarray, targets: np.ndarray) -> Calibration:
        """Fit to what is known to be right.

        Newton's method on the cross-entropy with fractional targets and an L2 penalty on the weights.

        Args:
            names: of the features.
            features: (rows, features).
            targets: (rows,), which are clipped to 0..1.

        Raises:
            InputError: there are no rows, or the shapes don't match.
        """
        features = np.asarray(features, np.float64)
        targets = np.clip(np.asarray(targets, np.float64), 0.0, 1.0)
        if features.shape != (len(targets), len(names)) or not len(targets):
            raise InputError(
                f"expected features of shape (rows, {len(names)}) and (rows,) targets, "
                f"received {features.shape} and {targets.shape}"
            )
        mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
        x = np.column_stack([(features - mean) / scale, np.ones(len(targets))])
        penalty = np.append(np.full(len(names), PENALTY), 1e-6)
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
        return cls(tuple(names), mean, scale, w[:-1], float(w[-1]))

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the expected share of what is right, 0 to 1, of features (…, features): shape (…,)."""
        z = (np.asarray(features, np.float64) - self.mean) / self.scale
        return _sigmoid(z @ self.weights + self.bias)

    def among(self, names: tuple[str, ...]) -> Calibration:
        """Return the same calibration on more features, ``names``: those that it was not fitted on weigh nothing."""
        zeros = np.zeros(len(names))
        parts = [zeros, zeros + 1, zeros.copy()]
        for part, own in zip(parts, (self.mean, self.scale, self.weights)):
            part[[names.index(name) for name in self.features]] = own
        return Calibration(names, *parts, self.bias)

    def to_json(self) -> dict:
        """Return the calibration as plain JSON data."""
        return {
            "features": list(self.features),
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "weights": self.weights.tolist(),
            "bias": self.bias,
        }

    @classmethod
    def from_json(cls, data: dict, names: tuple[str, ...]) -> Calibration:
        """Make a calibration on the features ``names`` from JSON data; those that it was not fitted on weigh nothing.

        Raises:
            InputError: it was fitted on features beyond these, or is incomplete.
        """
        try:
            known = list(data["features"])
            if not set(known) <= set(names):
                raise InputError(f"expected a calibration on the features {list(names)}, received {known}")
            arrays = [np.asarray(data[name], np.float64) for name in ("mean", "scale", "weights")]
            if any(array.shape != (len(known),) for array in arrays):
                raise InputError(f"expected {len(known)} numbers for each part of a calibration")
            return cls(tuple(known), *arrays, float(data["bias"])).among(names)
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

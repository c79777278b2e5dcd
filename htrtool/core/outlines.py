"""The baseline and the outline of a text line, from its ink."""

from __future__ import annotations

import cv2
import numpy as np

from htrtool.core.ridges import Ridge

# In letter sizes (the pitch that letters are usually written at): how far the
# outline reaches at least and at most, and what it leaves around the ink.
LEAST_UP, MOST_UP = 0.35, 1.25
LEAST_DOWN, MOST_DOWN = 0.1, 0.55
ROOM = 0.06


def fit_baseline(xs: np.ndarray, ys: np.ndarray, ridge: Ridge, size: float) -> tuple[np.ndarray, np.ndarray]:
    """Fit the baseline of a line to its ink: where, going down, the ink of the letters' bodies ends.

    Args:
        xs, ys: the positions of the line's ink.

    Returns:
        x and y of points along the baseline, from left to right.
    """
    left, right = int(xs.min()), int(xs.max()) + 1
    middle = ridge.at(xs)
    offset = _drop(ys - middle, size, 0.0, 0.65)
    window = max(8.0, 2.0 * size)
    count = max(1, int(round((right - left) / (window / 2))))
    centres = np.linspace(left, right, count + 2)[1:-1] if count > 1 else np.array([(left + right) / 2])
    points, weights = [], []
    for centre in centres:
        near = np.abs(xs - centre) < window / 2
        if near.sum() < 0.05 * size * size:
            continue
        local = _drop(ys[near] - middle[near], size, offset / size - 0.25, offset / size + 0.25)
        points.append((centre, ridge.at(centre) + local))
        weights.append(float(near.sum()))
    knots = np.linspace(left, right, max(2, int((right - left) / (2 * size)) + 1))
    if len(points) < 3:
        base = points[0][1] if points else float(ridge.at((left + right) / 2)) + offset
        if len(points) == 2:
            base = float(np.mean([y for _, y in points]))
        return knots, np.full(len(knots), float(base))
    points = np.array(points)
    length = (right - left) / size
    degree = 1 if length < 8 else 2 if length < 20 else 3
    fit = _robust_fit(points[:, 0], points[:, 1], np.sqrt(weights), min(degree, len(points) - 2), 0.08 * size)
    return knots, fit(knots)


def _drop(offsets: np.ndarray, size: float, low: float, high: float) -> float:
    """Return where between ``low`` and ``high`` sizes below the ridge the ink falls off most."""
    edges = np.arange(int(np.floor((low - 0.5) * size)), int(np.ceil((high + 0.5) * size)) + 2)
    profile, _ = np.histogram(offsets, edges)
    smooth = cv2.GaussianBlur(profile.astype(np.float32)[:, None], (1, 0), sigmaX=1, sigmaY=max(0.8, 0.06 * size))[:, 0]
    fall = -np.gradient(smooth)
    centres = (edges[:-1] + edges[1:]) / 2
    allowed = (centres >= low * size) & (centres <= high * size)
    return float(centres[allowed][np.argmax(fall[allowed])])


def _robust_fit(
    xs: np.ndarray, ys: np.ndarray, weights: np.ndarray, degree: int, spread: float
) -> np.polynomial.Polynomial:
    factors = np.ones(len(xs))
    for _ in range(6):
        fit = np.polynomial.Polynomial.fit(xs, ys, degree, w=weights * factors)
        misses = np.abs(ys - fit(xs))
        factors = np.sqrt(1 / np.maximum(1, misses / max(spread, 1e-6)))
    return fit


def outline(xs: np.ndarray, ys: np.ndarray, knots: np.ndarray, base: np.ndarray, size: float) -> np.ndarray:
    """Return a polygon around a line's ink that rises and falls with it.

    Args:
        xs, ys: the positions of the line's ink.
        knots, base: points along its baseline, from ``fit_baseline``.

    Returns:
        float (points, 2), x and y, clockwise from the left end of the upper edge.
    """
    reach = np.interp(xs, knots, base) - ys
    room = max(1.0, ROOM * size)
    step = max(2.0, 0.25 * size)
    left, right = xs.min() - room, xs.max() + 1 + room
    count = max(2, int(np.ceil((right - left) / step)))
    bins = np.clip(((xs - left) / (right - left) * count).astype(int), 0, count - 1)
    up, down = np.full(count, LEAST_UP * size), np.full(count, LEAST_DOWN * size)
    np.maximum.at(up, bins, reach)
    np.maximum.at(down, bins, 1 - reach)
    # One stray stroke would make all the letters small.
    up, down = (np.minimum(part, 1.05 * np.quantile(part, 0.95)) for part in (up, down))
    # A slanted stroke reaches into the bins beside its own.
    up, down = (cv2.dilate(part[None, :], np.ones((1, 3), np.uint8))[0] for part in (up, down))
    up, down = np.minimum(up, MOST_UP * size) + room, np.minimum(down, MOST_DOWN * size) + room
    edges = np.linspace(left, right, count + 1)
    centres = (
        np.concatenate([[left], (edges[1:-2] + edges[2:-1]) / 2, [right]]) if count > 2 else np.array([left, right])
    )
    line = np.interp(centres, knots, base)
    upper = np.column_stack([centres, line - up])
    lower = np.column_stack([centres, line + down])
    return np.concatenate([upper, lower[::-1]])

"""How well found lines match annotated ones, by their baselines.

After Grüning et al., "READ-BAD: A New Dataset and Evaluation Scheme for Baseline Detection" (2018): baselines are compared
point by point, with a tolerance of a quarter of the distance to the next line, at most of the page's mean distance.
"""

from __future__ import annotations

from typing import NamedTuple, Sequence

import cv2
import numpy as np

from htrtool.core.guide import spread

TOLERANCE = 0.25
LEAST_OVERLAP = 0.5
POINTS = 64


class LineMatch(NamedTuple):
    """The lines of a page compared: pairs of indices (true, found), and which of ``POINTS`` points of each found line lie on each true
    one, (true, found, POINTS) bool.
    """

    pairs: list[tuple[int, int]]
    covered: np.ndarray

    @property
    def annotated(self) -> np.ndarray:
        """Which found lines lie where lines are annotated, (found,) bool."""
        return self.lying_on(np.ones(len(self.covered), bool))

    def lying_on(self, which: Sequence[bool]) -> np.ndarray:
        """Tell which found lines lie on the true lines chosen, (true,) bool, with half of their length or more: (found,) bool."""
        return self.covered[np.asarray(which, bool)].any(axis=0).mean(axis=1) >= 0.5


def match_lines(
    true: Sequence[np.ndarray], found: Sequence[np.ndarray], outlines: Sequence[np.ndarray | None] = ()
) -> LineMatch:
    """Match baselines one to one, the best overlaps first.

    Two baselines match if of each at least ``LEAST_OVERLAP`` is within the tolerance of the other.

    Args:
        true, found: baselines, (points, 2).
        outlines: those of the true lines, where they are known. A point of a found line lies on a true one if it is inside its
            outline or within the tolerance of its baseline.
    """
    tolerances = TOLERANCE * line_distances(true)
    a, b = ([spread(np.asarray(baseline, float), POINTS) for baseline in side] for side in (true, found))
    overlaps = []
    covered = np.zeros((len(a), len(b), POINTS), bool)
    for i, (points, tolerance) in enumerate(zip(a, tolerances)):
        for j, others in enumerate(b):
            if (points.min(0) > others.max(0) + tolerance).any() or (points.max(0) < others.min(0) - tolerance).any():
                continue
            near, near_back = _near(points, others, tolerance), _near(others, points, tolerance)
            covered[i, j] = near_back
            overlap = min(near.mean(), near_back.mean())
            if overlap >= LEAST_OVERLAP:
                overlaps.append((overlap, i, j))
    pairs, used_true, used_found = [], set(), set()
    for _, i, j in sorted(overlaps, reverse=True):
        if i not in used_true and j not in used_found:
            pairs.append((i, j))
            used_true.add(i)
            used_found.add(j)
    for i, outline in enumerate(outlines):
        if outline is None:
            continue
        contour = np.asarray(outline, np.float32)[:, None]
        for j, points in enumerate(b):
            if (points.min(0) < contour.max((0, 1))).all() and (points.max(0) > contour.min((0, 1))).all():
                covered[i, j] |= [cv2.pointPolygonTest(contour, tuple(map(float, p)), False) >= 0 for p in points]
    return LineMatch(sorted(pairs), covered)


def line_distances(baselines: Sequence[np.ndarray]) -> np.ndarray:
    """Return the distance, in pixels, from each baseline to the nearest that it overlaps in width, but at most the mean.

    Baselines with none have the mean of the others; lone ones 40.

    Args:
        baselines: (points, 2) each, x and y in pixels.

    Returns:
        float (baselines,).
    """
    distances = np.full(len(baselines), np.nan)
    lines = [np.asarray(baseline, float)[np.argsort(np.asarray(baseline)[:, 0])] for baseline in baselines]
    for i, line in enumerate(lines):
        offsets = []
        for j, other in enumerate(lines):
            left, right = max(line[0, 0], other[0, 0]), min(line[-1, 0], other[-1, 0])
            if j == i or right - left <= 0.3 * min(line[-1, 0] - line[0, 0], other[-1, 0] - other[0, 0]):
                continue
            x = np.linspace(left, right, POINTS)
            offsets.append(np.median(np.abs(np.interp(x, *line.T) - np.interp(x, *other.T))))
        if offsets:
            distances[i] = min(offsets)
    mean = np.nanmean(distances) if np.isfinite(distances).any() else 40.0
    return np.minimum(np.nan_to_num(distances, nan=mean), mean)


def _near(points: np.ndarray, others: np.ndarray, tolerance: float) -> np.ndarray:
    """Tell for each point whether it is within the tolerance of a line of others."""
    start, run = others[:-1], np.diff(others, axis=0)
    lengths = np.maximum((run**2).sum(1), 1e-9)
    share = np.clip(((points[:, None] - start) * run).sum(2) / lengths, 0, 1)
    nearest = start + share[..., None] * run
    return (((points[:, None] - nearest) ** 2).sum(2).min(1)) <= tolerance**2

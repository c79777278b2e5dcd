"""Medians that page layout asks for."""

from __future__ import annotations

from typing import Iterable

import numpy as np

LEAST_GAP = 8
"""In pixels, from how far apart two baselines are those of two lines, one above the other."""


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """Return the value, of values and their weights, (count,) both, at which half of the weight is reached."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])


def line_spacing(heights: Iterable[float]) -> float | None:
    """Return the usual distance between baselines, given the y of each; None where no two are apart."""
    gaps = np.diff(np.sort(np.array(list(heights), float)))
    gaps = gaps[gaps > LEAST_GAP]
    return float(np.median(gaps)) if len(gaps) else None

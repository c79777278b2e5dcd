"""A page that lies askew, turned level so that its lines can be traced."""

from __future__ import annotations

import cv2
import numpy as np

from htrtool.core.linefinder.trace import Trace
from htrtool.core.medians import weighted_median

ASKEW = 8.0
"""From how many degrees on a page is turned: lines that slope less are traced as well as level ones."""
MOST_TURNS = 3
"""Of steep lines only pieces are seen at first, whose slopes tell less than what it is."""


def degrees_askew(traces: list[Trace]) -> float:
    """Return by how many degrees lines fall to the right, half of their length more and half less; 0 without lines."""
    if not traces:
        return 0.0
    lengths = np.array([len(trace.ys) for trace in traces], float)
    slopes = np.array([float(trace.ys[-1] - trace.ys[0]) for trace in traces]) / np.maximum(lengths - 1, 1)
    return float(np.degrees(np.arctan(weighted_median(slopes, lengths))))


def turned_level(page: np.ndarray, degrees: float) -> np.ndarray:
    """Turn a page, (height, width) uint8, anticlockwise by some degrees, all of it kept, on paper of its own tone."""
    if not degrees:
        return page
    matrix, (width, height) = _turn(page.shape, degrees)
    return cv2.warpAffine(page, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=float(np.median(page)))


def points_askew(points: np.ndarray, degrees: float, shape: tuple[int, int]) -> np.ndarray:
    """Return where points of a page that :func:`turned_level` turned, (points, 2), are on the page of ``shape`` before."""
    if not degrees:
        return points
    back = cv2.invertAffineTransform(_turn(shape, degrees)[0])
    return points @ back[:, :2].T + back[:, 2]


def _turn(shape: tuple[int, int], degrees: float) -> tuple[np.ndarray, tuple[int, int]]:
    """Return the matrix, (2, 3), that turns a page of ``shape``, and the width and height that it then takes."""
    height, width = shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = round(height * sine + width * cosine), round(height * cosine + width * sine)
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return matrix, size

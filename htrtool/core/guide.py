"""The line along which a text line is straightened: where it runs, what reaches how far along it and away from it, and its normals."""

from __future__ import annotations

import cv2
import numpy as np

from htrtool.core.errors import InputError


def distinct(points: np.ndarray, directed: bool) -> np.ndarray | None:
    """Drop repeated points of a baseline, (points, 2); None if no two are left.

    Unless it is ``directed``, one that runs more across than down is ordered from left to right.
    """
    if len(points) < 2:
        return None
    points = points[np.r_[True, np.abs(np.diff(points, axis=0)).sum(axis=1) > 0]]
    if len(points) < 2:
        return None
    run = points[-1] - points[0]
    return points[::-1] if not directed and run[0] < 0 and abs(run[0]) >= abs(run[1]) else points


def length_of(points: np.ndarray) -> float:
    """Return how long a line through points, (points, 2), is."""
    return float(np.hypot(*np.diff(points, axis=0).T).sum())


def middle_of(outline: np.ndarray, quarters: int = 0) -> np.ndarray:
    """Return a straight line or a gentle bow through the middle of a polygon, (points, 2) both, from left to right.

    Args:
        quarters: by how many of them clockwise what stands there must be turned to be upright: it runs from left to right then.

    Raises:
        InputError: the polygon is so large that it can't be in pixels.
    """
    turn = np.linalg.matrix_power(np.array([[0, 1], [-1, 0]]), quarters)
    outline = outline @ turn
    origin = np.floor(outline.min(axis=0))
    size = np.ceil(outline.max(axis=0) - origin).astype(int) + 1
    if size.max() > 100_000:
        raise InputError(f"expected a polygon in pixels, found one {size[0]}×{size[1]} large")
    mask = np.zeros((size[1], size[0]), np.uint8)
    cv2.fillPoly(mask, [np.round(outline - origin).astype(np.int32)], 1)
    counts = mask.sum(axis=0)
    inside = np.flatnonzero(counts)
    centres = (mask * np.arange(size[1], dtype=np.float64)[:, None]).sum(axis=0)[inside] / counts[inside]
    ends = np.linspace(inside[0], inside[-1], 9) if len(inside) > 1 else np.array([0.0, 1.0])
    degree = min(2, len(inside) - 1) if size[0] > 4 * size[1] else 0
    heights = np.polyval(np.polyfit(inside, centres, degree), ends)
    return (np.column_stack([ends, heights]) + origin) @ turn.T


def extent_of(guide: np.ndarray, outline: np.ndarray) -> tuple[float, float, float, float]:
    """Return how far a polygon reaches along the guide (from its start) and away from it, up negative, in pixels."""
    closed = np.vstack([outline, outline[:1]])
    border = _resampled(closed, max(2.0, length_of(closed) / 800))
    step = max(1.0, length_of(guide) / 400)
    samples = _resampled(guide, step)
    along = _along(samples)
    # Of |b - s|², the part that depends on s.
    nearest = ((samples**2).sum(axis=1) - 2 * (border @ samples.T)).argmin(axis=1)
    tangents = np.gradient(samples, axis=0)
    tangents /= np.maximum(np.hypot(*tangents.T), 1e-9)[:, None]
    away = border - samples[nearest]
    tangent = tangents[nearest]
    forward = along[nearest] + (away * tangent).sum(axis=1)
    down = away[:, 1] * tangent[:, 0] - away[:, 0] * tangent[:, 1]
    return float(forward.min()), float(forward.max()), float(down.min()), float(down.max())


def spread(points: np.ndarray, count: int) -> np.ndarray:
    """Return so many points at equal distances along the line through others, (points, 2) both."""
    along = _along(points)
    places = np.linspace(0, along[-1], count)
    return np.column_stack([np.interp(places, along, points[:, 0]), np.interp(places, along, points[:, 1])])


def _resampled(points: np.ndarray, step: float) -> np.ndarray:
    return spread(points, max(2, int(_along(points)[-1] / step) + 1))


def _along(points: np.ndarray) -> np.ndarray:
    """Return how far each point is from the first, along the line through them."""
    return np.r_[0, np.cumsum(np.hypot(*np.diff(points, axis=0).T))]


def axis_of(guide: np.ndarray, left: float, right: float, smoothing: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the points of the smoothed guide at every pixel from ``left`` to ``right``, and its normals there.

    Beyond its ends the guide goes on straight, in the direction of its last few points.

    Args:
        guide: (points, 2), x and y in pixels.
        left, right: in pixels along the guide, from its first point on.
        smoothing: the standard deviation of the blur along it, in pixels.

    Returns:
        The points and the normals, downwards and one pixel long, (columns, 2) both.
    """
    length = length_of(guide)
    points = _resampled(guide, 1.0)
    reach = max(1, min(len(points) - 1, int(2 * smoothing)))
    head, tail = points[0] - points[reach], points[-1] - points[-1 - reach]
    margin = 3 * smoothing
    before, after = max(0.0, -left) + margin, max(0.0, right - length) + margin
    step = length / (len(points) - 1)
    points = np.vstack(
        [
            points[0] + _unit(head) * step * np.arange(int(before / step) + 1, 0, -1)[:, None],
            points,
            points[-1] + _unit(tail) * step * np.arange(1, int(after / step) + 2)[:, None],
        ]
    )
    points = cv2.GaussianBlur(points, (1, 0), sigmaX=1, sigmaY=max(smoothing, 1), borderType=cv2.BORDER_REPLICATE)
    start = int(before / step) + 1
    places = np.arange(round(right - left) + 1) + left
    index = np.arange(len(points))
    at = places / step + start
    tangents = np.gradient(points, axis=0)
    points = np.column_stack([np.interp(at, index, points[:, axis]) for axis in (0, 1)])
    tangents = np.column_stack([np.interp(at, index, tangents[:, axis]) for axis in (0, 1)])
    tangents = _unit(tangents)
    return points, np.column_stack([-tangents[:, 1], tangents[:, 0]])


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors, (…, 2), with a length of 1; one without length stays so."""
    return vectors / np.maximum(np.hypot(vectors[..., 0], vectors[..., 1]), 1e-9)[..., None]

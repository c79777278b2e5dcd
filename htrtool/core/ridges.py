"""The middles of text lines, as ridges of blurred ink.

After Bukhari, Shafait & Breuel, "Script-Independent Handwritten Textlines Segmentation Using Active Contours" (2009):
ink blurred more along the lines than across them has a ridge in every line, which follows the line where it slopes and
bends.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

STEEPEST = 0.2
LEAST_PITCH = 8


@dataclass(eq=False)
class Ridge:
    """The middle of a line from column ``left`` on: ``ys`` holds its height in each column."""

    left: int
    ys: np.ndarray

    @property
    def right(self) -> int:
        """The first column behind the ridge."""
        return self.left + len(self.ys)

    def at(self, x: np.ndarray | float) -> np.ndarray:
        """Return the ridge's y at columns ``x``, carried on level beyond its ends."""
        return np.interp(x, np.arange(self.left, self.right), self.ys)


def page_slope(mask: np.ndarray, steepest: float = STEEPEST) -> float:
    """Estimate the slope of a page's lines (y per x) as that which makes its row profile most uneven.

    Postl, "Detection of linear oblique structures and skew scan in digitized documents" (1986).
    """
    factor = max(1, round(max(mask.shape) / 700))
    small = cv2.resize(mask.astype(np.float32), None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    ys, xs = np.nonzero(small > 0.1)
    if len(xs) < 50:
        return 0.0
    weights = small[ys, xs]
    xs = xs - small.shape[1] / 2

    def unevenness(slope: float) -> float:
        rows = np.round(ys - slope * xs).astype(int)
        profile = np.bincount(rows - rows.min(), weights)
        return float((np.diff(profile) ** 2).sum())

    steepest = min(steepest, STEEPEST)
    coarse = np.linspace(-steepest, steepest, 81)
    best = coarse[np.argmax([unevenness(slope) for slope in coarse])]
    fine = best + np.linspace(-1, 1, 11) * steepest / 40
    return float(fine[np.argmax([unevenness(slope) for slope in fine])])


def sheared(image: np.ndarray, slope: float, pad: int, flags: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Shift columns so that lines of ``slope`` become level; ``pad`` rows are added above and below."""
    matrix = np.float32([[1, 0, 0], [-slope, 1, pad]])
    return cv2.warpAffine(image, matrix, (image.shape[1], image.shape[0] + 2 * pad), flags=flags)


def line_pitch(mask: np.ndarray) -> float:
    """Estimate the distance between lines, in pixels, of a page whose lines are about level.

    The autocorrelation of the row profiles of vertical strips, where it has a clear peak; else from the height of
    the pieces of ink.
    """
    from_pieces = pieces_height(mask) * 1.7
    height, width = mask.shape
    longest = min(height // 2, int(6 * from_pieces) + 1)
    if longest <= LEAST_PITCH + 2:
        return max(from_pieces, LEAST_PITCH)
    total = np.zeros(longest)
    strip = max(40, width // 8)
    for left in range(0, width - strip // 2, strip // 2):
        profile = mask[:, left : left + strip].sum(axis=1).astype(np.float64)
        profile = cv2.GaussianBlur(profile[:, None], (1, 0), sigmaX=1, sigmaY=max(1.0, from_pieces / 12))[:, 0]
        profile -= profile.mean()
        spectrum = np.abs(np.fft.rfft(profile, 2 * len(profile))) ** 2
        total += np.fft.irfft(spectrum)[:longest]
    total /= max(total[0], 1e-9)
    lags = np.arange(longest)
    inner = (total[1:-1] > total[:-2]) & (total[1:-1] >= total[2:])
    peaks = lags[1:-1][inner]
    peaks = peaks[(peaks >= max(LEAST_PITCH, 0.45 * from_pieces)) & (total[peaks] > 0.1)]
    if not len(peaks):
        return max(from_pieces, LEAST_PITCH)
    strong = peaks[total[peaks] > 0.6 * total[peaks].max()]
    return float(max(strong[0], LEAST_PITCH))


def pieces_height(mask: np.ndarray) -> float:
    """Return the usual height of the connected pieces of ink, specks and frames left out."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    heights, widths, areas = (stats[1:, i] for i in (cv2.CC_STAT_HEIGHT, cv2.CC_STAT_WIDTH, cv2.CC_STAT_AREA))
    writing = (
        (heights >= 5) & (areas >= 12) & (heights < 0.3 * mask.shape[0] + 20) & (widths < 0.6 * mask.shape[1] + 20)
    )
    if not writing.any():
        return float(LEAST_PITCH)
    heights, weights = heights[writing], areas[writing]
    order = np.argsort(heights)
    cumulated = np.cumsum(weights[order])
    return float(heights[order][np.searchsorted(cumulated, 0.5 * cumulated[-1])])


def find_ridges(mask: np.ndarray, pitch: float) -> list[Ridge]:
    """Find the middles of the lines of a page whose lines are about level, in pieces where the ink thins out.

    Args:
        mask: bool (height, width), True on ink.
        pitch: the distance between lines, in pixels.
    """
    density = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigmaX=0.8 * pitch, sigmaY=max(1.0, 0.17 * pitch))
    reach = max(1, round(0.3 * pitch))
    highest = cv2.dilate(density, np.ones((2 * reach + 1, 1), np.uint8))
    peaks = (density >= highest) & (density > 0.02)
    if not peaks.any():
        return []
    usual = float(np.quantile(density[peaks], 0.75))
    peaks &= density > max(0.02, 0.22 * usual)
    joined = cv2.dilate(peaks.astype(np.uint8), np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    ridges = []
    for label in range(1, count):
        left, top, width, height, _ = stats[label]
        if width < 0.5 * pitch:
            continue
        window = (slice(top, top + height), slice(left, left + width))
        weight = np.where((labels[window] == label) & peaks[window], density[window], 0)
        sums = weight.sum(axis=0)
        columns = np.flatnonzero(sums)
        if len(columns) < 2:
            continue
        rows = (weight[:, columns] * np.arange(height)[:, None]).sum(axis=0) / sums[columns]
        ys = top + np.interp(np.arange(columns[0], columns[-1] + 1), columns, rows)
        ridges.append(Ridge(int(left + columns[0]), ys))
    return ridges


def link_ridges(ridges: list[Ridge], pitch: float, rules: np.ndarray | None = None) -> list[Ridge]:
    """Join pieces that carry each other on: a gap of at most two pitches, and heights that agree across it.

    Args:
        rules: bool (height, width), True on ruled lines; nothing is joined across an upright one.
    """
    remaining = sorted(ridges, key=lambda ridge: ridge.left)
    linked: list[Ridge] = []
    while remaining:
        line = remaining.pop(0)
        while True:
            follower = _follower(line, remaining, pitch, rules)
            if follower is None:
                break
            remaining.remove(follower)
            line = _joined(line, follower)
        linked.append(line)
    return linked


def _follower(line: Ridge, others: list[Ridge], pitch: float, rules: np.ndarray | None) -> Ridge | None:
    best, least = None, 0.45
    end = float(np.median(line.ys[-max(2, int(pitch)) :]))
    slope = _end_slope(line.ys, pitch)
    for other in others:
        gap = other.left - line.right
        if not -0.7 * pitch < gap <= 2.0 * pitch or other.right <= line.right:
            continue
        start = float(np.median(other.ys[: max(2, int(pitch))]))
        miss = abs(start - end - slope * max(gap, 0)) / pitch + 0.05 * max(gap, 0) / pitch
        if miss < least and not _walled(rules, line.right, other.left, (end + start) / 2, pitch):
            best, least = other, miss
    return best


def _end_slope(ys: np.ndarray, pitch: float) -> float:
    tail = ys[-int(4 * pitch) :]
    if len(tail) < 2 * pitch:
        return 0.0
    return float(np.clip(np.polyfit(np.arange(len(tail)), tail, 1)[0], -0.1, 0.1))


def _walled(rules: np.ndarray | None, left: int, right: int, y: float, pitch: float) -> bool:
    """Tell whether an upright rule stands between two columns at the height ``y``."""
    if rules is None or right <= left:
        return False
    top, bottom = max(0, int(y - 0.5 * pitch)), int(y + 0.5 * pitch) + 1
    window = rules[top:bottom, max(0, left - 2) : right + 2]
    return bool(window.size and (window.mean(axis=0) > 0.7).any())


def _joined(a: Ridge, b: Ridge) -> Ridge:
    xs = np.concatenate([np.arange(a.left, min(a.right, b.left)), np.arange(b.left, b.right)])
    ys = np.concatenate([a.ys[: max(0, min(a.right, b.left) - a.left)], b.ys])
    if b.left < a.right:
        xs, ys = (
            np.concatenate([np.arange(a.left, a.right), np.arange(a.right, b.right)]),
            np.concatenate([a.ys, b.ys[a.right - b.left :]]),
        )
    full = np.arange(a.left, b.right)
    return Ridge(a.left, np.interp(full, xs, ys))

"""Where a text line stands on its page, and where a part of it stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Box = tuple[int, int, int, int]

# Where there is no baseline it is taken to lie this far up from the lower edge, of the line's height.
FOOT = 0.25
# Rails have a point for so much of the line's height, and no more points than this.
RAIL_STEP = 0.25
MOST_RAIL_POINTS = 256


@dataclass(frozen=True)
class Place:
    """Where a line stands.

    ``polygon`` and ``baseline`` are int (points, 2), x and y in pixels of the page, the baseline as the line is read;
    it is None where it is not known. ``rails`` is float (3, points, 2): the upper edge, the baseline and the lower
    edge at equal steps along the picture that was cut out of the page, from its left border to its right one, by
    which a column of that picture is found on the page. ``box`` is left, top, width and height.
    """

    polygon: np.ndarray
    baseline: np.ndarray | None
    rails: np.ndarray
    box: Box

    @classmethod
    def of_picture(cls, width: int, height: int) -> Place:
        """Return the place of a line that has a picture of its own."""
        upper, lower = (np.array([(0.0, y), (width, y)]) for y in (0.0, height))
        polygon = np.array([(0, 0), (width, 0), (width, height), (0, height)])
        return cls(polygon, None, np.stack([upper, foot_of(upper, lower), lower]), (0, 0, width, height))

    def scaled(self, across: float, down: float) -> Place:
        """Return the same place on the page in another size."""
        factor = np.array([across, down])
        polygon = np.round(self.polygon * factor).astype(int)
        baseline = None if self.baseline is None else np.round(self.baseline * factor).astype(int)
        left, top, width, height = self.box
        low = (round(left * across), round(top * down))
        high = (round((left + width) * across), round((top + height) * down))
        return Place(polygon, baseline, self.rails * factor, (*low, high[0] - low[0], high[1] - low[1]))

    def at(self, share: float) -> np.ndarray:
        """Return (3, 2): the points of upper edge, baseline and lower edge at a share of the picture's width."""
        position = np.clip(share, 0, 1) * (self.rails.shape[1] - 1)
        before = min(int(position), self.rails.shape[1] - 2)
        weight = position - before
        return self.rails[:, before] * (1 - weight) + self.rails[:, before + 1] * weight

    def part(self, start: float, end: float) -> np.ndarray:
        """Return the outline, int (points, 2), of what stands between two shares of the picture's width."""
        upper, _, lower = self._between(start, end)
        return np.vstack([upper, lower[::-1]])

    def foot(self, start: float, end: float) -> np.ndarray:
        """Return the baseline, int (points, 2), of what stands between two shares of the picture's width."""
        return self._between(start, end)[1]

    def _between(self, start: float, end: float) -> np.ndarray:
        count = self.rails.shape[1] - 1
        inner = [index for index in range(count + 1) if start * count < index < end * count]
        points = [self.at(start), *(self.rails[:, index] for index in inner), self.at(end)]
        return np.round(np.stack(points, axis=1)).astype(int)


def foot_of(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Return where a baseline may be expected between the edges of a line, (points, 2) all three."""
    return lower + FOOT * (upper - lower)


def box_of(points: np.ndarray) -> Box:
    """Return left, top, width and height of points, (points, 2), the sides at least one pixel long."""
    low, high = points.min(axis=0), points.max(axis=0)
    width, height = np.maximum(high - low, 1)
    return int(low[0]), int(low[1]), int(width), int(height)

"""Where the text lines of a page are, in reading order, and how they are cut out."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import numpy as np

from htrtool.core.cut import Cut, cut_line
from htrtool.core.errors import InputError
from htrtool.core.ink import ink_map
from htrtool.core.linefinder.askew import ASKEW, MOST_TURNS, degrees_askew, points_askew, turned_level
from htrtool.core.linefinder.facing import on_facing_page
from htrtool.core.linefinder.gutters import parted_at_gutters
from htrtool.core.linefinder.maps import STRIDE, LineMapper, LineMaps, elongation, line_mapper, shrunk
from htrtool.core.linefinder.margins import sideways_patches
from htrtool.core.linefinder.outlines import outline
from htrtool.core.linefinder.owners import ink_of_each, own_ink
from htrtool.core.linefinder.smallprint import look_nearer, small_print
from htrtool.core.linefinder.trace import Trace, trace_baselines
from htrtool.core.linefinder.upright import best_turn, parted_by_way_up, set_upright, turned, turned_back
from htrtool.core.oneline import LINE_HEIGHT, LONGEST_PAGE, Appearance, appearance_of, shows_ink
from htrtool.core.order import is_table, reading_order, set_level
from htrtool.core.session import usable_cpus

__all__ = ["TextLine", "cut_lines", "find_lines", "shows_one_line"]

# Letters of these heights, in pixels that the network sees, are found best; others are looked at in another scale.
SMALL_LETTERS, LARGE_LETTERS, GOOD_LETTERS = 10.0, 30.0, 12.0
# At most so large, on the longer side of a page of usual shape.
LONGEST_SIDE = 2240
# The distance of lines at which letters are usually written, in heights of small letters.
LINE_OF_X_HEIGHT = 2.6
# Of the square of that height, the least ink; how high, in that height, a tenth of a line's ink is over its baseline.
LEAST_INK = 0.1
LEAST_RISE = 0.3
# Of a picture's height, what its one line must take for the picture to be that line's, unless it is too wide for a page.
LEAST_FILLED = 0.5
# The share of a sideways line's baseline that must run where writing stands sideways.
LEAST_SIDEWAYS = 0.5


@dataclass
class TextLine:
    """A line found on a page: its baseline and its outline, float (points, 2), in page pixels.

    The baseline runs as the line is read, from left to right unless the page is turned; ``x_height`` is the height of its
    small letters in pixels.
    """

    baseline: np.ndarray
    polygon: np.ndarray
    x_height: float = 0.0

    def scaled(self, factor: float) -> TextLine:
        """Return the line on a page that is ``factor`` times as large."""
        return TextLine(factor * self.baseline, factor * self.polygon, factor * self.x_height)

    def turn(self, quarters: int, shape: tuple[int, int], degrees: float = 0.0) -> None:
        """Turn the line clockwise, by some degrees and by quarters, with the page that it is on.

        ``shape`` is that of the page between the two; see :func:`turned_level` for the former.
        """
        self.baseline, self.polygon = (
            turned(points_askew(points, degrees, shape), quarters, shape) for points in (self.baseline, self.polygon)
        )


def find_lines(pixels: np.ndarray, threads: int | None = None) -> list[TextLine]:
    """Find the text lines of a page, in reading order. A page that lies on its side, on its head or askew is read so.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
        threads: how many threads the network uses; by default, the CPUs that may be used.
    """
    network = line_mapper(threads or usable_cpus())
    page, scale = shrunk(pixels)
    quarters, degrees, maps, traces = best_turn(page, network)
    upright = turned_back(page, quarters)
    for _ in range(MOST_TURNS):
        if abs(askew := degrees_askew(traces)) <= ASKEW:
            break
        degrees += askew
        maps = network.maps(turned_level(upright, degrees))
        traces = trace_baselines(maps)
    page = turned_level(upright, degrees)
    if side := _better_side(traces, page, pixels):
        page, scale = shrunk(pixels, side)
        upright = turned_back(page, quarters)
        page = turned_level(upright, degrees)
        maps = network.maps(page)
        traces = trace_baselines(maps)
    sideways = _sideways_lines(page, maps, network)
    traces, overturned = parted_by_way_up(traces, page, maps, network)
    others = sideways + _turned_lines(page, overturned, 2)
    if (small := small_print(traces, maps)) and (side := _side_for(small, page, pixels)) > max(page.shape):
        nearer, larger = shrunk(pixels, side)
        upright = turned_back(nearer, quarters)
        page, factor = turned_level(upright, degrees), larger / scale
        traces = look_nearer(traces, small, page, factor, network)
        others = [line.scaled(factor) for line in others]
        scale = larger
    lines = _outlined(page, traces) + others
    for line in lines:
        line.turn(quarters, upright.shape, degrees)
    return [line.scaled(1 / scale) for line in lines]


def _sideways_lines(page: np.ndarray, maps: LineMaps, network: LineMapper) -> list[TextLine]:
    """Find the lines that stand sideways on an upright page."""
    sideways = sideways_patches(maps.patches)
    if not sideways.any():
        return []
    quarters, maps = set_upright(page, network, sideways)
    lines = []
    for line in _turned_lines(page, trace_baselines(maps), quarters):
        columns, rows = (line.baseline.astype(int) // STRIDE).T
        rows, columns = (np.clip(at, 0, size - 1) for at, size in zip((rows, columns), sideways.shape))
        if sideways[rows, columns].mean() >= LEAST_SIDEWAYS:
            lines.append(line)
    return lines


def _turned_lines(page: np.ndarray, traces: list[Trace], quarters: int) -> list[TextLine]:
    """Give what was traced on a page turned back by quarters its outlines, and turn the lines with it again."""
    back = turned_back(page, quarters)
    lines = _outlined(back, traces)
    for line in lines:
        line.turn(quarters, back.shape)
    return lines


def _better_side(traces: list[Trace], page: np.ndarray, pixels: np.ndarray) -> int:
    """Return the longer side at which the network should see the page again, 0 if it saw it well."""
    if not traces:
        return 0
    if SMALL_LETTERS <= _letters(traces) <= LARGE_LETTERS:
        return 0
    return _side_for(traces, page, pixels)


def _side_for(traces: list[Trace], page: np.ndarray, pixels: np.ndarray) -> int:
    """Return the longer side at which the network would see these lines well, 0 if that is hardly another one."""
    seen = max(page.shape)
    side = int(np.clip(seen * GOOD_LETTERS / _letters(traces), seen // 4, min(LONGEST_SIDE * elongation(pixels), max(pixels.shape))))
    return side if abs(side / seen - 1) > 0.2 else 0


def _letters(traces: list[Trace]) -> float:
    return 2 * float(np.median([trace.x_height for trace in traces]))


def _outlined(page: np.ndarray, traces: list[Trace]) -> list[TextLine]:
    """Give each trace of the maps its ink, its ends and its outline on the page; what has no ink is no line, nor is a rule."""
    if not traces:
        return []
    # The page has twice as many pixels each way as its maps.
    traces = [trace.scaled(2) for trace in traces]
    baselines = np.vstack([np.column_stack([np.arange(trace.left, trace.right), trace.ys]) for trace in traces])
    mask = ink_map(page, side=max(page.shape), baselines=baselines).mask
    lines, ends, levels, slopes = [], [], [], []
    traces, inks = parted_at_gutters(traces, ink_of_each(own_ink(mask, traces), len(traces)))
    for trace, (xs, ys) in zip(traces, inks):
        if len(xs) < LEAST_INK * trace.x_height**2:
            continue
        if np.quantile(trace.at(xs) - ys, 0.9) < LEAST_RISE * trace.x_height:
            continue
        left, right = min(xs.min(), trace.right - 1), max(xs.max() + 1, trace.left + 1)
        knots = np.linspace(left, right, max(2, int((right - left) / (1.5 * trace.x_height)) + 1))
        base = trace.at(knots)
        polygon = outline(xs, ys, knots, base, LINE_OF_X_HEIGHT * trace.x_height)
        lines.append(TextLine(np.column_stack([knots, base]), polygon, trace.x_height))
        ends.append((left, right))
        levels.append(float(base.mean()))
        slopes.append(float(base[-1] - base[0]) / (right - left))
    spans, levels, slopes = np.array(ends, float).reshape(-1, 2), np.array(levels), np.array(slopes)
    own = np.arange(len(lines))
    # The numbers in the first column of a register may be cut off, and are its own all the same.
    if not is_table(*set_level(spans, levels, slopes)):
        own = np.flatnonzero(~on_facing_page(spans, np.array([line.x_height for line in lines]), page.shape[1]))
    spans, levels = set_level(spans[own], levels[own], slopes[own])
    return [lines[own[index]] for index in reading_order(spans, levels)]


def shows_one_line(pixels: np.ndarray, threads: int | None = None) -> bool:
    """Tell whether a picture shows one text line or word, not a page to be cut into lines.

    Where its looks may deceive, it shows one only if no two are found in it, one above the other: a picture whose line would have
    to slope, one high enough for a page whose lines run together from afar, where one must fill much of the height too, lest it be the one line of an envelope,
    and a picture so low that descenders may pass for a line.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
        threads: as for :func:`find_lines`.
    """
    height = pixels.shape[0]
    appearance = appearance_of(pixels)
    if appearance is not Appearance.OTHER:
        if height <= 2 * LINE_HEIGHT:
            return appearance is Appearance.LINE or not _stacked(find_lines(pixels, threads))
        lines = find_lines(pixels, threads)
        fills = pixels.shape[1] >= LONGEST_PAGE * height or any(np.ptp(line.polygon[:, 1]) >= LEAST_FILLED * height for line in lines)
        return fills and not _stacked(lines) and (bool(lines) or shows_ink(pixels))
    return height <= LINE_HEIGHT and shows_ink(pixels) and not _stacked(find_lines(pixels, threads))


def _stacked(lines: list[TextLine]) -> bool:
    """Tell whether any two lines stand one above the other, seen along the longest of them."""
    if len(lines) < 2:
        return False
    spans = [line.baseline[-1] - line.baseline[0] for line in lines]
    along = max(spans, key=lambda span: np.hypot(*span))
    along = along / max(np.hypot(*along), 1e-9)
    places = [line.baseline @ along for line in lines]
    left, right = np.array([(place.min(), place.max()) for place in places]).T
    down = np.array([np.mean(line.baseline @ (-along[1], along[0])) for line in lines])
    x_heights = np.array([line.x_height for line in lines])
    shared = np.minimum.outer(right, right) - np.maximum.outer(left, left)
    above = np.abs(down[:, None] - down) > np.maximum.outer(x_heights, x_heights)
    return bool((above & (shared > 0.5 * np.minimum.outer(right - left, right - left))).any())


def cut_lines(pixels: np.ndarray, threads: int | None = None) -> list[Cut]:
    """Find the lines of a page and cut them out, in reading order, each upright; boxes are on the page as it lies.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
        threads: as for :func:`find_lines`.
    """
    cuts = []
    for line in find_lines(pixels, threads):
        # What is too small to be cut is a speck that looked like writing, no fault of the page.
        with contextlib.suppress(InputError):
            cuts.append(cut_line(pixels, line.polygon, line.baseline, directed=True))
    return cuts

"""Where the text lines of a page are, in reading order, and how they are cut out."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import numpy as np

from htrtool.core.cut import Cut, cut_line
from htrtool.core.errors import InputError
from htrtool.core.ink import ink_map
from htrtool.core.linemaps import WORKING_SIDE, LineMaps, line_network
from htrtool.core.linetrace import Trace, trace_baselines
from htrtool.core.oneline import looks_like_line
from htrtool.core.order import reading_order
from htrtool.core.outlines import outline
from htrtool.core.owners import ink_of_each, own_ink

__all__ = ["TextLine", "cut_lines", "find_lines", "looks_like_line"]

# How much of the writing must stand in another direction for the page to be turned.
CLEARLY_TURNED = 0.6
# Letters of these heights, in pixels that the network sees, are found best; others are looked at in another scale.
SMALL_LETTERS, LARGE_LETTERS, GOOD_LETTERS = 4.5, 30.0, 12.0
LONGEST_SIDE = 2240
# The distance of lines at which letters are usually written, in heights of small letters.
LINE_OF_X_HEIGHT = 2.6


@dataclass
class TextLine:
    """A line found on a page: its baseline and its outline, float (points, 2), in page pixels.

    The baseline runs as the line is read, from left to right unless the page is turned; ``x_height`` is the height of its
    small letters in pixels.
    """

    baseline: np.ndarray
    polygon: np.ndarray
    x_height: float = 0.0


def find_lines(pixels: np.ndarray) -> list[TextLine]:
    """Find the text lines of a page, in reading order. A page that lies on its side or its head is read so.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
    """
    maps = line_network().maps(pixels)
    quarters = quarters_turned(maps)
    upright = pixels
    if quarters:
        upright = np.ascontiguousarray(np.rot90(pixels, quarters))
        maps = line_network().maps(upright)
    traces = trace_baselines(maps)
    if traces and (side := _better_side(upright, maps, traces)):
        maps = line_network().maps(upright, side)
        traces = trace_baselines(maps)
    lines = _outlined(upright, traces, maps.scale)
    for line in lines if quarters else ():
        line.baseline, line.polygon = (_turned(p, quarters, upright.shape) for p in (line.baseline, line.polygon))
    return lines


def quarters_turned(maps: LineMaps) -> int:
    """Return by how many quarters a page is turned clockwise, as far as its writing tells clearly."""
    total = maps.writing.sum()
    most = int(maps.writing.argmax())
    return most if total >= 1 and maps.writing[most] > CLEARLY_TURNED * total else 0


def _turned(points: np.ndarray, quarters: int, shape: tuple[int, int]) -> np.ndarray:
    """Turn points of an upright page of ``shape`` clockwise by quarters."""
    height, width = shape
    for _ in range(quarters):
        points = np.column_stack([height - points[:, 1], points[:, 0]])
        height, width = width, height
    return points


def _better_side(pixels: np.ndarray, maps: LineMaps, traces: list[Trace]) -> int:
    """Return the longer side at which the network should see the page again, 0 if it saw it well."""
    # The network sees the page at twice the scale of its maps.
    letters = 2 * float(np.median([trace.x_height for trace in traces]))
    if SMALL_LETTERS <= letters <= LARGE_LETTERS:
        return 0
    side = round(2 * maps.scale * max(pixels.shape) * GOOD_LETTERS / letters)
    side = int(np.clip(side, WORKING_SIDE // 4, min(LONGEST_SIDE, max(pixels.shape))))
    return side if abs(side / (2 * maps.scale * max(pixels.shape)) - 1) > 0.2 else 0


def _outlined(pixels: np.ndarray, traces: list[Trace], scale: float) -> list[TextLine]:
    """Give each trace its ink, its ends and its outline; what has no ink is no line."""
    if not traces:
        return []
    ink = ink_map(pixels)
    ratio = ink.scale / scale
    scaled = [_scaled(trace, ratio) for trace in traces]
    owners = own_ink(ink.mask, scaled)
    lines, ends, heights = [], [], []
    for trace, (xs, ys) in zip(scaled, ink_of_each(owners, len(scaled))):
        if len(xs) < 0.1 * trace.x_height**2:
            continue
        size = LINE_OF_X_HEIGHT * trace.x_height
        left, right = min(xs.min(), trace.right - 1), max(xs.max() + 1, trace.left + 1)
        knots = np.linspace(left, right, max(2, int((right - left) / (1.5 * trace.x_height)) + 1))
        base = trace.at(knots)
        polygon = outline(xs, ys, knots, base, size)
        baseline = np.column_stack([knots, base])
        lines.append(TextLine(baseline / ink.scale, polygon / ink.scale, trace.x_height / ink.scale))
        ends.append((left, right))
        heights.append(float(base.mean()))
    return [lines[index] for index in reading_order(np.array(ends).reshape(-1, 2), np.array(heights))]


def _scaled(trace: Trace, ratio: float) -> Trace:
    """Bring a trace to another scale; pixel centres are kept in mind."""
    left, right = round(trace.left * ratio), max(round(trace.left * ratio) + 1, round(trace.right * ratio))
    columns = (np.arange(left, right) + 0.5) / ratio - 0.5
    ys = (np.interp(columns, np.arange(trace.left, trace.right), trace.ys) + 0.5) * ratio - 0.5
    return Trace(left, ys, trace.x_height * ratio)


def cut_lines(pixels: np.ndarray) -> list[Cut]:
    """Find the lines of a page and cut them out, in reading order.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
    """
    cuts = []
    for line in find_lines(pixels):
        # What is too small to be cut is a speck that looked like writing, no fault of the page.
        with contextlib.suppress(InputError):
            cuts.append(cut_line(pixels, line.polygon, line.baseline, directed=True))
    return cuts

"""Which way up a page and the lines on it are, and the page turned so that they are upright."""

from __future__ import annotations

import numpy as np

from htrtool.core.linefinder.askew import turned_level
from htrtool.core.linefinder.maps import STRIDE, LineMapper, LineMaps
from htrtool.core.linefinder.trace import Trace, trace_baselines

# What tells that a page is turned: written patches that it takes, the share of them that stand sideways, and log odds of
# upright against overturned writing, above which a page is taken for upright, and by which another way round is better.
LEAST_WRITING = 8
CLEARLY_TURNED = 0.6
SURELY_UPRIGHT = 2.0
CLEARLY_BETTER = 0.9
# By which a single line must be better on its head.
SURELY_OVERTURNED = 3.0
# The share of the written patches along which lines must be traced, else the page is also looked at turned by STEEP degrees.
LEAST_TRACED, STEEP = 0.25, 30.0


def best_turn(page: np.ndarray, network: LineMapper) -> tuple[int, float, LineMaps, list[Trace]]:
    """Return by how many quarters and degrees a page, (height, width) uint8, is to be turned back, and its maps and traces then."""
    quarters, maps = upright_maps(page, network)
    best = quarters, 0.0, maps, trace_baselines(maps)
    written = maps.writing.sum()
    if written >= LEAST_WRITING and _traced(best[3]) < LEAST_TRACED * written:
        # Much is written, of which hardly a line can be followed: it may stand steeper than the network has seen.
        for degrees in (-STEEP, STEEP):
            quarters, maps = upright_maps(turned_level(page, degrees), network)
            traces = trace_baselines(maps)
            if _traced(traces) > 2 * _traced(best[3]) and _traced(traces) >= LEAST_TRACED * written:
                best = quarters, degrees, maps, traces
    return best


def _traced(traces: list[Trace]) -> float:
    """Return how long traces are together, in patches."""
    return sum(len(trace.ys) for trace in traces) * 2 / STRIDE


def upright_maps(pixels: np.ndarray, network: LineMapper) -> tuple[int, LineMaps]:
    """Return by how many quarters a page, (height, width) uint8, is turned clockwise, and its maps once it is upright.

    That writing stands sideways, the network tells from any piece of it. Whether it stands on its head, it tells only by
    comparison: of the two ways round, the right one looks the more upright.
    """
    maps = network.maps(pixels)
    total = maps.writing.sum()
    if total < LEAST_WRITING:
        return 0, maps
    if maps.writing[1] + maps.writing[3] > CLEARLY_TURNED * total:
        return set_upright(pixels, network, np.ones(maps.patches.shape[:2], bool))
    if _uprightness(maps.writing) < SURELY_UPRIGHT:
        other = network.maps(turned_back(pixels, 2))
        if _uprightness(other.writing) > _uprightness(maps.writing) + CLEARLY_BETTER:
            return 2, other
    return 0, maps


def set_upright(pixels: np.ndarray, network: LineMapper, sideways: np.ndarray) -> tuple[int, LineMaps]:
    """Return by how many quarters what stands sideways is turned clockwise, and the maps of the page turned back so.

    ``sideways``, bool (rows, columns), tells in which patches that is.
    """
    ways = {quarters: network.maps(turned_back(pixels, quarters)) for quarters in (1, 3)}
    best = max(ways, key=lambda quarters: _uprightness(ways[quarters].patches[np.rot90(sideways, quarters), 1:].sum(axis=0)))
    return best, ways[best]


def _uprightness(writing: np.ndarray) -> float:
    """Return the log odds of upright writing against writing on its head; see ``LineMaps.writing``."""
    return float(np.log((writing[0] + 1e-3) / (writing[2] + 1e-3)))


def turned_back(pixels: np.ndarray, quarters: int) -> np.ndarray:
    """Turn a page, (height, width), anticlockwise by quarters."""
    return np.ascontiguousarray(np.rot90(pixels, quarters)) if quarters else pixels


def turned(points: np.ndarray, quarters: int, shape: tuple[int, int]) -> np.ndarray:
    """Turn points, (points, 2), of an upright page of ``shape`` clockwise by quarters."""
    height, width = shape
    for _ in range(quarters):
        points = np.column_stack([height - points[:, 1], points[:, 0]])
        height, width = width, height
    return points


def parted_by_way_up(
    traces: list[Trace], page: np.ndarray, maps: LineMaps, network: LineMapper
) -> tuple[list[Trace], list[Trace]]:
    """Part lines from those that stand on their head, as where a letter ends in its upper margin.

    Args:
        traces: all that were traced on a page that is upright.
        page: (height, width) uint8.
        maps: those of the page.

    Returns:
        Of ``traces`` those that are upright, and the others, traced on the page turned by two quarters.
    """
    if not any(_odds(trace, maps, page.shape) < 0 for trace in traces):
        return traces, []
    other = network.maps(turned_back(page, 2))

    def odds_of(trace: Trace, own: LineMaps, on_its_head: LineMaps) -> tuple[float, float]:
        return _odds(trace, own, page.shape), _odds(trace, on_its_head, page.shape, turned=True)

    overturned = [trace for trace in trace_baselines(other) if _clearly(*odds_of(trace, other, maps))]
    return [trace for trace in traces if not _clearly(*odds_of(trace, maps, other)[::-1])], overturned


def _clearly(odds: float, others: float) -> bool:
    return odds > max(0.0, others + SURELY_OVERTURNED)


def _odds(trace: Trace, maps: LineMaps, shape: tuple[int, int], turned: bool = False) -> float:
    """Return how upright the writing along a trace is, see :func:`_uprightness`; ``turned``: the maps are those of the page on its head."""
    columns, rows = 2 * np.arange(trace.left, trace.right), 2 * (trace.ys - 0.5 * trace.x_height)
    if turned:
        columns, rows = shape[1] - 1 - columns, shape[0] - 1 - rows
    places = tuple(
        np.clip((at // STRIDE).astype(int), 0, size - 1) for at, size in zip((rows, columns), maps.patches.shape)
    )
    return _uprightness(maps.patches[places][:, 1:].mean(axis=0))

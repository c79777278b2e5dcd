"""Lines that run on over the gutter of columns, parted there."""

from __future__ import annotations

from typing import Iterator

import numpy as np

from htrtool.core.linefinder.trace import SHORTEST, Trace
from htrtool.core.medians import weighted_median
from htrtool.core.order import is_table, set_level

Ink = tuple[np.ndarray, np.ndarray]

GUTTER, ALIGNED, SPACE = 2.2, 1.0, 0.6
"""In heights of small letters, the least width of a gutter, how far apart what stands behind it may begin, and the least width of a
space between words."""
WIDER = 1.8
"""How many times as wide as most spaces of the page a gutter is at least."""
FEWEST, FEWEST_PARTED, LEAST_PARTED, MOSTLY = 5, 2, 0.15, 0.75
"""How many lines there are beside a gutter at least; how many of them, and which share of them, are seen to begin there already; and the
share of all lines there that have it."""


def parted_at_gutters(traces: list[Trace], inks: list[Ink]) -> tuple[list[Trace], list[Ink]]:
    """Part lines where gaps in the ink of many of them end at one place, and lines begin there.

    Args:
        traces: the lines' baselines.
        inks: the columns and rows of the ink of each.
    """
    if len(traces) < FEWEST:
        return traces, inks
    spans = np.array([(trace.left, trace.right) for trace in traces], float)
    levels = np.array([float(trace.ys.mean()) for trace in traces])
    slopes = np.array([(trace.ys[-1] - trace.ys[0]) / len(trace.ys) for trace in traces])
    if is_table(*set_level(spans, levels, slopes)):
        # Its cells stand apart already; what is aligned in them are parts of dates and sums.
        return traces, inks
    size = weighted_median(np.array([trace.x_height for trace in traces]), np.array([len(trace.ys) for trace in traces]))
    spaces = [(number, *gap) for number, (trace, (xs, ys)) in enumerate(zip(traces, inks)) for gap in _gaps(trace, xs, ys, size)]
    if not spaces:
        return traces, inks
    least = max(GUTTER * size, WIDER * float(np.median([end - begin for _, begin, end in spaces])))
    gaps = [gap for gap in spaces if gap[2] - gap[1] > least]
    if not gaps:
        return traces, inks
    lefts, rights = spans.T
    has_mate = np.array([_has_mate(trace, traces, size) for trace in traces])
    cuts: list[set[tuple[int, int]]] = [set() for _ in traces]
    for _, _, at in gaps:
        running = {number: (begin, end) for number, begin, end in gaps if abs(end - at) <= ALIGNED * size}
        parted = np.flatnonzero(has_mate & (np.abs(lefts - at) <= ALIGNED * size))
        beside = np.union1d(list(running), parted).astype(int)
        # Some lines must be seen to begin there: a hard shadow can hide the ink of all lines at one place.
        if len(beside) < FEWEST or len(parted) < max(FEWEST_PARTED, LEAST_PARTED * len(beside)):
            continue
        within = (levels >= levels[beside].min()) & (levels <= levels[beside].max())
        crossing = np.flatnonzero(within & (lefts < at - GUTTER * size) & (rights > at + GUTTER * size))
        if len(beside) >= MOSTLY * len(np.union1d(beside, crossing)):
            for number, gap in running.items():
                cuts[number].add(gap)
    parts = [part for trace, ink, cut in zip(traces, inks, cuts) for part in _parts(trace, ink, sorted(cut))]
    return [trace for trace, _ in parts], [ink for _, ink in parts]


def _parts(trace: Trace, ink: Ink, gaps: list[tuple[int, int]]) -> Iterator[tuple[Trace, Ink]]:
    """Yield a line's parts beside its gaps, from left to right; a loop that reaches into a gap goes to the nearer one."""
    xs, ys = ink
    middles = [-np.inf, *(sum(gap) / 2 for gap in gaps), np.inf]
    for begin, end, first, last in zip([trace.left, *(end for _, end in gaps)], [*(begin for begin, _ in gaps), trace.right], middles, middles[1:]):
        if end - begin >= SHORTEST * trace.x_height:
            own = (xs >= first) & (xs < last)
            yield Trace(begin, trace.ys[begin - trace.left : end - trace.left], trace.x_height), (xs[own], ys[own])


def _has_mate(trace: Trace, traces: list[Trace], size: float) -> bool:
    """Tell whether another line ends to the left of this one, at its height."""
    return any(
        other.right <= trace.left + size and abs(float(other.at(trace.left) - trace.ys[0])) < size for other in traces if other is not trace
    )


def _gaps(trace: Trace, xs: np.ndarray, ys: np.ndarray, size: float) -> list[tuple[int, int]]:
    """Return where the letters of a line leave a gap, as between words."""
    up = trace.at(xs) - ys
    columns = np.unique(xs[(up > -0.5 * size) & (up < 1.5 * size)])
    wide = np.flatnonzero(np.diff(columns) > SPACE * size)
    return [(int(columns[place]) + 1, int(columns[place + 1])) for place in wide]

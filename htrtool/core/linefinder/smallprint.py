"""Small print on a page of larger letters, such as the heading of a letter: looked at again from nearer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from htrtool.core.linefinder.maps import LineMapper, LineMaps
from htrtool.core.linefinder.repeats import Baselines
from htrtool.core.linefinder.trace import Trace, trace_baselines, x_height

# In pixels of the maps, the height of letters of which lines so close as they are usually printed run into one another.
TINY = 3.5
FEWEST = 3
# In heights of its letters, what is looked at above and below the small print that was seen: about four lines.
AROUND = 10
# How much larger than those first seen letters may be to be small print still.
LARGEST = 1.5


def small_print(traces: list[Trace], maps: LineMaps) -> list[Trace]:
    """Return the lines of small print; none where there are only one or two, which a nearer look finds no better."""
    small = [trace for trace in traces if x_height(maps.body, trace) <= TINY]
    return small if len(small) >= FEWEST else []


def look_nearer(
    traces: list[Trace], small: list[Trace], page: np.ndarray, factor: float, network: LineMapper
) -> list[Trace]:
    """Find small print again on a larger picture of the page.

    Args:
        traces: all lines seen on the page, in pixels of its maps.
        small: those of them that are small print.
        page: (height, width) uint8, the larger picture, ``factor`` times as large as that which was seen.

    Returns:
        The lines that are not small print, and small print as it is now seen, in pixels of the maps of the larger page.
    """
    size = float(np.median([trace.x_height for trace in small]))
    room = AROUND * size
    top = 2 * max(0, int(factor * (min(trace.ys.min() for trace in small) - room)))
    bottom = 2 * int(factor * (max(trace.ys.max() for trace in small) + room))
    seen = network.maps(page[top:bottom])
    large = [trace.scaled(factor) for trace in traces if trace not in small]
    found = [trace for trace in trace_baselines(seen) if x_height(seen.body, trace) <= LARGEST * factor * TINY]
    found = [replace(trace, ys=trace.ys + top / 2) for trace in found]
    known = Baselines(large)
    found = [trace for trace in found if not known.are_repeated_by(trace)]
    lost = [trace for trace in (trace.scaled(factor) for trace in small) if not any(_meet(trace, other) for other in found)]
    return large + found + lost


def _meet(line: Trace, other: Trace) -> bool:
    columns = np.arange(max(line.left, other.left), min(line.right, other.right))
    return len(columns) > 0 and bool(np.abs(line.at(columns) - other.at(columns)).min() < line.x_height)

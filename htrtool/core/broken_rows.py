"""Lines of a page that are parts of one row, with no column between them: broken by a gap, a crease or glare."""

from __future__ import annotations

from typing import Iterator

import numpy as np

from htrtool.core.neighbours import NEAR, Neighbours, neighbours_of

WIDEST_GAP = 15
"""In distances of lines, how far parts of one row may be apart."""
SUM, OF_ENTRY, SUMS, BESIDE = 3, 0.6, 4, 0.8
"""In distances of lines, how wide most of a column of sums are at most, and as a share of what they are for; how many there are at
least, and the share of them that stand at the height of a line to their left."""
FILLED_IN, TERM, OF_VALUE = 0.6, 6, 0.7
"""Of what is filled in to the right of the labels of a form, the share that stands at the height of one at least, and how wide most of these labels
are at most, in distances of lines and as a share of most of what is filled in."""
CREASE, ACROSS, RAGGED = 1.2, 0.5, 1
"""In distances of lines, how wide most parts of a crease or tear are at most, how far a whole line reaches beyond both of its sides, and how
much wider gaps, as of glare, differ in where the text goes on."""


def broken_rows(spans: np.ndarray, levels: np.ndarray) -> list[list[int]]:
    """Group the parts of lines that stand beside each other with no column between: each row from left to right.

    A part goes with the line on its left at its height unless a line near it, above or below, overlaps the one and not
    the other, as lines in columns do.

    Args:
        spans: (lines, 2), the left and right end of each line.
        levels: (lines,), the y of its baseline.
    """
    return joined_rows(spans, levels, neighbours_of(spans, levels), within_text=False)


def joined_rows(spans: np.ndarray, levels: np.ndarray, neighbours: Neighbours, within_text: bool) -> list[list[int]]:
    """Group parts, spans (lines, 2) and levels (lines,), as :func:`broken_rows` does, given who their neighbours are.

    ``within_text`` says that sums go with what they are for, what is filled in with its label, and what a crease parts together.
    """
    left, right = spans.T
    overlap, same_row, near, spacing = neighbours
    widest = WIDEST_GAP * spacing if spacing else np.inf
    follower: dict[int, int] = {}
    of_columns: list[tuple[int, int]] = []
    sorted_parts = np.argsort(left, kind="stable")
    for place, part in enumerate(sorted_parts):
        beside = same_row[part] & (right <= left[part]) & (left[part] - right <= widest) & ~overlap[part]
        # Of those before it alone, since what has no width is beside itself too.
        mates = [mate for mate in sorted_parts[:place] if beside[mate] and mate not in follower]
        if not mates:
            continue
        mate = max(mates, key=lambda mate: right[mate])
        column = overlap[part] & ~overlap[mate]
        if not (near[part] & column).any() or (within_text and _are_of_entries(column, spans, neighbours)):
            follower[mate] = int(part)
        else:
            of_columns.append((int(mate), int(part)))
    if within_text:
        follower |= {mate: part for mate, part in _parted_by_a_crease(of_columns, spans, levels, neighbours) if mate not in follower}
    rows = []
    for line in sorted(set(range(len(spans))) - set(follower.values())):
        rows.append([line])
        while (line := follower.get(line)) is not None:
            rows[-1].append(line)
    return rows


def _parted_by_a_crease(
    pairs: list[tuple[int, int]], spans: np.ndarray, levels: np.ndarray, neighbours: Neighbours
) -> Iterator[tuple[int, int]]:
    """Yield those of the lines beside each other, left and right, that look like columns but are parts of one text.

    A crease or a tear parts row after row by little, and glare hides of each row as much as it happens to cover; above and below the
    lines run across.
    """
    spacing = neighbours.spacing
    runs: list[list[tuple[int, int]]] = []
    for mate, part in sorted(pairs, key=lambda pair: levels[pair[0]]):
        for run in runs:
            last, beside_last = run[-1]
            if levels[mate] - levels[last] <= NEAR * spacing and neighbours.overlap[mate, last] and neighbours.overlap[part, beside_last]:
                run.append((mate, part))
                break
        else:
            runs.append([(mate, part)])
    for run in runs:
        mates, parts = np.transpose(run)
        begins, ends = spans[mates, 1], spans[parts, 0]
        across = (spans[:, 0] < begins.min() - ACROSS * spacing) & (spans[:, 1] > ends.max() + ACROSS * spacing)
        above, below = levels[mates[0]] - levels[across], levels[across] - levels[mates[-1]]
        closed = [((0 < away) & (away <= NEAR * spacing)).any() for away in (above, below)]
        is_narrow, is_ragged = np.median(ends - begins) <= CREASE * spacing, np.ptp(ends) >= RAGGED * spacing
        if all(closed) and (is_narrow or is_ragged) or any(closed) and is_narrow and len(run) > 1:
            yield from run


def _are_of_entries(column: np.ndarray, spans: np.ndarray, neighbours: Neighbours) -> bool:
    """Tell whether the lines of a column each belong to what stands to their left: sums to their entries, or what is filled in to its label."""
    left, right = spans.T
    lines = np.flatnonzero(column)
    beside = neighbours.same_row[lines] & (right <= left[lines, None]) & ~neighbours.overlap[lines]
    if len(lines) < SUMS or not beside.any():
        return False
    share = beside.any(axis=1).mean()
    width, width_left = (np.median((right - left)[which]) for which in (lines, beside.any(axis=0)))
    are_sums = share >= BESIDE and width <= min(SUM * neighbours.spacing, OF_ENTRY * width_left)
    return bool(are_sums or (share >= FILLED_IN and width_left <= min(TERM * neighbours.spacing, OF_VALUE * width)))

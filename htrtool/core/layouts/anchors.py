"""Where in a transcription the lines of a page would begin and end, were they read without errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rapidfuzz.distance import Levenshtein, ScoreAlignment
from rapidfuzz.fuzz import partial_ratio_alignment

LEAST_ANCHOR, LIKE_ANCHOR = 8, 0.6
"""Characters of a line, and the share of them, that must be found in the transcription at once to say where it belongs."""


def suggested_places(lines: Sequence[str], whole: str) -> list[tuple[int, int]]:
    """Return where in a text each line begins and ends: those that are found there by themselves, and between them the others.

    Args:
        lines: what was read of them, in reading order.
        whole: the text, on one line.
    """
    places: list[tuple[int, int]] = []
    for line, (begin, end) in [*_anchors(lines, whole).items(), (len(lines), (len(whole), len(whole)))]:
        if line > len(places):
            start = places[-1][1] if places else 0
            places += _spread(lines[len(places) : line], whole[start : max(start, begin)], start)
        places.append((begin, end))
    return places[: len(lines)]


def _anchors(lines: Sequence[str], whole: str) -> dict[int, tuple[int, int]]:
    """Return where in a text the lines begin and end, of those that are found there in their order.

    What is in the text and on no line, or the other way round, does not confuse it: of all places that lines are found at
    by themselves, those are taken that can follow one another and say most. A line that is found at several places says nothing.
    """
    found: list[tuple[int, int, int, float]] = []
    for line, read in enumerate(lines):
        if LEAST_ANCHOR <= len(read) <= len(whole):
            place = partial_ratio_alignment(read, whole, score_cutoff=100 * LIKE_ANCHOR)
            if place is not None and not _is_elsewhere(read, whole, place):
                found.append((line, place.dest_start, place.dest_end, len(read) * (place.score / 100 - LIKE_ANCHOR / 2)))
    best: list[tuple[float, int]] = []
    for line, begin, end, worth in found:
        slack = (end - begin) // 4
        before = [(best[other][0], other) for other in range(len(best)) if found[other][2] <= begin + slack]
        most, other = max(before, default=(0.0, -1))
        best.append((most + worth, other))
    chain, place = {}, max(range(len(best)), key=lambda place: best[place][0], default=-1)
    while place >= 0:
        line, begin, end, _ = found[place]
        chain[line] = begin, end
        place = best[place][1]
    return dict(reversed(chain.items()))


def _is_elsewhere(read: str, whole: str, place: ScoreAlignment) -> bool:
    """Tell whether a line that is found at a place of a text is found as well at another one, which half of that may belong to."""
    half = (place.dest_end - place.dest_start) // 2
    others = (whole[: place.dest_end - half], whole[place.dest_start + half :])
    return any(len(other) >= len(read) and partial_ratio_alignment(read, other, score_cutoff=place.score) is not None for other in others)


def _spread(lines: Sequence[str], text: str, start: int) -> list[tuple[int, int]]:
    """Return where lines begin and end in a text of which they may be all, as the fewest edits have it.

    Args:
        start: the place of the text's first character.
    """
    joined = " ".join(lines)
    places = np.full(len(joined) + 1, start + len(text))
    for step in Levenshtein.opcodes(joined, text):
        size = step.src_end - step.src_start
        places[step.src_start : step.src_end] = start + np.linspace(step.dest_start, step.dest_end, size, False)
    ends = np.cumsum([len(read) + 1 for read in lines])
    return [(int(places[end - len(read) - 1]), int(places[end - 1])) for end, read in zip(ends, lines)]

"""The numbers by which an edition counts the rows of a transcription."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from htrtool.core.charset import Charset
from htrtool.core.decoding.decode import best_path

LEAST_NUMBERED = 3
"""Rows with numbers that may count them."""
_NUMBER = re.compile(r"[\[(|]?(\d{1,5})[\])|.:]*")


def without_numbers(text: str, lines: Sequence[np.ndarray], charset: Charset) -> tuple[str, int]:
    """Return a transcription without the numbers that count its rows, unless lines show them, and how many they were.

    Args:
        lines: the probabilities of each line, (frames, classes).
        charset: the characters of the classes.
    """
    rows = [row.split() for row in text.splitlines()]
    most = sum(map(bool, rows)) / 2
    for end in (0, -1):
        found = {place: _NUMBER.fullmatch(words[end]) for place, words in enumerate(rows) if len(words) > 1}
        counts = {place: int(match[1]) for place, match in found.items() if match}
        if len(counts) < LEAST_NUMBERED or len(counts) <= most:
            continue
        rises = all(after > before or after == 1 for before, after in pairwise(counts.values()))
        read = [best_path(line, charset).text.split() for line in lines] if rises else []
        shown = sum(bool(words) and _NUMBER.fullmatch(words[end]) is not None for words in read)
        if rises and 2 * shown < min(len(counts), len(read)):
            for place in counts:
                del rows[place][end]
            return "\n".join(map(" ".join, rows)), len(counts)
    return text, 0

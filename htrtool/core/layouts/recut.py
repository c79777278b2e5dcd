"""Annotated pages as a source of lines that are cut as ``htr read`` will cut them, with the text of the annotation.

What a reader learns on lines cut by hand it must do on lines cut by the line finder, whose outlines differ: they are
tighter, hold strokes of neighbours, and end a letter early or late.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Iterator, Sequence

import numpy as np

from htrtool.core.cut import cut_line
from htrtool.core.errors import InputError
from htrtool.core.layouts.base import NO_TEXT, Entry, Found, LeftOut, Line, key_of
from htrtool.core.layouts.xml import Described, document_of_page, in_xml
from htrtool.core.linefinder.scores import match_lines
from htrtool.core.linefinder.truth import LineTruth, annotated_lines, load_annotations, picture_of_json
from htrtool.core.lines import find_lines

NO_BASELINE = "line without a baseline, which tells where it is to be found"
NOT_FOUND = "line that the line finder does not find"
OTHER_ENDS = "line that the line finder finds longer or shorter"
NOT_CUT = "line that is found too small, or too odd in shape, to be cut out"
MOST_APART = 4.0
"""In heights of small letters, how far the ends of a line found may be from those annotated for its text to be the same."""


def recut_pages(path: Path, prefix: str, threads: int) -> Iterator[Found]:
    """Yield the annotated pages of a file, ALTO, PAGE or JSON; lines are found when one is loaded.

    Args:
        prefix: the folders of the keys.
        threads: how many one page is looked for lines with.
    """
    if path.suffix.lower() == ".json":
        key = key_of(prefix, path.stem)
        load = functools.partial(_of_json, path, key, threads)
        yield Entry(str(path), load, image=picture_of_json(path))
    else:
        yield from in_xml(path, prefix, functools.partial(_of_xml, threads=threads))


def _of_json(path: Path, key: str, threads: int) -> Iterator[Line | LeftOut]:
    return _recut(*load_annotations(path), path, key, threads)


def _of_xml(described: Described, key: str, threads: int) -> Iterator[Line | LeftOut]:
    pixels, lines = described.load()
    return _recut(pixels, *annotated_lines(lines), described.path, key, threads)


def _recut(
    pixels: np.ndarray, annotated: Sequence[LineTruth | None], texts: Sequence[str], path: Path, key: str, threads: int
) -> Iterator[Line | LeftOut]:
    found = find_lines(pixels, threads)
    known = [number for number, line in enumerate(annotated, 1) if line is not None]
    matched = match_lines([annotated[number - 1].baseline for number in known], [line.baseline for line in found])
    pairs = {known[place]: other for place, other in matched.pairs}
    for number, (line, text) in enumerate(zip(annotated, texts), 1):
        name = f"{path}#{number}"
        if not text.strip():
            yield LeftOut(name, NO_TEXT)
            continue
        if number not in pairs:
            yield LeftOut(name, NO_BASELINE if line is None else NOT_FOUND)
            continue
        match = found[pairs[number]]
        if np.abs(_ends(line.baseline) - _ends(match.baseline)).max() > MOST_APART * match.x_height:
            yield LeftOut(name, OTHER_ENDS)
            continue
        try:
            cut = cut_line(pixels, match.polygon, match.baseline, directed=True)
        except InputError:
            # With its size each would be left out for a reason of its own.
            yield LeftOut(name, NOT_CUT)
            continue
        meta = {"source": str(path), "document": document_of_page(path, key), "box": list(cut.box)}
        yield Line(f"{key}/{number:03d}", cut.pixels, text, meta)


def _ends(baseline: np.ndarray) -> np.ndarray:
    """Return the left and right end of a baseline, or the upper and lower of one that stands upright."""
    return np.sort(baseline[[0, -1], np.ptp(baseline, axis=0).argmax()])

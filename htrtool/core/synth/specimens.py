"""Lines of real hands taken apart: where each letter stands, found by forced alignment, and the line's own measures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import cv2
import numpy as np

from htrtool.core import labels
from htrtool.core.decoding.align import align
from htrtool.core.errors import InputError
from htrtool.core.prepare import normalise_background, resize_to_height
from htrtool.core.reader import Reader
from htrtool.core.rules import remove_rules
from htrtool.core.samples import Sample
from htrtool.core.slant import shear_upright
from htrtool.core.synth.pen import stroke_width

HEIGHT = 64
WORST = -0.9
"""Nats a character below which the text is not taken for what the line shows, or not where the reader thinks."""

FAINTEST, PALE = 45, 25
"""Of 255: ink that is still taken for the paper's grain, and what the darkest strokes lack of full black."""

RIGHT_REACH = {
    character: reach
    for reach, characters in (
        (0.1, ","), (0.25, "&)./:;"), (0.4, " !'1ilçîï"), (0.6, "(-0235789=IJYbcefgjorstvzèéêô"), (0.8, '"46CEFLOSTUVX_adhqxyÉâ'),
        (1.0, "?AGHKNPRZknpu°àùû"), (1.25, "Bwœ"), (1.4, "DQ"), (1.55, "MWm"),
    )
    for character in characters
}  # fmt: skip
"""How far characters reach to the right of where a reader is surest of them, by the usual distance of two such places, ``USUAL_REACH``
where this is not known: it sees a letter soon after its left edge, however wide it is. From 4 118 lines of 200 hands."""
USUAL_REACH = 0.75
LEFT_REACH, AFTER_ROOM = 0.4, {" ": 0.8, ",": 0.8, ".": 0.8}
"""How far characters reach to the left of there, and those before which there is room."""
ASTRAY, OFF = 0.3, 40.0
"""How far from where two letters should part, as a share of their distance, they may do so, and what that costs, squared, in pixels of full ink."""

X_LETTERS = frozenset("acemnorsuvwxz")
LEAST_X_LETTERS = 4
X_HEIGHTS = 7, 36
"""Rows between which the x-height of a line of ``HEIGHT`` rows is believed."""


class Specimen(NamedTuple):
    """One aligned line of a hand.

    ``ink`` is (``HEIGHT``, width) uint8, upright, 255 the darkest; ``edges``, int (characters + 1,), the columns where
    the characters of ``text`` part; ``fits``, float (characters,), how sure the reader was of each, 0..1; ``baseline``
    a row, ``x_height`` in rows, ``slant`` the tangent by which the hand leaned to the right, and ``stroke`` the mean
    width of the strokes in pixels.
    """

    ink: np.ndarray
    text: str
    edges: np.ndarray
    fits: np.ndarray
    baseline: float
    x_height: float
    slant: float
    stroke: float


def specimen_of(sample: Sample, reader: Reader) -> Specimen | None:
    """Take a labelled line apart with a trained reader.

    None if its text is empty, marked up or outside the reader's charset, if it does not fit the picture, or if there
    are too few plain letters to measure the line by.

    Raises:
        InputError: the picture is broken, or no line.
    """
    text = labels.plain(sample.text or "")
    charset, stride = reader.info.charset, reader.info.stride
    if not text or labels.has_markup(text) or charset.unknown(text):
        return None
    pixels = resize_to_height(sample.pixels(), HEIGHT)
    line = reader.prepare_placed(pixels, sample.meta.get("recipe"))
    found = align(reader.probabilities([line.pixels])[0], charset.encode(text))
    if found is None or found.log_likelihood < WORST * len(text):
        return None
    upright, shear, offset = shear_upright(remove_rules(normalise_background(pixels)))
    ink = np.clip((255.0 - FAINTEST - upright) * (255 / (255 - FAINTEST - PALE)), 0, 255).astype(np.uint8)
    rows = ink.sum(axis=1, dtype=np.int64)
    if not rows.any():
        return None
    middle = float(rows @ np.arange(HEIGHT) / rows.sum())
    columns = (found.peaks + 0.5) * stride
    centres = np.clip((columns - line.begin) / (line.end - line.begin), 0, 1) * pixels.shape[1]
    edges = part_letters(ink, centres + shear * middle + offset, text)
    measures = measure(ink, text, edges)
    return Specimen(ink, text, edges, found.fits, *measures, shear, max(0.8, stroke_width(ink > 110))) if measures else None


def part_letters(ink: np.ndarray, centres: np.ndarray, text: str) -> np.ndarray:
    """Return the columns where letters part: near where their usual widths let them, and where there is little ink.

    Args:
        ink: (height, width) uint8.
        centres: the column where the reader is surest of each character, float (characters,).
        text: the characters.

    Returns:
        int (characters + 1,), the ends of the line among them.
    """
    width = ink.shape[1]
    density = cv2.GaussianBlur(ink.sum(axis=0, dtype=np.float32)[None], (0, 0), 0.8)[0] / 255
    usual = float(np.median(np.diff(centres))) if len(centres) > 1 else width / 2
    edges = [max(0, round(centres[0] - (LEFT_REACH + 0.8) * usual))]
    for letter, following, here, there in zip(text, text[1:], centres, centres[1:]):
        reach, before = RIGHT_REACH.get(letter, USUAL_REACH), AFTER_ROOM.get(following, LEFT_REACH)
        apart = max(there - here, 1)
        wanted = here + apart * reach / (reach + before)
        first, last = max(here + 0.1 * apart, wanted - ASTRAY * apart), min(there - 0.05 * apart, wanted + ASTRAY * apart)
        columns = np.arange(max(edges[-1], int(first)), min(width - 1, int(np.ceil(last))) + 1)
        if len(columns):
            edges.append(int(columns[(density[columns] + OFF * np.square((columns - wanted) / apart)).argmin()]))
        else:
            edges.append(edges[-1])
    reach = RIGHT_REACH.get(text[-1], USUAL_REACH)
    edges.append(min(width, max(edges[-1], round(centres[-1] + (reach + 0.6) * usual))))
    return np.array(edges)


def measure(ink: np.ndarray, text: str, edges: np.ndarray) -> tuple[float, float] | None:
    """Return the row of the baseline and the x-height in rows, as the letters without ascender and descender have them.

    None where there are too few of them, or what is found can't be.

    Args:
        ink: (height, width) uint8.
        edges: int (characters + 1,), the columns where the characters of ``text`` part.
    """
    tops, bottoms = [], []
    for letter, left, right in zip(text, edges, edges[1:]):
        if letter not in X_LETTERS or right - left < 3:
            continue
        reached = np.cumsum(ink[:, left:right].sum(axis=1, dtype=np.int64))
        if not reached[-1]:
            continue
        tops.append(np.searchsorted(reached, 0.04 * reached[-1]))
        bottoms.append(np.searchsorted(reached, 0.96 * reached[-1]) + 1)
    if len(tops) < LEAST_X_LETTERS:
        return None
    top, baseline = float(np.median(tops)), float(np.median(bottoms))
    return (baseline, baseline - top) if X_HEIGHTS[0] <= baseline - top <= X_HEIGHTS[1] else None


def gather_specimens(
    samples: Iterable[Sample],
    reader: Reader,
    on_error: Callable[[InputError], object],
    on_step: Callable[[], object] = lambda: None,
) -> Iterator[tuple[str, Specimen]]:
    """Yield the document and the specimen of each sample that has one.

    What is broken is told to ``on_error``; ``on_step`` is called after each sample.
    """
    for sample in samples:
        try:
            specimen = specimen_of(sample, reader)
        except InputError as error:
            on_error(error)
            specimen = None
        if specimen is not None:
            yield sample.document, specimen
        on_step()

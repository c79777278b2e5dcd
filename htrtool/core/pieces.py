"""Lines cut into pieces of a few words, such as the fields of forms hold."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from htrtool.core.checking import MISFIT, fitted
from htrtool.core.collect import Limits
from htrtool.core.errors import InputError
from htrtool.core.ink import strokes
from htrtool.core.layouts.base import LeftOut
from htrtool.core.reader import Reader
from htrtool.core.samples import Sample, encode_image, image_suffix

NO_TEXT = "no text to find words by, or characters that the model does not know"
LEAST_GAP = 2
"""Columns without ink that part two words."""
_SPACE = re.compile(r"(?<=[^ ]) (?=[^ ])")


def in_pieces(
    made: Iterable[Sample | LeftOut | InputError], reader: Reader, most_words: int, limits: Limits
) -> Iterator[Sample | LeftOut | InputError]:
    """Cut each sample into pieces of 1 to ``most_words`` words, at gaps that a forced alignment finds between its words.

    Words that touch stay together. How many words a piece gets depends on the sample's key alone. A sample that can't be read
    gives an error; a piece beyond the limits is left out.
    """
    for item in made:
        yield from _pieces(item, reader, most_words, limits) if isinstance(item, Sample) else [item]


def _pieces(sample: Sample, reader: Reader, most_words: int, limits: Limits) -> Iterable[Sample | LeftOut | InputError]:
    """Return the pieces of a sample, or why there are none."""
    if not sample.text or reader.info.charset.unknown(sample.text):
        return [LeftOut(sample.key, NO_TEXT)]
    pixels = sample.pixels()
    try:
        cuts = _cuts(sample, pixels, reader)
    except InputError as error:
        return [error.at(sample.key)]
    return [LeftOut(sample.key, MISFIT)] if cuts is None else _cut(sample, pixels, cuts, most_words, limits)


def _cuts(sample: Sample, pixels: np.ndarray, reader: Reader) -> dict[int, int] | None:
    """Return the spaces at which a line can be cut, its ends among them, and the column of each cut; None if its text misfits."""
    line = reader.prepare_placed(pixels, sample.meta.get("recipe"))
    if (found := fitted(line.pixels, sample.text, reader)) is None:
        return None
    cuts = {-1: 0, len(sample.text): pixels.shape[1]}
    ink = strokes(pixels).sum(axis=0)
    # Rules lie under words and gaps alike.
    blank = ink <= np.quantile(ink, 0.1) + 1
    # A single space each, between two words.
    places = np.array([match.start() for match in _SPACE.finditer(sample.text)], int)
    frames = np.column_stack([found.peaks[places - 1], found.peaks[places + 1] + 1])
    columns = (frames * reader.info.stride - line.begin) * pixels.shape[1] / (line.end - line.begin)
    for place, (first, last) in zip(places.tolist(), np.clip(columns, 0, pixels.shape[1]).astype(int).tolist()):
        begin, width = _widest_run(blank[first:last])
        if width >= LEAST_GAP:
            cuts[place] = first + begin + width // 2
    return cuts


def _cut(
    sample: Sample, pixels: np.ndarray, cuts: dict[int, int], most_words: int, limits: Limits
) -> Iterator[Sample | LeftOut]:
    places = sorted(cuts)
    rng = np.random.default_rng(zlib.crc32(sample.key.encode("utf-8", "surrogateescape")))
    form = image_suffix(sample.image)[1:]
    begin = number = 0
    while begin < len(places) - 1:
        end = min(begin + int(rng.integers(1, most_words + 1)), len(places) - 1)
        left, right = places[begin], places[end]
        number += 1
        key, text, piece = f"{sample.key}/{number:02d}", sample.text[left + 1 : right], pixels[:, cuts[left] : cuts[right]]
        if reason := limits.of_text(text) or limits.of_width(piece.shape[1], piece.shape[0]):
            yield LeftOut(key, reason)
        else:
            meta = {**sample.meta, "document": sample.document}
            yield replace(sample, key=key, image=encode_image(piece, form), text=text, meta=meta)
        begin = end


def _widest_run(mask: np.ndarray) -> tuple[int, int]:
    """Return where the widest run of True begins, and how wide it is."""
    edges = np.diff(np.concatenate([[0], mask, [0]]).astype(np.int8))
    begins, ends = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)
    if not len(begins):
        return 0, 0
    widest = int((ends - begins).argmax())
    return int(begins[widest]), int(ends[widest] - begins[widest])

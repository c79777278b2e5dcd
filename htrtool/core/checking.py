"""Transcriptions that their pictures do not show, found with a trained model: wrong lines, lines cut off, markup misread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from htrtool.core.decoding.align import Alignment, align
from htrtool.core.errors import InputError
from htrtool.core.layouts.base import LeftOut
from htrtool.core.reader import Reader
from htrtool.core.samples import Sample

LEAST_FIT = -2.5
"""Nats a character below which a text is not believed: of lines that are read well, one in a hundred lies below."""

MISFIT = "text that the picture does not show"


def checked(
    made: Iterable[Sample | LeftOut | InputError], reader: Reader
) -> Iterator[Sample | LeftOut | InputError]:
    """Pass on what was made, but leave out samples whose text fits their picture badly by forced alignment.

    Samples without text, and those with characters that the model does not know, are passed on; one that can't be read gives
    an error.
    """
    for item in made:
        try:
            yield LeftOut(item.key, MISFIT) if isinstance(item, Sample) and _misfits(item, reader) else item
        except InputError as error:
            yield error.at(item.key)


def _misfits(sample: Sample, reader: Reader) -> bool:
    if not sample.text or reader.info.charset.unknown(sample.text):
        return False
    return fitted(reader.prepare(sample.pixels(), sample.meta.get("recipe")), sample.text, reader) is None


def fitted(line: np.ndarray, text: str, reader: Reader) -> Alignment | None:
    """Return the alignment of a text with a prepared line, None if it fits badly."""
    found = align(reader.probabilities([line])[0], reader.info.charset.encode(text))
    return found if found is not None and found.log_likelihood >= LEAST_FIT * len(text) else None

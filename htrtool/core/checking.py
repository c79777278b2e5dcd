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

BELOW_OTHERS, LEAST_OF_ANY = 1.5, -4.0
"""In hands that are read badly, a text is believed whose fit is no further than this below the median of its document's, nor
below that of texts that stand by other lines."""

LEAST_OF_SYNTHETIC = -0.9
"""The least fit of a line that was made: half of those that are set from the letters of hands lie below, as letters that their words tell in a
real line may be told by nothing in another; of real lines one in a hundred does."""

LEAST_DOCUMENT, HELD = 5, 200
"""Of how few lines the median tells nothing, and how many of a document are held back for it."""

LEAST_KNOWN = 0.5
"""The share of a text's characters that the model must know, for it to say anything of it."""

MISFIT = "text that the picture does not show"


def checked(
    made: Iterable[Sample | LeftOut | InputError], reader: Reader
) -> Iterator[Sample | LeftOut | InputError]:
    """Pass on what was made, but leave out samples whose text fits their picture badly by forced alignment.

    How badly depends on how the other lines of a document are read, which are looked at together, but for lines that were made. Samples without text, and
    those of which the model does not know half of the characters, are passed on; one that can't be read gives an error.
    """
    held: list[Sample | LeftOut | InputError] = []
    fits: dict[int, float] = {}
    document = None
    for item in made:
        if isinstance(item, Sample):
            if item.document != document or len(held) >= HELD:
                yield from judged(held, fits)
                held, fits, document = [], {}, item.document
            try:
                if (fit := _fit(item, reader)) is not None:
                    fits[len(held)] = fit
            except InputError as error:
                item = error.at(item.key)
        held.append(item)
    yield from judged(held, fits)


def judged(
    held: list[Sample | LeftOut | InputError], fits: dict[int, float]
) -> Iterator[Sample | LeftOut | InputError]:
    """Yield some samples of one document, those left out whose ``fits``, in nats a character by place, are too bad.

    A sample of which no fit is known is passed on.
    """
    least = LEAST_FIT
    if len(fits) >= LEAST_DOCUMENT:
        least = max(min(least, float(np.median(list(fits.values()))) - BELOW_OTHERS), LEAST_OF_ANY)
    for place, item in enumerate(held):
        synthetic = isinstance(item, Sample) and bool(item.meta.get("synthetic"))
        fits_badly = fits.get(place, 0.0) < (LEAST_OF_SYNTHETIC if synthetic else least)
        yield LeftOut(item.key, MISFIT) if fits_badly else item


def _fit(sample: Sample, reader: Reader) -> float | None:
    """Return how well the picture shows the text, in nats a character that the model knows; None if that can't be said."""
    charset = reader.info.charset
    known = "".join(character for character in sample.text or "" if character in charset)
    if len(known) < max(1, LEAST_KNOWN * len(sample.text or "")):
        return None
    line = reader.prepare(sample.pixels(), sample.meta.get("recipe"))
    found = align(reader.probabilities([line])[0], charset.encode(known))
    return found.log_likelihood / len(known) if found is not None else -np.inf


def fitted(line: np.ndarray, text: str, reader: Reader) -> Alignment | None:
    """Return the alignment of a text with a prepared line, (height, width) uint8, None if it fits badly."""
    found = align(reader.probabilities([line])[0], reader.info.charset.encode(text))
    return found if found is not None and found.log_likelihood >= LEAST_FIT * len(text) else None

"""Transcriptions that their pictures do not show, found with a trained model: wrong lines, lines cut off, markup misread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from htrtool.core.decoding.align import align
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

    Samples without text, and those with characters that the model does not know, are passed on.
    """
    for item in made:
        yield LeftOut(item.key, MISFIT) if isinstance(item, Sample) and _misfits(item, reader) else item


def _misfits(sample: Sample, reader: Reader) -> bool:
    charset = reader.info.charset
    if not sample.text or charset.unknown(sample.text):
        return False
    line = reader.prepare(sample.pixels(), sample.meta.get("recipe"))
    found = align(reader.probabilities([line])[0], charset.encode(sample.text))
    return found is None or found.log_likelihood < LEAST_FIT * len(sample.text)

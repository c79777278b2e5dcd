"""A stream of samples as a layout of training data: a tar, from a file or from standard input."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import IO, TYPE_CHECKING, Iterator, NamedTuple

from htrtool.core.errors import InputError, unreadable
from htrtool.core.layouts.base import Entry, Found, Line, downwards
from htrtool.core.pages import PageSource, sample_source
from htrtool.core.sample_stream import read_samples
from htrtool.core.samples import Sample, document_of

if TYPE_CHECKING:
    from htrtool.core.layouts.page import PageCutter


class Untranscribed(NamedTuple):
    """A sample without transcription, and its picture as a page or a line."""

    sample: Sample
    source: PageSource


def in_stream(stream: IO[bytes], name: str, cutter: PageCutter | None = None) -> Iterator[Found]:
    """Yield the samples of a tar stream; a stream that breaks off gives an error after what came before.

    With a ``cutter``, those without transcription may be pages, and are cut; lines of one document that come one after the
    other are one entry then.
    """
    errors: list[InputError] = []
    together: list[Untranscribed] = []

    def gathered() -> Iterator[Entry]:
        if together:
            yield Entry(together[0].source.file, functools.partial(cutter.of_samples, together[:], name))
            together.clear()

    try:
        for sample in read_samples(stream, name, on_error=errors.append):
            place = f"{name}/{sample.key}"
            to_cut = Untranscribed(sample, sample_source(sample, place)) if cutter is not None and sample.text is None else None
            if errors or to_cut is None or not cutter.are_read_together(together, to_cut):
                yield from gathered()
            yield from errors
            errors.clear()
            if to_cut is None:
                yield Entry(place, functools.partial(_sample_lines, sample, name), sample.text)
            else:
                together.append(to_cut)
        yield from gathered()
        yield from errors
    except InputError as error:
        yield from gathered()
        yield error


def _sample_lines(sample: Sample, stream: str) -> list[Line]:
    return [sample_line(sample, stream)]


def sample_line(sample: Sample, stream: str) -> Line:
    """Return a sample as a line; ``stream`` names what it is from.

    Raises:
        InputError: its picture is broken.
    """
    key = sample_key(sample)
    source = f"{stream}/{sample.key}"
    meta = {"source": source, "document": key.rpartition("/")[0] or document_of(key)} | sample.meta
    try:
        return Line(key, sample.pixels(), sample.text, meta)
    except InputError as error:
        raise error.at(source) from None


def sample_key(sample: Sample) -> str:
    """Return a sample's key without what would lead out of where it is put."""
    return "/".join(downwards(sample.key))


def in_tar(path: Path, cutter: PageCutter | None = None) -> Iterator[Found]:
    """Yield the samples of a tar file, see :func:`in_stream`."""
    try:
        with open(path, "rb") as stream:
            yield from in_stream(stream, str(path), cutter)
    except OSError as error:
        yield unreadable(error, path)

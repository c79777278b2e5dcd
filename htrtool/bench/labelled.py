"""Labelled lines of sample streams, a document after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, Sequence

import numpy as np

from htrtool.core.errors import InputError, unreadable
from htrtool.core.gathering import in_gatherings
from htrtool.core.sample_stream import read_samples
from htrtool.core.samples import Sample


def labelled(path: Path, limit: int | None, seed: int) -> list[Sample]:
    """Return the samples of a stream that have a text, at most ``limit`` of them, drawn with a ``seed``.

    Raises:
        InputError: the stream can't be read, or none has a text.
    """
    try:
        with open(path, "rb") as stream:
            samples = [sample for sample in read_samples(stream, str(path)) if sample.text]
    except OSError as error:
        raise unreadable(error, path) from None
    if not samples:
        raise InputError("expected samples with a text, found none", str(path))
    if limit and limit < len(samples):
        chosen = np.random.default_rng(seed).choice(len(samples), limit, replace=False)
        samples = [samples[i] for i in sorted(chosen)]
    return samples


def documents(samples: Sequence[Sample]) -> Iterator[list[Sample]]:
    """Yield samples that come one after the other and are of one document, as many together as htr read reads so."""
    return in_gatherings(samples, lambda sample: sample.document)

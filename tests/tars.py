"""Tars of samples, written and read in memory."""

from __future__ import annotations

import io
from typing import Iterable

import numpy as np

from htrtool.core.sample_stream import SampleWriter, read_samples
from htrtool.core.samples import Sample, encode_png


def sample_of(key: str, pixels: np.ndarray, text: str | None = None, meta: dict | None = None) -> Sample:
    """Make a sample of gray pixels, (height, width) uint8."""
    return Sample(key, encode_png(pixels), text, meta or {})


def tar_of(samples: Iterable[Sample]) -> bytes:
    """Write samples as a tar."""
    stream = io.BytesIO()
    with SampleWriter(stream) as writer:
        for sample in samples:
            writer.write(sample)
    return stream.getvalue()


def samples_in(data: bytes, **options) -> list[Sample]:
    """Read the samples of a tar; ``options`` are those of ``read_samples``."""
    return list(read_samples(io.BytesIO(data), "data.tar", **options))

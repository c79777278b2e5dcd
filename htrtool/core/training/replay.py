"""Lines in many hands that are shown again while a model learns one, so that it does not forget the others."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

from htrtool.core.charset import Charset
from htrtool.core.decoding.align import frames_needed
from htrtool.core.errors import unreadable
from htrtool.core.modelfile import DEFAULT_MODEL, SHIPPED
from htrtool.core.prepare import prepare
from htrtool.core.recipe import Recipe
from htrtool.core.sample_stream import read_samples
from htrtool.core.samples import Sample, encode_png
from htrtool.core.training.dataset import LineStore

REPLAY_SUFFIX = ".replay.tar"


def add_replay(store: LineStore, parent: Path, recipe: Recipe, charset: Charset, stride: int, count: int) -> int:
    """Add lines to show again to a store: those beside the model that is gone on from, else those that are shipped.

    Returns:
        How many there were, at most ``count``.
    """
    added = 0
    for sample in replay_samples(parent):
        if added == count:
            break
        if not sample.text or charset.unknown(sample.text):
            continue
        pixels = prepare(sample.pixels(), recipe, sample.meta.get("recipe"))
        if frames_needed(charset.encode(sample.text)) * stride <= pixels.shape[1]:
            store.add(Sample(f"replay/{sample.key}", encode_png(pixels), sample.text))
            added += 1
    return added


def replay_samples(parent: Path) -> Iterator[Sample]:
    """Yield the lines to show again when a model is adapted, as they were prepared; none where there are none.

    Raises:
        InputError: their stream is broken.
    """
    beside = parent.with_suffix(REPLAY_SUFFIX)
    path = beside if beside.is_file() else SHIPPED / (DEFAULT_MODEL + REPLAY_SUFFIX)
    if not path.is_file():
        return
    try:
        with open(path, "rb") as stream:
            yield from read_samples(stream, str(path))
    except OSError as error:
        raise unreadable(error, path) from None

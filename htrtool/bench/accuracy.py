"""Error rates of htr and its peers on sample streams, side by side."""

from __future__ import annotations

import functools
import itertools
import sys
import time
from pathlib import Path
from typing import Iterable

import click

from htrtool.options import LOOKS

COLUMNS = ("set", "reader", "lines", "cer", "cer_low", "cer_high", "wer", "wer_low", "wer_high", "lines_per_s")


@click.command()
@click.argument("streams", nargs=-1, required=True, metavar="STREAM.tar...")
@click.option("-m", "--model", "models", multiple=True, default=("latin",), show_default=True, help="A model of ours; may be given several times.")
@click.option("--lm", "lms", multiple=True, default=("auto",), show_default=True, help="The language model to decode ours with, or none; may be given several times.")
@click.option("--looks", multiple=True, type=LOOKS, default=("auto",), show_default=True, metavar="auto|N", help="How often ours looks at each line; may be given several times.")
@click.option("--peer", "peers", multiple=True, type=click.Choice(["rapidocr", "tesseract"]), help="Only these peers.  [default: all that are installed]")
@click.option("--alone", is_flag=True, help="No peers.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many lines a set, drawn at random.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of that draw.")
def accuracy(streams, models, lms, looks, peers, alone, limit, seed) -> None:
    """Score htr and its peers on the labelled lines of each STREAM, one set a file.

    CER and WER with 95% intervals over documents. One normalisation for all: NFC, plain quotes and dashes, spaces
    folded; case, accents and punctuation count.
    """
    from htrtool.bench.peers import PEERS, installed
    from htrtool.core.tables import TableWriter

    readers = {_label(*ways): ours(*ways) for ways in itertools.product(models, lms, looks)}
    found = installed(PEERS, () if alone else peers or PEERS)
    readers |= {name: functools.partial(_unprepared, peer) for name, peer in found.items()}
    table = TableWriter(sys.stdout, COLUMNS)
    for stream in streams:
        samples = labelled(Path(stream), limit, seed)
        for name, reader in readers.items():
            table.write({"set": Path(stream).stem, "reader": name, "lines": len(samples)} | scores(samples, reader))


def _label(model: str, lm: str, looks: int | None) -> str:
    looked = f", {looks} look{'s' * (looks > 1)}" if looks else ""
    return model + (f", lm {lm}" if lm != "auto" else "") + looked


def ours(model: str, lm: str, looks: int | None = None):
    """Return a reader of single lines with a model of ours and a language model; of prepared ones it wants the recipe."""
    from htrtool.core.language import reader_for
    from htrtool.core.session import usable_cpus

    reader = reader_for(model, lm, looks=looks, threads=usable_cpus())
    return lambda pixels, recipe: reader.read_line(reader.prepare(pixels, recipe)).text


def _unprepared(peer, pixels, recipe) -> str:
    """Return what a peer reads, which knows of no recipes."""
    return peer(pixels)


def labelled(path: Path, limit: int | None, seed: int) -> list:
    """Return the samples of a stream that have a text, at most ``limit`` of them."""
    import numpy as np

    from htrtool.core.errors import InputError, unreadable
    from htrtool.core.samples import read_samples

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


def scores(samples: Iterable, reader) -> dict:
    """Return the rates of one reader on some samples, and how fast it read them one by one."""
    import numpy as np

    from htrtool.core.labels import plain
    from htrtool.core.scoring.metrics import count, score

    counts, seconds = [], 0.0
    for sample in samples:
        pixels = sample.pixels()
        start = time.perf_counter()
        text = reader(pixels, sample.meta.get("recipe"))
        seconds += time.perf_counter() - start
        counts.append(count(plain(sample.text), plain(text)))
    row = {"lines_per_s": round(len(counts) / seconds, 1)}
    for result in score(np.array(counts), [sample.document for sample in samples]):
        if result.metric in ("cer", "wer"):
            for part in ("value", "low", "high"):
                name = result.metric if part == "value" else f"{result.metric}_{part}"
                row[name] = round(getattr(result, part), 4)
    return row

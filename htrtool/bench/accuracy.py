"""Error rates of htr and its peers on sample streams, side by side."""

from __future__ import annotations

import functools
import itertools
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Sequence

import click

from htrtool.options import LOOKS

if TYPE_CHECKING:
    from htrtool.bench.peers import LineReader
    from htrtool.core.samples import Sample

COLUMNS = ("set", "reader", "lines", "cer", "cer_low", "cer_high", "wer", "wer_low", "wer_high", "lines_per_s")
DocumentReader = Callable[[Sequence[tuple]], list[str]]
"""The lines of a document, pixels and the recipe with which they were prepared, if they were, to their texts."""


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

    Ours reads lines that come one after the other and are of one document as htr read does, in one language; the peers
    read line by line. CER and WER with 95% intervals over documents. One normalisation for all: NFC, plain quotes and dashes, spaces
    folded; case, accents and punctuation count.
    """
    from htrtool.bench.labelled import labelled
    from htrtool.bench.peers import PEERS, installed
    from htrtool.core.tables import TableWriter

    readers = {_label(*ways): ours(*ways) for ways in itertools.product(models, lms, looks)}
    found = installed(PEERS, () if alone else peers or PEERS)
    readers |= {name: functools.partial(_line_by_line, peer) for name, peer in found.items()}
    table = TableWriter(sys.stdout, COLUMNS)
    for stream in streams:
        samples = labelled(Path(stream), limit, seed)
        for name, reader in readers.items():
            table.write({"set": Path(stream).stem, "reader": name, "lines": len(samples)} | scores(samples, reader))


def _label(model: str, lm: str, looks: int | None) -> str:
    looked = f", {looks} look{'s' * (looks > 1)}" if looks else ""
    return model + (f", lm {lm}" if lm != "auto" else "") + looked


def ours(model: str, lm: str, looks: int | None = None) -> DocumentReader:
    """Return a reader of the lines of a document with a model of ours and a language model."""
    from htrtool.core.language import reader_for
    from htrtool.core.session import usable_cpus

    reader = reader_for(model, lm, looks=looks, threads=usable_cpus())
    return lambda lines: [line.text for line in reader.read_page([reader.prepare(*line) for line in lines])]


def _line_by_line(peer: LineReader, lines: Sequence[tuple]) -> list[str]:
    """Return what a peer reads, which knows of no recipes."""
    return [peer(pixels) for pixels, _ in lines]


def scores(samples: Sequence[Sample], reader: DocumentReader) -> dict:
    """Return the rates of one reader on some samples, and how fast it read them, a document after the other."""
    import numpy as np

    from htrtool.bench.labelled import documents
    from htrtool.core.labels import plain
    from htrtool.core.scoring.metrics import count, score

    counts, seconds = [], 0.0
    for document in documents(samples):
        lines = [(sample.pixels(), sample.meta.get("recipe")) for sample in document]
        start = time.perf_counter()
        texts = reader(lines)
        seconds += time.perf_counter() - start
        counts += [count(plain(sample.text), plain(text)) for sample, text in zip(document, texts)]
    row = {"lines_per_s": round(len(counts) / seconds, 1)}
    for result in score(np.array(counts), [sample.document for sample in samples]):
        if result.metric in ("cer", "wer"):
            for part in ("value", "low", "high"):
                name = result.metric if part == "value" else f"{result.metric}_{part}"
                row[name] = round(getattr(result, part), 4)
    return row

"""Error rates and speed with a language model and without, and with lists of names, on the same lines."""

from __future__ import annotations

import contextlib
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Sequence

import click

COLUMNS = (
    "set", "lm", "lines", "cer", "cer_low", "cer_high", "wer", "change", "change_low", "change_high", "ms_per_line",
)
IN_PYTHON = ", in Python"
_NAME = re.compile(r"(?<=[\w,] )[A-ZÀ-ÖØ-Þ][^\W\d_]{2,}")
"""A word with a capital within a line, of three letters or more."""


@click.command()
@click.argument("streams", nargs=-1, required=True, metavar="STREAM.tar...")
@click.option("-m", "--model", default="latin", show_default=True, help="The model that reads.")
@click.option("--lm", default="auto", show_default=True, help="The language model, as for htr read.")
@click.option("--names", is_flag=True, help="Read with --lexicon too: with the names in each set's lines, and with those of the other sets.")
@click.option("--in-python", is_flag=True, help="Read without what is compiled too.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many lines a set, drawn at random.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of that draw.")
def lm(streams: Sequence[str], model: str, lm: str, names: bool, in_python: bool, limit: int | None, seed: int) -> None:
    """Score a language model on the labelled lines of each STREAM, one set a file.

    CER with 95% intervals over documents, and in the second row of a set by how much of itself it changed, the interval
    from the same documents with and without. Lines that come one after the other and are of one document are read together, as
    by htr read. The time is all of a line's: preparation, network, decoding and
    confidence, by one thread, in CPU time. Names are words with a capital within a line.
    """
    from htrtool.bench.labelled import labelled
    from htrtool.core.language import reader_for
    from htrtool.core.tables import TableWriter

    readers = {"none": reader_for(model, "none", looks=1)} if not names else {}
    readers[lm] = reader_for(model, lm, looks=1)
    if in_python:
        readers[f"{lm}{IN_PYTHON}"] = reader_for(model, lm, looks=1)
    table = TableWriter(sys.stdout, COLUMNS)
    sets = {stream: labelled(Path(stream), limit, seed) for stream in streams}
    for stream, samples in sets.items():
        listed = _with_names(stream, sets, model, lm) if names else {}
        for row in rows(samples, readers | listed):
            table.write({"set": Path(stream).stem} | row)


def _with_names(stream: str, sets: dict[str, list], model: str, lm: str) -> dict:
    """Return readers that know the names of one set, and those of all the others."""
    from htrtool.core.language import reader_for

    others = [sample for other, samples in sets.items() if other != stream for sample in samples]
    lists = {"its names": names_in(sets[stream]), "names of the others": names_in(others)}
    with tempfile.TemporaryDirectory(prefix="htr-") as folder:
        readers = {}
        for number, (whose, words) in enumerate(lists.items()):
            file = Path(folder, f"{number}.txt")
            file.write_text("\n".join(words), encoding="utf-8")
            readers[f"{lm}, {len(words)} {whose}"] = reader_for(model, lm, str(file), looks=1)
    return readers


def names_in(samples: Sequence) -> list[str]:
    """Return the words with a capital within the lines of samples, each once."""
    from htrtool.core.labels import plain

    return list(dict.fromkeys(name for sample in samples for name in _NAME.findall(plain(sample.text))))


def rows(samples: Sequence, readers: dict) -> list[dict]:
    """Return a row for each reader; the first is what the others are compared with."""
    import numpy as np

    from htrtool.bench.labelled import documents
    from htrtool.core.compiled.library import left_out
    from htrtool.core.labels import plain
    from htrtool.core.scoring.metrics import count, resample, score
    from htrtool.core.scoring.rates import COUNTS

    counts, seconds = {name: [] for name in readers}, dict.fromkeys(readers, 0.0)
    for document in documents(samples):
        lines = [(sample.pixels(), sample.meta.get("recipe")) for sample in document]
        # In turn, document by document, so that whatever else the computer does slows all alike.
        for name, reader in readers.items():
            with left_out() if name.endswith(IN_PYTHON) else contextlib.nullcontext():
                start = time.process_time()
                readings = reader.read_page([reader.prepare(*line) for line in lines])
                seconds[name] += time.process_time() - start
            counts[name] += [count(plain(sample.text), plain(reading.text)) for sample, reading in zip(document, readings)]
    of_documents, first = [sample.document for sample in samples], None
    errors = COUNTS.index("char_errors")
    result = []
    for name in readers:
        own = np.array(counts[name])
        rates = {item.metric: item for item in score(own, of_documents)}
        row = {
            "lm": name,
            "lines": len(own),
            "cer": round(rates["cer"].value, 4),
            "cer_low": round(rates["cer"].low, 4),
            "cer_high": round(rates["cer"].high, 4),
            "wer": round(rates["wer"].value, 4),
            "ms_per_line": round(1000 * seconds[name] / len(own), 2),
        }
        if first is None:
            first = own
        else:
            both = np.column_stack([first[:, errors], own[:, errors]])
            drawn = resample(both, of_documents)
            row["change"] = round(float(both[:, 1].sum() / max(both[:, 0].sum(), 1) - 1), 4)
            if drawn is not None:
                low, high = np.percentile(drawn[:, 1] / np.maximum(drawn[:, 0], 1) - 1, (2.5, 97.5))
                row |= {"change_low": round(float(low), 4), "change_high": round(float(high), 4)}
        result.append(row)
    return result

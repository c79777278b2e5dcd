"""Error rates on lines as worse pages, pens and scanners would have them."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Sequence

import click

from htrtool.options import LOOKS

COLUMNS = ("damage", "set", "reader", "lines", "cer", "cer_low", "cer_high")


@click.command()
@click.argument("streams", nargs=-1, required=True, metavar="STREAM.tar...")
@click.option("-m", "--model", "models", multiple=True, default=("latin",), show_default=True, help="A model; may be given several times.")
@click.option("--lm", default="auto", show_default=True, help="The language model, as for htr read.")
@click.option("--looks", type=LOOKS, default="auto", show_default=True, metavar="auto|N", help="How often each line is looked at.")
@click.option("--damage", "names", multiple=True, metavar="NAME", help="Only this damage; may be given several times.  [default: all]")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many lines a set, drawn at random.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of that draw and of the damage.")
def damage(
    streams: Sequence[str], models: Sequence[str], lm: str, looks: int | None, names: Sequence[str], limit: int | None, seed: int
) -> None:
    """Score models on the labelled lines of each STREAM, one set a file, as they are and damaged in many ways.

    All models read the same damaged lines: squared paper, ink that shows through, other pens and slants, small and stretched
    writing, bad scans, what else is around. Of several sets the mean is printed too.
    """
    import numpy as np

    from htrtool.bench.accuracy import ours, scores
    from htrtool.bench.damages import DAMAGES
    from htrtool.bench.labelled import labelled
    from htrtool.core.samples import encode_png
    from htrtool.core.tables import TableWriter

    if unknown := [name for name in names if name not in DAMAGES]:
        raise click.UsageError(f"--damage is one of {', '.join(DAMAGES)}; received {unknown[0]!r}")
    readers = {model: ours(model, lm, looks) for model in models}
    sets = [(Path(stream).stem, labelled(Path(stream), limit, seed)) for stream in streams]
    table = TableWriter(sys.stdout, COLUMNS)
    for name in names or DAMAGES:
        rates: dict[str, list[float]] = {model: [] for model in models}
        for label, samples in sets:
            damaged = [
                replace(sample, image=encode_png(DAMAGES[name](sample.pixels(), np.random.default_rng((seed, number)))))
                for number, sample in enumerate(samples)
            ]
            for model, reader in readers.items():
                row = {"damage": name, "set": label, "reader": model, "lines": len(damaged)} | scores(damaged, reader)
                table.write({column: row[column] for column in COLUMNS})
                rates[model].append(row["cer"])
        if len(sets) > 1:
            for model, each in rates.items():
                table.write({"damage": name, "set": "mean", "reader": model, "cer": round(float(np.mean(each)), 4)})

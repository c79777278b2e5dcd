"""What a model learns of one hand from a few of its lines, and what it forgets of the others."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

COLUMNS = (
    "hand", "lines", "lm", "tested", "cer_before", "cer_after", "change", "others_before", "others_after", "others_change",
    "seconds",
)  # fmt: skip
SIZES = (10, 25, 50, 100, 200, 500)


@click.command()
@click.option("--hand", "hands", nargs=2, multiple=True, required=True, metavar="LEARN.tar TEST.tar", help="Lines of a hand to learn from, and others of it to be tested on; may be given several times.")
@click.option("--lines", "sizes", type=click.IntRange(min=1), multiple=True, default=SIZES, show_default=True, help="How many lines to give, of which about a tenth is kept aside; may be given several times.")
@click.option("-m", "--model", default="latin", show_default=True, help="The model to go on from.")
@click.option("--limit", type=click.IntRange(min=1), default=200, show_default=True, help="At most so many lines are read of TEST and of each of OTHERS, drawn at random.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the draw of the lines to learn from.")
@click.argument("others", nargs=-1, metavar="OTHERS.tar...")
def adapt(hands, sizes, model, limit, seed, others) -> None:
    """Train on a few lines of a hand as htr train does if it is told no more, and score the model before and after.

    Of the lines given, as the column "lines" counts them, htr train keeps about a tenth aside.

    CER with the language model and with the network alone (lm none), on other lines of the hand and, the mean of their
    rates, on OTHERS: sets in other hands. The seconds are all of the training, start and export included.
    """
    from htrtool.bench.labelled import labelled
    from htrtool.core.tables import TableWriter

    table = TableWriter(sys.stdout, COLUMNS)
    sets = [labelled(Path(other), limit, 0) for other in others]
    for learn, test in hands:
        pool, tested = labelled(Path(learn), None, 0), labelled(Path(test), limit, 0)
        before = rates(model, tested, sets)
        for size in sizes:
            if size > len(pool):
                click.echo(f"{learn} has {len(pool)} lines: no training on {size}", err=True)
                continue
            with tempfile.TemporaryDirectory(prefix="htr-") as folder:
                name, seconds = trained(pool, size, seed, model, Path(folder))
                after = rates(str(name), tested, sets)
            for lm in before:
                (own, rest), (own_after, rest_after) = before[lm], after[lm]
                row = {"hand": Path(test).stem, "lines": size, "lm": lm, "tested": len(tested), "seconds": round(seconds)}
                row |= {"cer_before": round(own, 4), "cer_after": round(own_after, 4), "change": change(own, own_after)}
                if sets:
                    row |= {"others_before": round(rest, 4), "others_after": round(rest_after, 4)}
                    row["others_change"] = change(rest, rest_after)
                table.write(row)


def change(before: float, after: float) -> float:
    """Return by how much of itself a rate changed."""
    return round(after / max(before, 1e-9) - 1, 3)


def trained(pool: list, size: int, seed: int, model: str, folder: Path) -> tuple[Path, float]:
    """Train a model on some lines of a pool in a process of its own; return its ONNX file and the seconds."""
    import numpy as np

    from htrtool.core.module_process import module_command
    from htrtool.core.sample_stream import SampleWriter

    chosen = np.random.default_rng(seed).choice(len(pool), size, replace=False)
    lines = folder / "lines.tar"
    with open(lines, "wb") as stream, SampleWriter(stream) as writer:
        for index in sorted(chosen):
            writer.write(pool[index])
    command = module_command("htrtool", "train", "-q", "--from", model, "-o", str(folder / "hand"), str(lines))
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / "hand.onnx", time.perf_counter() - start


def rates(model: str, tested: list, sets: list[list]) -> dict[str, tuple[float, float]]:
    """Return the CER on the lines of the hand and the mean of those on the other sets, with and without a language model."""
    from htrtool.bench.accuracy import ours, scores

    result = {}
    for lm in ("auto", "none"):
        reader = ours(model, lm)
        rest = [scores(samples, reader)["cer"] for samples in sets]
        result[lm] = scores(tested, reader)["cer"], sum(rest) / max(len(rest), 1)
    return result

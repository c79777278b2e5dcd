"""How many lines a second the networks read, beside RapidOCR's."""

from __future__ import annotations

import statistics
import sys
import threading
import time
from typing import Callable

import click

COLUMNS = ("reader", "threads", "lines_per_s", "times_rapidocr")
HEIGHT, WIDTH = 64, 950


@click.command()
@click.option("-m", "--model", "models", multiple=True, default=("latin", "latin-small"), show_default=True, help="A model; may be given several times.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), default=5, show_default=True, help="How long each reads in a round.")
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True, help="How often each has its turn; the median counts.")
@click.option("--batch", type=click.IntRange(min=1), default=16, show_default=True, help="Lines in a run of the network.")
@click.option("--threads", type=click.IntRange(min=1), help="How many batches are under way at a time.  [default: a CPU each]")
@click.option("--alone", is_flag=True, help="No peer.")
def network(models, seconds, rounds, batch, threads, alone) -> None:
    """Count the lines of 64 × 950 pixels that the networks read in a second.

    Prepared lines to probabilities, as htr read lets several threads run them: neither pictures are opened nor texts decoded.
    RapidOCR's recogniser gets one line after the other, with as many threads as it chooses. They run in turn, so that whatever else
    the computer does slows all alike.
    """
    import numpy as np

    from htrtool.bench.peers import PEERS, installed
    from htrtool.core.modelfile import find_model
    from htrtool.core.reader import Reader
    from htrtool.core.session import usable_cpus
    from htrtool.core.tables import TableWriter

    threads = threads or usable_cpus()
    noise = np.random.default_rng(0)
    runs: dict[str, tuple[int, Callable[[], int]]] = {}
    for model in models:
        reader = Reader(find_model(model))
        height = reader.info.recipe.height
        lines = list(noise.integers(0, 256, (batch, height, round(WIDTH * height / HEIGHT)), np.uint8))
        runs[model] = threads, lambda reader=reader, lines=lines: len(reader.probabilities(lines))
    for name, read in installed(PEERS, () if alone else ["rapidocr"]).items():
        line = noise.integers(0, 256, (HEIGHT, WIDTH), np.uint8)
        runs[name] = 1, lambda read=read, line=line: len([read(line)])
    rates: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, (workers, run) in runs.items():
            rates[name].append(lines_per_second(run, workers, seconds))
    median = {name: statistics.median(found) for name, found in rates.items()}
    table = TableWriter(sys.stdout, COLUMNS)
    for name, (workers, _) in runs.items():
        row = {"reader": name, "threads": workers, "lines_per_s": f"{median[name]:.1f}"}
        if "rapidocr" in median:
            row["times_rapidocr"] = f"{median[name] / median['rapidocr']:.1f}"
        table.write(row)


def lines_per_second(run: Callable[[], int], workers: int, seconds: float) -> float:
    """Return how many lines a second several threads read, each calling ``run``, which returns how many it read."""
    run()
    read = [0] * workers
    start = time.perf_counter()

    def work(worker: int) -> None:
        while time.perf_counter() < start + seconds:
            read[worker] += run()

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(read) / (time.perf_counter() - start)

"""How many lines a second the networks read, beside RapidOCR's."""

from __future__ import annotations

import functools
import statistics
import sys
import threading
import time
from dataclasses import dataclass
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
    rng = np.random.default_rng(0)
    runs: dict[str, Run] = {}
    for model in models:
        reader = Reader(find_model(model))
        height = reader.info.recipe.height
        lines = list(rng.integers(0, 256, (batch, height, round(WIDTH * height / HEIGHT)), np.uint8))
        runs[model] = Run(functools.partial(reader.probabilities, lines), batch, threads)
    for name, read in installed(PEERS, () if alone else ["rapidocr"]).items():
        runs[name] = Run(functools.partial(read, rng.integers(0, 256, (HEIGHT, WIDTH), np.uint8)), 1, 1)
    rates: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            rates[name].append(run.lines_per_second(seconds))
    median = {name: statistics.median(found) for name, found in rates.items()}
    table = TableWriter(sys.stdout, COLUMNS)
    for name, run in runs.items():
        row = {"reader": name, "threads": run.threads, "lines_per_s": f"{median[name]:.1f}"}
        if "rapidocr" in median:
            row["times_rapidocr"] = f"{median[name] / median['rapidocr']:.1f}"
        table.write(row)


@dataclass(frozen=True)
class Run:
    """A function that reads so many ``lines``, and how many threads call it at a time."""

    read: Callable[[], object]
    lines: int
    threads: int

    def lines_per_second(self, seconds: float) -> float:
        """Return how many lines a second are read, in about so many seconds after a first call that does not count."""
        self.read()
        calls = [0] * self.threads
        start = time.perf_counter()

        def work(thread: int) -> None:
            while time.perf_counter() < start + seconds:
                self.read()
                calls[thread] += 1

        threads = [threading.Thread(target=work, args=(thread,)) for thread in range(self.threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.lines * sum(calls) / (time.perf_counter() - start)

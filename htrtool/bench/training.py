"""How many lines a second a network learns from on a CPU, with Keras's layers and with ours."""

from __future__ import annotations

import itertools
import statistics
import sys
import time

import click

COLUMNS = ("layers", "bfloat16", "lines_per_s", "times_keras")
FRAMES_A_CHARACTER = 6


@click.command()
@click.option("--spec", metavar="SIZE|SPEC", help="The network, as for htr train.  [default: that of latin]")
@click.option("--width", type=click.IntRange(min=64), default=960, show_default=True, help="Width of the lines in pixels.")
@click.option("--batch", type=click.IntRange(min=1), default=32, show_default=True, help="Lines in a step.")
@click.option("--steps", type=click.IntRange(min=1), default=3, show_default=True, help="Steps in a round.")
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True, help="How often each has its turn; the median counts.")
def training(spec, width, batch, steps, rounds) -> None:
    """Count the lines that a step of htr train takes in a second, with Keras's own layers and with those that htr puts in their place.

    Both in float32 and with --bfloat16, in turn, on the same lines of noise; making batches of real lines takes no part. Where
    TensorFlow finds a GPU, both are Keras's.
    """
    from htrtool.commands.backend import check_installed, importing_keras

    check_installed()
    # TensorFlow reads what the first of these sets when Keras imports it.
    with importing_keras():
        from htrtool.core.training.loop import CtcTrainer  # isort: skip
        import keras
    import numpy as np

    from htrtool.core.errors import DependencyError
    from htrtool.core.modelfile import DEFAULT_MODEL, find_model
    from htrtool.core.reader import Reader
    from htrtool.core.tables import TableWriter
    from htrtool.core.training.cpu import speed_up
    from htrtool.core.training.network import build_network
    from htrtool.core.training.optimizer import make_optimizer
    from htrtool.core.training.spec import SIZES, stride_of

    if keras.backend.backend() != "tensorflow":
        raise DependencyError(f"expected Keras on TensorFlow, found it on {keras.backend.backend()}: unset KERAS_BACKEND")
    info = Reader(find_model(DEFAULT_MODEL)).info
    spec = SIZES.get(spec, spec) or info.spec
    rng = np.random.default_rng(0)
    lines = rng.random((batch, info.recipe.height, width, 1), np.float32)
    frames = width // stride_of(spec)
    characters = frames // FRAMES_A_CHARACTER
    truth = {
        "labels": rng.integers(1, info.charset.classes, (batch, characters)).astype(np.int32),
        "label_lengths": np.full(batch, characters, np.int32),
        "frame_lengths": np.full(batch, frames, np.int32),
    }
    trainers = {}
    for bfloat16, ours in itertools.product((False, True), repeat=2):
        network = build_network(spec, info.recipe.height, info.charset.classes, bfloat16=bfloat16)
        if ours:
            speed_up(network, bfloat16)
        trainer = trainers[bfloat16, ours] = CtcTrainer(network)
        trainer.compile(optimizer=make_optimizer(1e-4, bfloat16), jit_compile=False)
        trainer.train_on_batch(lines, truth)
    rates = {which: [] for which in trainers}
    for _ in range(rounds):
        for which, trainer in trainers.items():
            start = time.perf_counter()
            for _ in range(steps):
                trainer.train_on_batch(lines, truth)
            rates[which].append(steps * batch / (time.perf_counter() - start))
    median = {which: statistics.median(found) for which, found in rates.items()}
    table = TableWriter(sys.stdout, COLUMNS)
    for (bfloat16, ours), rate in median.items():
        row = {"layers": "htr" if ours else "keras", "bfloat16": "yes" if bfloat16 else "no", "lines_per_s": f"{rate:.1f}"}
        table.write(row | {"times_keras": f"{rate / median[False, False]:.2f}"})

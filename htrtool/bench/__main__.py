"""``python -m htrtool.bench``: one subcommand a benchmark."""

from __future__ import annotations

import click

from htrtool.bench.accuracy import accuracy
from htrtool.bench.adapt import adapt
from htrtool.bench.calibration import calibration
from htrtool.bench.damage import damage
from htrtool.bench.lines import lines
from htrtool.bench.lm import lm
from htrtool.bench.network import network
from htrtool.bench.speed import speed
from htrtool.bench.training import training
from htrtool.cli import run_module


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def bench() -> None:
    """Run htr and its peers on the same inputs, in turn, and print how they did."""


for command in (accuracy, damage, lines, lm, calibration, adapt, speed, network, training):
    bench.add_command(command)


if __name__ == "__main__":
    run_module(bench, "bench")

"""``python -m htrtool.bench``: one subcommand a benchmark."""

from __future__ import annotations

import sys

import click

from htrtool.bench.accuracy import accuracy
from htrtool.bench.calibration import calibration
from htrtool.bench.lines import lines
from htrtool.bench.lm import lm
from htrtool.core.errors import HtrError
from htrtool.exits import Exit


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def bench() -> None:
    """Run htr and its peers on the same inputs, in turn, and print how they did."""


for command in (accuracy, lines, lm, calibration):
    bench.add_command(command)

def main() -> None:
    """Run a benchmark; an input that can't be used is told like ``htr`` tells it."""
    try:
        bench(prog_name="python -m htrtool.bench")
    except HtrError as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(Exit.BAD_INPUT)


if __name__ == "__main__":
    main()

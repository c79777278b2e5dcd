"""``python -m htrtool.bench``: one subcommand a benchmark."""

from __future__ import annotations

import click

from htrtool.bench.accuracy import accuracy


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def bench() -> None:
    """Run htr and its peers on the same inputs, in turn, and print how they did."""


bench.add_command(accuracy)

if __name__ == "__main__":
    bench(prog_name="python -m htrtool.bench")

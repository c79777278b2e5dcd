"""``htr read``: images of handwriting to a table of lines."""

from __future__ import annotations

import contextlib
import json

import click

from htrtool.exits import Exit
from htrtool.messages import Messages
from htrtool.options import with_messages, with_operands

FORMATS = ("tsv", "txt", "jsonl")


@click.command()
@with_operands("IMAGE")
@click.option(
    "-m",
    "--model",
    default="latin",
    show_default=True,
    metavar="MODEL",
    help="The model: a path, or the name of an installed one.",
)
@click.option(
    "--mode",
    type=click.Choice(["auto", "page", "line"]),
    default="auto",
    show_default=True,
    help="Look for lines on a page, take every picture as one line, or tell by looking.",
)
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="tsv",
    show_default=True,
    help="A table, plain text, or an object a line.",
)
@click.option("-o", "--output", metavar="FILE", help="Write to FILE, not to standard output.")
@click.option("--no-header", is_flag=True, help="Leave out the table's first line, which names the columns.")
@click.option(
    "--dpi",
    type=click.FloatRange(20, 2400),
    default=300,
    show_default=True,
    help="The resolution at which the pages of a PDF are drawn.",
)
@click.option(
    "--threads", type=click.IntRange(min=1), help="How many threads work.  [default: the CPUs that may be used]"
)
@click.option(
    "--batch",
    type=click.IntRange(1, 256),
    default=16,
    show_default=True,
    help="The most lines that go through the network at once; fewer take less memory.",
)
@with_messages
def read(
    operands: list[str],
    model: str,
    mode: str,
    form: str,
    output: str | None,
    no_header: bool,
    dpi: float,
    threads: int | None,
    batch: int,
    messages: Messages,
) -> int:
    """Read images of handwriting into a table of lines.

    An IMAGE is a picture (PNG, JPEG, TIFF, WebP, JPEG 2000 …), a PDF, or a tar of samples as htr prep writes it; '-' is
    standard input. Each page is cut into its lines; a picture of a single line is read as it is.

    The table has the columns file, page, line, left, top, width, height, conf and text: pages and lines count from 1 in
    reading order, the box is in pixels of the page, conf is the share of the characters expected to be right.

    \b
        htr read scans/*.jpg > out.tsv
        htr read -f txt letter.pdf
        find scans -name '*.png' -print0 | htr read -0 --files-from - | awk -F'\\t' '$8 < 0.8'
    """
    if no_header and form != "tsv":
        raise click.UsageError("--no-header is for -f tsv: the other formats have no header")
    if operands.count("-") > 1:
        raise click.UsageError("standard input, '-', can be read only once")
    from htrtool.cli import protect_stdout
    from htrtool.core.files import replacing
    from htrtool.core.modelfile import find_model
    from htrtool.core.tables import text_writer

    path = find_model(model)
    if output in (None, "-"):
        opened = contextlib.closing(protect_stdout())
    else:
        opened = replacing(output)
    from htrtool.core.pipeline import Pipeline
    from htrtool.core.reader import Reader
    from htrtool.core.session import usable_cpus

    reader = Reader(path)
    messages.detail(
        f"model {reader.info.name} from {path}: {reader.info.charset.classes - 1} characters, {reader.info.spec}"
    )
    lines = Pipeline(
        reader,
        operands,
        mode=mode,
        dpi=dpi,
        threads=threads or usable_cpus(),
        batch=batch,
        on_problem=messages.problem,
        on_empty=lambda file, page: messages.warning(f"{file}: no line found on page {page}"),
    )
    count = 0
    with opened as stream:
        text = text_writer(stream)
        write = row_writer(form, text, not no_header)
        with progress(messages, output) as step:
            for row in lines:
                write(row)
                count += 1
                step()
        text.detach()
    messages.detail(f"{count} line{'s' * (count != 1)} read on {lines.pages} page{'s' * (lines.pages != 1)}")
    if messages.problems:
        return Exit.SOME_FAILED if lines.pages else Exit.BAD_INPUT
    return Exit.OK


def row_writer(form: str, stream, header: bool):
    """Return a function that writes a row to a text stream in one of ``FORMATS`` and flushes it."""
    from htrtool.core.tables import LINE_COLUMNS, TableWriter

    if form == "tsv":
        table = TableWriter(stream, LINE_COLUMNS, header)
        return lambda row: table.write(row._asdict() | {"conf": f"{row.conf:.3f}"})

    def write(row) -> None:
        if form == "txt":
            print(row.text, file=stream, flush=True)
        else:
            print(json.dumps(row._asdict() | {"conf": round(row.conf, 3)}, ensure_ascii=False), file=stream, flush=True)

    return write


@contextlib.contextmanager
def progress(messages: Messages, output: str | None):
    """Count lines on a terminal, unless the rows themselves go there."""
    import sys

    if not messages.progress or (output in (None, "-") and sys.stdout.isatty()):
        yield lambda: None
        return
    from tqdm import tqdm

    with tqdm(unit=" lines", desc=messages.command, leave=False) as bar:
        yield bar.update

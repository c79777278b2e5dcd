"""``htr plot``: draw what the other commands print."""

from __future__ import annotations

from pathlib import Path

import click

from htrtool.core.bounds import BOUNDS
from htrtool.core.errors import InputError
from htrtool.exits import Exit
from htrtool.messages import Messages
from htrtool.options import (
    FiniteRange,
    expect_names,
    refuse,
    refuse_to_replace,
    tell_of_standard_input,
    with_messages,
    with_operands,
)
from htrtool.streams import protect_stdout, quiet_stderr

KINDS = ("png", "svg", "pdf")


@click.command()
@with_operands("TABLE|IMAGE")
@click.option("-o", "--output", metavar="FILE", help="Write the picture to FILE; .png, .svg or .pdf says of what kind.")
@click.option(
    "-f",
    "--format",
    "kind",
    type=click.Choice(KINDS),
    help="The kind of picture.  [default: by the name of FILE, else png]",
)
@click.option(
    "--title", metavar="TEXT", help="Write TEXT above the picture; over pages, %f in it is the file and %p the page."
)
@click.option(
    "--width",
    type=FiniteRange(1, 100),
    default=8,
    show_default=True,
    metavar="INCHES",
    help="How wide the picture is.",
)
@click.option(
    "--dpi",
    type=FiniteRange(10, 1200),
    default=150,
    show_default=True,
    metavar="DOTS",
    help="Pixels an inch of what is drawn in pixels.",
)
@click.option(
    "--pdf-dpi",
    type=FiniteRange(*BOUNDS["dpi"]),
    default=300,
    show_default=True,
    metavar="DOTS",
    help="The resolution at which the pages of a PDF were drawn to be read: what htr read --dpi was told.",
)
@click.option(
    "--x",
    "along",
    type=click.Choice(["epoch", "samples", "seconds"]),
    default="epoch",
    show_default=True,
    help="Draw learning curves along epochs, samples seen or time.",
)
@click.option(
    "--text",
    type=click.Choice(["over", "beside", "none"]),
    default="over",
    show_default=True,
    help="Where the text of lines is written: over the page, on an empty page beside it, or not at all.",
)
@with_messages
def plot(
    operands: list[str],
    output: str | None,
    kind: str | None,
    title: str | None,
    width: float,
    dpi: float,
    pdf_dpi: float,
    along: str,
    text: str,
    messages: Messages,
) -> int:
    """Draw what the other commands print.

    What is drawn depends on the TABLE (without one: standard input). A table of epochs, as htr train prints it,
    becomes learning curves, several tables over each other; a table of scores, as htr eval prints it, the error rates of its
    files or documents, the worst first; a table of python -m htrtool.bench adapt the error rates of
    hands over the lines that were learned from. A table of lines or words, as htr read prints it, JSON
    lines, ALTO or PAGE XML become the page with the outlines, baselines, order and text of the lines, coloured by
    confidence; a table without --outlines has boxes for outlines. The pages are those of the IMAGEs, or the files that
    the TABLE names. A PDF holds any number of pages, PNG and SVG one.

    The picture goes to FILE, or to standard output if that is no terminal.

    \b
        htr train lines.tar -o mine | htr plot -o curve.svg
        htr plot --x samples small.tsv large.tsv -o both.png
        htr read --outlines scans/*.png | htr plot -o pages.pdf
        htr eval --per document truth.tsv out.tsv | htr plot -o scores.svg
        htr plot adapt.tsv -o hands.svg
        htr plot page.xml -o lines.png
    """
    from htrtool.core import files

    with quiet_stderr():
        # Matplotlib tells where it puts its cache if that is another folder than usual.
        from htrtool.core.drawing import plotting

    kind = kind or _kind_of(output)
    stdout = protect_stdout()
    if output in (None, "-") and stdout.isatty():
        raise click.UsageError("a picture is not written to a terminal: give -o FILE, or pipe it on")
    expect_names(operands, "TABLE")
    if output not in (None, "-"):
        # Standard input may be what a training prints, for hours.
        files.check_replaceable(output)
    tables, images = plotting.sort_operands(operands, messages.problem)
    if not tables and messages.problems:
        return Exit.BAD_INPUT
    if not tables:
        tables = ["-"]
        tell_of_standard_input()
    loaded = []
    for table in tables:
        try:
            loaded.append(plotting.load(table, beside=not images))
        except InputError as error:
            messages.problem(error)
    if not loaded:
        if images and tables == ["-"] and "-" not in operands:
            messages.warning(f"{images[0]} is taken for a picture of a page, and no TABLE is named, which so is expected on standard input")
        return Exit.BAD_INPUT
    kinds = list(dict.fromkeys(map(plotting.kind_of, loaded)))
    if "lines" not in kinds:
        refuse(("text", "pdf_dpi"), f"is about pages, and a table of {kinds[0]} has none")
    if "epochs" not in kinds:
        refuse(("along",), "is about tables of epochs, and none is given")
    refuse_to_replace(output, images or plotting.pictures_of(loaded))
    style = plotting.Style(title, width, dpi, along, text, pdf_dpi)
    figures = plotting.figures(loaded, images, style, messages.problem, messages.warning)
    if output in (None, "-"):
        warnings = list(plotting.save(figures, stdout, kind, dpi))
    else:
        with files.replacing(output) as stream:
            warnings = list(plotting.save(figures, stream, kind, dpi))
    for warning in warnings:
        messages.warning(warning)
    return Exit.SOME_FAILED if messages.problems else Exit.OK


def _kind_of(output: str | None) -> str:
    if output in (None, "-"):
        return "png"
    suffix = Path(output).suffix.lower().removeprefix(".")
    if suffix not in KINDS:
        raise click.UsageError(f"expected a FILE that ends in .png, .svg or .pdf, received {output!r}: or say -f KIND")
    return suffix

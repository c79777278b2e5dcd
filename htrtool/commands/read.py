"""``htr read``: images of handwriting to a table of lines."""

from __future__ import annotations

import os
import sys

import click

from htrtool.commands.read_usage import DOCUMENTS, ROWS, check_usage, form_for
from htrtool.commands.read_writing import destination, write_documents, write_pdf, write_rows
from htrtool.core.bounds import BOUNDS
from htrtool.core.counted import counted
from htrtool.exits import Exit
from htrtool.messages import Messages
from htrtool.options import LOOKS, FiniteRange, refuse, refuse_to_replace, with_messages, with_operands


@click.command()
@with_operands("IMAGE", "lexicon")
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
    type=click.Choice([*ROWS, *DOCUMENTS, "pdf"]),
    default="tsv",
    help="A table, plain text, an object a line; a document a page: ALTO 4, PAGE XML 2019, hOCR; a searchable PDF.  [default: by the name of FILE, else tsv]",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE|DIR",
    help="Write to FILE, not to standard output; a document a page goes to the folder DIR, named for its input.",
)
@click.option("--skip-existing", is_flag=True, help="Leave out pages of which DIR has a document already: go on where a run was stopped.")
@click.option("--per-word", is_flag=True, help="Give words their own rows, with boxes: for -f tsv and jsonl.")
@click.option("--outlines", is_flag=True, help="Add the columns baseline and polygon, points x,y, to the table.")
@click.option("--no-header", is_flag=True, help="Leave out the table's first line, which names the columns.")
@click.option(
    "--dpi",
    type=FiniteRange(*BOUNDS["dpi"]),
    default=300,
    show_default=True,
    help="The resolution at which pages of a PDF are drawn; with -f pdf, that of pictures that do not tell theirs.",
)
@click.option(
    "--threads", type=click.IntRange(*BOUNDS["threads"]), help="How many threads work.  [default: the CPUs that may be used]"
)
@click.option(
    "--batch",
    type=click.IntRange(*BOUNDS["batch"]),
    default=16,
    show_default=True,
    help="The most lines that go through the network at once; fewer take less memory.",
)
@click.option(
    "--lm",
    default="auto",
    show_default=True,
    metavar="NAME|FILE|none",
    help="The language model that helps to decode; auto: latin, for models with Latin letters. Of one that knows "
    "several languages each page takes its own. Several are mixed: auto+mine.lm.",
)
@click.option(
    "--lexicon",
    metavar="FILE",
    help="Words that are known to occur, one a line ('-': standard input): they are preferred, never forced.",
)
@click.option(
    "--beam",
    type=click.IntRange(*BOUNDS["beam"]),
    default=16,
    show_default=True,
    help="How many readings of a line are followed at a time, three times as many where it is looked at five times; more take longer and "
    "miss less.",
)
@click.option(
    "--nbest",
    type=click.IntRange(*BOUNDS["nbest"]),
    default=1,
    show_default=True,
    metavar="N",
    help="Give the N best readings of each line: rows with a column rank, or a list of alternatives in jsonl; conf of those after "
    "the best is that of the best times how likely they are beside it. More readings are weighed then, so that the best may be another.",
)
@click.option(
    "--looks",
    type=LOOKS,
    default="auto",
    show_default=True,
    metavar="auto|N",
    help="Look at each line N times, 1 to 9, narrower and wider, and read what all looks agree on best: fewer errors, N "
    "times the work. auto: once, and up to five times where that leaves it unsure. With a language model and more than one look, "
    "lines that it is still unsure of are read again when the others of their page or document have shown the hand.",
)
@click.option(
    "--min-conf",
    type=FiniteRange(*BOUNDS["min_conf"]),
    default=0,
    show_default=True,
    metavar="CONF",
    help="Leave out lines that are read with less confidence: of what is under 0.1 hardly anything is writing, but stamps, drawings and stains.",
)
@with_messages
def read(
    operands: list[str],
    model: str,
    mode: str,
    form: str,
    output: str | None,
    skip_existing: bool,
    per_word: bool,
    outlines: bool,
    no_header: bool,
    dpi: float,
    threads: int | None,
    batch: int,
    lm: str,
    lexicon: str | None,
    beam: int,
    nbest: int,
    looks: int | None,
    min_conf: float,
    messages: Messages,
) -> int:
    """Read images of handwriting into a table of lines.

    An IMAGE is a picture (PNG, JPEG, TIFF, WebP, HEIC …), a PDF, an ALTO or PAGE XML file, or a tar of samples as
    htr prep writes it; '-' is standard input. Each page is cut into its lines; a picture of a single line is read as it
    is. Of an XML file the lines that it has are read, from the image that it names, which is looked for in its folder
    and below.

    The table has the columns file, page, line, left, top, width, height, conf and text: pages and lines count from 1 in
    reading order, the box is in pixels of the page, conf is the share of the characters expected to be right. With
    --per-word the column word counts the words of a line.

    The formats alto, page and hocr hold a page a file, with outlines, baselines, words and confidences. A single page
    goes to standard output or to a FILE that ends in .xml, .hocr or .html; else -o names the folder DIR, where a document
    that htr did not write, that was changed since, or that is of another file of the same name, is never replaced. An XML file of
    the kind that is asked for is filled in: it gets the text, and all else in it stays as it was, but lines that
    --min-conf leaves out lose theirs. The format pdf puts all pages into one PDF, as they
    were, with the words over them, invisible, to be searched and copied, in place of such words of another program.

    \b
        htr read scans/*.jpg > out.tsv
        htr read -f txt letter.pdf
        htr read --looks 3 letter.jpg
        htr read -f alto -o alto/ --skip-existing scans/*.jpg
        htr read -f pdf -o book.pdf scans/*.jpg
        find scans -name '*.png' -print0 | htr read -0 --files-from - | awk -F'\\t' '$8 < 0.8'
    """
    # Our own threads share the cores; those that NumPy would start beside them, before it is imported, only stand in their way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    form = form_for(form, output, messages)
    if operands and all(operand.lower().endswith(".xml") for operand in operands):
        refuse(["mode"], "is about pictures: the lines of an XML file are those that it has")
    check_usage(operands, form, output, per_word, outlines, no_header, nbest, skip_existing)
    from htrtool.core.modelfile import find_model

    path = find_model(model)
    to_terminal = output in (None, "-") and sys.stdout.isatty()
    opened = destination(output, form)
    from htrtool.core.language import language_files, reader_for
    from htrtool.core.pipeline import Pipeline
    from htrtool.core.session import usable_cpus

    refuse_to_replace(output, [path, *language_files(lm)])
    reader = reader_for(str(path), lm, lexicon, beam, nbest, looks)
    messages.detail(
        f"model {reader.info.name} from {path}: {reader.info.charset.classes - 1} characters, {reader.info.spec}"
    )
    existing = None
    if skip_existing:
        from htrtool.core.documents.output import Existing

        existing = Existing(output, form, operands)
    pipeline = Pipeline(
        reader,
        operands,
        mode=mode,
        dpi=dpi,
        threads=threads or usable_cpus(),
        batch=batch,
        least_conf=min_conf,
        on_problem=messages.problem,
        on_empty=lambda file, page, annotated: messages.warning(
            f"{file}: page {page} has no lines in it, and none are looked for: give the image itself for that"
            if annotated
            else f"{file}: no line found on page {page}"
        ),
        wanted=existing.lacks if existing else None,
    )
    with messages.counting(shown=not to_terminal) as step:
        if form in ROWS:
            from htrtool.core.rows import RowForm

            row_form = RowForm(form, not no_header, per_word, outlines, nbest > 1)
            count = write_rows(pipeline, opened, step, row_form, output, messages)
        elif form == "pdf":
            count = write_pdf(pipeline, opened, step, dpi, messages)
        else:
            count = write_documents(pipeline, opened, step, form, output, operands, reader.info.name, messages)
    messages.detail(f"{counted(count, 'line')} read on {counted(pipeline.pages, 'page')}")
    skipped = 0
    if existing:
        skipped = len(existing.skipped)
        messages.note(f"{counted(skipped, 'page')} left out: their documents are in {output} already")
        for problem in existing.problems:
            messages.problem(problem)
    if messages.problems:
        return Exit.SOME_FAILED if pipeline.pages or skipped else Exit.BAD_INPUT
    return Exit.OK

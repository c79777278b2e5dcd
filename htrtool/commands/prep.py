"""``htr prep``: pictures and transcriptions to a stream of samples."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import IO, Iterator

import click

from htrtool.core.errors import HtrError, InputError
from htrtool.exits import Exit
from htrtool.messages import Messages
from htrtool.options import with_messages, with_operands

LAYOUTS = ("auto", "pairs", "table", "iam", "xml", "tar", "images")
BINARISATIONS = ("none", "otsu", "sauvola", "wolf", "isauvola", "nick", "su", "gatos", "adotsu")


class Parts(click.ParamType):
    """Parts of the data, such as ``train=90,val=10``."""

    name = "parts"

    def convert(self, value, param, context):
        from htrtool.core.split import Split

        try:
            return value if isinstance(value, Split) else Split.parse(value)
        except InputError as error:
            self.fail(str(error), param, context)


class Pattern(click.ParamType):
    """A regular expression."""

    name = "regex"

    def convert(self, value, param, context):
        try:
            return re.compile(value)
        except re.error as error:
            self.fail(f"expected a regular expression, received {value!r}: {error}", param, context)


@click.command()
@with_operands("SOURCE")
@click.option("--from", "layout", type=click.Choice(LAYOUTS), default="auto", show_default=True, help="The layout of the sources, where looking does not tell.")
@click.option("--image-column", metavar="NAME", help="The column of images in a table.  [default: by the header]")
@click.option("--text-column", metavar="NAME", help="The column of transcriptions in a table.  [default: by the header]")
@click.option("--lines", is_flag=True, help="Cut images without transcription, which are pages, into their lines.")
@click.option("--normalise", type=click.Choice(["none", "background"]), default="background", show_default=True, help="Even out the paper's tone and stretch the contrast.")
@click.option("--height", type=click.IntRange(8, 512), default=64, show_default=True, metavar="PIXELS", help="The height of the lines.")
@click.option("--labels", "label_form", type=click.Choice(["plain", "keep"]), default="plain", show_default=True, help="Make quotes, dashes, ſ, ¬, ^ and spaces plain in the transcriptions.")
@click.option("--markup", type=click.Choice(["keep", "drop", "strip"]), default="keep", show_default=True, help="What becomes of transcriptions with editorial markup such as >struck<, [supplied], <> or XXX.")
@click.option("--split", type=Parts(), metavar="NAME=PERCENT,...", help="Split by document or writer, such as train=90,val=10; more data moves no document.")
@click.option("--document", type=Pattern(), metavar="REGEX", help="The document of a sample is what REGEX (or its first group) matches in the sample's key.")
@click.option("--min-chars", type=click.IntRange(0), default=1, show_default=True, metavar="N", help="Leave out shorter transcriptions.")
@click.option("--max-chars", type=click.IntRange(1), default=1000, show_default=True, metavar="N", help="Leave out longer transcriptions.")
@click.option("--min-width", type=click.IntRange(1), default=8, show_default=True, metavar="PIXELS", help="Leave out lines narrower than this at the height wanted.")
@click.option("--max-width", type=click.IntRange(1), default=20000, show_default=True, metavar="PIXELS", help="Leave out lines wider than this at the height wanted.")
@click.option("--image-format", "form", type=click.Choice(["png", "webp", "jpg"]), default="png", show_default=True, help="The format of the pictures: png loses nothing, the others are smaller.")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="How many threads work.  [default: the CPUs that may be used]")
@click.option("-o", "--output", metavar="FILE|DIR", help="Write to FILE; with --split to DIR/train.tar, DIR/val.tar and so on, unless it ends with .tar.")
@with_messages
def prep(
    operands: list[str],
    layout: str,
    image_column: str | None,
    text_column: str | None,
    lines: bool,
    normalise: str,
    height: int,
    label_form: str,
    markup: str,
    split,
    document: re.Pattern | None,
    min_chars: int,
    max_chars: int,
    min_width: int,
    max_width: int,
    form: str,
    jobs: int | None,
    output: str | None,
    messages: Messages,
) -> int:
    """Turn pictures and transcriptions into training samples.

    A SOURCE is a folder or a file of one of these layouts, told by looking: images with .gt.txt or .txt beside them;
    a TSV or CSV with a column of images and one of transcriptions; IAM (lines.txt or words.txt with their folders);
    ALTO or PAGE XML beside its page image, from which the lines are cut; a tar of samples, '-' from standard input; or
    images alone, to be transcribed later.

    The samples go to standard output as a tar in the WebDataset convention: for each line KEY.png, KEY.txt and KEY.json.

    \b
        htr prep ground-truth/ | htr train -o mine
        htr prep --split train=90,val=10 -o data/ iam/ letters/
        htr prep pages/*.xml > lines.tar
        htr prep --lines scans/ > to-transcribe.tar
    """
    if operands.count("-") > 1:
        raise click.UsageError("standard input, '-', can be read only once")
    from htrtool.core.collect import Limits, Maker, collect
    from htrtool.core.prepare import Recipe
    from htrtool.core.sources import Finder

    maker = Maker(
        Recipe(normalise=normalise, height=height),
        Limits(min_chars, max_chars, min_width, max_width),
        label_form,
        markup,
        split,
        document,
        form,
    )
    finder = Finder(layout, lines, image_column, text_column)
    tally = Tally(messages, markup)
    with outputs(output, split) as write:
        for made in collect(found_in(finder, operands), maker, jobs or len(os.sched_getaffinity(0))):
            tally.add(made)
            if tally.is_sample(made):
                write(made)
    return tally.report()


def found_in(finder, operands: list[str]) -> Iterator:
    """Yield what is found in all sources; one that can't be used gives an error and the others follow."""
    for operand in operands:
        try:
            yield from finder.find(operand)
        except HtrError as error:
            yield error


@contextlib.contextmanager
def outputs(output: str | None, split) -> Iterator:
    """Give a function that writes a sample to where it belongs: one stream, or one file for each part."""
    from htrtool.cli import protect_stdout
    from htrtool.core.files import replacing
    from htrtool.core.samples import SampleWriter

    with contextlib.ExitStack() as stack:
        if output in (None, "-"):
            if sys.stdout.isatty():
                raise click.UsageError("a tar is not written to a terminal: pipe it on, or name a file with -o")
            writer = stack.enter_context(SampleWriter(stack.enter_context(contextlib.closing(protect_stdout()))))
            yield writer.write
        elif split is None or output.endswith(".tar"):
            writer = stack.enter_context(SampleWriter(stack.enter_context(replacing(output))))
            yield writer.write
        else:
            folder = Path(output)
            folder.mkdir(parents=True, exist_ok=True)
            writers = {
                name: stack.enter_context(SampleWriter(stack.enter_context(replacing(folder / f"{name}.tar")))) for name in split.names
            }
            yield lambda sample: writers[sample.meta["split"]].write(sample)


class Tally:
    """Counts what was taken and what was left out, and tells it."""

    def __init__(self, messages: Messages, markup: str):
        self.messages = messages
        self.markup = markup
        self.taken = 0
        self.left_out: Counter[str] = Counter()

    @staticmethod
    def is_sample(made) -> bool:
        from htrtool.core.samples import Sample

        return isinstance(made, Sample)

    def add(self, made) -> None:
        from htrtool.core.layouts import LeftOut

        if isinstance(made, LeftOut):
            self.left_out[made.reason] += made.count
            self.messages.detail(f"{made.name}: left out: {made.reason}")
        elif isinstance(made, HtrError):
            self.messages.problem(made)
        else:
            self.taken += 1

    def report(self) -> int:
        self.messages.note(f"{self.taken} taken")
        for reason, count in self.left_out.most_common():
            self.messages.note(f"{count} left out: {reason}")
        if self.messages.problems:
            return Exit.SOME_FAILED if self.taken else Exit.BAD_INPUT
        return Exit.OK

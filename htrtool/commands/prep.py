"""``htr prep``: pictures and transcriptions to a stream of samples."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterator

import click

from htrtool.core.errors import InputError
from htrtool.exits import Exit
from htrtool.messages import Messages
from htrtool.options import with_messages, with_operands

if TYPE_CHECKING:
    from htrtool.core.collect import Maker
    from htrtool.core.layouts import Found, LeftOut
    from htrtool.core.samples import Sample
    from htrtool.core.sources import Finder
    from htrtool.core.split import Split

# Those of core.sources and core.prepare, which a test compares: importing them would slow down --help.
LAYOUTS = ("auto", "pairs", "table", "iam", "xml", "tar", "images")
NORMALISATIONS = ("none", "background")
BINARISATIONS = ("none", "otsu", "sauvola", "wolf", "nick", "isauvola", "su")


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
@click.option(
    "--from",
    "layout",
    type=click.Choice(LAYOUTS),
    default="auto",
    show_default=True,
    help="The layout of the sources, where looking does not tell.",
)
@click.option("--image-column", metavar="NAME", help="The column of images in a table.  [default: by the header]")
@click.option("--text-column", metavar="NAME", help="The column of texts in a table.  [default: by the header]")
@click.option("--lines", is_flag=True, help="Cut images without transcription, which are pages, into their lines.")
@click.option(
    "--normalise",
    type=click.Choice(NORMALISATIONS),
    default="background",
    show_default=True,
    help="Even out the paper's tone (stains, shadows) and stretch the contrast.",
)
@click.option("--remove-rules", is_flag=True, help="Take out the ruled lines of the paper.")
@click.option("--deskew", is_flag=True, help="Turn lines level.")
@click.option("--deslant", is_flag=True, help="Shear lines so that letters stand upright.")
@click.option(
    "--binarise",
    type=click.Choice(BINARISATIONS),
    default="none",
    show_default=True,
    help="Make ink black and paper white; wolf, nick, isauvola and su are made for bad scans.",
)
@click.option(
    "--height",
    type=click.IntRange(8, 512),
    default=64,
    show_default=True,
    metavar="PIXELS",
    help="The height of the lines.",
)
@click.option(
    "--labels",
    "label_form",
    type=click.Choice(["plain", "keep"]),
    default="plain",
    show_default=True,
    help="Make quotes, dashes, spaces, ſ, ¬ and ^ in transcriptions plain, or keep them.",
)
@click.option(
    "--markup",
    type=click.Choice(["keep", "drop", "strip"]),
    default="keep",
    show_default=True,
    help="Of transcriptions with editorial markup such as >struck<, [supplied], <> or XXX: keep them, drop the sample, "
    "or strip the signs and drop the sample only if something is unread.",
)
@click.option(
    "--split",
    type=Parts(),
    metavar="NAME=PERCENT,...",
    help="Split by writer or document, such as train=90,val=10; data added later moves no document.",
)
@click.option(
    "--document",
    type=Pattern(),
    metavar="REGEX",
    help="A sample's document is what REGEX, or its first group, matches in the sample's key; '.*' makes each its own.",
)
@click.option(
    "--min-chars",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    metavar="N",
    help="Leave out shorter transcriptions.",
)
@click.option(
    "--max-chars",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    metavar="N",
    help="Leave out longer transcriptions.",
)
@click.option(
    "--min-width",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    metavar="PIXELS",
    help="Leave out lines narrower than this at --height.",
)
@click.option(
    "--max-width",
    type=click.IntRange(1),
    default=20000,
    show_default=True,
    metavar="PIXELS",
    help="Leave out lines wider than this at --height.",
)
@click.option(
    "--image-format",
    "form",
    type=click.Choice(["png", "webp", "jpg"]),
    default="png",
    show_default=True,
    help="The format of the pictures: png loses nothing, the others are smaller.",
)
@click.option(
    "--jobs", type=click.IntRange(1), metavar="N", help="How many threads work.  [default: the CPUs that may be used]"
)
@click.option(
    "-o",
    "--output",
    metavar="FILE|DIR",
    help="Write to FILE.tar; with --split, to a folder DIR: one tar for each part.  [default: standard output]",
)
@with_messages
def prep(
    operands: list[str],
    layout: str,
    image_column: str | None,
    text_column: str | None,
    lines: bool,
    normalise: str,
    remove_rules: bool,
    deskew: bool,
    deslant: bool,
    binarise: str,
    height: int,
    label_form: str,
    markup: str,
    split: Split | None,
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

    The samples go to standard output as a tar in the WebDataset convention: for each line KEY.png, KEY.txt and
    KEY.json.

    \b
        htr prep ground-truth/ | htr train -o mine
        htr prep --split train=90,val=10 -o data/ iam/ letters/
        htr prep pages/*.xml > lines.tar
        htr prep --lines scans/ > to-transcribe.tar
    """
    if operands.count("-") > 1:
        raise click.UsageError("standard input, '-', can be read only once")
    if output in (None, "-") and sys.stdout.isatty():
        raise click.UsageError("a tar is not written to a terminal: pipe it on, or name a file with -o")
    import cv2

    from htrtool.core.collect import Limits, Maker, collect
    from htrtool.core.prepare import Recipe
    from htrtool.core.samples import Sample
    from htrtool.core.sources import Finder

    # The lines are shared out among threads; OpenCV's own would only get in their way.
    cv2.setNumThreads(1)
    maker = Maker(
        Recipe(normalise, remove_rules, deskew, deslant, binarise, height),
        Limits(min_chars, max_chars, min_width, max_width),
        label_form,
        markup,
        split,
        document,
        form,
    )
    found = found_in(Finder(layout, lines, image_column, text_column), operands)
    tally = Tally(messages, maker)
    with outputs(output, split) as write, progress(messages) as step:
        for made in collect(found, maker, jobs or len(os.sched_getaffinity(0))):
            tally.add(made)
            if isinstance(made, Sample):
                write(made)
                step()
        if not tally.taken and output not in (None, "-"):
            tally.report()
            raise InputError("there is no sample to write, so nothing is written", output)
    return tally.report()


def found_in(finder: Finder, operands: list[str]) -> Iterator[Found]:
    """Yield what is found in all sources; one that can't be used gives an error and the others follow."""
    for operand in operands:
        try:
            yield from finder.find(operand)
        except InputError as error:
            yield error


@contextlib.contextmanager
def outputs(output: str | None, split: Split | None) -> Iterator[Callable[[Sample], None]]:
    """Give a function that writes a sample to where it belongs: one stream, or one file for each part."""
    from htrtool.cli import protect_stdout
    from htrtool.core.files import replacing
    from htrtool.core.samples import SampleWriter

    with contextlib.ExitStack() as stack:

        def writer(opened) -> SampleWriter:
            return stack.enter_context(SampleWriter(stack.enter_context(opened)))

        if output in (None, "-"):
            yield writer(contextlib.closing(protect_stdout())).write
        elif split is None or output.endswith(".tar"):
            yield writer(replacing(output)).write
        else:
            folder = Path(output)
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise InputError(f"can't make the folder: {error.strerror}", output) from None
            writers = {name: writer(replacing(folder / f"{name}.tar")) for name in split.names}
            yield lambda sample: writers[sample.meta["split"]].write(sample)


@contextlib.contextmanager
def progress(messages: Messages) -> Iterator[Callable[[], object]]:
    """Count samples on a terminal."""
    if not messages.progress:
        yield lambda: None
        return
    from tqdm import tqdm

    with tqdm(unit=" lines", desc=messages.command, leave=False) as bar:
        yield bar.update


class Tally:
    """Counts what was taken and what was left out, and tells it."""

    def __init__(self, messages: Messages, maker: Maker):
        self.messages = messages
        self.maker = maker
        self.taken = self.untranscribed = self.marked = 0
        self.left_out: Counter[str] = Counter()
        self.documents: dict[str, set[str]] = {}

    def add(self, made: Sample | LeftOut | InputError) -> None:
        """Count one."""
        from htrtool.core.labels import has_markup
        from htrtool.core.layouts import LeftOut

        if isinstance(made, LeftOut):
            self.left_out[made.reason] += made.count
            self.messages.detail(f"{made.name}: left out: {made.reason}")
        elif isinstance(made, InputError):
            self.messages.problem(made)
        else:
            self.taken += 1
            self.untranscribed += made.text is None
            self.marked += self.maker.markup == "keep" and made.text is not None and has_markup(made.text)
            if self.maker.split is not None:
                self.documents.setdefault(made.meta["split"], set()).add(made.document)

    def report(self) -> int:
        """Tell the counts, and return the exit status."""
        note, warning = self.messages.note, self.messages.warning
        without = f", {self.untranscribed} of them without transcription" if self.untranscribed else ""
        note(f"{self.taken} taken{without}")
        for reason, count in sorted(self.left_out.items(), key=lambda item: (-item[1], item[0])):
            note(f"{count} left out: {reason}")
        if self.messages.problems:
            note(f"{self.messages.problems} could not be used, named above")
        if self.marked:
            warning(f"{self.marked} transcriptions seem to hold editorial markup: --markup drop or strip deals with it")
        if self.maker.split is not None and self.taken:
            for name, share in self.maker.split.parts:
                count = len(self.documents.get(name, ()))
                note(f"{name}: {count} document{'s' * (count != 1)}")
                if share and not count:
                    warning(f"no document fell to {name}: --document names them if they are not told apart well")
        if not self.taken:
            return Exit.BAD_INPUT
        return Exit.SOME_FAILED if self.messages.problems else Exit.OK

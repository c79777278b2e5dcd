"""``htr prep``: pictures and transcriptions, or texts and fonts, to a stream of samples."""

from __future__ import annotations

import contextlib
import os
import sys
import tarfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterator

import click

from htrtool.commands.prep_messages import tell, tell_parted, warn_of_form
from htrtool.commands.prep_options import with_finder, with_maker, with_output, with_synthesis
from htrtool.commands.prep_synthesis import run_of
from htrtool.core.errors import InputError, OutputError
from htrtool.exits import Exit
from htrtool.messages import Messages
from htrtool.options import named_by, refuse, refuse_to_replace, with_messages, with_operands
from htrtool.streams import protect_stdout

if TYPE_CHECKING:
    from htrtool.commands.prep_options import SourceOptions, SynthesisOptions
    from htrtool.core.collect import Limits, Maker
    from htrtool.core.layouts.base import Found, LeftOut
    from htrtool.core.outputs import Written
    from htrtool.core.samples import Sample
    from htrtool.core.tally import Tally

    Made = Sample | LeftOut | InputError

BESIDE = ("hands", "fonts", "page_texts")
"""The parameters that name what is read beside the sources."""


@click.command()
@with_operands("SOURCE", *BESIDE)
@with_finder
@with_synthesis
@click.option(
    "-m",
    "--model",
    default="latin",
    show_default=True,
    metavar="MODEL",
    help="The model that reads lines for --lines, --text, --check and --words, and finds the letters for --hands.",
)
@with_maker
@with_output
@with_messages
def prep(
    operands: list[str],
    looking: SourceOptions,
    synthesis: SynthesisOptions | None,
    model: str,
    maker: Maker,
    jobs: int,
    output: str | None,
    messages: Messages,
) -> int:
    """Turn pictures and transcriptions into training samples.

    A SOURCE is a folder or a file of one of these layouts, told by looking: images with .gt.txt or .txt beside them;
    a TSV, CSV or JSON lines with a column of images and one of transcriptions; IAM (lines.txt or words.txt with their folders);
    ALTO or PAGE XML beside its page image, from which the lines are cut; a tar of samples, '-' from standard input; or
    images alone, to be transcribed later.

    With --synth, samples are made without pictures: a SOURCE is a text in UTF-8 or a folder of .txt files, and lines
    cut from it, with made-up dates, sums and numbers among them, are written as handwriting in the fonts of --fonts.
    A file's name may tell its language, as in en_letters.txt; one named like en_forms_names.txt is a list, a line an
    item. A table LICENSES.tsv beside the fonts, with the columns font, class (print, cursive, formal-cursive or
    caps-only) and licence, tells how often each is taken; those without a free licence in it are left out. With --hands
    the letters come from real hands: transcribed lines of samples, in which the model finds where each letter stands, are
    taken apart, and each new line is set from one writer's own words, joined letters and letters.

    To make ground truth of your own, cut pages with --lines into a folder, where the model's reading stands beside each
    line in a .gt.txt, ready to be corrected; or give what is typed already with --text, and each line gets its part. Pages
    may come in a tar too, and one from standard input.

    The samples go to standard output as a tar in the WebDataset convention: for each line KEY.png, KEY.txt and
    KEY.json. To a folder they go as KEY.png and KEY.gt.txt; a .gt.txt that is there already is
    kept, and so is a picture of another source.

    \b
        htr prep ground-truth/ | htr train -o mine
        htr prep --split train=90,val=10 -o data/ iam/ letters/
        htr prep pages/*.xml > lines.tar
        htr prep --lines scans/ > to-transcribe.tar
        htr prep --lines page.jpg -o mine/
        htr prep --text page.txt page.jpg -o mine/
        htr prep --recut ground-truth/ > as-found.tar
        htr prep --words 3 lines.tar > words.tar
        htr prep --synth --fonts fonts/ --count 20000 --language en=70,fr=30 texts/*.txt > synth.tar
        htr prep --synth --hands lines.tar --check --count 20000 texts/*.txt > hands.tar
    """
    check_texts(looking, operands)
    takes_model = looking.lines or looking.page_texts or looking.check or looking.words or (synthesis and synthesis.hands)
    if not takes_model:
        refuse(["model"], "is for --lines, --text, --check, --words and --hands, of which none is given")
    if looking.recut and (looking.lines or looking.page_texts):
        raise click.UsageError("--recut takes lines and texts from annotated pages: leave --lines and --text out")
    if output in (None, "-") and sys.stdout.isatty():
        raise click.UsageError("a tar is not written to a terminal: pipe it on, or name a file with -o")
    import cv2

    from htrtool.core.modelfile import find_model
    from htrtool.core.outputs import is_sample_folder, part_files, sample_output
    from htrtool.core.tally import Tally

    # The lines are shared out among threads or processes; OpenCV's own threads would only get in their way.
    cv2.setNumThreads(1)
    to_file = output not in (None, "-")
    to_pairs = to_file and maker.split is None and is_sample_folder(output)
    if not (to_pairs and looking.lines):
        refuse(["min_conf"], "is about the readings that --lines writes beside lines: give --lines and -o DIR/")
    parts = part_files(output, maker.split).values() if to_file else ()
    models = [find_model(model)] if takes_model else []
    refuse_to_replace(output, models)
    refuse_to_replace(output, [*operands, *named_by("files_from", *BESIDE), *models], parts)
    if to_file:
        refuse_other_than_samples(output)
    if synthesis is None:
        from htrtool.core.collect import collect

        if to_pairs and (again := next((operand for operand in operands if os.path.realpath(operand) == os.path.realpath(output)), None)):
            raise click.UsageError(f"samples are not written into the folder that they are taken from, {again}: give another -o")
        find = finder_of(looking, operands, model, [output if to_file else 1, *parts], to_pairs, jobs)
        all_made = collect(found_in(operands, find), maker, jobs)
    else:
        from htrtool.core.synth.stream import synthetic_samples

        all_made = synthetic_samples(run_of(synthesis, operands, model, maker, messages), jobs)
    if looking.check or looking.words:
        all_made = seen_by(model, all_made, looking, maker.limits)
    tally = Tally(maker)
    if to_file:
        warn_of_form(output, to_pairs, maker, messages)
    with (
        contextlib.closing(all_made),
        sample_output(output if to_file else protect_stdout(), maker.split) as write,
        messages.counting(synthesis.count if synthesis else None) as step,
    ):
        for made in all_made:
            if take(made, write, tally, messages):
                step()
        if not (tally.taken or tally.kept) and to_file:
            tell(tally, messages)
            raise InputError("there is no sample to write, so nothing is written", output)
    tell(tally, messages)
    if to_pairs:
        tell_parted(tally, messages)
    if not (tally.taken or tally.kept):
        return Exit.BAD_INPUT
    return Exit.SOME_FAILED if messages.problems else Exit.OK


def check_texts(looking: SourceOptions, operands: list[str]) -> None:
    """End with a usage error if there is not a transcription for each source, a page that is given once."""
    if not looking.page_texts:
        return
    if len(looking.page_texts) != len(operands):
        raise click.UsageError(
            f"--text is given for each SOURCE: there are {len(operands)} of these and {len(looking.page_texts)} of those"
        )
    if others := [operand for operand in operands if not is_page(operand)]:
        raise click.UsageError(f"--text is for SOURCEs that are images of pages or PDFs, and {others[0]} is none")
    times = Counter(map(os.path.realpath, operands))
    if again := [operand for operand in operands if times[os.path.realpath(operand)] > 1]:
        raise click.UsageError(f"--text is given for each SOURCE, and {again[-1]} is given twice: give each page and its text once")


def is_page(operand: str) -> bool:
    """Tell whether an operand is a picture or a PDF, as pages are, or may be one that comes through a pipe."""
    from htrtool.core.kinds import kind_in
    from htrtool.core.suffixes import is_image, is_pdf_name

    if operand == "-" or is_image(operand) or is_pdf_name(operand):
        return True
    # What looks into a pipe takes from it.
    is_pipe = os.path.exists(operand) and not os.path.isdir(operand) and not os.path.isfile(operand)
    return is_pipe or kind_in(operand) in ("a picture", "a PDF")


def found_in(operands: list[str], find: Callable[[str], Iterator[Found]]) -> Iterator[Found]:
    """Yield what is found in all sources; one that can't be used gives an error and the others follow."""
    from htrtool.core.layouts.annotations import in_turn

    for operand in in_turn(operands):
        try:
            yield from find(operand)
        except InputError as error:
            yield error


def finder_of(
    looking: SourceOptions, operands: list[str], model: str, written: list[str | Path | int], reads: bool, jobs: int
) -> Callable[[str], Iterator[Found]]:
    """Return what looks for samples in a source, but for what is ``written``; with ``--lines`` to a folder it ``reads`` the lines too."""
    from htrtool.core.files import inode_of
    from htrtool.core.layouts.finder import WRITTEN_TO, Finder
    from htrtool.core.session import usable_cpus

    threads = max(1, usable_cpus() // jobs)
    cutter = None
    if looking.lines or looking.page_texts:
        from htrtool.core.layouts.page import PageCutter

        cutter = PageCutter(model, reads, looking.min_conf, threads)
    # As Finder names them: "./page.jpg" is "page.jpg" to it.
    texts = {str(Path(operand)): Path(text) for operand, text in zip(operands, looking.page_texts)}
    # Of what is there already, which may lie within a source.
    places = filter(None, map(inode_of, written))
    without = dict.fromkeys(places, WRITTEN_TO)
    folder = next((os.path.realpath(place) for place in written if not isinstance(place, int)), None)
    recut = threads if looking.recut else None
    return Finder(looking.layout, cutter, texts, looking.image_column, looking.text_column, without, folder, recut).find


def seen_by(model: str, made: Iterator, looking: SourceOptions, limits: Limits) -> Iterator:
    """Leave out samples whose pictures do not show their texts, as a model sees it, or cut them into words that it finds."""
    from htrtool.core.checking import checked
    from htrtool.core.modelfile import find_model
    from htrtool.core.pieces import in_pieces
    from htrtool.core.reader import Reader
    from htrtool.core.session import usable_cpus

    reader = Reader(find_model(model), usable_cpus())
    return in_pieces(made, reader, looking.words, limits) if looking.words else checked(made, reader)


def refuse_other_than_samples(output: str) -> None:
    """End with a usage error if a tar would replace a file that is none, such as the typed copy beside a picture.

    Raises:
        OutputError: there is a file of which that can't be told.
    """
    from htrtool.core.suffixes import is_tar_name

    try:
        holds_other = os.path.isfile(output) and os.path.getsize(output) > 0 and not tarfile.is_tarfile(output)
    except OSError as error:
        reason = f"expected a tar to replace, or no file, found one that can't be read ({error.strerror}): name another"
        raise OutputError(reason, output) from None
    if holds_other and not is_tar_name(output):
        raise click.UsageError(f"{output} is there and is no tar, so it is not replaced by one: name another file, or a folder, FOLDER/")


def take(made: Made, write: Callable[[Sample], Written], tally: Tally, messages: Messages) -> bool:
    """Write what was made, or tell why there is nothing to write, and count it; return whether there was a sample to write."""
    from htrtool.core.layouts.base import LeftOut
    from htrtool.core.outputs import Written

    if isinstance(made, LeftOut):
        tell_of = messages.note if made.by_name else messages.detail
        tell_of(f"{made.name}: left out: {made.reason}")
        tally.add(made)
        return False
    try:
        if isinstance(made, InputError):
            raise made
        if write(made) == Written.OTHER_TEXT_KEPT:
            messages.detail(f"{made.key}: another transcription is there already")
            tally.kept += 1
        else:
            tally.add(made)
    except (InputError, OutputError) as error:
        messages.problem(error)
        return False
    return True

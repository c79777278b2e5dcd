"""Train the network that finds the lines of pages: ``python -m htrtool.train_lines``."""

from __future__ import annotations

from collections import Counter

import click

from htrtool.cli import run_module
from htrtool.commands.backend import check_installed, importing_keras
from htrtool.core.counted import counted
from htrtool.core.errors import DependencyError, InputError
from htrtool.exits import Exit
from htrtool.messages import Messages
from htrtool.options import refuse_empty
from htrtool.streams import protect_stdout

COLUMNS = ("step", "seconds", "loss", "maps_loss", "turn_loss")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("pages", nargs=-1, required=True, metavar="PAGES...")
@click.option("-o", "--output", required=True, metavar="NAME", help="Write NAME.keras, NAME.onnx and NAME.md.")
@click.option("--steps", type=click.IntRange(min=1), default=2500, show_default=True, help="How many batches.")
@click.option("--batch", type=click.IntRange(min=1), default=4, show_default=True, help="Crops of 512 × 512 pixels a batch.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of weights and samples.")
@click.option("--from", "parent", metavar="FILE.keras", help="Go on from this network, not from nothing.")
@click.option("--bfloat16", is_flag=True, help="Train in bfloat16: twice as fast on processors that have it.")
@click.option("--fonts", metavar="FOLDER", multiple=True, help="Make up pages too, in these fonts; needs --texts.")
@click.option("--texts", metavar="FILE", multiple=True, help="Text of the pages that are made up.")
@click.option("--made", type=click.IntRange(min=1), default=120, show_default=True, help="How many are made up.")
@click.option("--licence", default="", help="Licence of the model, for its card.")
def train_lines(pages, output, steps, batch, seed, parent, bfloat16, fonts, texts, made, licence) -> int:
    """Train a line finder on annotated pages.

    PAGES are folders, or files of ALTO or PAGE XML with their images, or JSON (a list "lines" of objects with "baseline"
    and "polygon", lists of x and y in pixels) beside an image of the same name. A page that is annotated more than once is
    taken once, as by htr prep. A page's folder is its set: small sets are seen more often than their share. Lines need baselines; ink that no polygon covers hardly counts, since many pages
    are annotated only in part.

    A page that can't be used is told and left out. The losses go to standard output as a table, a row every 20 steps. The same pages, seed and options give the same
    network on the same machine.
    """
    refuse_empty((*pages, output, parent, *fonts, *texts))
    if bool(fonts) != bool(texts):
        raise click.UsageError("pages are made up from --fonts and --texts together")
    if lacked := check_installed():
        raise DependencyError(f"training needs {lacked}: pip install 'htrtool[train]'")
    from htrtool.core.linefinder.truth import find_pages, page_truth
    from htrtool.core.modelfile import Target
    from htrtool.core.tables import TableWriter, as_text

    target, stdout, messages = Target.of(output), protect_stdout(by_the_way=True), Messages("train_lines")
    truths = []
    left_out: Counter[str] = Counter()
    for path in find_pages(pages, lambda item: left_out.update([item.reason])):
        try:
            truths.append(page_truth(path))
        except InputError as error:
            messages.problem(error if error.source else error.at(str(path)))
    for reason, count in left_out.items():
        messages.note(f"{count} left out: {reason}")
    if not truths:
        raise InputError("expected annotated pages (.xml or .json), found none that can be used", pages[0])
    if fonts:
        from htrtool.core.linefinder.synth import made_pages
        from htrtool.core.synth import Faces, Texts

        truths += made_pages(Faces(fonts), Texts(texts), made, seed)
    counts = Counter(truth.group for truth in truths)
    messages.note(f"training on {counted(len(truths), 'page')}, {counted(sum(len(truth.lines) for truth in truths), 'line')}")
    with importing_keras():
        from htrtool.core.linefinder.training import Settings, train, write_model

    settings = Settings(steps, batch, seed, bfloat16)
    with as_text(stdout) as stream:
        network = train(truths, settings, TableWriter(stream, COLUMNS).write, parent)
    write_model(network, target, settings, dict(counts), licence, parent)
    return Exit.SOME_FAILED if messages.problems else Exit.OK


if __name__ == "__main__":
    run_module(train_lines, "train_lines")

"""``htr train``: samples to a model."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import IO, TYPE_CHECKING

import click

from htrtool.commands.backend import check_installed, chosen_backend, importing_keras, slowdown_in_bfloat16
from htrtool.commands.train_tasks import (
    calibrate_model,
    quantise_model,
    refuse_training,
    tell_beyond_reach,
    tell_left_out,
    train_language_model,
)
from htrtool.core.counted import counted
from htrtool.core.errors import DependencyError, InputError
from htrtool.core.training.spec import SIZES, parse_spec
from htrtool.exits import Exit
from htrtool.messages import Messages
from htrtool.options import FiniteRange, refuse_empty, with_messages, with_operands
from htrtool.streams import protect_stdout

if TYPE_CHECKING:
    from htrtool.core.modelfile import Target
    from htrtool.core.recipe import Recipe
    from htrtool.core.training.corpus import Corpus
    from htrtool.core.training.run import Run

MOST_SLOWDOWN = 2
"""A processor that takes longer than so many times in bfloat16 does not have it; one that has it takes half as long."""


@click.command()
@with_operands("DATA", "val")
@click.option("-o", "--output", default="model", show_default=True, metavar="NAME", help="Write NAME.keras, NAME.onnx and NAME.md.")
@click.option("--val", multiple=True, metavar="DATA", help="Samples to keep aside, which choose the best epoch unless a hand is learned, and fit the confidence if they are a hundred or more; may be given more than once.  [default: those marked val, or about a tenth]")
@click.option("--size", type=click.Choice(list(SIZES)), help="Train a new network of this size.")
@click.option("--spec", metavar="SPEC", help="Train a new network, such as 'c32:4x4/2x2 r64/2x2 r96/2x1 max lstm160 drop.2'; with --from, one grown from it, 'rlstm160' a residual LSTM, or pruned to fewer LSTM units or, 'r64:16/2x1', fewer filters inside residual blocks.")
@click.option("--height", type=click.IntRange(16, 256), metavar="PIXELS", help="How high the lines are that the network reads: lower is faster.  [default: as --from, from nothing as the samples]")
@click.option("--from", "parent", metavar="MODEL", help="Go on from a trained model: its name, a path to its .keras file, or none.  [default: latin, but none with --size or --spec]")
@click.option(
    "--charset",
    metavar="WHICH",
    help="data: the characters of the data; keep: those of --from; grow: both; latin: Western European; or a FILE of "
    "characters.  [default: grow, from nothing data]",
)
@click.option("--epochs", type=click.IntRange(min=1), help="Stop after so many passes over the data.  [default: 40, for few lines 10 to 50]")
@click.option("--minutes", type=FiniteRange(min=0, min_open=True), help="Stop after so many minutes of training.")
@click.option("--patience", type=click.IntRange(min=0), help="Stop when the CER, or while next to nothing is read the loss, has not fallen for so many epochs; 0: never.  [default: 10, for few lines 0]")
@click.option("--batch", type=click.IntRange(min=1), help="Lines in a batch.  [default: a fortieth of the lines, 4 to 32; for few lines 8 or 16]")
@click.option("--learning-rate", type=FiniteRange(min=0, min_open=True), help="The highest rate of the schedule.  [default: 0.0005, from nothing 0.0015, for few lines 0.001]")
@click.option("--augment", type=FiniteRange(0, 3), default=1.0, show_default=True, help="Strength of the augmentation; 0: none.")
@click.option("--mix-styles", is_flag=True, help="Mix the styles of lines in the first layers (MixStyle), so that unknown hands and scans are read better: for many lines of many hands.")
@click.option("--beside", multiple=True, metavar="LM", help="Train for reading beside this language model, so that what it can't tell apart is learned best (minimum Bayes risk): for many lines, and with TensorFlow. It must not know their texts; given more than once, each line is read beside the one that knows its text least.")
@click.option("--replay", type=click.IntRange(min=0), metavar="LINES", help="Lines in other hands, which come with the model, to show again in each epoch.  [default: for few lines 50 to 150, else 0]")
@click.option("--keep", type=FiniteRange(0, 100, max_open=True), metavar="PERCENT", help="How much of the weights of --from stays in the new ones.  [default: for few lines 50, else 0]")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of weights, order and augmentation.")
@click.option("--resume", is_flag=True, help="Go on where a run that was stopped left off, given the same data and options.")
@click.option("--checkpoint-every", type=FiniteRange(min=0), default=1.0, show_default=True, metavar="MINUTES", help="How often the state of a run is saved; 0: after every step.")
@click.option("--bfloat16", is_flag=True, help="Let the network compute in bfloat16: half as fast again on processors that have it.")
@click.option("--licence", default="", metavar="TEXT", help="The licence to write into the model and its card.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes that augment; several where a GPU would wait for them.")
@click.option("--lm", metavar="NAME", help="Make no reader but a language model, NAME.lm, for htr read --lm: DATA are texts in UTF-8. Where names such as fr_letters.txt tell several languages, each page is read in its own; it_words.txt would be words in no order. With --epochs or --minutes a recurrent model is trained too, which takes much text and an hour.")
@click.option("--calibrate", metavar="MODEL", help="Train nothing, but fit the confidence of MODEL, an .onnx file, to DATA, lines that it never saw (where some are marked val, to those), and write it back.")
@click.option("--quantise", is_flag=True, help="Train nothing: DATA is a model, its name or .onnx file, to write with 8-bit weights: a quarter as large, and faster.")
@with_messages
def train(
    operands: list[str],
    output: str,
    val: tuple[str, ...],
    size: str | None,
    spec: str | None,
    height: int | None,
    parent: str | None,
    charset: str | None,
    epochs: int | None,
    minutes: float | None,
    patience: int | None,
    batch: int | None,
    learning_rate: float | None,
    augment: float,
    beside: tuple[str, ...],
    replay: int | None,
    keep: float | None,
    seed: int,
    resume: bool,
    checkpoint_every: float,
    bfloat16: bool,
    mix_styles: bool,
    licence: str,
    jobs: int,
    lm: str | None,
    calibrate: str | None,
    quantise: bool,
    messages: Messages,
) -> int:
    """Train a model on samples.

    DATA is a tar of samples from htr prep, a folder that it wrote, or pictures with transcriptions in any layout that
    htr prep knows, which are made plain as htr prep does: for ſ, ¬ and ^ to be learned, send them through htr prep --labels keep.
    Prints a table of epochs, and writes NAME.onnx for htr read, NAME.keras to go on training, and NAME.md, the model's
    card. While it runs, NAME.checkpoint holds all that --resume needs.

    In the table, loss and val_loss are both per character, but not to be compared: loss is of augmented lines, under dropout,
    and has in it a tenth of that of an output which only helps to train; val_loss is of the lines kept aside, by weights
    averaged over many steps.

    Training goes on from the model that htr reads with, which takes minutes and little data, unless --from names another,
    or none: from nothing it takes tens of thousands of lines and hours. A thousand lines or fewer are taken for a hand to
    learn: 50 lines of one writer teach it in minutes, and the program chooses how, so that other hands are not forgotten.

    \b
        htr prep raw/ | htr train -o mine
        htr train --minutes 10 -o mine lines.tar > epochs.tsv
        htr train --size medium --val val.tar train.tar -o big
        htr train --lm mine letters/*.txt
        htr train --lm wiser --minutes 90 books/*.txt
        htr train --calibrate mine.onnx kept-aside.tar
        htr train --quantise -o mine-small mine.onnx
    """
    refuse_empty((lm, calibrate, parent, charset, *beside), "give one, or leave the option out")
    if sum(map(bool, (lm, calibrate, quantise))) > 1:
        raise click.UsageError("--lm, --calibrate and --quantise are different things: give one of them")
    if lm:
        return language_model(operands, lm, epochs, minutes, seed, bfloat16, messages)
    if calibrate:
        refuse_training("calibrate")
        return calibrate_model(operands, calibrate, messages)
    if quantise:
        refuse_training("quantise", "output")
        return quantise_model(operands, output, messages)
    if size and spec:
        raise click.UsageError("--size and --spec both say what the network is: give one of them")
    from htrtool.core.modelfile import DEFAULT_MODEL, Target, has_model

    if parent is None:
        parent = "none" if size or spec or not has_model(DEFAULT_MODEL, ".keras") else DEFAULT_MODEL
    if parent == "none" and (replay or keep):
        raise click.UsageError("--replay and --keep need a model to go on from")
    if beside and chosen_backend() != "tensorflow":
        raise click.UsageError(f"--beside takes TensorFlow to train: unset KERAS_BACKEND, now {chosen_backend()}")
    if lacked := check_installed():
        messages.warning(f"{lacked} is not installed: NAME.keras and NAME.md will be written, but no NAME.onnx to read with")

    stdout = protect_stdout(by_the_way=True)
    from htrtool.core.language import language_files
    from htrtool.core.training.export import parent_model
    from htrtool.core.training.plan import plan_for
    from htrtool.core.training.schedule import Settings

    if spec is not None:
        parse_spec(spec)
    target = Target.of(output)
    check_run(target, resume)
    for name in beside:
        language_files(name)
    model = parent_model(parent) if parent != "none" else None
    corpus = gathered(operands, val, model[1].recipe if model else None, height, messages)
    # Keras takes seconds to import: only now that there is something to train on.
    with importing_keras():
        from htrtool.core.training.run import Run, known_parent

        if resume and model:
            model = known_parent(model, target)
        slowdown = slowdown_in_bfloat16() if bfloat16 else 1
    if slowdown > MOST_SLOWDOWN:
        messages.warning(f"--bfloat16 makes training slower, not faster, on this processor: its gradients take {slowdown:.0f} times as long")
    plan = plan_for(
        len(corpus.lines),
        model is not None,
        epochs=epochs,
        patience=patience,
        batch_size=batch,
        learning_rate=learning_rate,
        replayed=replay,
        kept=None if keep is None else keep / 100,
    )
    settings = Settings(
        spec=spec or size or (model[1].spec if model else "small"),
        batch_size=plan.batch_size,
        learning_rate=plan.learning_rate,
        epochs=plan.epochs,
        minutes=minutes or 0,
        patience=plan.patience,
        augmentation=augment,
        short_first=model is None,
        parent=model[1].name if model else "",
        replayed=plan.replayed,
        kept=plan.kept,
        seed=seed,
        bfloat16=bfloat16,
        mix_styles=mix_styles,
        beside=" ".join(beside),
    )
    with progress_bar(messages) as on_step:
        run = Run.prepare(
            corpus, target, settings, model, charset, licence, resume, 60 * checkpoint_every, jobs, on_step, beside
        )
        tell_of_run(run, corpus, model[1].name if model else "nothing", messages)
        train_epochs(run, stdout)
    run.finish(with_onnx=not lacked)
    suffixes = (".keras", ".md") if lacked else (".onnx", ".keras", ".md")
    messages.note(f"wrote {', '.join(str(target.file(suffix)) for suffix in suffixes)}")
    return Exit.SOME_FAILED if messages.problems else Exit.OK


def language_model(
    operands: list[str], name: str, epochs: int | None, minutes: float | None, seed: int, bfloat16: bool, messages: Messages
) -> int:
    """Make a language model, see :func:`train_language_model`, if the options are such as go with that.

    Raises:
        DependencyError: a recurrent model is to be trained, and what that needs is not installed.
    """
    refuse_training("lm", "epochs", "minutes", "seed", "bfloat16")
    recurrent = epochs or minutes
    if (seed or bfloat16) and not recurrent:
        raise click.UsageError("--seed and --bfloat16 are for a recurrent model: give --epochs or --minutes")
    if recurrent and (lacked := check_installed()):
        raise DependencyError(f"training a recurrent model needs {lacked}: pip install 'htrtool[train]'")
    return train_language_model(operands, name, epochs, minutes, seed, bfloat16, messages)


def check_run(target: Target, resume: bool) -> None:
    """Check that there is a run to resume, or none that a new one would lose.

    Raises:
        InputError: there is one that was stopped, and it is not to be resumed, or there is none to resume.
    """
    checkpoint, model = target.file(".checkpoint"), target.file(".keras")
    if not resume and checkpoint.exists():
        raise InputError("holds a run that was stopped: --resume goes on with it; remove it to begin anew", str(checkpoint))
    if resume and not checkpoint.exists():
        done = f"; {model} is there, so the run is done: --from {model} without --resume goes on from what it learned" * model.exists()
        raise InputError(f"expected the checkpoint of a run to resume, found none{done or ': a run begins without --resume'}", str(checkpoint))


def gathered(operands: list[str], val: tuple[str, ...], recipe: Recipe | None, height: int | None, messages: Messages) -> Corpus:
    """Gather the lines to train on and those to keep aside, prepared by a model's recipe, if one is given, at a height."""
    from htrtool.core.recipe import DEFAULT_RECIPE
    from htrtool.core.training.corpus import gather, labelled_samples

    # Prepared lower and enlarged, pictures would be blurred.
    pictures = replace(recipe or DEFAULT_RECIPE, height=height) if height else recipe
    corpus = gather(labelled_samples(operands, messages.problem, pictures), recipe, height=height)
    if val:
        aside = labelled_samples(val, messages.problem, corpus.recipe)
        corpus.keep_aside(gather(aside, corpus.recipe, by_split=False))
    if corpus.runs_right_to_left():
        messages.warning(
            "most transcriptions run from right to left, but the network reads lines from left to right: it can learn them only if "
            "their characters are given in the order in which they stand from left to right"
        )
    return corpus


def tell_of_run(run: Run, corpus: Corpus, parent: str, messages: Messages) -> None:
    """Tell what a run will train on, what is left out, and what may be wrong with it."""
    tell_left_out(corpus.left_out, messages)
    tell_beyond_reach(corpus.beyond_reach, messages)
    if shared := run.shared_documents():
        messages.warning(
            f"of {counted(shared, 'document')} some lines are trained on and others kept aside, so that the CER is lower than it will be on other "
            "documents: --val DATA keeps others aside"
        )
    told = run.info.training
    if (shown := told.get("replayed", 0)) < (wanted := run.training.settings.replayed):
        messages.warning(f"expected {counted(wanted, 'line')} in other hands to show again, found {shown} whose texts the model can write")
    replayed = f" and {counted(told['replayed'], 'line')} in other hands" if told.get("replayed") else ""
    messages.note(
        f"training on {counted(told['lines'], 'line')} of {counted(told['documents'], 'document')}{replayed}, "
        f"{counted(len(corpus.kept_aside), 'line')} kept aside, {told['parameters']:,} parameters, "
        f"{counted(len(run.info.charset.characters), 'character')}, from {parent}"
    )


def train_epochs(run: Run, stdout: IO[bytes]) -> None:
    """Train, and write a row for each epoch, those of before a run was stopped too."""
    from htrtool.core.tables import EPOCH_COLUMNS, TableWriter, as_text

    with as_text(stdout) as stream:
        table = TableWriter(stream, EPOCH_COLUMNS)
        for row in run.training.progress.rows:
            table.write(row)
        for row in run.training.epochs():
            table.write(row)


@contextlib.contextmanager
def progress_bar(messages: Messages):
    """Draw a bar with loss, CER and time left while training goes on, where there is a terminal."""
    if not messages.progress:
        yield None
        return
    import sys

    from tqdm import tqdm

    with tqdm(file=sys.stderr, unit="step", dynamic_ncols=True) as bar:

        def on_step(progress, steps_per_epoch: int) -> None:
            bar.total = steps_per_epoch
            bar.n = progress.step_in_epoch
            bar.set_description(f"epoch {progress.epoch + 1}")
            cer = f"{progress.best_cer:.1%}" if progress.rows else "-"
            bar.set_postfix_str(f"loss {progress.loss_sum / progress.step_in_epoch:.3f}, best CER {cer}", refresh=False)
            bar.refresh()

        yield on_step

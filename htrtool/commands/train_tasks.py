"""What ``htr train`` does beside training a reader: language models, a confidence fitted again, 8-bit weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Iterable, Iterator

import click

from htrtool.commands.backend import importing_keras
from htrtool.core.counted import counted
from htrtool.core.errors import InputError, OutputError
from htrtool.exits import Exit
from htrtool.messages import Messages
from htrtool.options import refuse
from htrtool.streams import protect_stdout

if TYPE_CHECKING:
    from htrtool.core.layouts.base import LeftOut
    from htrtool.core.samples import Sample


def train_language_model(
    operands: list[str], name: str, epochs: int | None, minutes: float | None, seed: int, bfloat16: bool, messages: Messages
) -> int:
    """Make a language model of text files ('-': standard input) and write it, with a recurrent one if asked for.

    Raises:
        OutputError: the name is none of a file, or the file can't be written.
        InputError: there is no text.
    """
    from htrtool.core.files import check_replaceable, replacing
    from htrtool.core.lm.ngram import SUFFIX, save_models
    from htrtool.core.lm.ngram_training import read_texts, train_languages

    path = name if name.endswith(SUFFIX) else name + SUFFIX
    if name.endswith("/") or Path(path).name in (SUFFIX, "-" + SUFFIX):
        raise OutputError("expected a name for the language model's file", name)
    check_replaceable(path)
    texts = list(read_texts(operands, messages.problem))
    models = train_languages(texts)
    others = {}
    if epochs or minutes:
        from htrtool.core.lm.recurrent import MEMBER

        others[MEMBER] = _recurrent(texts, epochs, minutes, seed, bfloat16)
    with replacing(path) as stream:
        save_models(models, stream, others)
    sizes = (f"{language} {model.size:,}".strip() for language, model in models.items())
    characters = len(set().union(*(model.characters for model in models.values())))
    recurrent = ", a recurrent model" if others else ""
    messages.note(f"wrote {path}: {', '.join(sizes)} n-grams, {characters} characters{recurrent}")
    return Exit.SOME_FAILED if messages.problems else Exit.OK


def _recurrent(texts: list, epochs: int | None, minutes: float | None, seed: int, bfloat16: bool) -> bytes:
    """Return a recurrent model of texts as ONNX; a table of its loss goes to standard output."""
    from htrtool.core.tables import TableWriter, as_text

    stdout = protect_stdout(by_the_way=True)
    # Keras takes seconds to import: only now that there is something to train on.
    with importing_keras():
        from htrtool.core.lm.recurrent_training import COLUMNS, train_recurrent

    with as_text(stdout) as stream:
        table = TableWriter(stream, COLUMNS)
        return train_recurrent(texts, epochs, minutes, seed, bfloat16, table.write)


def calibrate_model(operands: list[str], name: str, messages: Messages) -> int:
    """Fit the confidence of a model to labelled samples and write it into the model's files."""
    from htrtool.core.modelfile import SHIPPED, find_model
    from htrtool.core.prepare import prepare
    from htrtool.core.reader import Reader
    from htrtool.core.training.calibrating import FEWEST, KnownLine, calibrate
    from htrtool.core.training.corpus import labelled_samples

    path = find_model(name)
    if path.parent == SHIPPED:
        raise click.UsageError(f"{name} comes with htr and is left as it is: copy {path} and fit the copy")
    recipe = Reader(path).info.recipe
    left_out: dict[str, list[str]] = {}

    def lines() -> Iterator[KnownLine]:
        for sample in _drawn_to_fit(labelled_samples(operands, messages.problem, recipe), left_out):
            try:
                yield KnownLine(prepare(sample.pixels(), recipe, sample.meta.get("recipe")), sample.text, sample.document)
            except InputError as error:
                messages.problem(error)

    try:
        info, count = calibrate(path, lines())
    finally:
        tell_left_out(left_out, messages)
    if count < FEWEST:
        messages.warning(f"{counted(count, 'line says', 'lines say')} little of how sure it may be: {FEWEST} or more do")
    messages.note(f"wrote {path}: the confidence of {info.name}, fitted to {counted(count, 'line')}")
    return Exit.SOME_FAILED if messages.problems else Exit.OK


def _drawn_to_fit(samples: Iterable[Sample | LeftOut], left_out: dict[str, list[str]]) -> list[Sample]:
    """Draw lines to fit the confidence to from those marked val, if there are any, else from all, whose pictures need not all be in memory.

    Args:
        left_out: gets the keys of the others by reason.
    """
    from htrtool.core.samples import Sample
    from htrtool.core.split import VAL
    from htrtool.core.training.calibrating import ENOUGH
    from htrtool.core.training.draw import Draw

    aside, others = Draw(ENOUGH), Draw(ENOUGH)
    not_aside = []
    for sample in samples:
        if not isinstance(sample, Sample):
            left_out.setdefault(sample.reason, []).extend([sample.name] * sample.count)
        elif not sample.text:
            left_out.setdefault("without text", []).append(sample.key)
        elif sample.meta.get("split") == VAL:
            aside.show(sample)
        else:
            others.show(sample)
            not_aside.append(sample.key)
    if not aside.drawn:
        return others.drawn
    if not_aside:
        left_out[f"not marked {VAL}, as others are"] = not_aside
    return aside.drawn


def quantise_model(operands: list[str], output: str, messages: Messages) -> int:
    """Write a model with 8-bit weights."""
    from htrtool.core.files import same_file
    from htrtool.core.modelfile import Target, find_model
    from htrtool.core.training.quantise import quantise

    if len(operands) != 1 or operands == ["-"]:
        raise click.UsageError("--quantise takes one model, its name or its .onnx file")
    target, model = Target.of(output), find_model(operands[0])
    if same_file(target.file(".onnx"), model):
        raise click.UsageError(f"{model} would be replaced by its own 8-bit form: give another name with -o")
    info = quantise(model, target)
    messages.note(f"wrote {target.file('.onnx')} and {target.file('.md')}: weights of {info.training['weights']}")
    return Exit.OK


def refuse_training(task: str, *others: str) -> None:
    """End with a usage error if options were given that are about training, which a task of another kind does not do."""
    known = {"operands", "files_from", "null", "quiet", "verbose", task, *others}
    options = click.get_current_context().command.params
    refuse([option.name for option in options if option.name not in known], f"does not go with --{task}")


def tell_left_out(left_out: dict[str, list[str]], messages: Messages) -> None:
    """Tell which samples were left out, by reason: of many a few, unless all are asked for."""
    for reason, keys in left_out.items():
        messages.warning(f"left out {counted(len(keys), 'sample')} {reason}: {_named(keys, messages)}")


def tell_beyond_reach(beyond_reach: dict[str, list[str]], messages: Messages) -> None:
    """Tell which samples kept aside can only be read with errors, by reason."""
    for reason, keys in beyond_reach.items():
        messages.warning(f"{counted(len(keys), 'sample')} kept aside can't be read without errors, {reason}: {_named(keys, messages)}")


def _named(keys: list[str], messages: Messages) -> str:
    return " ".join(keys) if messages.verbose or len(keys) <= 3 else " ".join([*keys[:3], "…"])

"""How far the confidence is from what was right, with a language model and without."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Sequence

import click

COLUMNS = ("set", "lm", "lines", "line_ece", "word_ece", "character_ece", "mean_conf", "mean_accuracy")


@click.command()
@click.argument("streams", nargs=-1, required=True, metavar="STREAM.tar...")
@click.option("-m", "--model", default="latin", show_default=True, help="The model that reads.")
@click.option("--lm", default="auto", show_default=True, help="The language model, as for htr read.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many lines a set, drawn at random.")
@click.option("--seed", default=0, show_default=True, help="Seed of that draw.")
def calibration(streams: Sequence[str], model: str, lm: str, limit: int | None, seed: int) -> None:
    """Print the expected calibration error of lines, words and characters on each STREAM, and on all together.

    Ten bins of equal width. A line's accuracy is 1 less its character error rate, 0 at least; a word or a character is
    right if an alignment with the fewest edits says so.
    """
    from htrtool.bench.accuracy import labelled
    from htrtool.core.language import reader_for
    from htrtool.core.tables import TableWriter

    readers = {name: reader_for(model, name) for name in dict.fromkeys(("none", lm))}
    sets = {Path(stream).stem: labelled(Path(stream), limit, seed) for stream in streams}
    table = TableWriter(sys.stdout, COLUMNS)
    for name, reader in readers.items():
        every: list[tuple] = []
        for label, samples in sets.items():
            judged = [_judged(reader, sample) for sample in samples]
            table.write({"set": label, "lm": name} | _row(judged))
            every += judged
        if len(sets) > 1:
            table.write({"set": "all", "lm": name} | _row(every))


def _judged(reader, sample) -> tuple:
    """Return how sure a line is, and what was right of it: line, words and characters."""
    from htrtool.core.calibrating import line_evidence
    from htrtool.core.labels import plain

    probabilities = reader.probabilities([reader.prepare(sample.pixels())])[0]
    (language,) = reader.languages_of([probabilities])
    best = reader.decode(probabilities, language)[0]
    return reader.judge(probabilities, best, language), line_evidence(
        reader, probabilities, best, language, plain(sample.text)
    )


def _row(judged: list[tuple]) -> dict:
    import numpy as np

    from htrtool.core.calibration import expected_calibration_error

    line = [sure.line for sure, _ in judged]
    accuracy = [known.accuracy for _, known in judged]
    words = [np.concatenate(part) for part in zip(*((sure.words, known.right_words) for sure, known in judged))]
    characters = [np.concatenate(part) for part in zip(*((sure.characters, known.right) for sure, known in judged))]
    errors = [expected_calibration_error(*pair) for pair in ((line, accuracy), words, characters)]
    return {
        "lines": len(judged),
        **dict(zip(COLUMNS[3:6], (round(error, 4) for error in errors))),
        "mean_conf": round(float(np.mean(line)), 4),
        "mean_accuracy": round(float(np.mean(accuracy)), 4),
    }

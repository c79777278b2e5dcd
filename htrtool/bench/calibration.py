"""How far the confidence is from what was right, with a language model and without."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, Sequence

import click

from htrtool.options import LOOKS

if TYPE_CHECKING:
    import numpy as np

    from htrtool.core.reader import Reading

COLUMNS = ("set", "lm", "lines", "line_ece", "word_ece", "character_ece", "mean_conf", "mean_accuracy")


@click.command()
@click.argument("streams", nargs=-1, required=True, metavar="STREAM.tar...")
@click.option("-m", "--model", default="latin", show_default=True, help="The model that reads.")
@click.option("--lm", default="auto", show_default=True, help="The language model, as for htr read.")
@click.option("--looks", type=LOOKS, default="auto", show_default=True, metavar="auto|N", help="How often each line is looked at.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many lines a set, drawn at random.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of that draw.")
def calibration(streams: Sequence[str], model: str, lm: str, looks: int | None, limit: int | None, seed: int) -> None:
    """Print the expected calibration error of lines, words and characters on each STREAM, and on all together.

    Ten bins of equal width. A line's accuracy is 1 less its character error rate, 0 at least; a word or a character is
    right if an alignment with the fewest edits says so. Lines that come one after the other and are of one document are read
    together, as by htr read.
    """
    from htrtool.bench.labelled import labelled
    from htrtool.core.language import reader_for
    from htrtool.core.tables import TableWriter

    readers = {name: reader_for(model, name, looks=looks) for name in dict.fromkeys(("none", lm))}
    sets = [(Path(stream).stem, labelled(Path(stream), limit, seed)) for stream in streams]
    table = TableWriter(sys.stdout, COLUMNS)
    for name, reader in readers.items():
        every: list[tuple] = []
        for label, samples in sets:
            judged = list(_judged(reader, samples))
            table.write({"set": label, "lm": name} | _row(judged))
            every += judged
        if len(sets) > 1:
            table.write({"set": "all", "lm": name} | _row(every))


def _judged(reader, samples: Sequence) -> Iterator[tuple[Reading, float, np.ndarray, np.ndarray]]:
    """Yield each line as it was read, its accuracy, and which of its words and characters are right."""
    from htrtool.bench.labelled import documents
    from htrtool.core.labels import plain
    from htrtool.core.scoring.metrics import share_right
    from htrtool.core.training.calibrating import right

    for document in documents(samples):
        readings = reader.read_page([reader.prepare(sample.pixels(), sample.meta.get("recipe")) for sample in document])
        for reading, truth in zip(readings, (plain(sample.text) for sample in document)):
            yield (
                reading,
                share_right(truth, reading.text),
                right(truth.split(), reading.text.split()),
                right(truth, reading.text),
            )


def _row(judged: list[tuple]) -> dict:
    import numpy as np

    from htrtool.core.decoding.calibration import expected_calibration_error

    readings, accuracies, right_words, right_characters = zip(*judged)
    line = [reading.conf for reading in readings]
    words = [reading.words for reading in readings], right_words
    characters = [reading.characters for reading in readings], right_characters
    errors = [
        expected_calibration_error(line, accuracies),
        *(expected_calibration_error(*map(np.concatenate, pair)) for pair in (words, characters)),
    ]
    return {
        "lines": len(judged),
        **dict(zip(COLUMNS[3:6], (round(error, 4) for error in errors))),
        "mean_conf": round(float(np.mean(line)), 4),
        "mean_accuracy": round(float(np.mean(accuracies)), 4),
    }

"""How well htr and its peers find the lines of annotated pages, side by side."""

from __future__ import annotations

import itertools
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import click

from htrtool.options import refuse_empty

COLUMNS = (
    "set", "finder", "pages", "lines", "found", "recall", "precision", "f1", "precision_annotated", "f1_annotated",
    "cer", "cer_annotated_order", "cer_true", "s_per_page",
)  # fmt: skip


@click.command()
@click.argument("pages", nargs=-1, required=True, metavar="PAGES...")
@click.option("-m", "--model", default="latin", show_default=True, help="The model that reads the lines found.")
@click.option("--alone", is_flag=True, help="No peers.")
@click.option("--no-cer", is_flag=True, help="Only find lines, read nothing.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many pages a set.")
def lines(pages, model, alone, no_cer, limit) -> None:
    """Compare the lines that are found on annotated pages with those that are annotated, a folder a set.

    PAGES are folders, or files of ALTO or PAGE XML, or JSON, as htrtool.train_lines takes them. Lines are matched one to
    one where at least half of each baseline is within a quarter of the line distance of the other. Many pages are
    annotated only in part: precision_annotated and f1_annotated leave out found lines that lie where nothing is. cer is
    that of the pages' whole text, of lines where any are annotated with a text, in the order in which they were found;
    cer_annotated_order the same with the lines in the order of those annotated, which is not always that of reading;
    cer_true that of the same reader on the true lines that have a text. All are of the network alone, which looks once.
    """
    refuse_empty(pages)
    from htrtool.bench.peers import LINE_FINDERS, installed
    from htrtool.core.tables import TableWriter

    finders = installed(LINE_FINDERS, ["htr"] if alone else LINE_FINDERS)
    reader = None if no_cer else text_reader(model)
    table = TableWriter(sys.stdout, COLUMNS)
    for name, files in sets(pages, limit).items():
        tallies = {finder: Tally() for finder in finders}
        for file in files:
            measure(file, finders, tallies, reader)
        for finder, tally in tallies.items():
            table.write({"set": name, "finder": finder} | tally.row())


def sets(operands, limit: int | None) -> dict[str, list[Path]]:
    """Return the annotated pages by the folder that they are in; of a page that is annotated more than once it is told which is left out."""
    from htrtool.core.linefinder.truth import find_pages

    files: dict[str, list[Path]] = {}
    for file in find_pages(operands, lambda item: click.echo(f"{item.name}: left out: {item.reason}", err=True)):
        files.setdefault(file.parent.name, []).append(file)
    return {name: found[:limit] for name, found in files.items()}


@dataclass
class Tally:
    """What was counted of a finder on the pages of a set."""

    counts: Counter = field(default_factory=Counter)
    seconds: float = 0.0

    def row(self) -> dict:
        """Return the rates."""
        of = self.counts
        recall = of["matched"] / max(of["lines"], 1)
        rates = {"recall": recall}
        for name, found in (("", of["found"]), ("_annotated", of["annotated"])):
            precision = of["matched"] / max(found, 1)
            rates["precision" + name] = precision
            rates["f1" + name] = 2 * precision * recall / max(precision + recall, 1e-9)
        if of["characters"]:
            for cer, errors in (("cer", "errors"), ("cer_annotated_order", "errors_ordered"), ("cer_true", "errors_true")):
                rates[cer] = of[errors] / of["characters"]
        row = {name: of[name] for name in ("pages", "lines", "found")}
        return row | {name: f"{rate:.4f}" for name, rate in rates.items()} | {
            "s_per_page": f"{self.seconds / max(of['pages'], 1):.2f}"
        }


def measure(file: Path, finders: dict, tallies: dict[str, Tally], reader) -> None:
    """Count what each finder finds on a page."""
    import numpy as np
    from rapidfuzz.distance import Levenshtein

    from htrtool.core.linefinder.scores import match_lines
    from htrtool.core.linefinder.truth import load_truth

    pixels, true, texts = load_truth(file)
    wanted = [line.baseline for line in true]
    has_text = [bool(text) for text in texts]
    read_true = text = None
    if reader:
        text = page_text(texts)
        read_true = page_text(reader(pixels, [(line.polygon, line.baseline) for line in itertools.compress(true, has_text)]))
    for name, finder in finders.items():
        start = time.perf_counter()
        found = finder(pixels)
        tally = tallies[name]
        tally.seconds += time.perf_counter() - start
        match = match_lines(wanted, [baseline for _, baseline in found], [line.polygon for line in true])
        tally.counts.update(
            pages=1, lines=len(true), found=len(found), matched=len(match.pairs), annotated=int(match.annotated.sum())
        )
        if reader:
            read = {i: reader(pixels, [found[i]]) for i in np.flatnonzero(match.lying_on(has_text))}
            as_found, as_annotated = (
                page_text([line for i in order for line in read[i]]) for order in (read, in_annotated_order(read, match.pairs))
            )
            tally.counts.update(
                characters=len(text),
                errors=Levenshtein.distance(text, as_found),
                errors_ordered=Levenshtein.distance(text, as_annotated),
                errors_true=Levenshtein.distance(text, read_true),
            )


def in_annotated_order(found, pairs: list[tuple[int, int]]) -> list[int]:
    """Put the indices of found lines into the order of the true ones that they match, ``pairs`` of (true, found).

    One that matches none stays behind the one before it.
    """
    places, place = {}, -1
    of_found = {line: true for true, line in pairs}
    for line in found:
        place = places[line] = of_found.get(line, place)
    return sorted(places, key=places.get)


def page_text(texts: list[str]) -> str:
    """Return the text of a page on one line, as it is compared."""
    from htrtool.core.labels import plain

    return plain(" ".join(text for text in texts if text))


def text_reader(model: str):
    """Return a reader of lines given by outline and baseline on a page."""
    from htrtool.core.cut import cut_line
    from htrtool.core.errors import InputError
    from htrtool.core.modelfile import find_model
    from htrtool.core.reader import Reader
    from htrtool.core.session import usable_cpus

    reader = Reader(find_model(model), usable_cpus())

    def read(pixels, shapes) -> list[str]:
        texts = []
        for polygon, baseline in shapes:
            try:
                line = reader.prepare(cut_line(pixels, polygon, baseline, directed=True).pixels)
            except InputError:
                continue
            texts.append(reader.read_line(line).text)
        return texts

    return read

"""``htr eval``: score what was read against the truth."""

from __future__ import annotations

import itertools
import math
import textwrap
from functools import partial
from typing import Iterable, Sequence

import click

from htrtool.core.counted import counted
from htrtool.core.errors import InputError
from htrtool.core.scoring.rates import CALIBRATION, CONFUSION, METRICS, OF_ERRORS, RATED, SCOPES
from htrtool.exits import Exit
from htrtool.messages import Messages
from htrtool.options import FiniteRange, expect_names, refuse_empty, with_messages, with_operands
from htrtool.streams import protect_stdout

MEANINGS = {name: metric.meaning for name, metric in METRICS.items()} | dict([CALIBRATION, OF_ERRORS])


def _epilog() -> str:
    """Explain the rows: one paragraph a metric, kept as it is laid out."""
    lines = ["\b", "Metrics:"]
    for name, meaning in MEANINGS.items():
        lines += textwrap.wrap(meaning, 76, initial_indent=f"  {name:<15} ", subsequent_indent=" " * 18)
    return "\n".join(lines)


@click.command("eval", epilog=_epilog())
@click.argument("truth", metavar="TRUTH")
@with_operands("READ", "truth", "against")
@click.option(
    "--per",
    "scopes",
    type=click.Choice(SCOPES),
    multiple=True,
    default=("corpus",),
    show_default=True,
    help="Score the whole, each document, each file or each line, or count which character was taken for which; may be given several times.",
)
@click.option(
    "--metric",
    "metrics",
    type=click.Choice(list(MEANINGS)),
    multiple=True,
    help="Print only this metric; may be given several times. Without it: all, explained below.",
)
@click.option("--document", metavar="COLUMN", help="The column of TRUTH, or in its samples the key of their JSON, that names the document or writer of a line.")
@click.option("--plain", is_flag=True, help="Curly quotes, dashes, long s and the like count as their plain forms.")
@click.option("--ignore-case", is_flag=True, help="Upper and lower case are the same.")
@click.option("--ignore-accents", is_flag=True, help="Letters with and without accents are the same.")
@click.option("--ignore-punctuation", is_flag=True, help="Punctuation is left out on both sides.")
@click.option(
    "--skip-missing", is_flag=True, help="Leave lines of TRUTH that READ lacks out, where they would count as errors."
)
@click.option(
    "--skip-unknown", is_flag=True, help="Leave pages of READ of which TRUTH has nothing out, where all their lines would count as errors."
)
@click.option(
    "--against",
    metavar="FILE",
    help="Another reading of the same lines, as READ: print too by how much each rate of READ is above that of FILE.",
)
@click.option(
    "-f",
    "--format",
    "kind",
    type=click.Choice(["tsv", "table"]),
    help="Rows for programs, or a table for people.  [default: table on a terminal, else tsv]",
)
@click.option(
    "--fail-above",
    type=FiniteRange(min=0),
    metavar="RATE",
    help=f"Exit with {Exit.ABOVE_LIMIT:d} if the character error rate is above RATE, such as 0.05.",
)
@with_messages
def eval(  # noqa: A001 - named as the subcommand
    truth: str,
    operands: list[str],
    scopes: tuple[str, ...],
    metrics: tuple[str, ...],
    document: str | None,
    plain: bool,
    ignore_case: bool,
    ignore_accents: bool,
    ignore_punctuation: bool,
    skip_missing: bool,
    skip_unknown: bool,
    against: str | None,
    kind: str | None,
    fail_above: float | None,
    messages: Messages,
) -> int:
    """Score what was read against the truth.

    TRUTH is a table with the columns file and text (TSV, or CSV with a header) and, where a file has several lines,
    page and line; or JSON lines; or ALTO or PAGE XML; or a sample stream (tar); or a text, FILE.txt or from a pipe; or a folder of
    .gt.txt, .txt or .xml files. READ is a table that htr read wrote, or any of the same; without it, standard input. '-'
    stands for standard input too.

    Files go together by their names: the same path, else the same name if only one file has it, with or without the
    suffix. Lines go together by their numbers (a page may have a label, such as 12r), else by order, or, where these can't be right, by likeness; a file for
    which one side has a single row without a number is compared as a whole, and so is each page of one for which it has a
    row a page. Text is compared in Unicode's form NFC, with
    runs of spaces as one.

    Scores are printed as TSV: scope, name, metric, value, the 95% interval from low to high (bootstrap over
    documents: the --document, else the writers or documents that TRUTH tells, else pages, else folders), and the errors out of
    the total. A line of TRUTH that was not read counts with all its characters
    deleted, a line that TRUTH lacks with all of them inserted, and with --per line its name ends in '+'; where TRUTH is of some of the pages only, --skip-unknown
    leaves out the others. With --against, rows of the scope 'difference' follow: below 0, READ has the lower rate; an interval without 0 is more than chance.

    \b
        htr read scans/*.png | htr eval truth.tsv
        htr read -f txt letter.jpg | htr eval letter.txt
        htr eval --plain --per file val.tar out.tsv > scores.tsv
        htr eval --per confusion truth.tsv out.tsv | head
        htr eval --metric cer --against before.tsv truth.tsv after.tsv
        htr eval --fail-above 0.08 --metric cer truth.tsv out.tsv
    """
    _refuse_unfit(metrics, scopes)
    refuse_empty([document], "give a column's, or leave --document out")
    from htrtool.core.scoring import documents, doubts, joining
    from htrtool.core.scoring.metrics import normalise
    from htrtool.core.scoring.rows import Scoring
    from htrtool.core.scoring.truth import read_lines

    stdout = protect_stdout()
    wanted = read_lines(truth, document)
    if all(line.is_blank for line in wanted):
        raise InputError("expected at least one line with its text, found none", truth)
    other = None if against is None else read_lines(against, is_truth=False)
    expect_names(operands, "READ")
    tables = _tables_of(operands, messages)
    if not tables:
        return Exit.BAD_INPUT
    names, given = ("READ", against), [tables] if other is None else [tables, [other]]
    _warn(doubts.of_truth(wanted), messages)
    for name, of in zip(names, given):
        _warn(doubts.of_reading(of, wanted, name), messages)
    joined = [list(joining.join(wanted, itertools.chain.from_iterable(of))) for of in given]
    readings = with_text = [joining.without_blank(pairs) for pairs in joined]
    if not any(pair.truth for pair in with_text[0]):
        raise InputError("expected at least one line with a text, or empty but read, found none", truth)
    for name, reading in zip(names, with_text):
        _warn(doubts.of_pairs(reading, name, skip_unknown), messages)
    if skip_unknown:
        readings = [joining.without_unknown(pairs) for pairs in with_text]
    left_out = len(joined[0]) - len(with_text[0]), len(with_text[0]) - len(readings[0])
    told = _counts(readings[0], skip_missing, *left_out)
    if skip_missing:
        readings = joining.without_missing(readings)
        if not all(readings):
            raise InputError("expected lines that TRUTH has too, found none", " ".join(operands))
    kind_of_documents = documents.documents_are(readings[0])
    normalised = partial(
        normalise, plain=plain, ignore_case=ignore_case, ignore_accents=ignore_accents, ignore_punctuation=ignore_punctuation
    )
    scoring, *others = [Scoring.of(pairs, documents.documents_of(pairs, kind_of_documents), normalised) for pairs in readings]
    of_truth = sum(pair.truth is not None for pair in scoring.pairs)
    messages.note(f"{counted(of_truth, 'line')} of the truth, {told}; documents ({kind_of_documents}): {len(set(scoring.documents))}")
    rows = itertools.chain(scoring.rows(truth, scopes), *(scoring.differences(other, against) for other in others))
    rows = (row for row in rows if not metrics or row["metric"] in metrics)
    if CALIBRATION[0] in metrics and "corpus" in scopes and not scoring.tells_confidence:
        messages.warning(f"READ tells no confidence, without which there is no {CALIBRATION[0]}")
    if kind == "table" or (kind is None and stdout.isatty()):
        _print_table(rows, stdout)
    else:
        _print_rows(rows, stdout)
    if messages.problems:
        return Exit.SOME_FAILED
    is_above = fail_above is not None and _is_above(fail_above, scoring.rate("cer"), truth, messages)
    return Exit.ABOVE_LIMIT if is_above else Exit.OK


def _refuse_unfit(metrics: tuple[str, ...], scopes: tuple[str, ...]) -> None:
    """End with a usage error if none of the metrics is told of any of the scopes."""
    narrower = {CALIBRATION[0]: ("corpus",), OF_ERRORS[0]: (CONFUSION,)}
    fitting = [narrower.get(metric, RATED) for metric in metrics]
    if metrics and set(scopes).isdisjoint(set().union(*fitting)):
        raise click.UsageError(f"{metrics[0]} is of {' or '.join(fitting[0])} only: give --per {fitting[0][0]}")


def _tables_of(operands: list[str], messages: Messages) -> list[list]:
    """Return the lines of each operand that can be read; the others are told."""
    from htrtool.core.scoring.truth import read_lines

    tables = []
    for operand in operands:
        try:
            tables.append(read_lines(operand, is_truth=False))
        except InputError as error:
            messages.problem(error)
    return tables


def _warn(doubts: Iterable[str], messages: Messages) -> None:
    for doubt in doubts:
        messages.warning(doubt)


def _counts(pairs: Sequence, skip_missing: bool, blank: int, unknown: int) -> str:
    """Tell how many lines one side lacks, and how many were left out: ``blank`` ones, and those of ``unknown`` pages."""
    missing = sum(pair.read is None for pair in pairs)
    surplus = sum(pair.truth is None for pair in pairs)
    return (
        f"{missing} missing{' (left out)' * (skip_missing and missing > 0)}, {surplus} surplus"
        f"{f', {blank} without a text left out' * (blank > 0)}{f', {unknown} of pages that TRUTH lacks left out' * (unknown > 0)}"
    )


def _is_above(limit: float, rate: float, truth: str, messages: Messages) -> bool:
    """Tell whether the character error rate is above a limit, in words too.

    Raises:
        InputError: there is none, since there is no text.
    """
    if math.isnan(rate):
        raise InputError("expected text, found none, so that there is no error rate to compare", truth)
    if rate > limit:
        messages.note(f"the character error rate, {rate:.4f}, is above {limit}")
    return rate > limit


def _print_rows(rows, stdout) -> None:
    from htrtool.core.tables import SCORE_COLUMNS, TableWriter, as_text

    TableWriter(as_text(stdout), SCORE_COLUMNS).write_all(rows)


def _print_table(rows, stdout) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    from htrtool.core.tables import as_text

    rows = list(rows)
    several = len({row["scope"] for row in rows}) > 1
    table = Table(*["scope"] * several, Column("name", overflow="fold"), "metric")
    for name in ("value", "95% interval", "errors", "of"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        value, low, high = (row.get(name) for name in ("value", "low", "high"))
        known = low is not None and low == low
        table.add_row(
            *[row["scope"]] * several,
            escape(str(row["name"])),
            row["metric"],
            "" if value != value else f"{value:.2%}",
            f"{low:.2%} – {high:.2%}" if known else "",
            str(row.get("errors", "")),
            str(row.get("total", "")),
        )
    Console(file=as_text(stdout)).print(table)

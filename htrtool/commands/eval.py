"""``htr eval``: score what was read against the truth."""

from __future__ import annotations

import math
import textwrap
from functools import partial

import click

from htrtool.core.errors import InputError
from htrtool.core.scoring.rates import CALIBRATION, CONFUSION, METRICS, OF_ERRORS, RATED, SCOPES
from htrtool.exits import Exit
from htrtool.messages import Messages
from htrtool.options import FiniteRange, with_messages, with_operands
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
@with_operands("READ", beside="truth")
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
    suffix. Lines go together by their numbers, else by order, or, where these can't be right, by likeness; a file for
    which one side has a single row without a number is compared as a whole. Text is compared in Unicode's form NFC, with
    runs of spaces as one.

    Scores are printed as TSV: scope, name, metric, value, the 95% interval from low to high (bootstrap over
    documents: the --document, else pages, else folders), and the errors out of
    the total. A line of TRUTH that was not read counts with all its characters
    deleted, a line that TRUTH lacks with all of them inserted.

    \b
        htr read scans/*.png | htr eval truth.tsv
        htr read -f txt letter.jpg | htr eval letter.txt
        htr eval --plain --per file val.tar out.tsv > scores.tsv
        htr eval --per confusion truth.tsv out.tsv | head
        htr eval --fail-above 0.08 --metric cer truth.tsv out.tsv
    """
    narrower = {CALIBRATION[0]: ("corpus",), OF_ERRORS[0]: (CONFUSION,)}
    fitting = [narrower.get(metric, RATED) for metric in metrics]
    if metrics and set(scopes).isdisjoint(set().union(*fitting)):
        raise click.UsageError(f"{metrics[0]} is of {' or '.join(fitting[0])} only: give --per {fitting[0][0]}")
    from htrtool.core.scoring import joining
    from htrtool.core.scoring import metrics as measures
    from htrtool.core.scoring.rows import Scoring
    from htrtool.core.scoring.truth import read_lines

    stdout = protect_stdout()
    wanted = read_lines(truth, document)
    if all(line.is_blank for line in wanted):
        raise InputError("expected at least one line with its text, found none", truth)
    if repeated := joining.repeated(wanted):
        messages.warning(f"{repeated} lines of TRUTH are given more than once; each counts")
    tables = []
    for operand in operands:
        try:
            tables.append(read_lines(operand, is_truth=False))
        except InputError as error:
            messages.problem(error)
    given = [line for table in tables for line in table]
    if messages.problems == len(operands):
        return Exit.BAD_INPUT
    if repeated := joining.repeated(given):
        messages.warning(f"{repeated} lines of READ are given more than once, as where two models read them; each counts: score one reading at a time")
    if given == wanted:
        messages.warning("READ and TRUTH are the same texts")
    if twice := joining.given_twice(tables):
        messages.warning(f"{twice} files are in more than one table of READ, without numbers of lines; all their rows count")
    joined = list(joining.join(wanted, given))
    pairs = [pair for pair in joined if pair.truth is None or not pair.truth.is_blank]
    blank = len(joined) - len(pairs)
    missing = sum(pair.read is None for pair in pairs)
    surplus = sum(pair.truth is None for pair in pairs)
    if given and missing + surplus == len(pairs):
        messages.warning(
            f"no file of READ, such as {given[0].file!r}, is in TRUTH, which has files such as {wanted[0].file!r}"
        )
    elif all(left := joining.unmatched(pairs)):
        unread, unknown = left
        messages.warning(
            f"{len(unknown)} files of READ, such as {unknown[0]!r}, are not in TRUTH, and {len(unread)} of TRUTH, such as {unread[0]!r}, not in READ: "
            "they may be named otherwise"
        )
    if renumbered := list(dict.fromkeys(pair.file for pair in pairs if pair.by_likeness)):
        messages.warning(
            f"the lines of {renumbered[0]}{f' and {len(renumbered) - 1} more files' * (len(renumbered) > 1)} are numbered otherwise in READ "
            "than in TRUTH: they are compared with those that they are most like, in order"
        )
    if skip_missing:
        pairs = [pair for pair in pairs if pair.read is not None]
        if not pairs:
            raise InputError("expected lines that TRUTH has too, found none", " ".join(operands))
    documents, what = joining.documents_of(pairs)
    messages.note(
        f"{sum(pair.truth is not None for pair in pairs)} lines of the truth, {missing} missing"
        f"{' (left out)' * (skip_missing and missing > 0)}, {surplus} surplus{f', {blank} without a text left out' * (blank > 0)}; documents ({what}): {len(set(documents))}"
    )
    settings = {
        "plain": plain,
        "ignore_case": ignore_case,
        "ignore_accents": ignore_accents,
        "ignore_punctuation": ignore_punctuation,
    }
    scoring = Scoring.of(pairs, documents, partial(measures.normalise, **settings))
    rows = [row for row in scoring.rows(truth, scopes) if not metrics or row["metric"] in metrics]
    if CALIBRATION[0] in metrics and not any(row["metric"] == CALIBRATION[0] for row in rows):
        messages.warning(f"READ tells no confidence, without which there is no {CALIBRATION[0]}")
    if kind == "table" or (kind is None and stdout.isatty()):
        _print_table(rows, stdout)
    else:
        _print_rows(rows, stdout)
    if messages.problems:
        return Exit.SOME_FAILED
    if fail_above is not None:
        rate = scoring.rate("cer")
        if math.isnan(rate):
            raise InputError("expected text, found none, so that there is no error rate to compare", truth)
        if rate > fail_above:
            messages.note(f"the character error rate, {rate:.4f}, is above {fail_above}")
            return Exit.ABOVE_LIMIT
    return Exit.OK


def _print_rows(rows, stdout) -> None:
    from htrtool.core.tables import SCORE_COLUMNS, TableWriter, as_text

    table = TableWriter(as_text(stdout), SCORE_COLUMNS)
    for row in rows:
        table.write(row)


def _print_table(rows, stdout) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Column, Table

    from htrtool.core.tables import as_text

    table = Table(Column("name", overflow="fold"), "metric")
    for name in ("value", "95% interval", "errors", "of"):
        table.add_column(name, justify="right")
    for row in rows:
        value, low, high = (row.get(name) for name in ("value", "low", "high"))
        known = low is not None and low == low
        table.add_row(
            escape(str(row["name"])),
            row["metric"],
            "" if value != value else f"{value:.2%}",
            f"{low:.2%} – {high:.2%}" if known else "",
            str(row.get("errors", "")),
            str(row.get("total", "")),
        )
    Console(file=as_text(stdout)).print(table)

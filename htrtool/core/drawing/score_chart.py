"""Scores as a picture: the error rates of files, documents or whole sets, the worst first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Iterable, Mapping, NamedTuple, Sequence

from matplotlib.figure import Figure

from htrtool.core.cells import number_in
from htrtool.core.drawing.figures import colours, dress, entitle, legible, shortened
from htrtool.core.errors import InputError

RATE_COLUMNS = ("scope", "name", "metric", "value")
# What is drawn of a table that has it, else all that it has.
ERROR_RATES = {"cer": "character error rate", "wer": "word error rate"}
FINEST_FIRST = ("line", "file", "document", "corpus")
MOST = 60
"""How many names are drawn, the worst."""
LARGEST = 1e6
_ROW, _AROUND = 0.19, 1.0
"""Inches that a name takes, and a panel beside its names."""


class Rate(NamedTuple):
    """A rate and its interval, not-a-number where there is none."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Scores:
    """The rates in a table of scores by scope, metric and name; ``source`` is the table."""

    source: str
    scopes: Mapping[str, Mapping[str, Mapping[str, Rate]]]


def scores_of(rows: Iterable[tuple[int, Mapping[str, str]]], source: str) -> Scores:
    """Take the rates out of numbered rows of a table of scores, as ``htr eval`` prints it.

    Raises:
        InputError: there is no row, or a cell is no number that can be drawn.
    """
    found: dict[str, dict[str, dict[str, Rate]]] = {}
    for number, row in rows:
        cells = [number_in(row, column, number, source) if column in row else math.nan for column in ("value", "low", "high")]
        if any(abs(cell) > LARGEST for cell in cells):
            raise InputError(f"row {number}: expected a rate that can be drawn, found {row['value']!r}", source)
        if math.isfinite(cells[0]):
            found.setdefault(row["scope"], {}).setdefault(row["metric"], {})[row["name"]] = Rate(*cells)
    if not found:
        raise InputError("expected at least one score, found only the header", source)
    return Scores(source, found)


def score_chart(tables: Sequence[Scores], title: str | None = None, width: float = 8) -> Figure:
    """Draw the error rates of each name, with their intervals, beside each other where there are several tables.

    It is those of the finest scope that all tables have. Of more than ``MOST`` names those are drawn that the first table
    has the highest rates of.

    Args:
        width: of the figure in inches.

    Raises:
        InputError: the tables have no scope in common.
    """
    scope = _common_scope(tables)
    rates_of = [table.scopes[scope] for table in tables]
    metrics = list(dict.fromkeys(metric for rates in rates_of for metric in rates))
    metrics = [metric for metric in ERROR_RATES if metric in metrics] or metrics
    by_rate: dict[str, float] = {}
    for rates in rates_of:
        for name, rate in rates.get(metrics[0], {}).items():
            by_rate.setdefault(name, rate.value)
    names = sorted(by_rate, key=lambda name: -by_rate[name])[:MOST]
    figure = Figure((width, len(metrics) * (_AROUND + _ROW * len(names))), layout="constrained")
    axes = figure.subplots(len(metrics), squeeze=False)[:, 0]
    labels = [legible(name) for name in shortened(names)]
    sources = [legible(source) for source in shortened([table.source for table in tables])]
    of_table = colours(len(tables))
    for metric, axis in zip(metrics, axes):
        for index, by_metric in enumerate(rates_of):
            offset = (index - (len(tables) - 1) / 2) * 0.6 / len(tables)
            drawn = [(place + offset, rate) for place, name in enumerate(names) if (rate := by_metric.get(metric, {}).get(name))]
            if not drawn:
                continue
            places, rates = zip(*drawn)
            axis.plot([rate.value for rate in rates], places, "o", markersize=4, color=of_table[index], label=sources[index])
            axis.hlines(places, [rate.low for rate in rates], [rate.high for rate in rates], color=of_table[index], linewidth=1)
        axis.set_yticks(range(len(names)), labels, fontsize="small")
        axis.set_ylim(len(names) - 0.4, -0.6)
        axis.set_xlim(left=0)
        of_what = "whole" if scope == "corpus" else f"{'worst ' * (len(by_rate) > MOST)}{scope}s"
        axis.set_xlabel(f"{ERROR_RATES.get(metric, metric.replace('_', ' '))} of the {of_what}", fontsize="small")
        dress(axis, grid="x", rates="x")
    if len(tables) > 1:
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", fontsize="small", frameon=False)
    entitle(figure, title)
    return figure


def _common_scope(tables: Sequence[Scores]) -> str:
    for scope in (*FINEST_FIRST, *tables[0].scopes):
        if all(scope in table.scopes for table in tables):
            return scope
    received = " and ".join(dict.fromkeys(", ".join(table.scopes) for table in tables))
    raise InputError(f"expected tables of scores with a scope in common, received {received}: draw them one by one")

"""What a model learned of hands from more and more lines, as a picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Iterable, Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from htrtool.core.cells import number_in, whole_number_in
from htrtool.core.drawing.figures import colours, dress, entitle, legible
from htrtool.core.errors import InputError

HAND_COLUMNS = ("hand", "lines", "cer_before", "cer_after")


@dataclass(frozen=True)
class HandCurve:
    """A hand, and for each number of lines, in rising order, the CER on other lines of it; ``before`` is that with none.

    ``source`` is the table that it comes from.
    """

    name: str
    source: str
    before: float
    points: tuple[tuple[int, float], ...]


def hand_curves_of(rows: Iterable[tuple[int, Mapping[str, str]]], source: str) -> list[HandCurve]:
    """Turn numbered rows of ``python -m htrtool.bench adapt`` into a curve for each hand and way of decoding.

    Raises:
        InputError: there is no row, or a cell is no number.
    """
    found: dict[str, tuple[float, list[tuple[int, float]]]] = {}
    for number, row in rows:
        alone = row.get("lm") == "none"
        name = row["hand"] + (", network alone" if alone else "")
        lines = whole_number_in(row, "lines", number, source)
        before, after = (number_in(row, column, number, source) for column in HAND_COLUMNS[2:])
        if lines is None or not lines >= 0 or not math.isfinite(before + after):
            raise InputError(f"row {number}: expected numbers in {', '.join(HAND_COLUMNS[1:])}, found none that can be drawn", source)
        points = found.setdefault(name, (before, []))[1]
        # Of no lines nothing is learned, and on a logarithmic scale there is no place for them.
        points += [(lines, after)] * (lines > 0)
    if not found:
        raise InputError("expected at least one row, found only the header", source)
    return [HandCurve(name, source, before, tuple(sorted(points))) for name, (before, points) in found.items()]


def hand_chart(curves: Sequence[HandCurve], title: str | None = None, width: float = 8) -> Figure:
    """Draw the CER of each hand over the number of its lines, dotted as it was before.

    Args:
        width: of the figure in inches.
    """
    figure = Figure((width, width * 0.6), layout="constrained")
    axis = figure.subplots()
    sizes = sorted({lines for curve in curves for lines, _ in curve.points})
    for colour, curve in zip(colours(len(curves)), curves):
        axis.plot([lines for lines, _ in curve.points], [rate for _, rate in curve.points], marker=".", color=colour, label=legible(curve.name))
        axis.axhline(curve.before, linestyle=":", color=colour)
    axis.plot([], [], ":", color="gray", label="before")
    axis.set_xscale("log")
    axis.set_xticks(sizes, labels=list(map(str, sizes)))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel("lines of the hand")
    axis.set_ylabel("character error rate on other lines of it", fontsize="small")
    axis.set_ylim(bottom=0)
    dress(axis, rates="y")
    axis.legend(fontsize="small", frameon=False)
    entitle(figure, title)
    return figure

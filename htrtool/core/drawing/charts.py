"""Learning curves as pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from htrtool.core.cells import number_in
from htrtool.core.drawing.figures import colours, dress, entitle, legible, shortened
from htrtool.core.errors import InputError

AXES = {"epoch": "epoch", "samples": "samples seen", "seconds": "time"}
DRAWN = ("epoch", "samples", "seconds", "lr", "loss", "val_loss", "val_cer", "val_wer")
LARGEST = 1e15
TWO_COLUMNS = 5
"""Characters of a run's name in a legend of two columns, to each inch of the figure's width."""


@dataclass(frozen=True)
class Curve:
    """A table of epochs: its name, and its columns as (epochs,) float arrays, not-a-number where a cell is empty."""

    name: str
    columns: Mapping[str, np.ndarray]

    def __getitem__(self, column: str) -> np.ndarray | None:
        values = self.columns.get(column)
        return values if values is not None and np.isfinite(values).any() else None


def curve_of(rows: Iterable[tuple[int, Mapping[str, str]]], source: str) -> Curve:
    """Turn numbered rows of a table of epochs into a curve; of several rows of one epoch the last counts.

    Raises:
        InputError: there is no row, or a cell is neither empty nor a number.
    """
    epochs: dict[float, dict[str, float]] = {}
    for number, row in rows:
        # With --resume htr train prints the header and the epochs so far again, which >> puts behind those that were there.
        if all(cell == column for column, cell in row.items()):
            continue
        values = {column: number_in(row, column, number, source) for column in DRAWN if column in row}
        for column, value in values.items():
            if LARGEST < abs(value) < np.inf:
                raise InputError(f"row {number}, column {column}: expected a number that can be drawn, found {row[column]!r}", source)
        epochs[values.get("epoch", number)] = values
    if not epochs:
        raise InputError("expected at least one epoch, found only the header", source)
    drawn = next(iter(epochs.values()))
    return Curve(source, {name: np.array([values[name] for values in epochs.values()]) for name in drawn})


def learning_curves(curves: Sequence[Curve], x: str = "epoch", title: str | None = None, width: float = 8) -> Figure:
    """Draw loss, error rates and learning rate, one panel each, the runs of several tables over each other.

    Args:
        x: the column along the axis, one of ``AXES``.
        width: of the figure in inches.

    Raises:
        InputError: no table has anything to draw.
    """
    panels = [
        ("loss", [("loss", "-", "training"), ("val_loss", "--", "validation")]),
        ("error rate on validation", [("val_cer", "-", "characters"), ("val_wer", "--", "words")]),
        ("learning rate", [("lr", "-", "")]),
    ]
    panels = [
        (label, series) for label, series in panels if any(c[name] is not None for c in curves for name, *_ in series)
    ]
    if not panels or all(curve[x] is None for curve in curves):
        raise InputError(
            f"expected a column {x} and one of loss, val_loss, val_cer, val_wer and lr with numbers, found none",
            ", ".join(curve.name for curve in curves),
        )
    unit, seconds = _unit_of_time(curves) if x == "seconds" else ("", 1)
    heights = [1 if label == "learning rate" else 2 for label, _ in panels]
    figure = Figure((width, width * 0.16 * sum(heights) + 0.6), layout="constrained")
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    several = len(curves) > 1
    of_run = colours(len(curves))
    for axis, (label, series) in zip(axes, panels):
        for index, curve in enumerate(curves):
            for number, (name, style, meaning) in enumerate(series):
                _draw_curve(
                    axis,
                    curve[name],
                    curve[x],
                    seconds,
                    style,
                    of_run[index] if several else f"C{number}",
                    "" if several else meaning + _best(curve) * (name == "val_cer"),
                    name == "val_cer",
                )
        axis.set_ylabel(label, fontsize="small")
        dress(axis, rates="y" if label.startswith("error rate") else None)
        if label == "learning rate":
            axis.ticklabel_format(axis="y", style="sci", scilimits=(-3, 3))
        else:
            _limit(axis)
        if several and len(series) > 1:
            for _, style, meaning in series:
                axis.plot([], [], style, color="gray", label=meaning)
        if len(series) > 1:
            axis.legend(fontsize="small", frameon=False)
    axes[-1].set_xlabel(f"{AXES[x]} ({unit})" if x == "seconds" else AXES[x])
    if x == "epoch":
        axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if several:
        handles = [Line2D([], [], color=colour) for colour in of_run]
        names = [legible(name) + _best(curve) for name, curve in zip(shortened([curve.name for curve in curves]), curves)]
        columns = 2 if max(map(len, names)) <= TWO_COLUMNS * width else 1
        figure.legend(handles, names, loc="outside lower center", ncols=columns, fontsize="small", frameon=False)
    entitle(figure, title)
    return figure


def _best(curve: Curve) -> str:
    """Return the lowest CER of a run, as the legend tells it: beside its dot it would lie over the curves."""
    return "" if curve["val_cer"] is None else f" ({np.nanmin(curve['val_cer']):.1%})"


def _unit_of_time(curves: Sequence[Curve]) -> tuple[str, int]:
    longest = max(np.nanmax(curve["seconds"]) for curve in curves if curve["seconds"] is not None)
    return ("hours", 3600) if longest > 2 * 3600 else ("minutes", 60)


def _draw_curve(axis, values, places, unit: float, style: str, colour: str, label: str, has_dot: bool) -> None:
    """Draw one curve, with a dot at its lowest place if it is to have one."""
    if values is None or places is None:
        return
    known = np.isfinite(values) & np.isfinite(places)
    if not known.any():
        return
    values, places = values[known], places[known] / unit
    axis.plot(places, values, style, color=colour, marker="." if len(values) < 30 else "", label=label or None)
    if has_dot:
        best = int(values.argmin())
        axis.plot(places[best], values[best], "o", color=colour, markersize=5)


def _limit(axis) -> None:
    """Start at nought, unless there is something below, and let a wild first epoch not flatten all others."""
    values = np.concatenate([np.asarray(line.get_ydata(), float) for line in axis.lines] or [np.zeros(1)])
    values = values[np.isfinite(values)]
    if len(values) and values.min() >= 0:
        top = min(values.max(), max(3 * np.quantile(values, 0.75), np.median(values)))
        axis.set_ylim(0, top * 1.08 or 1)

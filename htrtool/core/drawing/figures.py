"""What all figures have in common: how they are dressed, what colours and names they use, and how they are written."""

from __future__ import annotations

import io
import os
import warnings
from typing import IO, Iterable, Iterator, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from htrtool.core.errors import InputError
from htrtool.core.names import printable_name

LONGEST_NAME = 60
"""Characters of a file's name in a legend."""
_MAX_PIXELS = 200_000_000
_MAX_SIDE = 65_535

# The same input gives the same bytes, text stays text, and letters stand where their outlines do.
matplotlib.rcParams.update(
    {"svg.hashsalt": "htr", "svg.fonttype": "none", "pdf.fonttype": 42, "text.hinting": "no_hinting"}
)


def dress(axis: Axes, grid: str = "both", rates: str | None = None) -> None:
    """Draw a faint grid, along ``x``, ``y`` or ``both``, no frame, and ``rates`` that go along ``x`` or ``y`` in percent."""
    axis.grid(axis=grid, alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)
    if rates:
        getattr(axis, f"{rates}axis").set_major_formatter(PercentFormatter(1, decimals=None))


def entitle(figure: Figure, title: str | None) -> None:
    """Write a title, if there is one, above all of a figure, as it stands."""
    if title:
        figure.suptitle(title, parse_math=False, wrap=True)


def shortened(names: Sequence[str]) -> list[str]:
    """Return the names of files without the folders that all of them are in, and what is long without its middle."""
    folder = os.path.commonpath(names) if len({os.path.isabs(name) for name in names}) == 1 else ""
    own = [os.path.relpath(name, folder) if folder and name != folder else name for name in names]
    half = LONGEST_NAME // 2
    return [name if len(name) <= LONGEST_NAME else f"{name[:half]}…{name[-half:]}" for name in own]


def legible(text: str) -> str:
    """Keep a name from being taken for a formula, or for a label that is not to be shown."""
    return printable_name(text).replace("$", r"\$").lstrip("_") or "_"


def colours(count: int) -> list:
    """Return colours that are told apart: the usual ones while they last."""
    if count <= 10:
        return [f"C{index}" for index in range(count)]
    return list(matplotlib.colormaps["turbo"](np.linspace(0.03, 0.97, count)))


def save(figures: Iterable[Figure], stream: IO[bytes], kind: str, dpi: float = 150) -> Iterator[str]:
    """Write figures to a binary stream, each as soon as it is there, and yield what there is to warn of.

    Args:
        figures: any number for ``pdf``, a page each; one for ``png`` and ``svg``.
        kind: ``png``, ``svg`` or ``pdf``.

    Raises:
        InputError: there are several figures and the kind holds one, or a picture would be too large.
    """
    told: set[str] = set()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if kind == "pdf":
            with PdfPages(stream, metadata={"CreationDate": None}) as document:
                for figure in figures:
                    _check_size(figure, dpi)
                    document.savefig(figure, dpi=dpi)
        else:
            figures = iter(figures)
            content = io.BytesIO()
            figure = next(figures)
            _check_size(figure, dpi)
            figure.savefig(content, format=kind, dpi=dpi, metadata={"Date": None} if kind == "svg" else None)
            if next(figures, None) is not None:
                raise InputError(f"expected one page for {kind.upper()}, received more: give one image, or write a PDF")
            stream.write(content.getvalue())
    for warning in caught:
        if (message := str(warning.message)) not in told:
            told.add(message)
            yield message


def _check_size(figure: Figure, dpi: float) -> None:
    width, height = (round(side * dpi) for side in figure.get_size_inches())
    if width * height > _MAX_PIXELS or max(width, height) > _MAX_SIDE:
        raise InputError(
            f"expected a picture of at most {_MAX_PIXELS // 1_000_000} megapixels and {_MAX_SIDE} pixels a side, "
            f"received a width and resolution that make {width}×{height}: ask for less"
        )

"""Handwriting to text: prepare, train, read, score and plot.

From Python, ``htrtool.read`` gives the lines of images and ``htrtool.read_table`` what ``htr read`` wrote.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Callable, Iterator

if TYPE_CHECKING:
    import pandas

    from htrtool.core.errors import HtrError, InputError, ModelError
    from htrtool.core.page import LineRead

__version__ = "0.1.0"
__all__ = ["HtrError", "InputError", "LineRead", "ModelError", "read", "read_table"]

_PLACES = {
    **dict.fromkeys(("HtrError", "InputError", "ModelError"), "htrtool.core.errors"),
    "LineRead": "htrtool.core.page",
}


def __getattr__(name: str):
    """Import the errors and the row of ``read`` when they are asked for: the command line starts without them."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_PLACES[name]), name)


def read(
    paths: str | os.PathLike | Iterable[str | os.PathLike],
    model: str | os.PathLike = "latin",
    *,
    mode: str = "auto",
    dpi: float = 300,
    threads: int | None = None,
    batch: int = 16,
    lm: str | os.PathLike = "auto",
    lexicon: str | os.PathLike | None = None,
    beam: int = 16,
    nbest: int = 1,
    looks: int | None = None,
    min_conf: float = 0,
    on_problem: Callable[[HtrError], None] | None = None,
    frame: bool = False,
) -> Iterator[LineRead] | pandas.DataFrame:
    """Read the lines of images of handwriting.

    Args:
        paths: images, PDFs, ALTO and PAGE files and tars of samples: one or many; ``-`` is standard input.
        model: the path of a model or the name of an installed one.
        mode: ``page`` cuts pictures into lines, ``line`` takes each as one line, ``auto`` tells by looking.
        dpi: the resolution at which the pages of a PDF are drawn.
        threads: how many threads work; all usable CPUs by default.
        batch: the most lines that go through the network at once.
        lm: the language model, its name or path; ``auto`` takes the one that is shipped, for models with Latin letters;
            ``none`` takes what the network says, ``auto+mine.lm`` mixes two.
        lexicon: a file of words that are known to occur, one a line, which the language model then prefers.
        beam: how many readings of a line are followed at a time.
        nbest: how many readings to give of a line: those after the best are its ``alternatives``.
        looks: how often to look at each line, narrower and wider: more take as many times the work and err less; None for
            once, and up to five times where that leaves it unsure. With a language model and more than one look, lines that
            it is still unsure of are read again when the others of their page or document have shown the hand.
        min_conf: leave out lines that are read with less confidence, 0 to 1.
        on_problem: called with the error of each input that can't be read, after which the others are read. Without it
            the error is raised.
        frame: give a pandas DataFrame, not an iterator.

    Returns:
        An iterator over :class:`LineRead`, in the order of ``paths`` and as they become known;
        or a DataFrame with the columns of the table that ``htr read`` writes, and ``alternatives`` if asked for.

    Raises:
        ModelError: there is no such model or language model, or it is broken.
        InputError: the lexicon can't be read, or there is no language model that it could work with; or, as the lines are
            iterated over, an input can't be read and there is no ``on_problem``.
        ValueError: there is no such mode, or a number is out of its bounds: ``htr read --help`` tells them.
        TypeError: there is something else among ``paths``, such as the bytes of an image.
    """
    from htrtool.core.bounds import check_bounds
    from htrtool.core.language import reader_for
    from htrtool.core.page import LineRead
    from htrtool.core.pipeline import Pipeline
    from htrtool.core.session import usable_cpus

    check_bounds(dpi=dpi, threads=threads, batch=batch, beam=beam, nbest=nbest, looks=looks, min_conf=min_conf)
    reader = reader_for(
        os.fspath(model), os.fspath(lm), lexicon if lexicon is None else os.fspath(lexicon), beam, nbest, looks
    )
    # A file opened for reading, and bytes, would be taken for many paths.
    is_one = isinstance(paths, (str, os.PathLike, bytes, bytearray)) or hasattr(paths, "read") or not isinstance(paths, Iterable)
    operands = [_path(paths)] if is_one else map(_path, paths)
    lines = iter(
        Pipeline(
            reader,
            operands,
            mode=mode,
            dpi=dpi,
            threads=threads or usable_cpus(),
            batch=batch,
            least_conf=min_conf,
            on_problem=on_problem,
        )
    )
    if not frame:
        return lines
    import pandas

    table = _typed(pandas.DataFrame(lines, columns=list(LineRead._fields)))
    return table if nbest > 1 else table.drop(columns="alternatives")


def _path(operand: str | os.PathLike) -> str:
    """Return a path as a string.

    Raises:
        TypeError: it is none.
    """
    if isinstance(operand, (str, os.PathLike)):
        return os.fsdecode(operand)
    raise TypeError(f"expected the path of an image, received {type(operand).__name__}: write it to a file, and give its path")


def read_table(path: str | os.PathLike) -> pandas.DataFrame:
    """Return a table of lines, as ``htr read`` writes it, or as a spreadsheet saves that, with tabs, as a pandas DataFrame.

    Columns that the table has are typed: page, line, word, rank and the box whole numbers, conf a fraction, file and text strings.

    Raises:
        InputError: it is missing or no such table.
    """
    import pandas

    from htrtool.core.errors import InputError, unreadable
    from htrtool.core.names import name_from_text
    from htrtool.core.spreadsheets import unquoted
    from htrtool.core.tables import as_text, header_columns, read_table

    try:
        with open(path, "rb") as stream:
            lines = unquoted(as_text(stream))
            header = next(lines, "")
            rows = read_table(itertools.chain(filter(None, [header]), lines), os.fspath(path), ["file", "text"])
            rows = [row | {"file": name_from_text(row["file"])} for row in rows]
            frame = pandas.DataFrame(rows, columns=header_columns(header))
    except OSError as error:
        raise unreadable(error, path) from None
    try:
        return _typed(frame)
    except ValueError as error:
        raise InputError(str(error), os.fspath(path)) from None


def _typed(frame: pandas.DataFrame) -> pandas.DataFrame:
    """Give the columns of a table of lines their types.

    Raises:
        ValueError: a column of numbers has something else in it.
    """
    import pandas

    for column in frame.columns.intersection(["page", "line", "word", "rank", "left", "top", "width", "height", "conf"]):
        try:
            frame[column] = pandas.to_numeric(frame[column]).astype("float64" if column == "conf" else "Int64")
        except (ValueError, TypeError) as error:
            raise ValueError(f"expected numbers in the column {column} ({error})") from None
    return frame

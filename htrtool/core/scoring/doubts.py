"""What makes the scores of a reading doubtful, in words for whoever asked for them."""

from __future__ import annotations

from collections import Counter
from typing import Iterable, Iterator, Sequence

from htrtool.core.counted import counted
from htrtool.core.scoring.joining import Line, Pair, unknown_pages


def of_truth(lines: Sequence[Line]) -> Iterator[str]:
    """Yield what there is to doubt of the lines of the truth."""
    if repeated := _repeated(lines):
        yield f"{counted(repeated, 'line of TRUTH is', 'lines of TRUTH are')} given more than once; each counts"


def of_reading(tables: Sequence[Sequence[Line]], truth: Sequence[Line], name: str = "READ") -> Iterator[str]:
    """Yield what there is to doubt of the lines of a reading, table by table, before they are brought together with the truth."""
    read = [line for table in tables for line in table]
    if repeated := _repeated(read):
        yield f"{counted(repeated, f'line of {name} is', f'lines of {name} are')} given more than once, as where two models read them; each counts: score one reading at a time"
    if read == truth:
        yield f"{name} and TRUTH are the same texts"
    if twice := _given_twice(tables):
        yield f"{counted(twice, 'file is', 'files are')} in more than one table of {name}, without numbers of lines; all their rows count"


def of_pairs(pairs: Sequence[Pair], name: str = "READ", leaves_unknown_out: bool = False) -> Iterator[str]:
    """Yield what there is to doubt of how lines of the truth and those of a reading were brought together.

    Args:
        name: what the reading is called.
        leaves_unknown_out: pages of which the truth has nothing are left out, as is known.
    """
    wanted, given = [pair.truth for pair in pairs if pair.truth], [pair.read for pair in pairs if pair.read]
    if not given:
        yield f"{name} has no lines"
    elif wanted and not any(pair.truth and pair.read for pair in pairs):
        yield f"no file of {name}, such as {given[0].file!r}, is in TRUTH, which has files such as {wanted[0].file!r}"
    elif all(left := _unmatched(pairs)):
        unread, unknown = left
        yield (
            f"TRUTH lacks {counted(len(unknown), 'file')} of {name}, such as {unknown[0]!r}, and {name} {counted(len(unread), 'file')} of "
            f"TRUTH, such as {unread[0]!r}: they may be named otherwise"
            + f"; where they are not, --skip-unknown leaves those of {name} out" * (not leaves_unknown_out)
        )
    elif not leaves_unknown_out and (unknown := unknown_pages(pairs)):
        file, page = unknown[0]
        yield (
            f"TRUTH has nothing of {counted(len(unknown), 'page')} of {name}, such as {file!r}{f', page {page}' * (page not in (None, 1))}: all that was "
            "read there counts as put in; --skip-unknown leaves it out"
        )
    if renumbered := list(dict.fromkeys(pair.file for pair in pairs if pair.by_likeness)):
        others = f" and {counted(len(renumbered) - 1, 'more file')}" * (len(renumbered) > 1)
        yield (
            f"the lines of {renumbered[0]}{others} are numbered otherwise in {name} "
            "than in TRUTH: they are compared with those that they are most like, in order"
        )


def _repeated(lines: Iterable[Line]) -> int:
    """Return how many lines have the file, page and number of one before them."""
    places = Counter((line.file, line.page, line.line) for line in lines if line.line is not None)
    return places.total() - len(places)


def _given_twice(tables: Iterable[Iterable[Line]]) -> int:
    """Return how many files have lines without a number in more than one table, which so are taken to follow one another."""
    times = Counter(file for lines in tables for file in {line.file for line in lines if line.line is None})
    return sum(count > 1 for count in times.values())


def _unmatched(pairs: Sequence[Pair]) -> tuple[list[str], list[str]]:
    """Return the files of the truth of which nothing was read, and those read of which there is no truth."""
    truth = dict.fromkeys(pair.file for pair in pairs if pair.truth)
    read = dict.fromkeys(pair.file for pair in pairs if pair.read)
    return [file for file in truth if file not in read], [file for file in read if file not in truth]

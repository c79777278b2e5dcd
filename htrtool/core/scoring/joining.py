"""Lines of the truth and lines read, brought together by file, page and line."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Iterable, Iterator, Sequence

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from htrtool.core.scoring.file_names import match_files

SHIFTED, NEARER = 0.2, 0.5
"""Of the characters of as many lines as were read, the errors above which the lines may be compared with the wrong ones, and the share
of the errors of those that would go otherwise at most that is left where they are."""
MOST_PAIRS = 4_000_000
"""Of more possible pairs of lines in a page or file the likeness is not looked at."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table of lines. ``page`` and ``line`` are None where the table does not number them; a page may have a label instead, such as 12r.

    ``alias`` is another name by which the file may go, ``is_text`` says that this is all of a text, not a row, ``is_blank``
    that it is the outline of a line whose text is not given.
    """

    file: str
    text: str
    page: int | str | None = None
    line: int | None = None
    conf: float | None = None
    document: str | None = None
    alias: str | None = None
    is_text: bool = False
    is_blank: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """A line of the truth with what was read; one of both may be None.

    ``page`` and ``line`` are those of the truth, or of the surplus line; ``line`` is None for a page compared whole, and
    ``page`` too for a file.
    ``by_likeness`` says that the lines of this file were brought together by their texts, not by their numbers.
    """

    file: str
    page: int | str | None
    line: int | None
    truth: Line | None
    read: Line | None
    by_likeness: bool = False


def join(truth: Iterable[Line], read: Iterable[Line]) -> Iterator[Pair]:
    """Pair the lines of the truth with those read: file by file in the truth's order, surplus files last.

    Within a file, lines go together by their page and line numbers where both sides have them, else by order; but those of
    a page, or of a file without numbers of pages, by their texts, in order, if so far fewer characters differ that the
    numbers must be others, as where one side has a line more at the top; then those of the whole file, if so are its pages.
    Labels of pages are compared as text, but a file's only page may have a label on one side and a number on the other.
    Where one side has a single row without a line number, that row is the text of the whole file, and the rows of the
    other side are joined with spaces, by their numbers where all have them; so it is with each page where one side has a
    row with its number, and none of a line, for each. Of a text alone and a single file, the names don't matter.
    """
    truth_of, read_of = _by_file(truth), _by_file(read)
    matches = _matches(truth_of, read_of)
    for file, lines in truth_of.items():
        yield from _join_file(file, lines, read_of.pop(matches[file]) if file in matches else [])
    for file, lines in read_of.items():
        yield from _join_file(file, [], lines)


def without_blank(pairs: Iterable[Pair]) -> list[Pair]:
    """Leave out lines of the truth whose text is not given, and those whose text is empty, unless something was read there."""
    return [pair for pair in pairs if pair.truth is None or not pair.truth.is_blank and (pair.truth.text.strip() or pair.read)]


def without_missing(readings: Sequence[Sequence[Pair]]) -> list[list[Pair]]:
    """Leave out, of all readings of the same lines, those lines of the truth that one of the readings lacks."""
    whole = {(pair.file, pair.page) for pairs in readings for pair in pairs if pair.line is None}

    def place(pair: Pair) -> tuple | int:
        # Rows that say the same are several lines.
        return next((text for text in ((pair.file, None), (pair.file, pair.page)) if text in whole), id(pair.truth))

    missing = {place(pair) for pairs in readings for pair in pairs if pair.read is None}
    return [[pair for pair in pairs if pair.truth is None or place(pair) not in missing] for pairs in readings]


def without_unknown(pairs: Sequence[Pair]) -> list[Pair]:
    """Leave out lines read on pages, or in files, of which the truth has nothing: see :func:`unknown_pages`."""
    unknown = set(unknown_pages(pairs))
    return [pair for pair in pairs if (pair.file, pair.page) not in unknown]


def unknown_pages(pairs: Sequence[Pair]) -> list[tuple[str, int | str | None]]:
    """Return the files and pages that were read of which the truth has nothing, in their order.

    Of a file whose pages the truth does not number, or whose lines are brought together by likeness, all pages are known.
    """
    known = {(pair.file, pair.page) for pair in pairs if pair.truth}
    whole = {pair.file for pair in pairs if pair.truth and (pair.truth.page is None or pair.by_likeness)}
    pages = dict.fromkeys((pair.file, pair.page) for pair in pairs if pair.truth is None)
    return [page for page in pages if page not in known and page[0] not in whole]


def _matches(truth_of: dict[str, list[Line]], read_of: dict[str, list[Line]]) -> dict[str, str]:
    """Return which file of those read is which of the truth."""
    if len(truth_of) == len(read_of) == 1 and any(lines[0].is_text for side in (truth_of, read_of) for lines in side.values()):
        return dict(zip(truth_of, read_of))
    matches = {wanted: given for given, wanted in match_files(truth_of, read_of).items()}
    # By their other names where they have some, as what htr read made of an XML file is called like that, not like its image.
    left = [{file: lines for file, lines in side.items() if file not in known} for side, known in ((truth_of, matches), (read_of, set(matches.values())))]
    wanted, given = ({lines[0].alias or file: file for file, lines in side.items()} for side in left)
    for name, other in match_files(wanted, given).items():
        matches[wanted[other]] = given[name]
    return matches


def _by_file(lines: Iterable[Line]) -> dict[str, list[Line]]:
    files = defaultdict(list)
    for line in lines:
        files[line.file].append(line)
    return dict(files)


def _join_file(file: str, truth: list[Line], read: list[Line]) -> Iterator[Pair]:
    if _are_whole_pages(truth, read) or _are_whole_pages(read, truth):
        for page in dict.fromkeys(line.page for line in (*truth, *read)):
            of_page = ([line for line in side if line.page == page] for side in (truth, read))
            yield Pair(file, page, None, *(_whole(lines) if lines else None for lines in of_page))
        return
    if truth and read and (_is_whole(truth) or _is_whole(read)):
        yield Pair(file, None, None, _whole(truth), _whole(read))
        return
    read = _under_the_same_label(truth, read)
    pages = _pages(truth, read)
    pairs = []
    for page in pages:
        numbered = _by_number(file, *page)
        # Where one side has more lines, those behind the one too many may be few of the page.
        suspects = [numbered] if len(page[0]) == len(page[1]) else [numbered, *([pair] for pair in numbered if pair.truth and pair.read)]
        pairs += (_by_likeness(file, *page, numbered) if any(map(_is_shifted, suspects)) else None) or numbered
    if len(pages) > 1 and _is_shifted(pairs):
        pairs = _by_likeness(file, truth, read, pairs) or pairs
    yield from pairs


def _under_the_same_label(truth: list[Line], read: list[Line]) -> list[Line]:
    """Return the lines read, under what the truth calls the page if it is the only one and has a label on one side alone."""
    labels, others = ({line.page for line in side} for side in (truth, read))
    if len(labels) == len(others) == 1 and None not in labels | others and len({isinstance(page, str) for page in labels | others}) == 2:
        return [replace(line, page=truth[0].page) for line in read]
    return read


def _pages(truth: list[Line], read: list[Line]) -> list[tuple[list[Line], list[Line]]]:
    """Return the lines of either side page by page; all at once where not every one has both its numbers."""
    if any(line.page is None or line.line is None for line in (*truth, *read)):
        return [(truth, read)]
    pages = defaultdict(lambda: ([], []))
    for side, lines in enumerate((truth, read)):
        for line in lines:
            pages[line.page][side].append(line)
    return list(pages.values())


def _is_shifted(pairs: Sequence[Pair]) -> bool:
    return _errors(pairs) > SHIFTED * sum(len(pair.truth.text) for pair in pairs if pair.truth)


def _by_number(file: str, truth: list[Line], read: list[Line]) -> list[Pair]:
    places, places_read = _places(truth, read)
    waiting = defaultdict(list)
    for place, line in zip(places_read, read):
        waiting[place].append(line)
    pairs = []
    for place, line in zip(places, truth):
        found = waiting[place].pop(0) if waiting[place] else None
        pairs.append(Pair(file, line.page, line.line or place[1], line, found))
    return pairs + [Pair(file, line.page, line.line or place[1], None, line) for place, lines in waiting.items() for line in lines]


def _by_likeness(file: str, truth: list[Line], read: list[Line], others: Sequence[Pair]) -> list[Pair] | None:
    """Bring lines of a file together in order so that the fewest characters differ.

    Returns:
        The pairs; None unless those that are not among ``others`` leave far fewer errors than there.
    """
    if not 0 < len(truth) * len(read) <= MOST_PAIRS:
        return None
    apart = process.cdist([line.text for line in truth], [line.text for line in read], scorer=Levenshtein.distance, dtype=np.int32)
    left_out, put_in = (np.array([len(line.text) for line in side]) for side in (truth, read))
    before = np.append(0, np.cumsum(put_in))
    costs = np.empty((len(truth) + 1, len(read) + 1), np.int64)
    costs[0] = before
    for place, row in enumerate(apart):
        above = costs[place]
        best = above + left_out[place]
        best[1:] = np.minimum(best[1:], above[:-1] + row)
        costs[place + 1] = np.minimum.accumulate(best - before) + before
    pairs, at, to = [], len(truth), len(read)
    while at or to:
        if at and to and costs[at, to] == costs[at - 1, to - 1] + apart[at - 1, to - 1]:
            at, to = at - 1, to - 1
            pairs.append(Pair(file, truth[at].page, truth[at].line or at + 1, truth[at], read[to], True))
        elif at and costs[at, to] == costs[at - 1, to] + left_out[at - 1]:
            at -= 1
            pairs.append(Pair(file, truth[at].page, truth[at].line or at + 1, truth[at], None, True))
        else:
            to -= 1
            pairs.append(Pair(file, read[to].page, read[to].line or to + 1, None, read[to], True))
    known = {(id(pair.truth), id(pair.read)) for pair in others}
    alike = _errors(pair for pair in pairs if (id(pair.truth), id(pair.read)) in known)
    return pairs[::-1] if _errors(pairs) - alike < NEARER * (_errors(others) - alike) else None


def _errors(pairs: Iterable[Pair]) -> int:
    """Return how many characters differ, but for lines whose true text is not given."""
    known = (pair for pair in pairs if not (pair.truth and pair.truth.is_blank))
    return sum(Levenshtein.distance(pair.truth.text if pair.truth else "", pair.read.text if pair.read else "") for pair in known)


def _are_whole_pages(lines: list[Line], others: list[Line]) -> bool:
    """Tell whether each row of a file is the text of a page of its own, of which others, of several pages, tell too."""
    pages, other_pages = ({line.page for line in side} for side in (lines, others))
    one_a_page = len(pages) == len(lines) and all(line.line is None for line in lines)
    return one_a_page and None not in pages | other_pages and len(other_pages) > 1 and not pages.isdisjoint(other_pages)


def _is_whole(lines: list[Line]) -> bool:
    return len(lines) == 1 and lines[0].line is None


def _whole(lines: list[Line]) -> Line:
    first = lines[0]
    if len(lines) == 1:
        return first
    known = [line.conf for line in lines if line.conf is not None]
    conf = sum(known) / len(known) if known else None
    return Line(first.file, " ".join(line.text for line in _by_their_numbers(lines)), first.page, None, conf, first.document)


def _by_their_numbers(lines: list[Line]) -> list[Line]:
    """Return the rows of a file by their pages and lines; as they come where one lacks a number, and pages where one has a label."""
    if any(line.line is None for line in lines) or len({line.page is None for line in lines}) > 1:
        return lines
    pages = list(dict.fromkeys(line.page for line in lines))
    if all(isinstance(page, int) for page in pages):
        pages.sort()
    rank_of = {page: rank for rank, page in enumerate(pages)}
    return sorted(lines, key=lambda line: (rank_of[line.page], line.line))


def _places(truth: list[Line], read: list[Line]) -> tuple[list[tuple], list[tuple]]:
    """Return for each line of either side the place at which it is compared: its numbers, or its rank."""
    both = (*truth, *read)
    if all(line.line is not None for line in both):
        if all(line.page is not None for line in both):
            return [(line.page, line.line) for line in truth], [(line.page, line.line) for line in read]
        if all(len({line.page for line in side}) < 2 for side in (truth, read)):
            return [(None, line.line) for line in truth], [(None, line.line) for line in read]
    return [(None, rank) for rank in range(1, len(truth) + 1)], [(None, rank) for rank in range(1, len(read) + 1)]

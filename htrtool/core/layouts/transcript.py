"""Which part of a plain transcription each line of a page shows, by forced alignment with the recogniser's frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from htrtool.core import labels
from htrtool.core.charset import Charset
from htrtool.core.decoding.align import align, prefix_log_likelihoods
from htrtool.core.decoding.decode import best_path
from htrtool.core.layouts.anchors import LEAST_ANCHOR, suggested_places
from htrtool.core.layouts.row_numbers import without_numbers

AROUND = 4
"""Words before and after the place that the reading suggests at which a line may begin or end."""

SKIPPED = 2.5
"""Nats that a character costs which no line shows, or that was read in a line without text."""

NEW_LINE = 2.0
"""Nats that a line gains by beginning, and by ending, where the transcription has a new line."""

BROKEN_WORD = 2.0
"""Nats by which a word broken between two lines, with a hyphen, must fit better than one that is not."""

LEAST_BROKEN = 4
"""Letters of a word that may be broken."""

WORST = -2.2
"""Nats a character below which a line does not show its text."""

WORST_BETWEEN = -4.0
"""The same of a line that has its place between its neighbours' texts, where as many rows are left as there are lines."""

LEAST_MOVED = LEAST_ANCHOR
"""Characters of a text that may stand elsewhere in the transcription than its line stands on the page."""

MOST_AT_EDGE = 2
"""Words at the beginning or end of a row that belong to the line that shows the rest of it, if badly."""


@dataclass(frozen=True)
class Match:
    """The text of a line, and how well it fits the line's frames: nats a character, 0 the best."""

    text: str
    fit: float


@dataclass(frozen=True)
class _Span:
    """A line's words, ``first`` to ``last``, exclusive; ``before`` and ``after`` are parts of words broken off."""

    first: int
    last: int
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Matching:
    """The match of each line, None for one that shows nothing of the transcription, and the passages that no line shows.

    ``numbers`` is how many rows of the transcription had a number that counts them, which is in no text.
    """

    matches: list[Match | None]
    unshown: list[str]
    numbers: int = 0


def match_transcript(lines: Sequence[np.ndarray], charset: Charset, text: str) -> Matching:
    """Give each line of a page its part of the page's transcription.

    Line breaks in the transcription are a hint and need not be those of the page; words may be broken between lines with
    a hyphen that the transcription lacks, and words that its own line breaks part are put together within a line. A passage
    that stands elsewhere than on the page, such as a note from the margin, is found by itself. What no line shows is skipped,
    such as the numbers by which an edition counts its lines.

    Args:
        lines: the probabilities of each line in reading order, (frames, classes).
        charset: the characters of the classes.
        text: the transcription. It is matched as :func:`htrtool.core.labels.plain` makes it; the lines get their text as
            it stands there. Characters outside the charset count for nothing.
    """
    text, numbers = without_numbers(text, lines, charset)
    matcher = _Matcher(lines, charset, text)
    matches, unshown = matcher.matched()
    left = [place for place, match in enumerate(matches) if match is None]
    if left and unshown:
        joints = np.cumsum([len(passage) for passage in unshown]).tolist()
        matcher = _Matcher([lines[place] for place in left], charset, "\n".join(map(matcher.rows_of, unshown)), LEAST_MOVED)
        moved, unshown = matcher.matched()
        # What stands apart in the transcription is named apart.
        unshown = [
            range(first, last)
            for passage in unshown
            for first, last in pairwise([passage.start, *(joint for joint in joints if passage.start < joint < passage.stop), passage.stop])
        ]
        for place, match in zip(left, moved):
            matches[place] = match
    return Matching(matches, [" ".join(matcher.rows_of(passage).split()) for passage in unshown], numbers)


class _Matcher:
    """Matches lines with a text; the arguments are those of :func:`match_transcript`, and how many characters at ``least`` a line's text has."""

    def __init__(self, lines: Sequence[np.ndarray], charset: Charset, text: str, least: int = 0):
        self.lines, self.charset, self.least = lines, charset, least
        # Each word, made plain and as it stands there.
        self.words: list[str] = []
        self.originals: list[str] = []
        self.breaks = {0}
        for row in text.splitlines():
            for original in row.split():
                if word := labels.plain(original):
                    self.words.append(word)
                    self.originals.append(original)
            self.breaks.add(len(self.words))
        self.parted = {place - 1 for place in self.breaks if self._is_parted(place)}
        self.read = [best_path(line, charset).text for line in lines]
        # Where each word begins in the transcription on one line.
        self.starts = np.cumsum([0, *(len(word) + 1 for word in self.words)])

    def _is_parted(self, place: int) -> bool:
        """Tell whether a new line in the transcription parts a word, of which the end stands at this place."""
        if not 0 < place < len(self.words):
            return False
        head, tail = self.words[place - 1 : place + 1]
        return len(head) > 1 and head.endswith("-") and head[-2].isalpha() and (tail[0].islower() or tail[0].isupper())

    def matched(self) -> tuple[list[Match | None], list[range]]:
        """Return the match of each line, and the words of each passage that none shows."""
        if not self.words or not self.lines:
            return [None] * len(self.lines), [range(len(self.words))] if self.words else []
        spans = self._spans()
        for index in range(len(spans) - 1):
            if spans[index] and spans[index + 1] and spans[index].last == spans[index + 1].first:
                spans[index : index + 2] = self._with_broken_word(index, spans[index], spans[index + 1])
        for index, (span, below) in enumerate(zip(spans, [*spans[1:], None])):
            if span and not below:
                spans[index : index + 2] = self._with_word_broken_off(index, span)
        matches = [self._match(line, span) for line, span in zip(self.lines, spans)]
        spans = [span if match else None for span, match in zip(spans, matches)]
        for lines, rows in self._as_many_rows(spans):
            for index, row in zip(lines, rows):
                if match := self._match(self.lines[index], row, WORST_BETWEEN):
                    spans[index], matches[index] = row, match
        for index, wider in self._to_the_edges(spans):
            if match := self._match(self.lines[index], wider):
                spans[index], matches[index] = wider, match
        return matches, self._unshown([span for span in spans if span])

    def rows_of(self, passage: range) -> str:
        """Return some words as they stand in the transcription, in its rows."""
        return "".join(("\n" if place in self.breaks else " ") + self.originals[place] for place in passage).strip()

    def _match(self, line: np.ndarray, span: _Span | None, worst: float = WORST) -> Match | None:
        if span is None:
            return None
        # One text, unless the transcription parts a word in it.
        texts = {self._text(span, self.words, hyphens): hyphens for hyphens in (True, False)}
        fit, hyphens = max((self._fit(line, text) / max(1, len(text)), hyphens) for text, hyphens in texts.items())
        text = self._text(span, self.originals, hyphens)
        return Match(text, fit) if fit >= worst and len(text) >= self.least else None

    def _as_many_rows(self, spans: Sequence[_Span | None]) -> Iterator[tuple[range, list[_Span]]]:
        """Yield the lines without text between two that have one, or the page's ends, where as many whole rows are left."""
        known = [-1, *(index for index, span in enumerate(spans) if span), len(spans)]
        for above, below in pairwise(known):
            first = spans[above].last + bool(spans[above].after) if above >= 0 else 0
            last = spans[below].first - bool(spans[below].before) if below < len(spans) else len(self.words)
            bounds = sorted(place for place in self.breaks if first <= place <= last)
            if below - above == len(bounds) > 1 and (bounds[0], bounds[-1]) == (first, last):
                yield range(above + 1, below), [_Span(*pair) for pair in pairwise(bounds)]

    def _to_the_edges(self, spans: Sequence[_Span | None]) -> Iterator[tuple[int, _Span]]:
        """Yield the lines, and the whole rows, of which they show all but a word or two at an end that no line shows."""
        shown = [span for span in spans if span]
        for index, span in enumerate(spans):
            if span is None:
                continue
            first = max(place for place in self.breaks if place <= span.first) if not span.before else span.first
            last = min(place for place in self.breaks if place >= span.last) if not span.after else span.last
            beside = [other for other in shown if other is not span]
            if any(other.first < span.first and other.last + bool(other.after) > first for other in beside):
                first = span.first
            if any(other.last > span.last and other.first - bool(other.before) < last for other in beside):
                last = span.last
            wider = replace(span, first=first, last=last)
            if wider != span and max(span.first - first, last - span.last) <= MOST_AT_EDGE:
                yield index, wider

    def _text(self, span: _Span, words: list[str], hyphens: bool = False) -> str:
        """Return the text of a span; words that the transcription's own lines part keep their hyphens if told so, as do names."""
        whole = [span.before]
        for place in range(span.first, span.last):
            if place - 1 in self.parted and place > span.first:
                head = whole.pop()
                is_name = head[-2].islower() and words[place][0].isupper()
                whole.append((head if hyphens or is_name else head[:-1]) + words[place])
            else:
                whole.append(words[place])
        return " ".join(filter(None, [*whole, span.after]))

    def _unshown(self, spans: Sequence[_Span]) -> list[range]:
        """Return the words of each passage that none of the spans covers."""
        left = np.ones(len(self.words) + 2, bool)
        left[[0, -1]] = False
        for span in spans:
            # A word of which a span has a part stands before its first one, or is the one after its last.
            left[1 + span.first - bool(span.before) : 1 + span.last + bool(span.after)] = False
        bounds = np.flatnonzero(np.diff(left))
        return [range(first, last) for first, last in zip(bounds[::2], bounds[1::2])]

    def _label(self, text: str) -> list[int]:
        known = "".join(character for character in text if character in self.charset)
        return self.charset.encode(" ".join(known.split()))

    def _fit(self, line: np.ndarray, text: str) -> float:
        found = align(line, self._label(text))
        return found.log_likelihood if found else -np.inf

    def _suggested(self) -> list[tuple[int, int]]:
        """Return the words at which each line would begin and end, were it read without errors."""
        places = suggested_places(self.read, " ".join(self.words))
        return [tuple(int(np.abs(self.starts - place).argmin()) for place in pair) for pair in places]

    def _spans(self) -> list[_Span | None]:
        """Choose the words of each line, in order, so that the whole costs least."""
        count = len(self.words)
        costs = np.full((len(self.lines) + 1, count + 1), np.inf)
        costs[0] = SKIPPED * self.starts
        came: list[dict[int, int]] = []
        for index, (line, (begin, end)) in enumerate(zip(self.lines, self._suggested())):
            before, after = costs[index], costs[index + 1]
            # This line without text.
            after[:] = before + SKIPPED * (len(self.read[index]) + 1)
            chosen: dict[int, int] = {}
            stop = min(count, max(begin, end) + AROUND)
            for first in range(max(0, min(begin, end) - AROUND), min(count, max(begin, end) + AROUND)):
                for last, cost in self._costs(line, first, stop):
                    if before[first] + cost < after[last]:
                        after[last], chosen[last] = before[first] + cost, first
            # Words that no line shows.
            skipped = after - SKIPPED * self.starts
            leader = 0
            for last in range(count + 1):
                if skipped[last] < skipped[leader]:
                    leader = last
                elif last != leader and skipped[leader] < skipped[last]:
                    after[last] = skipped[leader] + SKIPPED * self.starts[last]
                    chosen[last] = -1 - leader
            came.append(chosen)
        spans: list[_Span | None] = []
        last = count
        for chosen in reversed(came):
            if (first := chosen.get(last)) is not None and first < 0:
                last = -1 - first
                first = chosen.get(last)
            spans.append(None if first is None else _Span(first, last))
            last = last if first is None else first
        return spans[::-1]

    def _costs(self, line: np.ndarray, first: int, stop: int) -> list[tuple[int, float]]:
        """Return what the line costs with the words from ``first`` to each last one up to ``stop``."""
        ends, text = [], ""
        for word in self.words[first:stop]:
            text = f"{text} {word}".strip()
            ends.append(len(self._label(text)))
        fits = prefix_log_likelihoods(line, self._label(text))
        found = []
        for last, end in enumerate(ends, first + 1):
            if np.isfinite(fits[end]):
                found.append((last, -float(fits[end]) - NEW_LINE * ((first in self.breaks) + (last in self.breaks))))
        return found

    def _with_broken_word(self, index: int, upper: _Span, lower: _Span) -> tuple[_Span, _Span]:
        """Break the word at the bound of two lines if both fit better so."""
        bound = upper.last

        def fit(pair: tuple[_Span, _Span]) -> float:
            return sum(self._fit(self.lines[index + i], self._text(span, self.words)) for i, span in enumerate(pair))

        best, most = (upper, lower), fit((upper, lower)) + BROKEN_WORD
        for word, bounds in ((bound - 1, (bound - 1, bound)), (bound, (bound, bound + 1))):
            if not upper.first < word < lower.last or len(self.words[word]) < LEAST_BROKEN:
                continue
            for place in range(2, len(self.words[word]) - 1):
                head, tail = self.words[word][:place], self.words[word][place:]
                pair = (
                    replace(upper, last=bounds[0], after=head.rstrip("-") + "-"),
                    replace(lower, first=bounds[1], before=tail),
                )
                if (value := fit(pair)) > most:
                    best, most = pair, value
        return best

    def _with_word_broken_off(self, index: int, span: _Span) -> list[_Span | None]:
        """Break the last word of a line if that fits better, and give the rest to the next line, which has nothing else, or to the next page."""
        below = self.lines[index + 1 : index + 2]
        word = span.last - 1
        best: list[_Span | None] = [span, *(None for _ in below)]
        if word <= span.first or len(self.words[word]) < LEAST_BROKEN:
            return best
        most = self._fit(self.lines[index], self._text(span, self.words)) + BROKEN_WORD
        for place in range(2, len(self.words[word]) - 1):
            head, tail = self.words[word][:place], self.words[word][place:]
            shorter, rest = replace(span, last=word, after=head.rstrip("-") + "-"), _Span(span.last, span.last, before=tail)
            fit = self._fit(self.lines[index], self._text(shorter, self.words))
            # What is read below costs nothing any more if it is the word's end.
            fit += sum(self._fit(line, tail) + SKIPPED * (len(self.read[index + 1]) + 1) for line in below)
            if fit > most:
                best, most = [shorter, *(rest for _ in below)], fit
        return best

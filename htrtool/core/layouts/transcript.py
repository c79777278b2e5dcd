"""Which part of a plain transcription each line of a page shows, by forced alignment with the recogniser's frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from rapidfuzz.distance import Levenshtein

from htrtool.core import labels
from htrtool.core.charset import Charset
from htrtool.core.decoding.align import align, prefix_log_likelihoods
from htrtool.core.decoding.decode import best_path

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


def match_transcript(lines: Sequence[np.ndarray], charset: Charset, text: str) -> list[Match | None]:
    """Give each line of a page its part of the page's transcription.

    Line breaks in the transcription are a hint and need not be those of the page; words may be broken between lines with
    a hyphen that the transcription lacks. What no line shows is skipped, and a line that shows nothing of it gets None.

    Args:
        lines: the probabilities of each line in reading order, (frames, classes).
        charset: the characters of the classes.
        text: the transcription, made plain by :func:`htrtool.core.labels.plain`; characters outside the charset stay
            in the text of the lines and count for nothing in the alignment.
    """
    return _Matcher(lines, charset, text).matches()


class _Matcher:
    def __init__(self, lines: Sequence[np.ndarray], charset: Charset, text: str):
        self.lines, self.charset = lines, charset
        self.words: list[str] = []
        self.breaks = {0}
        for row in text.splitlines():
            self.words += labels.plain(row).split()
            self.breaks.add(len(self.words))
        self.read = [best_path(line, charset).text for line in lines]
        # Where each word begins in the transcription on one line.
        self.starts = np.cumsum([0, *(len(word) + 1 for word in self.words)])

    def matches(self) -> list[Match | None]:
        if not self.words or not self.lines:
            return [None] * len(self.lines)
        spans = self._spans()
        for index in range(len(spans) - 1):
            if spans[index] and spans[index + 1] and spans[index].last == spans[index + 1].first:
                spans[index : index + 2] = self._with_broken_word(index, spans[index], spans[index + 1])
        return [self._match(line, span) for line, span in zip(self.lines, spans)]

    def _match(self, line: np.ndarray, span: _Span | None) -> Match | None:
        if span is None:
            return None
        text = self._text(span)
        fit = self._fit(line, text) / max(1, len(text))
        return Match(text, fit) if fit >= WORST else None

    def _text(self, span: _Span) -> str:
        return " ".join(filter(None, [span.before, *self.words[span.first : span.last], span.after]))

    def _label(self, text: str) -> list[int]:
        known = "".join(character for character in text if character in self.charset)
        return self.charset.encode(" ".join(known.split()))

    def _fit(self, line: np.ndarray, text: str) -> float:
        found = align(line, self._label(text))
        return found.log_likelihood if found else -np.inf

    def _suggested(self) -> list[tuple[int, int]]:
        """Return the words at which each line would begin and end, were it read without errors."""
        joined, whole = " ".join(self.read), " ".join(self.words)
        places = np.zeros(len(joined) + 1, int)
        for step in Levenshtein.opcodes(joined, whole):
            size = step.src_end - step.src_start
            places[step.src_start : step.src_end] = np.linspace(step.dest_start, step.dest_end, size, False)
        places[-1] = len(whole)
        ends = np.cumsum([len(read) + 1 for read in self.read])
        bounds = [(end - len(read) - 1, end - 1) for end, read in zip(ends, self.read)]
        return [tuple(int(np.abs(self.starts - places[place]).argmin()) for place in pair) for pair in bounds]

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
            return sum(self._fit(self.lines[index + i], self._text(span)) for i, span in enumerate(pair))

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

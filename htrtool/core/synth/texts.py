"""What is to be written: lines cut from running prose and from lists of names and figures, without end."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from htrtool.core.errors import InputError, unreadable
from htrtool.core.folders import visible
from htrtool.core.labels import capitals, plain
from htrtool.core.synth.correspondence import letter_part
from htrtool.core.synth.forms import form, pick
from htrtool.core.text_files import read_utf8
from htrtool.core.text_names import text_name

LONGEST = 75
PLENTY = 400_000
"""Characters beyond which a file is not taken more often for its length."""
LAST, BEYOND = "\u017f", "€"
"""The last character that lines are made of, and those that are welcome beyond it: Latin letters only."""

MOST_UNWRITTEN = 0.05
"""The share of a text's words that may have other letters: lines with them are passed over, and more would leave few."""

FORMS = 0.25
"""The share of names, dates and figures."""
LETTERS = 0.06
"""The share of salutations, closings and set phrases of letters."""
FORMS_IN_CAPITALS, PROSE_IN_CAPITALS = 0.18, 0.12
"""The shares of lists and of prose that are written in capitals, as forms ask for and some hands do."""
QUOTED = 0.03
"""The share of lines in which a word or a few stand between quotation marks: texts have one kind of these each, and few of single ones."""
GOES_ON = 0.3
"""The share of these that have but the first mark, at their beginning, as lines had in which something quoted went on."""
QUOTATION_MARKS = {"fr": ("« {} »", "« {} »", "«{}»", '"{}"', "'{}'"), "es": ("«{}»", '"{}"', "'{}'"), "it": ("«{}»", '"{}"', "'{}'")}
OTHER_MARKS = '"{}"', "'{}'"

WORD = re.compile(r"[^\W\d_]{7,}$")


@dataclass(frozen=True)
class Text:
    """One file: running ``prose``, or ``rows`` of a list; its language, or ''; its weight among its language's."""

    language: str
    prose: str
    rows: Sequence[str]
    weight: float


def text_files(path: str | Path) -> list[Path]:
    """Return the ``.txt`` files of a folder, sorted, or a file as it is given.

    Raises:
        InputError: the folder can't be listed.
    """
    if not os.path.isdir(path):
        return [Path(path)]
    try:
        return sorted(visible(Path(path, name) for name in os.listdir(path) if name.endswith(".txt")))
    except OSError as error:
        raise unreadable(error, path) from None


def parse_text(path: str | Path) -> Text:
    """Read a text file, or standard input for ``-``.

    A file named ``LANGUAGE_forms_…`` holds a list, all others prose; ``LANGUAGE_`` tells the language.

    Raises:
        InputError: it can't be read, is not UTF-8, is nearly empty, or has too many words that are not written.
    """
    path = Path(path)
    content = read_utf8(path)
    name = text_name(path)
    if name.is_list:
        rows = [row for line in content.splitlines() if 1 < len(row := plain(line)) <= LONGEST]
        if not rows:
            raise InputError(f"expected rows of 2 to {LONGEST} characters, found none", str(path))
        return Text(name.language, "", rows, 1.0)
    prose = plain(content)
    if len(prose) < 2:
        raise InputError("expected running text, found none", str(path))
    if sum(character.isalpha() for character in prose) > 2 * sum(c.isalpha() and c <= LAST for c in prose):
        raise InputError("expected a text in Latin letters, found mostly others, which are not written", str(path))
    words = prose[:PLENTY].split()
    unwritten = [word for word in words if not _can_be_written(word)]
    if len(unwritten) > MOST_UNWRITTEN * len(words):
        letters = Counter(c for word in unwritten for c in word if not _can_be_written(c))
        raise InputError(
            f"expected a text of letters that are written, up to {LAST} in Unicode, found others in "
            f"{len(unwritten) / len(words):.0%} of its words: {' '.join(c for c, _ in letters.most_common(10))}",
            str(path),
        )
    return Text(name.language, prose, (), min(len(prose), PLENTY) ** 0.5)


def _can_be_written(text: str) -> bool:
    return all(character <= LAST or character in BEYOND for character in text)


class Texts:
    """Texts to draw lines from.

    Args:
        paths: text files, and folders of them; ``-`` is standard input.
        languages: the share of each language; one not named gets none. By default all have the same.
        on_error: called with what is wrong with a single file or folder, which is then left out; without it, that is raised.

    Raises:
        InputError: a file or folder can't be used, there is none, or a language asked for has no text.
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        languages: Mapping[str, float] | None = None,
        on_error: Callable[[InputError], object] | None = None,
    ):
        texts = []

        def left_out(error: InputError) -> None:
            if on_error is None:
                raise error
            on_error(error)

        for path in paths:
            try:
                files = text_files(path)
            except InputError as error:
                left_out(error)
                continue
            for file in files:
                try:
                    texts.append(parse_text(file))
                except InputError as error:
                    left_out(error)
        if not texts:
            raise InputError("expected text files in UTF-8, or folders of .txt files, received none that can be used")
        found = sorted({text.language for text in texts})
        shares = dict(languages) if languages else {language: 1.0 for language in found}
        if missing := {language for language, share in shares.items() if share > 0} - set(found):
            raise InputError(
                f"expected text in {', '.join(sorted(missing))} (files named LANGUAGE_….txt), "
                f"found {', '.join(language or 'text of no language' for language in found)}"
            )
        self.languages = [language for language in found if shares.get(language, 0) > 0]
        self._language_bounds = _bounds([shares[language] for language in self.languages])
        self._prose = {
            language: [t for t in texts if t.language == language and t.prose] for language in self.languages
        }
        self._rows = {language: [t for t in texts if t.language == language and t.rows] for language in self.languages}
        self._prose_bounds = {
            language: _bounds([t.weight for t in group]) for language, group in self._prose.items() if group
        }

    def line(self, rng: np.random.Generator) -> tuple[str, str]:
        """Draw one line of 2 to 75 characters and its language."""
        language = self.languages[_draw(self._language_bounds, rng)]
        for _ in range(20):
            chance = rng.random()
            listed = chance < FORMS or not self._prose[language]
            if listed:
                text = self._form(language, rng)
            elif chance < FORMS + LETTERS:
                text = self._letter(language, rng)
            else:
                text = self._span(language, rng)
            text = " ".join(text.split())[:LONGEST].strip()
            if len(text) >= 2 and _can_be_written(text):
                text = _quoted(text, rng, language)
                return _cased(text, rng, FORMS_IN_CAPITALS if listed else PROSE_IN_CAPITALS), language
        return form(rng, language), language

    def _form(self, language: str, rng: np.random.Generator) -> str:
        rows = self._rows[language]
        if not rows or rng.random() < 0.35:
            parts = [form(rng, language)]
            while rng.random() < 0.45:
                parts.append(
                    form(rng, language)
                    if rng.random() < 0.6 or not self._prose[language]
                    else self._words(language, rng, 2)
                )
        else:
            listed = rows[int(rng.integers(len(rows)))].rows
            parts = [listed[int(rng.integers(len(listed)))]]
            while rng.random() < 0.25 and sum(map(len, parts)) < 40:
                parts.append(listed[int(rng.integers(len(listed)))] if rng.random() < 0.6 else form(rng, language))
        joint = (" ", " ", ", ", " - ", "; ", ": ")[int(rng.integers(6))]
        text = joint.join(parts)
        return text if len(text) <= LONGEST else parts[0]

    def _letter(self, language: str, rng: np.random.Generator) -> str:
        """Begin or end a letter, half of the time with the prose that stands before or after it."""
        part = letter_part(rng, language)
        room = LONGEST - len(part) - 1
        if rng.random() < 0.5 or room < 10:
            return part
        prose = self._cut(language, rng, int(rng.integers(8, max(9, min(room - 8, 40)))))
        text = f"{prose} {part}" if rng.random() < 0.3 else f"{part} {prose}"
        return text if len(text) <= LONGEST else part

    def _words(self, language: str, rng: np.random.Generator, count: int) -> str:
        return " ".join(self._cut(language, rng, 40).split()[:count])

    def _cut(self, language: str, rng: np.random.Generator, length: int) -> str:
        prose = self._prose[language][_draw(self._prose_bounds[language], rng)].prose
        start = int(rng.integers(max(1, len(prose) - length)))
        start = prose.find(" ", start) + 1 if start else 0
        stop = prose.find(" ", start + length)
        piece = prose[start : stop if stop > 0 else len(prose)]
        return piece if len(piece) <= LONGEST else piece[:LONGEST].rpartition(" ")[0]

    def _span(self, language: str, rng: np.random.Generator) -> str:
        """Cut a line from prose: mostly a full one, sometimes the few words that end a paragraph."""
        kind = rng.random()
        if kind < 0.14:
            return self._words(language, rng, int(rng.integers(1, 4)))
        text = self._cut(language, rng, int(np.clip(rng.normal(43, 13), 5, LONGEST - 4)))
        if kind < 0.30:
            words = text.split()
            place = int(rng.integers(len(words) + 1))
            room = LONGEST - len(text) - 1
            extra = form(rng, language)
            return " ".join(words[:place] + [extra] + words[place:]) if len(extra) <= room else extra
        if kind < 0.34 and WORD.search(text):
            last = text.rpartition(" ")[2]
            return text[: len(text) - int(rng.integers(2, len(last) - 2))] + "-"
        return text


def lines_of_text(texts: Texts, seed: int, start: int = 0, step: int = 1) -> Iterator[tuple[str, str]]:
    """Yield line and language, without end; line ``i`` of a seed is the same wherever one starts."""
    index = start
    while True:
        yield texts.line(np.random.default_rng((seed, index, 0)))
        index += step


def _quoted(text: str, rng: np.random.Generator, language: str) -> str:
    """Put quotation marks around one to four words, or one before all of them, in the share ``QUOTED`` of the lines, where there is room."""
    if rng.random() >= QUOTED:
        return text
    words = text.split()
    marks = pick(rng, QUOTATION_MARKS.get(language, OTHER_MARKS))
    if rng.random() < GOES_ON:
        quoted = marks.partition("{")[0] + text
    else:
        first = int(rng.integers(len(words)))
        last = first + int(rng.integers(1, 5))
        quoted = " ".join([*words[:first], marks.format(" ".join(words[first:last])), *words[last:]])
    return quoted if len(quoted) <= LONGEST else text


def _cased(text: str, rng: np.random.Generator, in_capitals: float) -> str:
    """Write the share ``in_capitals`` of the lines in capitals, and of some others a word or all initials."""
    if rng.random() < in_capitals:
        return capitals(text)[:LONGEST]
    chance = rng.random()
    if chance < 0.03:
        return " ".join(capitals(word[:1]) + word[1:] for word in text.split())
    if chance < 0.055:
        words = text.split()
        place = int(rng.integers(len(words)))
        words[place] = capitals(words[place])
        return " ".join(words)[:LONGEST]
    return text


def _bounds(weights: Sequence[float]) -> np.ndarray:
    return np.cumsum(np.asarray(weights, float) / np.sum(weights))


def _draw(bounds: np.ndarray, rng: np.random.Generator) -> int:
    return min(int(np.searchsorted(bounds, rng.random(), side="right")), len(bounds) - 1)

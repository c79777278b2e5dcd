"""From what was found to samples: loaded, filtered, prepared and encoded by several threads, the order kept."""

from __future__ import annotations

import re
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Collection, Iterable, Iterator

from htrtool.core import labels
from htrtool.core.errors import InputError, of_input
from htrtool.core.layouts.base import Entry, Found, LeftOut, Line
from htrtool.core.prepare import prepare
from htrtool.core.recipe import DEFAULT_RECIPE, Recipe
from htrtool.core.samples import Sample, encode_image
from htrtool.core.split import Split

AHEAD = 4
MARKED, UNREAD = "editorial markup", "unread passage"
"""Why texts are left out."""


@dataclass(frozen=True)
class Limits:
    """What a sample may be: characters in its text, and columns at the recipe's height."""

    min_chars: int = 1
    max_chars: int = 1000
    min_width: int = 8
    max_width: int = 20_000

    def of_text(self, text: str) -> str | None:
        """Return why a text is left out, None if it is not."""
        if not text.strip():
            return "empty transcription"
        if len(text) < self.min_chars:
            return f"under {self.min_chars} characters"
        if len(text) > self.max_chars:
            return f"over {self.max_chars} characters"
        return None

    def of_width(self, width: int, height: int) -> str | None:
        """Return why a line of so many columns at that height is left out, None if it is not."""
        if width < self.min_width:
            return f"narrower than {self.min_width} pixels at the height {height}"
        if width > self.max_width:
            return f"wider than {self.max_width} pixels at the height {height}"
        return None


@dataclass(frozen=True)
class Maker:
    """Makes samples of lines.

    Args:
        recipe: the preparation of the picture.
        limits: what is too short, too long, too narrow or too wide is left out.
        label_form: ``plain`` or ``keep``, see :func:`htrtool.core.labels.plain`.
        markup: what becomes of texts with editorial markup: ``keep``, ``drop`` the sample, or ``strip`` the signs and
            drop the sample where a passage is unread.
        split: the parts by document, noted in the sample's ``split``.
        document: finds the document's name in a sample's key: its first group, or all that it matches.
        form: the format of the pictures, png, webp or jpg.
    """

    recipe: Recipe = DEFAULT_RECIPE
    limits: Limits = field(default_factory=Limits)
    label_form: str = "plain"
    markup: str = "keep"
    split: Split | None = None
    document: re.Pattern | None = None
    form: str = "png"

    def text_of(self, text: str, tags: Collection[str] = ()) -> tuple[str, str | None]:
        """Return the label of a transcription, in which passages may be tagged, and why the sample is left out, None if it is not."""
        if self.markup == "drop" and (tags or labels.has_markup(text)):
            return text, MARKED
        if self.markup == "strip":
            stripped = None if "gap" in tags else labels.without_markup(text)
            if stripped is None:
                return text, UNREAD
            text = stripped
        if self.label_form == "plain":
            text = labels.plain(text)
        return text, self.limits.of_text(text)

    def sample_of(self, line: Line) -> Sample | LeftOut:
        """Return the sample of a line, or why it is left out.

        Raises:
            InputError: the picture is broken, or prepared in a way that is not known.
        """
        text = line.text
        if text is not None:
            tags = line.meta.get("tags")
            # The JSON of a sample may hold anything.
            text, reason = self.text_of(text, tags if isinstance(tags, list) else ())
            if reason:
                return LeftOut(line.key, reason)
        height, width = line.pixels.shape
        if reason := self.limits.of_width(round(width * self.recipe.height / height), self.recipe.height):
            return LeftOut(line.key, reason)
        meta = dict(line.meta)
        told = meta.get("recipe")
        pixels = prepare(line.pixels, self.recipe, told)
        # Turning and shearing add columns.
        if reason := self.limits.of_width(pixels.shape[1], self.recipe.height):
            return LeftOut(line.key, reason)
        meta["recipe"] = (self.recipe.after(Recipe.from_json(told)) if told is not None else self.recipe).to_json()
        match = self.document and self.document.search(line.key)
        is_unnamed = self.document is not None and not match
        if match:
            meta["document"] = match[match.re.groups and 1] or line.key
            meta.pop("writer", None)
        sample = Sample(line.key, encode_image(pixels, self.form), text, meta, is_unnamed)
        if self.split is not None:
            meta["split"] = self.split.part_of(sample.document)
        return sample

    def made_of(self, line: Line) -> Sample | LeftOut | InputError:
        """Return the sample of a line, why it is left out, or what is wrong with it."""
        try:
            return self.sample_of(line)
        except InputError as error:
            return error.at(line.key)

    def samples_of(self, entry: Entry) -> list[Sample | LeftOut | InputError]:
        """Load an entry and return what becomes of each of its lines, in order."""
        if entry.text is not None:
            _, reason = self.text_of(entry.text)
            if reason:
                return [LeftOut(entry.name, reason)]
        made: list[Sample | LeftOut | InputError] = []
        try:
            for line in entry.load():
                made.append(self.made_of(line) if isinstance(line, Line) else line)
        except Exception as error:
            made.append(of_input(error, entry.name))
        return made


def collect(found: Iterable[Found], maker: Maker, jobs: int = 1) -> Iterator[Sample | LeftOut | InputError]:
    """Yield the samples of what was found, and what was left out, in the order in which it was found.

    ``jobs`` threads load and prepare ahead, a few entries each, so that memory does not grow with the source. Keys are
    made unique with a number.
    """
    numbers: dict[str, int] = {}
    for item in _ahead(found, maker, jobs):
        if isinstance(item, Sample):
            item.key = _unique(item.key, numbers)
        yield item


def _unique(key: str, numbers: dict[str, int]) -> str:
    """Return a key with a number, if it was given already; ``numbers`` holds all that were given, each with the last number put to it."""
    unique = key
    while unique in numbers:
        numbers[key] += 1
        unique = f"{key}-{numbers[key]}"
    numbers[unique] = 1
    return unique


def _ahead(found: Iterable[Found], maker: Maker, jobs: int) -> Iterator[Sample | LeftOut | InputError]:
    pending: deque[Future | LeftOut | InputError] = deque()
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="prep")
    try:
        for item in found:
            pending.append(pool.submit(maker.samples_of, item) if isinstance(item, Entry) else item)
            while len(pending) > AHEAD * jobs:
                yield from _result(pending.popleft())
        while pending:
            yield from _result(pending.popleft())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _result(item: Future | LeftOut | InputError) -> list[Sample | LeftOut | InputError]:
    return item.result() if isinstance(item, Future) else [item]

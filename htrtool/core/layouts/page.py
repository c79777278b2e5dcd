"""Pages whose lines nobody has marked as a source of lines: found by looking, then read, or matched with a transcription."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from htrtool.core.errors import InputError
from htrtool.core.gathering import go_together
from htrtool.core.kinds import is_xml
from htrtool.core.language import reader_for
from htrtool.core.layouts.base import (
    FROM_STREAM,
    Entry,
    LeftOut,
    Line,
    first_page,
    key_of,
    read_text,
)
from htrtool.core.layouts.pairs import stem_of
from htrtool.core.layouts.stream import Untranscribed, sample_key, sample_line
from htrtool.core.lines import cut_lines, shows_one_line
from htrtool.core.pages import PageSource, page_sources
from htrtool.core.reader import Reader
from htrtool.core.samples import Sample, document_of
from htrtool.core.suffixes import is_image

NO_LINE = "page on which no line was found"
NO_MATCH = "no part of the transcription fits it well enough"
NO_LINE_SHOWS = "word of the transcription that no line shows"
NUMBER_OF_ROW = "number that counts a row of the transcription, which no line shows"
SHOWN = 60
"""How many characters of such a passage are told."""
LONGEST = 30_000
"""Characters of a transcription that are matched at once: the comparison takes memory with their square."""

_ELEMENT = re.compile(r"<([A-Za-z][\w:.-]*)[^<]*>")


@dataclass
class PageCutter:
    """Cuts pages into lines.

    ``model`` names the model by which lines are matched with a transcription of their page; where there is none, it reads
    them if ``reads`` says so, as ``htr read`` does; otherwise they stay untranscribed, as do those that are read with less
    confidence than ``min_conf``, 0 to 1. ``threads`` are those that one page is looked for lines with.
    """

    model: str
    reads: bool = False
    min_conf: float = 0.0
    threads: int = 1
    _reader: Reader | None = field(default=None, repr=False)
    _loading: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def reader(self) -> Reader:
        """The model, loaded when it is first needed; all threads share it."""
        with self._loading:
            if self._reader is None:
                self._reader = reader_for(self.model)
            return self._reader

    def entries(self, path: Path, key: str) -> Iterator[Entry | InputError]:
        """Yield an entry for each page of an image or a PDF without transcription, so that several may be worked on at once."""
        try:
            for source in page_sources(str(path)):
                yield Entry(str(path), functools.partial(self.lines_of, [source], str(path), key))
        except InputError as error:
            yield error

    def transcribed(self, path: Path, key: str, transcription: Path) -> Iterator[Line | LeftOut | InputError]:
        """Yield the lines of an image that has a transcription beside it: itself, if it shows one and so does that.

        Raises:
            InputError: as :meth:`lines` does.
        """
        if is_image(path) and "\n" not in (text := read_text(transcription)).strip():
            page = first_page(path)
            if page.pages == 1 and shows_one_line(pixels := page.load(), self.threads):
                yield Line(key, pixels, text, {"source": str(path), "document": document_of(key)})
                return
        yield from self.lines(path, key, transcription)

    def lines(
        self, path: Path, key: str, transcription: Path | None = None
    ) -> Iterator[Line | LeftOut | InputError]:
        """Yield the lines that are found on the pages of an image or a PDF.

        Their text is the model's reading, or with a ``transcription`` of the pages their part of that; a line that shows
        nothing of it is left out, and what no line shows of it is told. A page that can't be read gives its error.

        Raises:
            InputError: the image or the transcription can't be read, or the transcription is too long to be matched.
        """
        return self.lines_of(page_sources(str(path)), str(path), key, transcription)

    def lines_of(
        self, sources: Iterable[PageSource], name: str, key: str, transcription: Path | None = None
    ) -> Iterator[Line | LeftOut | InputError]:
        """Yield the lines that are found on pages, which have a name together; see :meth:`lines`."""
        # Before lines are looked for, which takes longer than to find that it can't be used.
        text = None if transcription is None else read_page_text(transcription)
        pages = (list(self._cuts(source, name, key)) for source in sources)
        if text is None:
            for page in pages:
                yield from self._read(page)
        else:
            yield from self._matched([item for page in pages for item in page], text, transcription)

    def are_read_together(self, samples: Sequence[Untranscribed], sample: Untranscribed) -> bool:
        """Tell whether a sample goes with those before it: all are lines, as few and of one document as those that ``htr read`` reads together."""
        if not self.reads or not samples:
            return False
        before, source = samples[-1].source, sample.source
        return before.is_line and source.is_line and go_together(len(samples), before.of_document, source.of_document)

    def of_samples(self, samples: Sequence[Untranscribed], stream: str) -> Iterator[Line | LeftOut | InputError]:
        """Yield the lines that are found in samples without transcription: themselves, if they are lines, or look like it.

        Args:
            samples: one, or several that :meth:`are_read_together`.
            stream: the name of what they are from.
        """
        sample, source = samples[0]
        if source.is_line:
            yield from self._read([_line_of(each.sample, stream) for each in samples])
            return
        key = sample_key(sample)
        if "/" not in key:
            key = key_of(FROM_STREAM if stream == "-" else stem_of(Path(stream).name), key)
        yield from self.lines_of([source], source.file, key)

    def _read(self, page: list[Line | LeftOut | InputError]) -> list[Line | LeftOut | InputError]:
        """Return the lines of a page with the model's reading, if lines are to be read."""
        if not self.reads:
            return page
        prepared: dict[int, np.ndarray] = {}
        for place, item in enumerate(page):
            if isinstance(item, Line):
                try:
                    prepared[place] = self.reader.prepare(item.pixels, item.meta.get("recipe"))
                except InputError as error:
                    page[place] = error.at(item.key)
        for place, reading in zip(prepared, self.reader.read_page(list(prepared.values()))):
            # A line that the model sees nothing in stays, for whoever corrects the reading.
            page[place] = replace(page[place], text=reading.text if reading.is_sure(self.min_conf) and reading.text else None)
        return page

    def _cuts(self, source: PageSource, name: str, key: str) -> Iterator[Line | LeftOut | InputError]:
        many = source.pages > 1
        page_key = f"{key}/p{source.page}" if many else key
        try:
            with source.room():
                cuts = cut_lines(source.load(), self.threads)
        except InputError as error:
            yield InputError(f"page {source.page}: " * many + error.args[0], error.source or name)
            return
        if not cuts:
            yield LeftOut(f"{name}, page {source.page}" if many else name, NO_LINE)
        for number, cut in enumerate(cuts, 1):
            meta = {"source": name, "document": key, "box": list(cut.box)}
            yield Line(f"{page_key}/{number:03d}", cut.pixels, None, meta)

    def _matched(
        self, found: list[Line | LeftOut | InputError], text: str, transcription: Path
    ) -> Iterator[Line | LeftOut | InputError]:
        from htrtool.core.layouts.transcript import match_transcript

        reader = self.reader
        frames = []
        for place, item in enumerate(found):
            if isinstance(item, Line):
                try:
                    frames.append(reader.probabilities([reader.prepare(item.pixels)])[0])
                except InputError as error:
                    found[place] = error.at(item.key)
        matching = match_transcript(frames, reader.info.charset, text)
        matches = iter(matching.matches)
        for item in found:
            if isinstance(item, Line):
                match = next(matches)
                yield replace(item, text=match.text) if match else LeftOut(item.key, NO_MATCH, by_name=True)
            else:
                yield item
        if matching.numbers:
            yield LeftOut(str(transcription), NUMBER_OF_ROW, matching.numbers, by_name=True)
        for passage in matching.unshown:
            told = passage if len(passage) <= SHOWN else f"{passage[: SHOWN // 2]} … {passage[-SHOWN // 2 :]}"
            yield LeftOut(f"{transcription}: “{told}”", NO_LINE_SHOWS, len(passage.split()), by_name=True)


def _line_of(sample: Sample, stream: str) -> Line | InputError:
    try:
        return sample_line(sample, stream)
    except InputError as error:
        return error


def read_page_text(path: Path) -> str:
    """Read the transcription of a page or a few.

    Raises:
        InputError: it can't be read, is XML, or is too long.
    """
    text = read_text(path)
    if _is_markup(text):
        raise InputError(
            "expected the transcription of a page as plain text, received XML: write its text into a file without markup; "
            "ALTO or PAGE of the page is a SOURCE itself, without --text",
            str(path),
        )
    if len(text) > LONGEST:
        raise InputError(
            f"expected the transcription of a page or a few, at most {LONGEST:,} characters, received {len(text):,}: "
            "give pages of their own, each with its --text",
            str(path),
        )
    return text


def _is_markup(text: str) -> bool:
    """Tell whether a text is XML or HTML: called so at its beginning, or one element from there to its end."""
    text = text.strip()
    first = _ELEMENT.match(text)
    return is_xml(text[:256].encode()) or first is not None and text.endswith(f"</{first[1]}>") and text.count(f"<{first[1]}") == 1

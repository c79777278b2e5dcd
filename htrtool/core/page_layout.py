"""Pages whose lines nobody has marked as a source of lines: found by looking, then read, or matched with a transcription."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from htrtool.core.layouts import LeftOut, Line, load_image, read_text
from htrtool.core.lines import cut_lines
from htrtool.core.reader import Reader

NO_LINE = "page on which no line was found"
NO_MATCH = "shows nothing of the transcription"


@dataclass
class PageCutter:
    """Cuts pages into lines.

    ``model`` is the ONNX file of the model by which lines are matched with a transcription of their page; where there is
    none, it reads them if ``reads`` says so, otherwise they stay untranscribed.
    """

    model: Path
    reads: bool = False
    _reader: Reader | None = field(default=None, repr=False)
    _loading: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def reader(self) -> Reader:
        """The model, loaded when it is first needed; all threads share it."""
        with self._loading:
            if self._reader is None:
                self._reader = Reader(self.model)
            return self._reader

    def lines(self, path: Path, key: str, transcription: Path | None = None) -> Iterator[Line | LeftOut]:
        """Yield the lines that are found on the page of an image.

        Their text is the model's reading, or with a ``transcription`` of the page their part of that; a line that shows
        nothing of it is left out.

        Raises:
            InputError: the image or the transcription can't be read.
        """
        text = read_text(transcription) if transcription is not None else None
        cuts = cut_lines(load_image(path))
        if not cuts:
            yield LeftOut(str(path), NO_LINE)
            return
        if text is not None:
            texts = self._matched([cut.pixels for cut in cuts], text)
        elif self.reads:
            texts = [self.reader.read_batch([self.reader.prepare(cut.pixels)])[0].text for cut in cuts]
        else:
            texts = [None] * len(cuts)
        for number, (cut, label) in enumerate(zip(cuts, texts), 1):
            name = f"{key}/{number:03d}"
            if text is not None and label is None:
                yield LeftOut(name, NO_MATCH)
                continue
            meta = {"source": str(path), "document": key, "box": [int(value) for value in cut.box]}
            yield Line(name, cut.pixels, label, meta)

    def _matched(self, pictures, text: str) -> list[str | None]:
        from htrtool.core.transcript import match_transcript

        reader = self.reader
        frames = [reader.probabilities([reader.prepare(pixels)])[0] for pixels in pictures]
        return [match and match.text for match in match_transcript(frames, reader.info.charset, text)]

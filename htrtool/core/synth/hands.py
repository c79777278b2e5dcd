"""Real hands as sources of letters: new text set from words, joined letters and letters that one writer wrote."""

from __future__ import annotations

import pickle
import tempfile
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np

from htrtool.core.errors import InputError
from htrtool.core.synth.faces import X_HEIGHT, Glyph
from htrtool.core.synth.specimens import Specimen

BLOCK = 64
"""Lines of a run, one after another, that are written in one hand, so that its specimens are loaded once."""

FEWEST, MOST = 5, 60
"""Specimens that make a hand, and those of one document that are kept."""

LONGEST_PIECE = 5
LEAST_FIT = 0.8
"""How sure the reader must have been of a letter that stands alone, and on average of those of a longer piece."""

WHOLE_WORD = 0.6
"""How often a word that the hand has is taken whole, rather than set anew from its parts."""

OPEN_HANDS = 4
LOANS, LENDERS = 150, 5
"""Cuttings of a character that are kept to be lent, and those among which a hand chooses."""

START, END = "\x02", "\x03"
"""The bounds of a word, which no text holds: letters that begin or end one are joined on one side only."""


@dataclass(frozen=True)
class Piece:
    """The characters ``first`` to ``last``, exclusive, of the specimen with the index ``specimen``."""

    specimen: int
    first: int
    last: int


class Hand:
    """The specimens of one writer, and every piece of a word that they have.

    ``ascent`` and ``descent`` are the reach of the letters above and below the baseline, ``stroke`` the mean width of
    the strokes, in pixels where the x-height is :data:`htrtool.core.synth.faces.X_HEIGHT`; ``slant`` a tangent.
    """

    def __init__(self, name: str, specimens: Sequence[Specimen]):
        self.name, self.specimens = name, specimens
        self.pieces: dict[str, list[Piece]] = defaultdict(list)
        self.words: dict[str, list[Piece]] = defaultdict(list)
        for index, specimen in enumerate(specimens):
            start = 0
            for word in specimen.text.split(" "):
                self._add(index, word, start)
                start += len(word) + 1
        scales = [X_HEIGHT / specimen.x_height for specimen in specimens]
        rows = [np.flatnonzero(specimen.ink.max(axis=1) > 127) for specimen in specimens]
        reach = [
            ((specimen.baseline - inked[0]) * scale, (inked[-1] + 1 - specimen.baseline) * scale)
            for specimen, inked, scale in zip(specimens, rows, scales)
            if len(inked)
        ]
        above, below = np.median(reach, axis=0) if reach else (2 * X_HEIGHT, X_HEIGHT)
        self.ascent = round(np.clip(above, 1.3 * X_HEIGHT, 2.8 * X_HEIGHT))
        self.descent = round(np.clip(below, 0.3 * X_HEIGHT, 1.6 * X_HEIGHT))
        self.slant = float(np.median([specimen.slant for specimen in specimens]))
        self.stroke = float(np.median([s.stroke * scale for s, scale in zip(specimens, scales)]))

    def _add(self, index: int, word: str, start: int) -> None:
        fits = self.specimens[index].fits[start : start + len(word)]
        if not word:
            return
        if fits.mean() >= LEAST_FIT:
            self.words[word].append(Piece(index, start, start + len(word)))
        bounded = START + word + END
        for size in range(1, LONGEST_PIECE + 1):
            for first in range(1 if size == 1 else 0, len(bounded) - size + 1 - (size == 1)):
                piece = bounded[first : first + size]
                a, b = max(first - 1, 0), min(first + size - 1, len(word))
                if a < b and fits[a:b].mean() >= LEAST_FIT and fits[a:b].min() >= LEAST_FIT / 2:
                    self.pieces[piece].append(Piece(index, start + a, start + b))

    def cut(self, piece: Piece) -> Cutting:
        """Return the ink of a piece."""
        return cutting(self.specimens[piece.specimen], piece.first, piece.last)


class Cutting(NamedTuple):
    """Ink cut out of a line, (height, width) uint8, its x-height brought to ``X_HEIGHT``: its baseline and stroke width."""

    ink: np.ndarray
    baseline: float
    stroke: float


def cutting(specimen: Specimen, first: int, last: int) -> Cutting:
    """Cut the characters ``first`` to ``last``, exclusive, out of a line."""
    left, right = specimen.edges[first], specimen.edges[last]
    ink = specimen.ink[:, left : max(right, left + 1)]
    scale = X_HEIGHT / specimen.x_height
    size = max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale))
    ink = cv2.resize(ink, size, interpolation=cv2.INTER_LINEAR)
    return Cutting(ink, specimen.baseline * scale, specimen.stroke * scale)


@dataclass
class Script:
    """A hand about to write one line: what :class:`htrtool.core.synth.faces.Face` is for a font.

    Characters that the hand lacks are borrowed from others of ``hands``. All chance comes from ``rng``.
    """

    joined = True
    # Real strokes keep about their own width; only fonts need a pen.
    own_pen = True

    hand: Hand
    hands: Hands
    rng: np.random.Generator

    def __post_init__(self):
        self.name = self.hand.name
        self.ascent, self.descent, self.stroke = self.hand.ascent, self.hand.descent, self.hand.stroke
        self.lean = self.hand.slant, 0.06

    def word(self, text: str) -> Glyph:
        """Set a word of pieces that were written, as long as they can be had."""
        if (whole := self.hand.words.get(text)) and (len(text) == 1 or self.rng.random() < WHOLE_WORD):
            cuts = [self.hand.cut(self._one_of(whole))]
        else:
            cuts = self._cuttings(START + text + END)
        above = max(int(np.ceil(baseline)) for _, baseline, _ in cuts)
        below = max(int(np.ceil(ink.shape[0] - baseline)) for ink, baseline, _ in cuts) + 1
        laps = [0, *(int(lap) for lap in self.rng.integers(0, 3, len(cuts) - 1))]
        width = sum(cut.ink.shape[1] for cut in cuts) - sum(laps)
        mask = np.zeros((above + below, max(width, 1) + 2), np.uint8)
        pen = 0
        for (ink, baseline, _), lap in zip(cuts, laps):
            pen = max(0, pen - lap)
            top = above - round(baseline)
            spot = mask[top : top + ink.shape[0], pen : pen + ink.shape[1]]
            np.maximum(spot, ink[: spot.shape[0], : spot.shape[1]], out=spot)
            pen += ink.shape[1]
        inked = np.flatnonzero(mask.max(axis=0) > 90)
        if len(inked):
            mask = mask[:, inked[0] : inked[-1] + 1]
        # Fonts have a little room on both sides of a letter; what is cut out has none.
        return Glyph(mask, 0, -above, mask.shape[1] + 0.3 * X_HEIGHT)

    def _cuttings(self, bounded: str) -> list[Cutting]:
        cuts: list[Cutting] = []
        place = 0
        while place < len(bounded):
            for size in range(min(LONGEST_PIECE, len(bounded) - place), 0, -1):
                found = self.hand.pieces.get(bounded[place : place + size])
                # A longest piece each time would give the same letters each time.
                if found and (size <= 2 or self.rng.random() < 0.85):
                    cuts.append(self.hand.cut(self._one_of(found)))
                    place += size
                    break
            else:
                if bounded[place] not in (START, END):
                    cuts.append(self._borrowed(bounded[place]))
                place += 1
        return cuts

    def _borrowed(self, character: str) -> Cutting:
        """Take a character of another hand: of a few, the one whose strokes are most like those of this hand."""
        loans = self.hands.loans[character]
        chosen = [loans[int(place)] for place in self.rng.integers(len(loans), size=LENDERS)]
        return min(chosen, key=lambda cut: abs(np.log(cut.stroke / self.stroke)))

    def _one_of(self, pieces: list[Piece]) -> Piece:
        return pieces[int(self.rng.integers(len(pieces)))]


@dataclass
class Hands:
    """The hands of a bank of specimens, kept in a file and opened as they are needed.

    ``spans`` tells where in the file the specimens of each hand are, ``specimens`` how many there are in all, and
    ``loans`` holds some cuttings of every character of any hand, for those that lack it.
    """

    spool: tempfile._TemporaryFileWrapper | None = None
    path: str = ""
    names: list[str] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    specimens: int = 0
    loans: dict[str, list[Cutting]] = field(default_factory=lambda: defaultdict(list))
    _open: OrderedDict[int, Hand] = field(default_factory=OrderedDict)

    @classmethod
    def of(cls, specimens: Iterable[tuple[str, Specimen]]) -> Hands:
        """Spool specimens by document; the file lives as long as the hands do.

        Raises:
            InputError: no document has enough of them.
        """
        by_document: dict[str, list[Specimen]] = defaultdict(list)
        spool = tempfile.NamedTemporaryFile(prefix="htr-hands-")
        hands = cls(spool, spool.name)
        rng = np.random.default_rng(0)
        seen: Counter[str] = Counter()
        for document, specimen in specimens:
            if len(by_document[document]) < MOST:
                hands._lend(specimen, seen, rng)
                coded = cv2.imencode(".png", specimen.ink, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]
                by_document[document].append(specimen._replace(ink=coded))
                hands.specimens += 1
        for name in sorted(name for name, found in by_document.items() if len(found) >= FEWEST):
            content = pickle.dumps(by_document[name], pickle.HIGHEST_PROTOCOL)
            hands.names.append(name)
            hands.spans.append((spool.tell(), len(content)))
            spool.write(content)
        spool.flush()
        if not hands.names:
            raise InputError(
                f"expected documents with {FEWEST} transcribed lines or more that the model can follow, found none"
            )
        return hands

    def _lend(self, specimen: Specimen, seen: Counter[str], rng: np.random.Generator) -> None:
        """Keep a random choice of the cuttings of each character."""
        for place, (character, fit) in enumerate(zip(specimen.text, specimen.fits)):
            if character == " " or fit < LEAST_FIT:
                continue
            seen[character] += 1
            if len(loans := self.loans[character]) < LOANS:
                loans.append(cutting(specimen, place, place + 1))
            elif (index := int(rng.integers(seen[character]))) < LOANS:
                loans[index] = cutting(specimen, place, place + 1)

    def __getstate__(self) -> dict:
        # A worker process opens the file itself.
        return self.__dict__ | {"spool": None, "_open": OrderedDict()}

    def __len__(self) -> int:
        """Return the number of hands that write; others only lend."""
        return len(self.names)

    def hand(self, index: int) -> Hand:
        """Return a hand, opened."""
        if index not in self._open:
            offset, size = self.spans[index]
            with open(self.path, "rb") as stream:
                stream.seek(offset)
                specimens = pickle.loads(stream.read(size))
            specimens = [s._replace(ink=cv2.imdecode(s.ink, cv2.IMREAD_GRAYSCALE)) for s in specimens]
            self._open[index] = Hand(self.names[index], specimens)
            if len(self._open) > OPEN_HANDS:
                self._open.popitem(last=False)
        self._open.move_to_end(index)
        return self._open[index]

    def draw(self, text: str, rng: np.random.Generator, seed: int, line: int) -> Script | None:
        """Return the hand that writes line ``line`` of the run ``seed``, or None if no hand has the characters."""
        if not all(character in self.loans for character in set(text) - {" "}):
            return None
        block = np.random.default_rng((seed, line // BLOCK, 4))
        return Script(self.hand(int(block.integers(len(self)))), self, rng)

"""Real hands as sources of letters: new text set from words, joined letters and letters that one writer wrote."""

from __future__ import annotations

import pickle
import tempfile
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

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
LEAST_FIT = 0.6
"""How sure the reader must have been of a letter that stands alone, and on average of those of a longer piece."""

WHOLE_WORD = 0.6
"""How often a word that the hand has is taken whole, rather than set anew from its parts."""

OPEN_HANDS = 24
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
        self.stroke = float(np.median([stroke_width(s.ink) * scale for s, scale in zip(specimens, scales)]))

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

    def cut(self, piece: Piece) -> tuple[np.ndarray, float]:
        """Return the ink of a piece, (height, width) uint8, its x-height brought to ``X_HEIGHT``; and its baseline."""
        specimen = self.specimens[piece.specimen]
        left, right = specimen.edges[piece.first], specimen.edges[piece.last]
        ink = specimen.ink[:, left : max(right, left + 1)]
        scale = X_HEIGHT / specimen.x_height
        size = max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale))
        return cv2.resize(ink, size, interpolation=cv2.INTER_LINEAR), specimen.baseline * scale


def stroke_width(ink: np.ndarray) -> float:
    """Return the mean width of the strokes of ink, (height, width) uint8, in pixels."""
    mask = (ink > 110).astype(np.uint8)
    contours = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]
    outline = sum(cv2.arcLength(contour, True) for contour in contours)
    return max(0.8, 2 * float(mask.sum()) / max(outline, 1))


@dataclass
class Script:
    """A hand about to write one line: what :class:`htrtool.core.synth.faces.Face` is for a font.

    Characters that the hand lacks are borrowed from others of ``hands``. All chance comes from ``rng``.
    """

    hand: Hand
    hands: Hands
    rng: np.random.Generator
    joined: bool = True
    caps: bool = False

    def __post_init__(self):
        self.name = self.hand.name
        self.ascent, self.descent, self.stroke = self.hand.ascent, self.hand.descent, self.hand.stroke
        self.lean = self.hand.slant, 0.06
        # Real strokes keep about their own width; only fonts need a pen.
        self.own_pen = True

    def word(self, text: str) -> Glyph:
        """Set a word of pieces that were written, as long as they can be had."""
        if (whole := self.hand.words.get(text)) and (len(text) == 1 or self.rng.random() < WHOLE_WORD):
            parts = [(self.hand, self._one_of(whole))]
        else:
            parts = self._parts(START + text + END)
        cuts = [hand.cut(piece) for hand, piece in parts]
        above = max(int(np.ceil(baseline)) for _, baseline in cuts)
        below = max(int(np.ceil(ink.shape[0] - baseline)) for ink, baseline in cuts) + 1
        laps = [0, *(int(lap) for lap in self.rng.integers(0, 3, len(cuts) - 1))]
        width = sum(ink.shape[1] for ink, _ in cuts) - sum(laps)
        mask = np.zeros((above + below, max(width, 1) + 2), np.uint8)
        pen = 0
        for (ink, baseline), lap in zip(cuts, laps):
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

    def _parts(self, bounded: str) -> list[tuple[Hand, Piece]]:
        parts: list[tuple[Hand, Piece]] = []
        place = 0
        while place < len(bounded):
            for size in range(min(LONGEST_PIECE, len(bounded) - place), 0, -1):
                found = self.hand.pieces.get(bounded[place : place + size])
                # A longest piece each time would give the same letters each time.
                if found and (size <= 2 or self.rng.random() < 0.85):
                    parts.append((self.hand, self._one_of(found)))
                    place += size
                    break
            else:
                if bounded[place] not in (START, END):
                    parts.append(self._borrowed(bounded[place]))
                place += 1
        return parts

    def _borrowed(self, character: str) -> tuple[Hand, Piece]:
        hand = self.hands.lender(character, self.hand, self.rng)
        return hand, self._one_of(hand.pieces[character])

    def _one_of(self, pieces: list[Piece]) -> Piece:
        return pieces[int(self.rng.integers(len(pieces)))]


@dataclass
class Hands:
    """The hands of a bank of specimens, kept in a file and opened as they are needed.

    ``spans`` tells where the specimens of each hand are in the file, ``characters`` which it has, ``specimens`` how many
    there are in all.
    """

    spool: tempfile._TemporaryFileWrapper | None = None
    path: str = ""
    names: list[str] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    specimens: int = 0
    characters: list[frozenset[str]] = field(default_factory=list)
    _writers: list[int] = field(default_factory=list)
    _lenders: dict[str, list[int]] = field(default_factory=dict)
    _open: OrderedDict[int, Hand] = field(default_factory=OrderedDict)

    @classmethod
    def of(cls, specimens: Iterable[tuple[str, Specimen]]) -> Hands:
        """Spool specimens by document; the file lives as long as the hands do.

        Raises:
            InputError: no document has enough of them.
        """
        by_document: dict[str, list[Specimen]] = defaultdict(list)
        for document, specimen in specimens:
            if len(by_document[document]) < MOST:
                coded = cv2.imencode(".png", specimen.ink, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]
                by_document[document].append(specimen._replace(ink=coded))
        spool = tempfile.NamedTemporaryFile(prefix="htr-hands-")
        hands = cls(spool, spool.name)
        for name in sorted(by_document):
            content = pickle.dumps(by_document[name], pickle.HIGHEST_PROTOCOL)
            hands.names.append(name)
            hands.spans.append((spool.tell(), len(content)))
            hands.specimens += len(by_document[name])
            told = (pair for s in by_document[name] for pair in zip(s.text, s.fits))
            hands.characters.append(frozenset(character for character, fit in told if fit >= LEAST_FIT) - {" "})
            if len(by_document[name]) >= FEWEST:
                hands._writers.append(len(hands.names) - 1)
            spool.write(content)
        spool.flush()
        if not hands._writers:
            raise InputError(
                f"expected documents with {FEWEST} transcribed lines or more that the model can follow, found none"
            )
        for index, characters in enumerate(hands.characters):
            for character in characters:
                hands._lenders.setdefault(character, []).append(index)
        return hands

    def __getstate__(self) -> dict:
        # A worker process opens the file itself.
        return self.__dict__ | {"spool": None, "_open": OrderedDict()}

    def __len__(self) -> int:
        """Return the number of hands that write; others only lend."""
        return len(self._writers)

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

    def lender(self, character: str, borrower: Hand, rng: np.random.Generator) -> Hand:
        """Return a hand that has a character: of three, the one whose strokes are most like the borrower's."""
        able = self._lenders[character]
        chosen = [self.hand(able[int(i)]) for i in rng.integers(len(able), size=3)]
        return min(chosen, key=lambda hand: abs(np.log(hand.stroke / borrower.stroke)))

    def draw(self, text: str, rng: np.random.Generator, seed: int, line: int) -> Script | None:
        """Return the hand that writes line ``line`` of the run ``seed``, or None if no hand has the characters."""
        if not all(character in self._lenders for character in set(text) - {" "}):
            return None
        block = np.random.default_rng((seed, line // BLOCK, 4))
        return Script(self.hand(self._writers[int(block.integers(len(self._writers)))]), self, rng)

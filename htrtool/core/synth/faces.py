"""Handwriting fonts as sources of letters: their measures, what they can show, and their glyphs as masks."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from htrtool.core.errors import InputError
from htrtool.core.labels import capitals
from htrtool.core.synth.pen import stroke_width

X_HEIGHT = 28
"""Pixels of the letter x in every mask, so that fonts can be used alike; lines are scaled from there."""

KEPT = 400
"""Masks that a face keeps, about 1 MB."""

SUFFIXES = (".ttf", ".otf")
FREE = re.compile(r"\b(OFL|SIL|Apache|MIT|CC0-1\.0)\b")
NOT_FREE = ("see copyright", "FontException")
WEIGHTS = {"print": 1.0, "cursive": 1.2, "formal-cursive": 0.2, "caps-only": 0.12}
CAPITALS = re.compile(r"[A-ZÀ-ÖØ-Þ]{2}")
LACKED = "\U0010fffd"
"""A character that no font has: what stands for it stands for all that a font lacks."""

STAND_INS = str.maketrans("’‘“”–—\u00a0…", "''\"\"-- .")


@dataclass(frozen=True)
class Glyph:
    """A mask of a letter or word and where it goes: ``left`` and ``top`` from the pen on the baseline, in pixels."""

    mask: np.ndarray
    left: int
    top: int
    advance: float


class Face:
    """One font, scaled so that its x is :data:`X_HEIGHT` pixels high.

    ``lean`` is the usual slant to the right of its lines, a tangent, and how much it varies.
    ``joined`` faces are laid out word by word, so that their letters keep hold of each other; ``caps`` faces
    have capitals only. ``ascent`` and ``descent`` are the reach of ordinary letters above and below the
    baseline; ``stroke`` is the mean width of the strokes; all in pixels.

    Raises:
        InputError: the file is no font, or one without Latin letters.
    """

    lean = 0.05, 0.17
    own_pen = False

    def __init__(self, path: str | Path, kind: str | None = None):
        self.path = Path(path)
        self.name = self.path.stem
        try:
            trial = ImageFont.truetype(str(path), 100)
            small, large = (median_height(trial, letters) for letters in ("acemnorsuvwxz", "ACEMNORSUVWXZ"))
        except OSError as error:
            raise InputError(f"expected a TrueType or OpenType font ({error})", str(path)) from None
        if small < 5:
            raise InputError("expected a font with Latin letters, found none in it", str(path))
        self.caps = kind == "caps-only" or (kind is None and large < 1.05 * small)
        self.font = ImageFont.truetype(str(path), 100 * X_HEIGHT / (large / 1.5 if self.caps else small))
        self._shown: dict[str, bool] = {}
        self._glyphs: dict[str, Glyph] = {}
        self._nothing = self._measures(LACKED)
        box = self.font.getbbox("dhl", anchor="ls"), self.font.getbbox("gpy", anchor="ls")
        self.ascent, self.descent = max(-box[0][1], X_HEIGHT), max(box[1][3], X_HEIGHT // 4)
        self.stroke = self._stroke()
        self.joined = not self.caps and (kind in ("cursive", "formal-cursive") or self._joined())
        self.kind = kind or ("caps-only" if self.caps else "cursive" if self.joined else "print")
        self.weight = WEIGHTS.get(self.kind, 1.0) * (0.4 if self.stroke > 0.185 * X_HEIGHT else 1.0)

    def _ink(self, text: str) -> bytes:
        return bytes(self.font.getmask(text, mode="L"))

    def _stroke(self) -> float:
        return max(1.0, stroke_width(self.word("HIL" if self.caps else "nolite").mask > 127))

    def _joined(self) -> bool:
        words = ("nunu", "anem", "uram")
        pieces = sum(cv2.connectedComponents((self.word(word).mask > 60).astype(np.uint8))[0] - 1 for word in words)
        return pieces <= 6

    def shows(self, text: str) -> bool:
        """Say whether the font has a visible glyph for every character of ``text``."""
        return all(map(self._shows, set(text)))

    def _shows(self, character: str) -> bool:
        if (shown := self._shown.get(character)) is None:
            shown = self._shown[character] = character == " " or self._has(character)
        return shown

    def _has(self, character: str) -> bool:
        if not character.isprintable():
            return False
        box, advance = self._measures(character)
        if box[2] <= box[0] or box[3] <= box[1]:
            return False
        # drawing takes several times as long as measuring
        return (box, advance) != self._nothing or self._ink(character) != self._ink(LACKED)

    def _measures(self, character: str) -> tuple[tuple[float, ...], float]:
        return self.font.getbbox(character), self.font.getlength(character)

    def label(self, text: str) -> str | None:
        """Return what a line of this font would read for ``text``: capitals where it has no others.

        Quotes and dashes that the font lacks give way to plain ones. None if characters are missing.
        """
        if self.caps:
            text = capitals(text)
        if self.shows(text):
            return text
        text = text.translate(STAND_INS)
        return text if self.shows(text) else None

    def word(self, text: str) -> Glyph:
        """Lay ``text`` out with its joins and kerning; short words, the most frequent, are kept for the next time."""
        if text in self._glyphs:
            return self._glyphs[text]
        # the mask tells its size and place itself: asking for the box first would lay the text out twice
        core, (left, top) = self.font.getmask2(text, mode="L", anchor="ls")
        image = Image.new("L", (max(1, core.size[0]), max(1, core.size[1])))
        ImageDraw.Draw(image).draw.draw_bitmap((0, 0), core, 255)
        advance = self.font.getlength(text) if len(text) == 1 else left + core.size[0]
        glyph = Glyph(np.asarray(image), left, top, advance)
        if len(text) == 1 or len(text) <= 4 and len(self._glyphs) < KEPT:
            self._glyphs[text] = glyph
        return glyph


class Faces:
    """The fonts of a folder, with the chance of each to be taken.

    A table ``LICENSES.tsv`` in the folder, if there is one, tells each font's ``class`` (print, cursive,
    formal-cursive, caps-only) and ``licence``; fonts that it does not call freely licensed are left out, formal and
    caps-only ones are taken seldom. Without it the class is found by looking at the letters.

    Raises:
        InputError: there is no font.
    """

    def __init__(self, paths: Sequence[str | Path]):
        self.left_out: dict[str, str] = {}
        files = [file for path in map(Path, paths) for file in font_files(path)]
        tables: dict[Path, dict[str, dict]] = {}
        self.faces: list[Face] = []
        for file in files:
            if file.parent not in tables:
                tables[file.parent] = licences_in(file.parent)
            known = tables[file.parent].get(file.name, {})
            licence = known.get("licence") or ""
            if tables[file.parent] and (any(word in licence for word in NOT_FREE) or not FREE.search(licence)):
                self.left_out[file.name] = f"licence {licence}" if licence.strip() else "no licence"
                continue
            try:
                self.faces.append(Face(file, known.get("class")))
            except InputError as error:
                self.left_out[file.name] = str(error)
        if not self.faces:
            raise InputError(
                f"expected fonts ({', '.join(SUFFIXES)}), found none that can be used", ", ".join(map(str, paths))
            )
        self._weights = np.array([face.weight for face in self.faces])
        self._bounds = np.cumsum(self._weights / self._weights.sum())

    def draw(self, text: str, rng: np.random.Generator) -> tuple[Face, str] | None:
        """Draw a font that can show ``text``; return it and the text as it will read, or None if no font can.

        Words in capitals go to fonts that do not join their letters, for no one writes them joined.
        """
        capitals = CAPITALS.search(text) is not None
        for _ in range(12):
            face = self.faces[min(int(np.searchsorted(self._bounds, rng.random())), len(self.faces) - 1)]
            if not (capitals and face.joined) and (label := face.label(text)):
                return face, label
        able = [(face, label) for face in self.faces if (label := face.label(text))]
        return able[int(rng.integers(len(able)))] if able else None


def font_files(path: Path) -> list[Path]:
    """Return the fonts of a folder by their suffixes, or a file as it is given."""
    return sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES) if path.is_dir() else [path]


def median_height(font: ImageFont.FreeTypeFont, letters: str) -> float:
    """Return the median height of ``letters``, for some fonts draw one or the other out of all proportion."""
    boxes = [font.getbbox(letter, anchor="ls") for letter in letters]
    return float(np.median([bottom - top for _, top, _, bottom in boxes]))


def licences_in(folder: Path) -> dict[str, dict]:
    """Return the rows of a folder's ``LICENSES.tsv`` by font file; empty where there is none.

    Raises:
        InputError: it is not UTF-8, or lacks the columns font and licence.
    """
    table = folder / "LICENSES.tsv"
    if not table.is_file():
        return {}
    try:
        with table.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            if lacked := {"font", "licence"} - set(rows.fieldnames or ()):
                found = " ".join(rows.fieldnames or ()) or "nothing"
                raise InputError(f"expected a table with the columns font and licence, found {found!r}: no {lacked.pop()}", str(table))
            return {row["font"]: row for row in rows if row["font"]}
    except UnicodeDecodeError as error:
        raise InputError(f"expected a table in UTF-8, received something else ({error})", str(table)) from None

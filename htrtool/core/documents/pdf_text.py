"""The invisible text of a PDF page, and the font without shapes that it is set in."""

from __future__ import annotations

import functools
import io
import math

import numpy as np
from pikepdf import Array, Dictionary, Name, Object, Pdf

from htrtool.core.documents.pdf_invisible import INVISIBLE
from htrtool.core.page import Page, PageLine

# Of the font, in thousandths of its size: how wide every character is, and how far it reaches up and down.
ADVANCE, ASCENT, DESCENT = 500, 750, -250
# Of the font's size; where a gap is wider, pdftotext and others take what follows for another column.
WIDEST_GAP = 0.5


class LayerFont:
    """A font in a document whose characters have a size and no shape, whatever they are.

    ``object`` is what pages name in their resources. Characters get codes as they occur; ``finish`` writes down which
    they stand for, so that text can be searched and copied in any script.
    """

    def __init__(self, pdf: Pdf):
        self._pdf = pdf
        self._codes: dict[str, int] = {}
        program = glyphless_font()
        descriptor = Dictionary(
            Type=Name.FontDescriptor,
            FontName=Name.HtrInvisible,
            # Of fixed pitch, and with an encoding of its own.
            Flags=5,
            FontBBox=Array([0, DESCENT, ADVANCE, ASCENT]),
            ItalicAngle=0,
            Ascent=ASCENT,
            Descent=DESCENT,
            CapHeight=ASCENT,
            StemV=80,
            FontFile2=pdf.make_stream(program, Length1=len(program)),
        )
        self._glyphs = Dictionary(
            Type=Name.Font,
            Subtype=Name.CIDFontType2,
            BaseFont=Name.HtrInvisible,
            CIDSystemInfo=Dictionary(Registry=b"Adobe", Ordering=b"Identity", Supplement=0),
            DW=ADVANCE,
            FontDescriptor=pdf.make_indirect(descriptor),
        )
        self._glyphs = pdf.make_indirect(self._glyphs)
        self.object: Object = pdf.make_indirect(
            Dictionary(
                Type=Name.Font,
                Subtype=Name.Type0,
                BaseFont=Name.HtrInvisible,
                Encoding=Name("/Identity-H"),
                DescendantFonts=Array([self._glyphs]),
            )
        )

    def encode(self, text: str) -> str:
        """Return text as a hexadecimal string of PDF."""
        return "<" + "".join(f"{self._codes.setdefault(c, len(self._codes) + 1):04X}" for c in text) + ">"

    def finish(self) -> None:
        """Write down which characters the codes used so far stand for."""
        self._glyphs.CIDToGIDMap = self._pdf.make_stream(b"\0\1" * (len(self._codes) + 1))
        self.object.ToUnicode = self._pdf.make_stream(_to_unicode(self._codes))


def _to_unicode(codes: dict[str, int]) -> bytes:
    rows = [f"<{code:04X}> <{c.encode('utf-16-be', 'replace').hex().upper()}>" for c, code in codes.items()]
    lines = [
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        "/CMapName /HtrInvisible def /CMapType 2 def",
        "1 begincodespacerange <0000> <FFFF> endcodespacerange",
    ]
    # No more than 100 are allowed at once.
    for start in range(0, len(rows), 100):
        part = rows[start : start + 100]
        lines += [f"{len(part)} beginbfchar", *part, "endbfchar"]
    lines.append("endcmap CMapName currentdict /CMap defineresource pop end end")
    return "\n".join(lines).encode("ascii")


@functools.cache
def glyphless_font() -> bytes:
    """Return a TrueType font with one glyph beside the obligatory one; it covers no ground, but has a size.

    PDFium passes over characters of no width or height when it looks for text.
    """
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    pen.moveTo((0, DESCENT))
    pen.lineTo((ADVANCE, ASCENT))
    pen.closePath()
    glyph = pen.glyph()
    names = [".notdef", "hairline"]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({})
    builder.setupGlyf({name: glyph for name in names})
    builder.setupHorizontalMetrics({name: (ADVANCE, 0) for name in names})
    builder.setupHorizontalHeader(ascent=ASCENT, descent=DESCENT)
    builder.setupNameTable({"familyName": "HtrInvisible", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=ASCENT, sTypoDescender=DESCENT)
    builder.setupPost()
    builder.updateHead(created=0, modified=0)
    builder.font.recalcTimestamp = False
    stream = io.BytesIO()
    builder.save(stream)
    return stream.getvalue()


def text_layer(page: Page, font: LayerFont, name: Name, matrix: np.ndarray) -> bytes:
    """Return the content that sets a page's words, each as wide as it stands there, on its own baseline.

    Args:
        name: of the font in the page's resources.
        matrix: (2, 3), from pixels of the page that was read to the PDF page's own units.
    """
    parts = ["q"]
    for line in page.lines:
        if not line.words:
            continue
        parts.append(f"BT {INVISIBLE} Tr")
        run = line.place.rails[1, -1] - line.place.rails[1, 0]
        if -run[0] > abs(run[1]):
            parts += [_in_one_piece(line, font, name, matrix), "ET"]
            continue
        for word, after in zip(line.words, [*line.words[1:], None]):
            shares = (word.start, word.end, word.end if after is None else after.start)
            start, end, next_start = (matrix[:, :2] @ line.place.at(share)[1] + matrix[:, 2] for share in shares)
            upper, _, lower = line.place.at((word.start + word.end) / 2) @ matrix[:, :2].T
            size = max(math.dist(upper, lower), 1.0)
            run = end - start
            length = max(math.hypot(*run), 0.1)
            cosine, sine = run / length if np.any(run) else (1.0, 0.0)
            gap = math.dist(end, next_start)
            length += max(0.0, gap - WIDEST_GAP * size)
            numbers = (cosine, sine, -sine, cosine, *start)
            parts.append(f"{' '.join(f'{number:.4f}' for number in numbers)} Tm {name} {size:.2f} Tf")
            parts.append(_stretched(word.text, length, size, font))
            if after is not None:
                parts.append(_stretched(" ", min(max(gap, 0.1), WIDEST_GAP * size), size, font))
        parts.append("ET")
    parts.append("Q\n")
    return "\n".join(parts).encode("ascii")


def _in_one_piece(line: PageLine, font: LayerFont, name: Name, matrix: np.ndarray) -> str:
    """Return the operators that set a line at once, its characters all of one width: each word begins where it stands.

    PDFium, in Chrome, puts pieces that stand side by side in order from left to right, whichever way they run.
    """
    words = line.words
    starts, ends = (
        np.array([matrix[:, :2] @ line.place.at(share)[1] + matrix[:, 2] for share in shares])
        for shares in ([word.start for word in words], [word.end for word in words])
    )
    upper, _, lower = line.place.at((words[0].start + words[-1].end) / 2) @ matrix[:, :2].T
    size = max(math.dist(upper, lower), 1.0)
    length = max(math.dist(starts[0], ends[-1]), 0.1)
    run = matrix[:, :2] @ (line.place.rails[1, -1] - line.place.rails[1, 0])
    cosine, sine = run / math.hypot(*run)
    width = length / len(" ".join(word.text for word in words))
    pieces, place = [], 0.0
    for word, start in zip(words, (starts - starts[0]) @ (cosine, sine)):
        if pieces:
            # In thousandths of the font's size, stretched like the characters: farther on where it is below 0.
            step = min(start - place, WIDEST_GAP * size)
            pieces.append(f"{-step / width * ADVANCE:.0f}")
            place += step
        text = word.text if word is words[-1] else f"{word.text} "
        pieces.append(font.encode(text))
        place += len(text) * width
    numbers = (cosine, sine, -sine, cosine, *starts[0])
    stretch = 100 * width / (size * ADVANCE / 1000)
    return f"{' '.join(f'{number:.4f}' for number in numbers)} Tm {name} {size:.2f} Tf {stretch:.2f} Tz [{' '.join(pieces)}] TJ"


def _stretched(text: str, length: float, size: float, font: LayerFont) -> str:
    """Return the operators that set a text as long as it shall be."""
    natural = len(text) * size * ADVANCE / 1000
    return f"{100 * length / natural:.2f} Tz {font.encode(text)} Tj"

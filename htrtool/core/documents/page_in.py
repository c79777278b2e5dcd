"""PAGE XML, 2010 to 2019, in: https://ocr-d.de/en/gt-guidelines/pagexml/pagecontent_xsd_Complete_2019_xsd.html"""

from __future__ import annotations

import itertools
import math
import re
import unicodedata

from htrtool.core.documents.xml_elements import (
    Element,
    Point,
    XmlLine,
    XmlPage,
    children_of,
    number_of,
    points_of,
    quarters_of,
    ranks_of,
    share_of,
    tag_of,
)

# What Transkribus notes of an element in its attribute custom: its place, and tags of passages.
_PLACE = re.compile(r"\breadingOrder\s*\{\s*index\s*:\s*(\d+)")
_TAGS = re.compile(r"\b(unclear|gap)\s*\{|\b(strikethrough)\s*:\s*true")


def page_of(page: Element) -> XmlPage:
    """Return what a ``Page`` of a PAGE document tells."""
    found = XmlPage(page.get("imageFilename") or "", number_of(page.get("imageWidth")), number_of(page.get("imageHeight")))
    language = page.get("primaryLanguage")

    ranks = ranks_of(page, "regionRef")

    def walk(element: Element, language: str | None, orientation: str | None) -> None:
        lines = []
        for child in sorted(element, key=lambda child: (ranks.get(child.get("id") or "", len(ranks)), _place(child))):
            spoken = child.get("primaryLanguage") or language
            if tag_of(child) == "TextLine":
                lines.append(_line(child, spoken, quarters_of(orientation)))
                found.lines.append(lines[-1])
            else:
                walk(child, spoken, child.get("orientation") or orientation)
        if lines and not any(line.text for line in lines):
            rows = [row for row in (page_text(element) or "").splitlines() if row.strip()]
            if len(rows) == len(lines):
                for line, row in zip(lines, rows):
                    line.text = row.strip()

    walk(page, language, None)
    return found


def _place(element: Element) -> float:
    """Return the place among its neighbours that Transkribus notes of an element, infinite where it notes none."""
    found = _PLACE.search(element.get("custom") or "")
    return int(found[1]) if found else math.inf


def _line(line: Element, language: str | None, quarters: int) -> XmlLine:
    def outline(tag: str) -> list[Point] | None:
        element = next(children_of(line, tag), None)
        if element is None:
            return None
        if element.get("points"):
            return points_of(element.get("points"))
        return [(number_of(p.get("x")), number_of(p.get("y"))) for p in children_of(element, "Point")] or None

    tags = frozenset(filter(None, itertools.chain.from_iterable(_TAGS.findall(line.get("custom") or ""))))
    return XmlLine(
        line.get("id") or "", outline("Coords"), outline("Baseline"), page_text(line), language, _conf(line), line, tags, quarters
    )


def _readings(line: Element) -> list[Element]:
    return sorted(children_of(line, "TextEquiv"), key=lambda element: number_of(element.get("index")))


def page_text(element: Element) -> str | None:
    """Return the first reading of a line or region that says anything; of its words, or of their letters, if it has none itself."""
    own = None
    for reading in _readings(element):
        for tag in ("Unicode", "PlainText"):
            for child in children_of(reading, tag):
                own = unicodedata.normalize("NFC", child.text or "")
                if own.strip():
                    return own
    words = (page_text(word) for word in children_of(element, "Word"))
    letters = (page_text(glyph) for glyph in children_of(element, "Glyph"))
    return " ".join(filter(None, words)) or "".join(filter(None, letters)) or own


def _conf(line: Element) -> float | None:
    return next((share_of(element.get("conf")) for element in _readings(line)[:1]), None)

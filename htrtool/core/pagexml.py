"""ALTO (versions 2 to 4) and PAGE XML (2010 to 2019) in: the lines of a page with outline, baseline and text.

https://www.loc.gov/standards/alto/ and https://ocr-d.de/en/gt-guidelines/pagexml/pagecontent_xsd_Complete_2019_xsd.html
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from htrtool.core.errors import InputError

Point = tuple[float, float]
HEAD = 4096
_ROOT = re.compile(rb"<(?:[\w.-]+:)?(alto|PcGts)[\s>/]")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE]-?\d+)?")


@dataclass
class XmlLine:
    """A line as the file has it; the points are in the file's units."""

    name: str
    polygon: list[Point] | None
    baseline: list[Point] | None
    text: str | None
    language: str | None = None


@dataclass
class XmlPage:
    """A page of an ALTO or PAGE file: the name of its image, its size in the file's units (0: not told), its lines."""

    image: str
    width: float
    height: float
    in_pixels: bool = True
    lines: list[XmlLine] = field(default_factory=list)


def is_page_xml(path: Path) -> bool:
    """Tell whether a file is ALTO or PAGE XML, by its first element."""
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD)
    except OSError:
        return False
    return _ROOT.search(head.replace(b"\0", b"")) is not None


def parse_pages(path: Path) -> list[XmlPage]:
    """Parse an ALTO or PAGE file; ALTO may hold several pages.

    Raises:
        InputError: it can't be read, is not well-formed, or is neither ALTO nor PAGE.
    """
    try:
        root = fromstring(path.read_bytes(), forbid_dtd=False)
    except OSError as error:
        raise InputError(f"can't read it: {error.strerror}", str(path)) from None
    except (ParseError, DefusedXmlException, ValueError) as error:
        wanted = "expected well-formed ALTO or PAGE XML without entities of its own"
        raise InputError(f"{wanted}, received other: {error}", str(path)) from None
    kind = _tag(root)
    if kind == "alto":
        return _alto(root)
    if kind == "PcGts":
        return [_page(page) for page in _children(root, "Page")]
    raise InputError(f"expected ALTO or PAGE XML, received the root element {kind!r}", str(path))


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _children(element: Element, tag: str) -> Iterator[Element]:
    return (child for child in element if _tag(child) == tag)


def _all(element: Element, tag: str) -> Iterator[Element]:
    return (child for child in element.iter() if _tag(child) == tag)


def _points(text: str | None) -> list[Point] | None:
    """Parse ``x,y x,y`` or ``x y x y``."""
    numbers = [float(number) for number in _NUMBER.findall(text or "")]
    return list(zip(numbers[::2], numbers[1::2])) or None


def _float(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def _page(page: Element) -> XmlPage:
    found = XmlPage(page.get("imageFilename") or "", _float(page.get("imageWidth")), _float(page.get("imageHeight")))
    language = page.get("primaryLanguage")

    def walk(element: Element, language: str | None) -> None:
        for child in element:
            if _tag(child) == "TextLine":
                found.lines.append(_page_line(child, child.get("primaryLanguage") or language))
            else:
                walk(child, child.get("primaryLanguage") or language)

    walk(page, language)
    return found


def _page_line(line: Element, language: str | None) -> XmlLine:
    def outline(tag: str) -> list[Point] | None:
        element = next(_children(line, tag), None)
        if element is None:
            return None
        if element.get("points"):
            return _points(element.get("points"))
        return [(_float(p.get("x")), _float(p.get("y"))) for p in _children(element, "Point")] or None

    return XmlLine(line.get("id") or "", outline("Coords"), outline("Baseline"), _page_text(line), language)


def _page_text(line: Element) -> str | None:
    """Return the first of the line's readings; of its words if it has none itself."""
    readings = sorted(_children(line, "TextEquiv"), key=lambda element: _float(element.get("index")))
    for reading in readings:
        for unicode in _children(reading, "Unicode"):
            return unicodedata.normalize("NFC", unicode.text or "")
    words = [text for word in _children(line, "Word") if (text := _page_text(word))]
    return " ".join(words) or None


def _alto(root: Element) -> list[XmlPage]:
    unit = next((element.text or "" for element in _all(root, "MeasurementUnit")), "pixel").strip()
    image = next((element.text or "" for element in _all(root, "fileName")), "").strip()
    pages = []
    for page in _all(root, "Page"):
        found = XmlPage(image, _float(page.get("WIDTH")), _float(page.get("HEIGHT")), unit in ("pixel", ""))
        language = page.get("LANG") or page.get("language")
        for block in _all(page, "TextBlock"):
            in_block = block.get("LANG") or block.get("language") or language
            for line in _children(block, "TextLine"):
                found.lines.append(_alto_line(line, line.get("LANG") or in_block))
        pages.append(found)
    return pages


def _alto_line(line: Element, language: str | None) -> XmlLine:
    left, top, width, height = (_float(line.get(name)) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
    polygon = None
    for shape in _children(line, "Shape"):
        for element in _children(shape, "Polygon"):
            polygon = _points(element.get("POINTS"))
    if polygon is None and width > 0 and height > 0:
        polygon = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
    baseline = _points(line.get("BASELINE"))
    if baseline is None and (single := _NUMBER.fullmatch((line.get("BASELINE") or "").strip())) and width > 0:
        # Up to version 4.0 the baseline is a single height.
        baseline = [(left, float(single[0])), (left + width, float(single[0]))]
    return XmlLine(line.get("ID") or "", polygon, baseline, _alto_text(line), language)


def _alto_text(line: Element) -> str | None:
    """Join the strings of a line: as its spaces say or, if it has none, with a space between every two."""
    pieces = [(_tag(element), element.get("CONTENT")) for element in line]
    if not any(tag == "String" for tag, _ in pieces):
        return None
    spaced = any(tag == "SP" for tag, _ in pieces)
    text = ""
    for tag, content in pieces:
        if tag == "String":
            text += (" " if text and not spaced else "") + (content or "")
        elif tag == "SP":
            text += " "
        elif tag == "HYP":
            text += content or "-"
    return unicodedata.normalize("NFC", text.strip())

"""ALTO (versions 2 to 4) and PAGE XML (2010 to 2019) in: the lines of a page with outline, baseline and text.

https://www.loc.gov/standards/alto/ and https://ocr-d.de/en/gt-guidelines/pagexml/pagecontent_xsd_Complete_2019_xsd.html
"""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Iterator

from lxml import etree

from htrtool.core.documents.origin import origin_in
from htrtool.core.errors import InputError, unreadable
from htrtool.core.kinds import PAGE_XML

Point = tuple[float, float]
Element = etree._Element
HEAD = 4096
FARTHEST = 1e7
"""What is farther off than this, in whatever unit, is on no page."""
# What Transkribus notes of an element in its attribute custom: its place, and tags of passages.
_PLACE = re.compile(r"\breadingOrder\s*\{\s*index\s*:\s*(\d+)")
_TAGS = re.compile(r"\b(unclear|gap)\s*\{|\b(strikethrough)\s*:\s*true")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE]-?\d+)?")


@dataclass
class XmlLine:
    """A line as the file has it; the points are in the file's units.

    ``tags`` says of which kinds passages of the text are: ``unclear``, ``gap`` (not read) or ``strikethrough``.
    """

    name: str
    polygon: list[Point] | None
    baseline: list[Point] | None
    text: str | None
    language: str | None
    conf: float | None
    element: Element
    tags: frozenset[str] = frozenset()


@dataclass
class XmlPage:
    """A page of an ALTO or PAGE file: the name of its image, its size in the file's units (0: not told), its lines.

    The lines are in the order in which the file says that they are read. ``origin`` is the path from the file's folder
    to what htr read it from, if that is noted.
    """

    image: str
    width: float
    height: float
    in_pixels: bool = True
    lines: list[XmlLine] = field(default_factory=list)
    origin: str | None = None


def is_page_xml(path: Path) -> bool:
    """Tell whether a file is ALTO or PAGE XML, by its first element."""
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD)
    except OSError:
        return False
    return PAGE_XML.search(head.replace(b"\0", b"")) is not None


def parse_pages(path: Path) -> list[XmlPage]:
    """Parse an ALTO or PAGE file; ALTO may hold several pages.

    Raises:
        InputError: it can't be read, is not well-formed, or is neither ALTO nor PAGE.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(error, path) from None
    return pages_in(parse_tree(content, str(path)), str(path))


def parse_tree(content: bytes, source: str) -> etree._ElementTree:
    """Parse XML that may be hostile: nothing is fetched, and entities that it defines are not even looked at.

    Raises:
        InputError: it is not well-formed, or defines entities.
    """
    wanted = "expected well-formed ALTO or PAGE XML without entities of its own"
    if b"<!ENTITY" in content.replace(b"\0", b""):
        raise InputError(f"{wanted}, found <!ENTITY: write out what they stand for", source)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, strip_cdata=False)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InputError(f"{wanted}, received other: {error}", source) from None
    return root.getroottree()


def pages_in(tree: etree._ElementTree, source: str) -> list[XmlPage]:
    """Return the pages of an ALTO or PAGE document.

    Raises:
        InputError: it is neither.
    """
    root = tree.getroot()
    kind = tag_of(root)
    if kind not in ("alto", "PcGts"):
        raise InputError(f"expected ALTO or PAGE XML, received the root element {kind!r}", source)
    pages = _alto(root) if kind == "alto" else [_page(page) for page in children_of(root, "Page")]
    origin = origin_in(tree)
    return [replace(page, origin=origin) for page in pages]


def tag_of(element: Element) -> str:
    """Return an element's name without its namespace; nothing for a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def children_of(element: Element, tag: str) -> Iterator[Element]:
    """Yield the children of an element that have a name, whatever their namespace."""
    return (child for child in element if tag_of(child) == tag)


def all_of(element: Element, tag: str) -> Iterator[Element]:
    """Yield the elements that have a name, whatever their namespace, from an element downwards."""
    return (child for child in element.iter() if tag_of(child) == tag)


def _points(text: str | None) -> list[Point] | None:
    """Parse ``x,y x,y`` or ``x y x y``."""
    numbers = [float(number) for number in _NUMBER.findall(text or "")]
    if any(abs(number) > FARTHEST for number in numbers):
        return None
    return list(zip(numbers[::2], numbers[1::2])) or None


def _float(text: str | None) -> float:
    try:
        number = float(text or 0)
    except ValueError:
        return 0.0
    return number if abs(number) <= FARTHEST else 0.0


def _share(text: str | None) -> float | None:
    """Return a confidence, None where none is told, or one that is none: some tools write percents."""
    try:
        share = float(text or "nan")
    except ValueError:
        return None
    return share if 0 <= share <= 1 else None


def _page(page: Element) -> XmlPage:
    found = XmlPage(page.get("imageFilename") or "", _float(page.get("imageWidth")), _float(page.get("imageHeight")))
    language = page.get("primaryLanguage")

    ranks = _ranks(page, "regionRef")

    def walk(element: Element, language: str | None) -> None:
        lines = []
        for child in sorted(element, key=lambda child: (ranks.get(child.get("id") or "", len(ranks)), _place(child))):
            if tag_of(child) == "TextLine":
                lines.append(_page_line(child, child.get("primaryLanguage") or language))
                found.lines.append(lines[-1])
            else:
                walk(child, child.get("primaryLanguage") or language)
        if lines and not any(line.text for line in lines):
            rows = [row for row in (page_text(element) or "").splitlines() if row.strip()]
            if len(rows) == len(lines):
                for line, row in zip(lines, rows):
                    line.text = row.strip()

    walk(page, language)
    return found


def _place(element: Element) -> float:
    """Return the place among its neighbours that Transkribus notes of an element, infinite where it notes none."""
    found = _PLACE.search(element.get("custom") or "")
    return int(found[1]) if found else math.inf


def _ranks(holder: Element, reference: str) -> dict[str, int]:
    """Return the places of what a ``ReadingOrder`` in an element refers to, by the name of that attribute; all else comes last."""
    ranks: dict[str, int] = {}

    def walk(group: Element) -> None:
        for child in sorted(group, key=lambda child: _float(child.get("index"))):
            if name := child.get(reference):
                ranks.setdefault(name, len(ranks))
            walk(child)

    for order in children_of(holder, "ReadingOrder"):
        walk(order)
    return ranks


def _page_line(line: Element, language: str | None) -> XmlLine:
    def outline(tag: str) -> list[Point] | None:
        element = next(children_of(line, tag), None)
        if element is None:
            return None
        if element.get("points"):
            return _points(element.get("points"))
        return [(_float(p.get("x")), _float(p.get("y"))) for p in children_of(element, "Point")] or None

    tags = frozenset(filter(None, itertools.chain.from_iterable(_TAGS.findall(line.get("custom") or ""))))
    return XmlLine(line.get("id") or "", outline("Coords"), outline("Baseline"), page_text(line), language, _page_conf(line), line, tags)


def _readings(line: Element) -> list[Element]:
    return sorted(children_of(line, "TextEquiv"), key=lambda element: _float(element.get("index")))


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


def _page_conf(line: Element) -> float | None:
    return next((_share(element.get("conf")) for element in _readings(line)[:1]), None)


def _alto(root: Element) -> list[XmlPage]:
    unit = next((element.text or "" for element in all_of(root, "MeasurementUnit")), "pixel").strip()
    image = next((element.text or "" for element in all_of(root, "fileName")), "").strip()
    ranks = _ranks(root, "REF")

    def rank(line: Element) -> int:
        """Return the place of a line: its own, or that of the smallest block around it that has one."""
        places = (ranks.get(element.get("ID") or "") for element in (line, *line.iterancestors()))
        return next((place for place in places if place is not None), len(ranks))

    pages = []
    for page in all_of(root, "Page"):
        found = XmlPage(image, _float(page.get("WIDTH")), _float(page.get("HEIGHT")), unit in ("pixel", ""))
        language = page.get("LANG") or page.get("language")
        for block in all_of(page, "TextBlock"):
            in_block = block.get("LANG") or block.get("language") or language
            for line in children_of(block, "TextLine"):
                found.lines.append(_alto_line(line, line.get("LANG") or in_block))
        found.lines.sort(key=lambda line: rank(line.element))
        pages.append(found)
    return pages


def _alto_line(line: Element, language: str | None) -> XmlLine:
    left, top, width, height = _alto_box(line)
    if not (width > 0 and height > 0):
        boxes = [box for box in map(_alto_box, children_of(line, "String")) if box[2] > 0 and box[3] > 0]
        if boxes:
            left, top = (min(box[side] for box in boxes) for side in (0, 1))
            width, height = (max(box[side] + box[side + 2] for box in boxes) - (left, top)[side] for side in (0, 1))
    polygon = None
    for shape in children_of(line, "Shape"):
        for element in children_of(shape, "Polygon"):
            polygon = _points(element.get("POINTS"))
    baseline = _points(line.get("BASELINE"))
    # Where eScriptorium knows no outline, the box that it writes is that of the baseline.
    rise = max(y for _, y in baseline) - min(y for _, y in baseline) if baseline else 0
    if polygon is None and width > 0 and height > (1.5 * rise + 1 if baseline else 0):
        polygon = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
    if baseline is None and (single := _NUMBER.fullmatch((line.get("BASELINE") or "").strip())) and width > 0:
        # Up to version 4.0 the baseline is a single height.
        baseline = [(left, float(single[0])), (left + width, float(single[0]))]
    return XmlLine(line.get("ID") or "", polygon, baseline, _alto_text(line), language, _alto_conf(line), line)


def _alto_box(element: Element) -> tuple[float, float, float, float]:
    return tuple(_float(element.get(name)) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))


def _alto_text(line: Element) -> str | None:
    """Join the strings of a line: as its spaces say or, if it has none, with a space between every two."""
    pieces = [(tag_of(element), element.get("CONTENT")) for element in line]
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


def _alto_conf(line: Element) -> float | None:
    """Return the mean of the words' confidences, each counted by the word's length."""
    words = [(_share(word.get("WC")), len(word.get("CONTENT") or "")) for word in children_of(line, "String")]
    told = [(conf, count) for conf, count in words if conf is not None]
    length = sum(count for _, count in told)
    return sum(conf * count for conf, count in told) / length if length else None

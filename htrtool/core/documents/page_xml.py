"""PAGE XML of 2019-07-15 out, https://ocr-d.de/en/gt-guidelines/trans/, as Transkribus and eScriptorium read it."""

from __future__ import annotations

import os
import re
import unicodedata
from datetime import datetime, timezone

import numpy as np
from lxml import etree

from htrtool import __version__
from htrtool.core.documents.blocks import outline_of, turned_blocks_of
from htrtool.core.documents.markup import XSI, add, points, share, to_bytes
from htrtool.core.documents.page_in import page_text
from htrtool.core.documents.xml_elements import children_of, tag_of
from htrtool.core.page import Page, PageLine
from htrtool.core.place import Place

NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
BEFORE_WORDS = ("AlternativeImage", "Coords", "Baseline")
# What the attribute custom notes of a passage of the text, by where that begins.
_OF_PASSAGE = re.compile(r"[\w-]+\s*\{[^{}]*\boffset\s*:[^{}]*\}\s*")


def page_xml(page: Page, image: str, model: str) -> bytes:
    """Return a page as a PAGE XML document.

    Args:
        image: the name of the page's picture, as the document gives it.
        model: the name of the model that read it.
    """
    root = etree.Element(f"{{{NAMESPACE}}}PcGts", nsmap={None: NAMESPACE, "xsi": XSI})
    root.set(f"{{{XSI}}}schemaLocation", f"{NAMESPACE} {NAMESPACE}/pagecontent.xsd")
    metadata = add(root, "Metadata")
    add(metadata, "Creator", f"htr {__version__}")
    for tag in ("Created", "LastChange"):
        add(metadata, tag, _now())
    add(metadata, "MetadataItem", type="processingStep", name="recognition", value=f"htr {__version__}, model {model}")
    width, height = page.size
    sheet = add(root, "Page", imageFilename=image, imageWidth=width, imageHeight=height)
    blocks = turned_blocks_of(page)
    if blocks:
        order = add(add(sheet, "ReadingOrder"), "OrderedGroup", id="reading_order")
        for index in range(len(blocks)):
            add(order, "RegionRefIndexed", index=index, regionRef=f"region_{index + 1}")
    for index, (block, angle) in enumerate(blocks):
        region = add(sheet, "TextRegion", id=f"region_{index + 1}", custom=f"readingOrder {{index:{index};}}")
        if angle:
            region.set("orientation", str(angle))
        _outline(region, outline_of(block))
        for within, line in enumerate(block):
            name = f"line_{line.number}"
            element = add(region, "TextLine", id=name, custom=f"readingOrder {{index:{within};}}")
            _outline(element, line.place.polygon)
            if line.place.baseline is not None:
                add(element, "Baseline", points=points(line.place.baseline, ","))
            fill_line(element, line, line.place)
        _equivalent(region, "\n".join(line.reading.text for line in block))
    etree.indent(root)
    return to_bytes(root.getroottree())


def _now() -> str:
    # https://reproducible-builds.org/specs/source-date-epoch/
    try:
        moment = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), timezone.utc)
    except (KeyError, ValueError, OverflowError, OSError):
        moment = datetime.now(timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def fill_line(element: etree._Element, line: PageLine | None, place: Place) -> None:
    """Put what was read of a line into a TextLine, in the place of the text that it has, and of tags of passages of another text.

    Args:
        line: None for one that is to have no text.
        place: where the line stands in the pixels that the document counts in.
    """
    text = unicodedata.normalize("NFC", line.reading.text) if line else None
    if "custom" in element.attrib and page_text(element) != text:
        element.set("custom", _OF_PASSAGE.sub("", element.get("custom")).strip())
    for tag in ("Word", "TextEquiv"):
        for child in list(children_of(element, tag)):
            element.remove(child)
    if line is None:
        return
    # Words and text stand before styles and labels.
    after = [child for child in element if tag_of(child) and tag_of(child) not in BEFORE_WORDS]
    name = element.get("id") or f"line_{line.number}"
    outline = _outline_of_points if _has_points(element) else _outline
    for index, word in enumerate(line.words, 1):
        part = add(element, "Word", id=f"{name}_word_{index}")
        outline(part, place.part(word.start, word.end))
        for number, glyph in enumerate(word.glyphs, 1):
            sign = add(part, "Glyph", id=f"{name}_word_{index}_glyph_{number}")
            outline(sign, place.part(glyph.start, glyph.end))
            _equivalent(sign, glyph.text, glyph.conf)
        _equivalent(part, word.text, word.conf)
    _equivalent(element, line.reading.text, line.reading.conf)
    element.extend(after)


def _outline(element: etree._Element, outline: np.ndarray) -> None:
    add(element, "Coords", points=points(outline, ","))


def _has_points(element: etree._Element) -> bool:
    """Tell whether the outline of a line has an element a point, as in PAGE of 2010."""
    coords = next(children_of(element, "Coords"), None)
    return coords is not None and next(children_of(coords, "Point"), None) is not None


def _outline_of_points(element: etree._Element, outline: np.ndarray) -> None:
    coords = add(element, "Coords")
    for x, y in outline.tolist():
        add(coords, "Point", x=x, y=y)


def _equivalent(element: etree._Element, text: str, conf: float | None = None) -> None:
    equivalent = add(element, "TextEquiv", **({} if conf is None else {"conf": share(conf)}))
    add(equivalent, "Unicode", text)

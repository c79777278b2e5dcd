"""ALTO 4.4 out, https://www.loc.gov/standards/alto/, as eScriptorium and kraken write and read it."""

from __future__ import annotations

import numpy as np
from lxml import etree

from htrtool import __version__
from htrtool.core.documents.blocks import outline_of, turned_blocks_of
from htrtool.core.documents.markup import XSI, add, points, share, to_bytes
from htrtool.core.documents.xml_elements import children_of
from htrtool.core.page import Page, PageLine
from htrtool.core.place import Place, box_of

NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"
SCHEMA = "http://www.loc.gov/standards/alto/v4/alto-4-4.xsd"
TEXT = ("String", "SP", "HYP")


def alto(page: Page, image: str, model: str) -> bytes:
    """Return a page as an ALTO document.

    Args:
        image: the name of the page's picture, as the document gives it.
        model: the name of the model that read it.
    """
    root = etree.Element(f"{{{NAMESPACE}}}alto", nsmap={None: NAMESPACE, "xsi": XSI})
    root.set(f"{{{XSI}}}schemaLocation", f"{NAMESPACE} {SCHEMA}")
    description = add(root, "Description")
    add(description, "MeasurementUnit", "pixel")
    add(add(description, "sourceImageInformation"), "fileName", image)
    step = add(description, "Processing", ID="htr")
    add(step, "processingCategory", "contentGeneration")
    add(step, "processingStepSettings", f"model {model}")
    software = add(step, "processingSoftware")
    add(software, "softwareName", "htr")
    add(software, "softwareVersion", __version__)
    width, height = page.size
    number = page.source.page
    sheet = add(
        add(root, "Layout"), "Page", ID=f"page_{number}", PHYSICAL_IMG_NR=number, WIDTH=width, HEIGHT=height,
        PROCESSINGREFS="htr",
    )  # fmt: skip
    space = add(sheet, "PrintSpace", HPOS=0, VPOS=0, WIDTH=width, HEIGHT=height)
    for index, (block, angle) in enumerate(turned_blocks_of(page), 1):
        parent = add(space, "TextBlock", ID=f"block_{index}", **_box(outline_of(block)))
        if angle:
            parent.set("ROTATION", str(angle))
        for line in block:
            element = add(parent, "TextLine", ID=f"line_{line.number}", **_box(line.place.polygon))
            if line.place.baseline is not None:
                element.set("BASELINE", points(line.place.baseline, " "))
            add(add(element, "Shape"), "Polygon", POINTS=points(line.place.polygon, " "))
            fill_line(element, line, line.place)
    etree.indent(root)
    return to_bytes(root.getroottree())


def fill_line(element: etree._Element, line: PageLine | None, place: Place) -> None:
    """Put what was read of a line into a TextLine, in the place of the text that it has.

    Args:
        line: None for one that is to have no text.
        place: where the line stands in the units of the document.
    """
    for tag in TEXT:
        for child in list(children_of(element, tag)):
            element.remove(child)
    words = line.words if line else []
    if not words:
        # A TextLine without a String would not be valid.
        add(element, "String", CONTENT="", **_box(place.polygon))
        return
    name = element.get("ID")
    with_glyphs = "ns-v4" in (etree.QName(element).namespace or "")
    before = None
    for index, word in enumerate(words, 1):
        if before is not None:
            add(element, "SP", **_box(place.part(before.end, word.start)))
        box = _box(place.part(word.start, word.end))
        string = add(element, "String", CONTENT=word.text, WC=share(word.conf), **box)
        if name:
            string.set("ID", f"{name}_string_{index}")
        for glyph in word.glyphs if with_glyphs else ():
            add(string, "Glyph", CONTENT=glyph.text, GC=share(glyph.conf), **_box(place.part(glyph.start, glyph.end)))
        before = word


def _box(outline: np.ndarray) -> dict[str, int]:
    return dict(zip(("HPOS", "VPOS", "WIDTH", "HEIGHT"), box_of(outline)))

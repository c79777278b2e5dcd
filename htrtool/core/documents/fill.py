"""What was read, filled into the ALTO or PAGE file that had the lines; all else in it stays as it was."""

from __future__ import annotations

from lxml import etree

from htrtool.core.documents import alto, page_xml
from htrtool.core.documents.markup import clean, indent_within
from htrtool.core.documents.xml_elements import children_of
from htrtool.core.page import Page

FILLERS = {"alto": alto.fill_line, "page": page_xml.fill_line}


def fill_page(page: Page) -> None:
    """Put what was read of a page into its document; lines left out lose their text, those that could not be read keep what they have."""
    document = page.source.document
    described = document.pages[page.source.page - 1]
    width, height = page.size
    across = described.width / width if described.width else 1.0
    down = described.height / height if described.height else 1.0
    regions: dict[etree._Element, None] = {}
    told = [(line, line) for line in page.lines] + [(line, None) for line in page.left_out]
    for line, shown in told:
        element = described.lines[line.number - 1].element
        FILLERS[document.kind](element, shown, line.place.scaled(across, down))
        indent_within(element)
        regions[element.getparent()] = None
    for region in regions:
        _refresh(region)


def _refresh(region: etree._Element) -> None:
    """Let a PAGE region's own text, if it has any, be that of its lines."""
    text = "\n".join(filter(None, map(_text, children_of(region, "TextLine"))))
    for equivalent in children_of(region, "TextEquiv"):
        for unicode in children_of(equivalent, "Unicode"):
            unicode.text = clean(text)
        for simpler in list(children_of(equivalent, "PlainText")):
            equivalent.remove(simpler)


def _text(line: etree._Element) -> str:
    equivalent = next(children_of(line, "TextEquiv"), None)
    unicode = None if equivalent is None else next(children_of(equivalent, "Unicode"), None)
    return "" if unicode is None else unicode.text or ""

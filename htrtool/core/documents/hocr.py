"""hOCR 1.2 out, http://kba.github.io/hocr-spec/1.2/, as OCRmyPDF and hocr-tools read it."""

from __future__ import annotations

import math

import numpy as np
from lxml import etree

from htrtool import __version__
from htrtool.core.documents.blocks import blocks_of, outline_of
from htrtool.core.documents.markup import add, points, to_bytes
from htrtool.core.page import Page, PageLine
from htrtool.core.place import box_of

NAMESPACE = "http://www.w3.org/1999/xhtml"
CAPABILITIES = "ocr_page ocr_carea ocr_par ocr_line ocrx_word ocrp_poly ocrp_wconf"


def hocr(page: Page, image: str, model: str) -> bytes:
    """Return a page as an hOCR document, which is XHTML.

    Args:
        image: the name of the page's picture, as the document gives it.
        model: the name of the model that read it.
    """
    root = etree.Element(f"{{{NAMESPACE}}}html", nsmap={None: NAMESPACE})
    head = add(root, "head")
    add(head, "title", image)
    add(head, "meta", **{"http-equiv": "Content-Type", "content": "text/html;charset=utf-8"})
    add(head, "meta", name="ocr-system", content=f"htr {__version__} {model}")
    add(head, "meta", name="ocr-capabilities", content=CAPABILITIES)
    add(head, "meta", name="ocr-number-of-pages", content=1)
    number = page.source.page
    width, height = page.size
    quoted = image.replace("\\", "\\\\").replace('"', '\\"')
    title = f'image "{quoted}"; bbox 0 0 {width} {height}; ppageno {number - 1}'
    sheet = add(add(root, "body"), "div", **_titled("ocr_page", f"page_{number}", title))
    for index, block in enumerate(blocks_of(page.lines), 1):
        title = _bbox(outline_of(block))
        area = add(sheet, "div", **_titled("ocr_carea", f"block_{number}_{index}", title))
        paragraph = add(area, "p", **_titled("ocr_par", f"par_{number}_{index}", title))
        for line in block:
            _line(paragraph, line, f"{number}_{line.number}")
    etree.indent(root)
    return to_bytes(root.getroottree())


def _line(parent: etree._Element, line: PageLine, name: str) -> None:
    place = line.place
    title = f"{_bbox(place.polygon)}; {_baseline(line)}x_wconf {_percent(line.reading.conf)}"
    title += f"; poly {points(place.polygon, ' ')}"
    element = add(parent, "span", **_titled("ocr_line", f"line_{name}", title))
    for index, word in enumerate(line.words, 1):
        title = f"{_bbox(place.part(word.start, word.end))}; x_wconf {_percent(word.conf)}"
        add(element, "span", word.text, **_titled("ocrx_word", f"word_{name}_{index}", title))


def _baseline(line: PageLine) -> str:
    """Return the straight line that comes nearest to the baseline, as seen from the box's lower left corner.

    Of a line that stands sideways or on its head, of which no such baseline can be told, it is the angle by which it is turned,
    counter-clockwise.
    """
    run = line.place.rails[1, -1] - line.place.rails[1, 0]
    if quarters := round(math.atan2(-run[1], run[0]) / (math.pi / 2)) % 4:
        return f"textangle {90 * quarters}; "
    if line.place.baseline is None:
        return ""
    left, top, _, height = box_of(line.place.polygon)
    xs, ys = (line.place.baseline - (left, top + height)).T
    slope, offset = np.polyfit(xs, ys, 1)
    return f"baseline {round(slope, 4) + 0.0:g} {math.floor(offset + 0.5)}; "


def _titled(kind: str, name: str, title: str) -> dict[str, str]:
    return {"class": kind, "id": name, "title": title}


def _bbox(outline: np.ndarray) -> str:
    left, top, width, height = box_of(outline)
    return f"bbox {left} {top} {left + width} {top + height}"


def _percent(conf: float) -> int:
    return round(100 * min(max(conf, 0.0), 1.0))

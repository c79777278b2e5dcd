"""ALTO, versions 2 to 4, in: https://www.loc.gov/standards/alto/"""

from __future__ import annotations

import unicodedata

from htrtool.core.documents.xml_elements import (
    NUMBER,
    Element,
    XmlLine,
    XmlPage,
    all_of,
    children_of,
    number_of,
    points_of,
    quarters_of,
    ranks_of,
    share_of,
    tag_of,
)


def alto_pages(root: Element) -> list[XmlPage]:
    """Return the pages of an ALTO document, given its first element."""
    unit = next((element.text or "" for element in all_of(root, "MeasurementUnit")), "pixel").strip()
    image = next((element.text or "" for element in all_of(root, "fileName")), "").strip()
    ranks = ranks_of(root, "REF")

    def rank(line: Element) -> int:
        """Return the place of a line: its own, or that of the smallest block around it that has one."""
        places = (ranks.get(element.get("ID") or "") for element in (line, *line.iterancestors()))
        return next((place for place in places if place is not None), len(ranks))

    pages = []
    for page in all_of(root, "Page"):
        found = XmlPage(image, number_of(page.get("WIDTH")), number_of(page.get("HEIGHT")), unit in ("pixel", ""))
        language = page.get("LANG") or page.get("language")
        for block in all_of(page, "TextBlock"):
            in_block = block.get("LANG") or block.get("language") or language
            quarters = quarters_of(block.get("ROTATION"))
            for line in children_of(block, "TextLine"):
                found.lines.append(_line(line, line.get("LANG") or in_block, quarters))
        found.lines.sort(key=lambda line: rank(line.element))
        pages.append(found)
    return pages


def _line(line: Element, language: str | None, quarters: int) -> XmlLine:
    left, top, width, height = _box(line)
    if not (width > 0 and height > 0):
        boxes = [box for box in map(_box, children_of(line, "String")) if box[2] > 0 and box[3] > 0]
        if boxes:
            left, top = (min(box[side] for box in boxes) for side in (0, 1))
            width, height = (max(box[side] + box[side + 2] for box in boxes) - (left, top)[side] for side in (0, 1))
    polygon = None
    for shape in children_of(line, "Shape"):
        for element in children_of(shape, "Polygon"):
            polygon = points_of(element.get("POINTS"))
    baseline = points_of(line.get("BASELINE"))
    # Where eScriptorium knows no outline, the box that it writes is that of the baseline.
    rise = max(y for _, y in baseline) - min(y for _, y in baseline) if baseline else 0
    if polygon is None and width > 0 and height > (1.5 * rise + 1 if baseline else 0):
        polygon = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
    if baseline is None and (single := NUMBER.fullmatch((line.get("BASELINE") or "").strip())) and width > 0:
        # Up to version 4.0 the baseline is a single height.
        baseline = [(left, float(single[0])), (left + width, float(single[0]))]
    return XmlLine(line.get("ID") or "", polygon, baseline, _text(line), language, _conf(line), line, quarters=quarters)


def _box(element: Element) -> tuple[float, float, float, float]:
    return tuple(number_of(element.get(name)) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))


def _text(line: Element) -> str | None:
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


def _conf(line: Element) -> float | None:
    """Return the mean of the words' confidences, each counted by the word's length."""
    words = [(share_of(word.get("WC")), len(word.get("CONTENT") or "")) for word in children_of(line, "String")]
    told = [(conf, count) for conf, count in words if conf is not None]
    length = sum(count for _, count in told)
    return sum(conf * count for conf, count in told) / length if length else None

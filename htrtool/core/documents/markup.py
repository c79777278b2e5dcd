"""What the XML formats have in common: elements, points, and bytes at the end."""

from __future__ import annotations

import re

import numpy as np
from lxml import etree

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def add(parent: etree._Element, tag: str, text: str | None = None, **attributes: object) -> etree._Element:
    """Append an element in the namespace of its parent; what XML can't hold in the text becomes U+FFFD."""
    element = etree.SubElement(parent, like(parent, tag), {name: clean(str(v)) for name, v in attributes.items()})
    if text is not None:
        element.text = clean(text)
    return element


def like(element: etree._Element, tag: str) -> str:
    """Return a tag in the namespace of an element."""
    namespace = etree.QName(element).namespace
    return f"{{{namespace}}}{tag}" if namespace else tag


def clean(text: str) -> str:
    """Return the text without the characters that XML can't hold."""
    return NOT_IN_XML.sub("\ufffd", text)


def points(values: np.ndarray, comma: str) -> str:
    """Return (points, 2) whole numbers as XML holds them, with ``comma`` between x and y."""
    return " ".join(f"{x}{comma}{y}" for x, y in values.tolist())


def share(value: float) -> str:
    """Return a confidence from 0 to 1 as it is written."""
    return f"{min(max(value, 0.0), 1.0):.3f}"


def to_bytes(tree: etree._ElementTree) -> bytes:
    """Return a document in UTF-8."""
    standalone = b' standalone="yes"' if tree.docinfo.standalone else b""
    declaration = b'<?xml version="1.0" encoding="UTF-8"' + standalone + b"?>\n"
    return declaration + etree.tostring(tree, encoding="UTF-8", xml_declaration=False) + b"\n"


def indent_within(element: etree._Element) -> None:
    """Indent what was put into an element as the file around it is."""
    before = element.getparent().text or ""
    if "\n" in before:
        depth = sum(1 for _ in element.iterancestors())
        inside = before.rpartition("\n")[2]
        even = inside and len(inside) % depth == 0
        etree.indent(element, space=inside[: len(inside) // depth] if even else "  ", level=depth)

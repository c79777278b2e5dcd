"""ALTO and PAGE XML in: the pages of a file, and their lines with outline, baseline and text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lxml import etree

from htrtool.core.documents.alto_in import alto_pages
from htrtool.core.documents.origin import origin_in
from htrtool.core.documents.page_in import page_of
from htrtool.core.documents.xml_elements import XmlPage, children_of, tag_of
from htrtool.core.errors import InputError, unreadable
from htrtool.core.kinds import PAGE_XML

HEAD = 4096
"""In how many of its first bytes the first element of such a file is looked for."""
_REMEDY = "give the page as one of these, or its image"
_OTHER_XML = {
    "mets": "METS, which only names the files of a document: give those, the ALTO or PAGE files or the images",
    "TEI": f"TEI, a text that names no lines on an image: {_REMEDY}",
}
"""What XML of other kinds that people have is called, by its root element, with the remedy."""


def is_page_xml(path: Path) -> bool:
    """Tell whether a file is ALTO or PAGE XML, by its first element; one that can't be read is none."""
    return _first_element(path) is not None


def is_alto(path: Path) -> bool:
    """Tell whether a file is ALTO XML, by its first element; one that can't be read is none."""
    return b"alto" in (_first_element(path) or b"")


def _first_element(path: Path) -> bytes | None:
    """Return how the first element of an ALTO or PAGE file begins, None of any other file, or one that can't be read."""
    try:
        with open(path, "rb") as file:
            found = PAGE_XML.search(file.read(HEAD).replace(b"\0", b""))
    except OSError:
        return None
    return found and found[0]


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
        received = _OTHER_XML.get(kind, f"the root element {kind!r}: {_REMEDY}")
        raise InputError(f"expected ALTO or PAGE XML, received {received}", source)
    pages = alto_pages(root) if kind == "alto" else [page_of(page) for page in children_of(root, "Page")]
    origin = origin_in(tree)
    return [replace(page, origin=origin) for page in pages]

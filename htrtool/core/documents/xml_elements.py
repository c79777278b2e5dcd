"""Elements of ALTO and PAGE XML, and what is taken from them: pages and their lines, points, numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Iterator

from lxml import etree

Point = tuple[float, float]
Element = etree._Element
FARTHEST = 1e7
"""What is farther off than this, in whatever unit, is on no page."""
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE]-?\d+)?")


@dataclass
class XmlLine:
    """A line as the file has it; the points are in the file's units.

    ``tags`` says of which kinds passages of the text are: ``unclear``, ``gap`` (not read) or ``strikethrough``; ``quarters`` by
    how many quarters clockwise the block around the line says that it must be turned to be upright, 0 to 3.
    """

    name: str
    polygon: list[Point] | None
    baseline: list[Point] | None
    text: str | None
    language: str | None
    conf: float | None
    element: Element
    tags: frozenset[str] = frozenset()
    quarters: int = 0


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


def tag_of(element: Element) -> str:
    """Return an element's name without its namespace; nothing for a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def children_of(element: Element, tag: str) -> Iterator[Element]:
    """Yield the children of an element that have a name, whatever their namespace."""
    return (child for child in element if tag_of(child) == tag)


def all_of(element: Element, tag: str) -> Iterator[Element]:
    """Yield the elements that have a name, whatever their namespace, from an element downwards."""
    return (child for child in element.iter() if tag_of(child) == tag)


def points_of(text: str | None) -> list[Point] | None:
    """Parse ``x,y x,y`` or ``x y x y``."""
    parts = [NUMBER.findall(part) for part in (text or "").split()]
    if "," in (text or "") and max(map(len, parts)) == 2:
        # One that lacks a number is left out, and changes no other.
        parts = [part for part in parts if len(part) == 2]
    numbers = [float(number) for part in parts for number in part]
    if any(abs(number) > FARTHEST for number in numbers):
        return None
    return list(zip(numbers[::2], numbers[1::2])) or None


def number_of(text: str | None) -> float:
    """Return a number, 0 where there is none, or one that is farther off than anything on a page."""
    try:
        number = float(text or 0)
    except ValueError:
        return 0.0
    return number if abs(number) <= FARTHEST else 0.0


def quarters_of(degrees: str | None) -> int:
    """Return the whole quarters in an angle, 0 to 3."""
    return round(number_of(degrees) / 90) % 4


def share_of(text: str | None) -> float | None:
    """Return a confidence, None where none is told, or one that is none: some tools write percents."""
    try:
        share = float(text or "nan")
    except ValueError:
        return None
    return share if 0 <= share <= 1 else None


def ranks_of(holder: Element, reference: str) -> dict[str, int]:
    """Return the places of what a ``ReadingOrder`` in an element refers to, by the name of that attribute; all else comes last."""
    ranks: dict[str, int] = {}

    def walk(group: Element) -> None:
        for child in sorted(group, key=lambda child: number_of(child.get("index"))):
            if name := child.get(reference):
                ranks.setdefault(name, len(ranks))
            walk(child)

    for order in children_of(holder, "ReadingOrder"):
        walk(order)
    return ranks

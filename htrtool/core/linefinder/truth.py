"""Pages with annotated lines, to train the line finder on: from ALTO or PAGE XML, or JSON with points in pixels."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterable, Iterator

import cv2
import numpy as np

from htrtool.core.documents.xml_image import image_of
from htrtool.core.documents.xml_in import is_alto, is_page_xml, parse_pages
from htrtool.core.errors import InputError
from htrtool.core.folders import folders_below, refuse_closed
from htrtool.core.ink import ink_map
from htrtool.core.layouts.annotations import Annotations, in_turn, named_like_pictures_first
from htrtool.core.layouts.base import load_image
from htrtool.core.layouts.xml import Described
from htrtool.core.medians import line_spacing
from htrtool.core.suffixes import image_names

if TYPE_CHECKING:
    from htrtool.core.documents.xml_elements import XmlLine
    from htrtool.core.layouts.base import LeftOut

TRAINING_SIDE = 1120
# Of the mean height at which a line's ink stands over its baseline, the height of its small letters.
X_HEIGHT_OF_MEAN = 1.4
# Of how far its outline reaches over its baseline, the least and the most.
LEAST_BODY, MOST_BODY, USUAL_BODY = 0.25, 0.8, 0.45
UPRIGHT = 1.0
USUAL_SPACING = 40.0


@dataclass
class LineTruth:
    """An annotated line, in pixels: its baseline, float (points, 2), its outline or None, the height of its letters."""

    baseline: np.ndarray
    polygon: np.ndarray | None
    x_height: float = 0.0

    @property
    def level(self) -> bool:
        """Whether the line runs more across than up or down."""
        across, down = np.abs(self.baseline[-1] - self.baseline[0])
        return bool(down <= UPRIGHT * across)

    @cached_property
    def body(self) -> np.ndarray:
        """The band from the baseline up to the height of small letters, as a polygon: float (2 points, 2)."""
        run = np.gradient(self.baseline, axis=0)
        run /= np.maximum(np.hypot(*run.T), 1e-9)[:, None]
        up = np.column_stack([run[:, 1], -run[:, 0]]) * self.x_height
        return np.concatenate([self.baseline, (self.baseline + up)[::-1]])


@dataclass
class PageTruth:
    """A page with its annotated lines, at most ``TRAINING_SIDE`` pixels on its longer side.

    ``pixels`` is (height, width) uint8, dark on light; ``unclaimed`` the ink that no line's outline covers, packed bits.
    """

    file: str
    group: str
    pixels: np.ndarray
    unclaimed: np.ndarray
    lines: list[LineTruth] = field(default_factory=list)

    def unclaimed_mask(self) -> np.ndarray:
        """Return the ink outside all outlines, uint8 (height, width) of 0 and 1."""
        return np.unpackbits(self.unclaimed, count=self.pixels.size).reshape(self.pixels.shape)

    @property
    def x_height(self) -> float:
        """The usual height of small letters, in pixels; 0 on an empty page."""
        return float(np.median([line.x_height for line in self.lines])) if self.lines else 0.0


def find_pages(operands: Iterable[str], left_out: Callable[[LeftOut], object] = lambda item: None) -> Iterator[Path]:
    """Yield the annotated pages that operands name, each once: files, and folders with all below them.

    Args:
        left_out: is told of an annotation of a page that was taken from another, as ``htr prep`` does.

    Raises:
        InputError: there is nothing of such a name, or a folder can't be opened.
    """
    annotations = Annotations()
    for operand in in_turn(operands):
        path = Path(operand)
        if path.is_dir():
            named = (folder / name for folder, names in folders_below(path, closed=refuse_closed) for name in named_like_pictures_first(names))
            found = sorted(filter(is_annotated_page, named), key=lambda file: file.suffix.lower() == ".xml" and is_alto(file))
        elif path.is_file():
            found = [path]
        else:
            raise InputError("expected a folder or file of annotated pages, found none", operand)
        taken = []
        for file in found:
            if refusal := _refusal(annotations, file):
                left_out(refusal)
            else:
                taken.append(file)
        yield from sorted(taken)


def _refusal(annotations: Annotations, path: Path) -> LeftOut | None:
    """Return why an annotated page is left out; what is wrong with one is told when it is loaded."""
    if path.suffix.lower() == ".json":
        image = picture_of_json(path)
        return image and annotations.refusal(path, image, None)
    try:
        (page,) = parse_pages(path)
        image, index = image_of(page, str(path), path.parent, trusted=True)
    except (InputError, ValueError):
        return None
    return annotations.refusal(path, image, index, is_blank=not any(line.baseline for line in page.lines))


def is_annotated_page(path: Path) -> bool:
    """Tell whether a file is ALTO or PAGE, or JSON that has lines or is broken, not what else is written beside such."""
    if path.suffix.lower() != ".json":
        return path.suffix.lower() == ".xml" and is_page_xml(path)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return True
    return isinstance(data, dict) and "lines" in data


def picture_of_json(path: Path) -> Path | None:
    """Return the picture of the same name beside a file, None if there is none."""
    return next((file for file in map(path.with_name, image_names(path.stem)) if file.is_file()), None)


def load_truth(path: Path) -> tuple[np.ndarray, list[LineTruth], list[str]]:
    """Return a page's picture at its own size, its annotated lines that have a baseline, and the texts of these.

    The picture is (height, width) uint8.

    Raises:
        InputError: as :func:`load_annotations`.
    """
    pixels, lines, texts = load_annotations(path)
    kept = [(line, text) for line, text in zip(lines, texts) if line is not None]
    return pixels, [line for line, _ in kept], [text for _, text in kept]


def load_annotations(path: Path) -> tuple[np.ndarray, list[LineTruth | None], list[str]]:
    """Return a page's picture at its own size, its annotated lines, None for one without a baseline, and their texts.

    The picture is (height, width) uint8. A JSON file holds
    ``{"lines": [{"baseline": [[x, y], …], "polygon": [[x, y], …]}, …]}`` in pixels of the picture of the same name
    beside it.

    Raises:
        InputError: there is no picture, or the file is not of these kinds or broken.
    """
    if path.suffix.lower() == ".json":
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            shapes = [(_array(line.get("baseline")), _array(line.get("polygon")), _text(line.get("text"))) for line in data["lines"]]
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise InputError(f"expected JSON with a list of lines ({type(error).__name__}: {error})", str(path)) from None
        image = picture_of_json(path)
        if image is None:
            raise InputError("expected the page's picture beside it, under the same name, found none", str(path))
        return load_image(image), *_annotated(shapes)
    pixels, lines = _of_xml(path)
    return pixels, *annotated_lines(lines)


def annotated_lines(lines: Iterable[XmlLine]) -> tuple[list[LineTruth | None], list[str]]:
    """Return lines of XML, their points in pixels, as annotated ones, None for one without a baseline, and their texts."""
    return _annotated((_array(line.baseline), _array(line.polygon), line.text) for line in lines)


def _annotated(shapes: Iterable[tuple[np.ndarray, np.ndarray, str | None]]) -> tuple[list[LineTruth | None], list[str]]:
    shapes = list(shapes)
    return [_line(baseline, polygon) for baseline, polygon, _ in shapes], [text or "" for _, _, text in shapes]


def _line(baseline: np.ndarray, polygon: np.ndarray) -> LineTruth | None:
    if len(baseline) < 2 or np.ptp(baseline, axis=0).max() <= 1:
        return None
    baseline = baseline if baseline[0, 0] <= baseline[-1, 0] else baseline[::-1]
    return LineTruth(baseline, polygon if len(polygon) > 2 else None)


def _array(points) -> np.ndarray:
    return np.array(points or [], float).reshape(-1, 2)


def _text(given) -> str | None:
    if not isinstance(given, str | None):
        raise TypeError(f"expected a string as text, found {given!r}")
    return given


def _of_xml(path: Path) -> tuple[np.ndarray, list[XmlLine]]:
    pages = parse_pages(path)
    if len(pages) != 1:
        raise InputError(f"expected one page, found {len(pages)}", str(path))
    image, index = image_of(pages[0], str(path), path.parent, trusted=True)
    return Described(pages[0], path, image, index).load()


def page_truth(path: Path) -> PageTruth:
    """Load a page for training.

    Raises:
        InputError: as :func:`load_annotations`.
    """
    pixels, lines, _ = load_truth(path)
    return truth_of(pixels, lines, str(path), path.parent.name)


def truth_of(pixels: np.ndarray, lines: list[LineTruth], file: str, group: str) -> PageTruth:
    """Bring a page to the scale of training and measure its letters.

    Args:
        pixels: (height, width) uint8, dark on light.
        file: what it is called, and ``group`` the set that it is of.
    """
    scale = min(1.0, TRAINING_SIDE / max(pixels.shape))
    if scale < 1:
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        lines = [
            LineTruth(line.baseline * scale, line.polygon if line.polygon is None else line.polygon * scale, line.x_height * scale)
            for line in lines
        ]
    mask = ink_map(pixels, side=max(pixels.shape)).mask
    spacing = line_spacing(line.baseline[:, 1].mean() for line in lines) or USUAL_SPACING
    for line in lines:
        if not line.x_height:
            line.x_height = _x_height(mask, line, spacing)
    claimed = np.zeros(mask.shape, np.uint8)
    for line in lines:
        outline = _outline(line)
        cv2.fillPoly(claimed, [outline.round().astype(np.int32)], 1)
    claimed = cv2.dilate(claimed, np.ones((5, 5), np.uint8)).astype(bool)
    return PageTruth(file, group, pixels, np.packbits(mask & ~claimed), lines)


def _outline(line: LineTruth) -> np.ndarray:
    """Return a line's outline; where it has none, its baseline with the room that its letters need."""
    if line.polygon is not None:
        return line.polygon
    return np.concatenate([line.baseline - (0, 2.2 * line.x_height), (line.baseline + (0, line.x_height))[::-1]])


def _x_height(mask: np.ndarray, line: LineTruth, spacing: float) -> float:
    """Estimate the height of a line's small letters from how high over the baseline its ink stands on average."""
    if line.polygon is None:
        return 0.33 * spacing
    if not line.level:
        return max(3.0, 0.3 * float(np.ptp(line.polygon, axis=0).min()))
    low = np.maximum(np.floor(line.polygon.min(axis=0)).astype(int), 0)
    high = np.ceil(line.polygon.max(axis=0)).astype(int) + 1
    part = mask[low[1] : high[1], low[0] : high[0]]
    inside = np.zeros(part.shape, np.uint8)
    if not inside.size:
        return max(3.0, 0.33 * spacing)
    cv2.fillPoly(inside, [np.round(line.polygon - low).astype(np.int32)], 1)
    rise = np.interp(line.polygon[:, 0], *line.baseline.T) - line.polygon[:, 1]
    reach = max(6.0, float(np.quantile(rise, 0.9)))
    ys, xs = np.nonzero(part & (inside > 0))
    over = np.interp(xs + low[0], *line.baseline.T) - (ys + low[1])
    over = over[over > 0]
    estimate = X_HEIGHT_OF_MEAN * float(over.mean()) if len(over) > 20 else USUAL_BODY * reach
    return float(np.clip(estimate, max(3.0, LEAST_BODY * reach), MOST_BODY * reach))

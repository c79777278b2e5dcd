"""A text line cut out of its page: along its polygon, straightened along its baseline, on the paper's own tone."""

from __future__ import annotations

from typing import NamedTuple, Sequence

import cv2
import numpy as np

from htrtool.core.errors import InputError
from htrtool.core.guide import axis_of, distinct, extent_of, length_of, middle_of
from htrtool.core.place import MOST_RAIL_POINTS, RAIL_STEP, Box, Place, box_of, foot_of
from htrtool.core.squares import squares_of

Points = Sequence[tuple[float, float]] | np.ndarray

MIN_SIDE = 4
# Of the width, what the polygon must cover in a row for the row to be kept: stray corners would make a line small.
LEAST_COVER = 0.01
# Of the line's height, the paper left around it.
MARGIN = 0.04
ABOVE, BELOW = 0.7, 0.35
# Of columns, what OpenCV's remap can take, which counts pixels in 16 bits, whichever way the line runs.
LONGEST_PIECE = 16384
# Of the page's height and width together; what is larger has its points in another unit, or broken.
LARGEST = 2


class Cut(NamedTuple):
    """A line's picture, (height, width) uint8, and where it stands on the page."""

    pixels: np.ndarray
    place: Place

    @property
    def box(self) -> Box:
        """The line's box on the page: left, top, width, height in pixels."""
        return self.place.box


def cut_line(
    page: np.ndarray,
    polygon: Points | None,
    baseline: Points | None,
    spacing: float | None = None,
    directed: bool = False,
    quarters: int = 0,
) -> Cut:
    """Cut a line out of a page.

    The baseline is smoothed and resampled pixel by pixel; the columns of the result are the normals to it, so that
    slanted, curved and turned lines come out straight. What lies outside the polygon gets the tone of the paper
    inside it. All points are first taken to whole pixels of the page, so that a line that was written to ALTO or PAGE,
    which hold no others, is cut from there just as it was before.

    Args:
        page: (height, width) uint8, dark ink on light paper.
        polygon: the outline as (x, y) points in pixels. None: as far from the baseline as ``spacing`` suggests.
        baseline: (x, y) points. None: the middle of the polygon gives the direction.
        spacing: the distance to the neighbouring baselines in pixels, where there is no polygon.
        directed: the baseline runs as the line is read, even from right to left, where the page stands on its head.
        quarters: by how many of them clockwise the line must be turned to be upright, where there is no baseline.

    Raises:
        InputError: the line is smaller than ``MIN_SIDE`` pixels, or off the page.
    """
    outline = None if polygon is None or len(polygon) < 3 else np.asarray(polygon, np.float64)
    guide = None if baseline is None else distinct(np.asarray(baseline, np.float64).reshape(-1, 2), directed)
    if outline is None and guide is None:
        raise InputError("expected a polygon of three points or more, or a baseline of two, found neither")
    _check_on_page(guide if outline is None else outline, page.shape)
    outline = None if outline is None else _whole_pixels(outline, page.shape)
    guide = None if guide is None else _whole_pixels(guide, page.shape)
    if guide is not None and not length_of(guide):
        # None of it is on the page.
        guide = None
    baseline = guide
    if guide is None:
        if outline is None:
            raise _too_small(0, 0)
        guide = middle_of(outline, quarters)
    if outline is None:
        above, below = (share * (spacing or 60) for share in (ABOVE, BELOW))
        left, right, top, bottom = 0.0, length_of(guide), -above, below
    else:
        left, right, top, bottom = extent_of(guide, outline)
    if right - left < MIN_SIDE or bottom - top < MIN_SIDE:
        raise _too_small(right - left, bottom - top)
    if length_of(guide) > LARGEST * sum(page.shape):
        raise InputError(f"expected a baseline along a line, found one {length_of(guide):.0f} pixels long")
    points, normals = axis_of(guide, left, right, smoothing=(bottom - top) / 2)
    offsets = np.arange(np.floor(top), np.ceil(bottom) + 1)
    columns = (points[:, 0] + offsets[:, None] * normals[:, 0]).astype(np.float32)
    rows = (points[:, 1] + offsets[:, None] * normals[:, 1]).astype(np.float32)
    x, y = (max(0, int(np.floor(part.min())) - 1) for part in (columns, rows))
    around = page[y : int(rows.max()) + 3, x : int(columns.max()) + 3]
    if min(around.shape) < MIN_SIDE:
        raise _too_small(around.shape[1], around.shape[0])
    mask = _mask(around.shape, outline, x, y)
    pixels, mask = _sampled(around, mask, columns - x, rows - y)
    part, margin = _inside(mask)
    pixels, mask = pixels[part], mask[part]
    along, across = part[1], part[0]
    edges = _edges(points[along], normals[along], offsets[across], mask > 127, margin)
    pixels, mask = _with_margin(pixels, mask, margin)
    return Cut(_on_paper(pixels, mask), _place(*edges, outline, baseline, page.shape))


def _sampled(page: np.ndarray, mask: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what stands at some places of a page, and of its mask: no longer at a time than OpenCV goes."""
    size = page.shape[1], page.shape[0]
    pieces = []
    for left in range(0, columns.shape[1], LONGEST_PIECE):
        x, y = columns[:, left : left + LONGEST_PIECE], rows[:, left : left + LONGEST_PIECE]
        # With a pixel more at each side, from between which and the next it is interpolated.
        spans = [
            slice(max(0, min(int(part.min()) - 1, side - 1)), max(1, int(part.max()) + 3)) for part, side in zip((x, y), size)
        ]
        maps = cv2.convertMaps(x - spans[0].start, y - spans[1].start, cv2.CV_16SC2)
        part = spans[1], spans[0]
        pieces.append(
            (
                cv2.remap(page[part], *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
                cv2.remap(mask[part], *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0),
            )
        )
    if len(pieces) == 1:
        return pieces[0]
    return np.hstack([pixels for pixels, _ in pieces]), np.hstack([mask for _, mask in pieces])


def _check_on_page(points: np.ndarray, shape: tuple[int, int]) -> None:
    height, width = shape
    low, high = points.min(axis=0), points.max(axis=0)
    size = f"{width}×{height}"
    if max(high - low) > LARGEST * (width + height):
        found = "{:.0f}×{:.0f}".format(*(high - low))
        raise InputError(f"expected a line on the page of {size} pixels, found one {found}")
    if min(high) < 0 or low[0] > width or low[1] > height:
        at = "{:.0f},{:.0f}".format(*low)
        raise InputError(f"expected a line on the page of {size} pixels, found one off it, at {at}")


def _whole_pixels(points: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return np.clip(np.round(points), 0, (shape[1], shape[0]))


def _too_small(width: float, height: float) -> InputError:
    size = f"{width:.0f}×{height:.0f}"
    return InputError(f"expected a line of {MIN_SIDE} pixels or more each way, found {size} on the page")


def _mask(shape: tuple[int, int], outline: np.ndarray | None, x: int, y: int) -> np.ndarray:
    if outline is None:
        return np.full(shape, 255, np.uint8)
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round((outline - (x, y)) * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
    return mask


def _inside(mask: np.ndarray) -> tuple[tuple[slice, slice], int]:
    """Return the part of a straightened line that its polygon covers, and the margin to leave around it."""
    inside = mask > 127
    columns = np.flatnonzero(inside.any(axis=0))
    rows = np.flatnonzero(inside.sum(axis=1) > LEAST_COVER * len(columns))
    if len(rows) < MIN_SIDE or len(columns) < MIN_SIDE:
        raise _too_small(len(columns), len(rows))
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return part, max(1, round(MARGIN * (rows[-1] - rows[0])))


def _with_margin(pixels: np.ndarray, mask: np.ndarray, margin: int) -> tuple[np.ndarray, np.ndarray]:
    around = {"top": margin, "bottom": margin, "left": margin, "right": margin}
    pixels = cv2.copyMakeBorder(pixels, **around, borderType=cv2.BORDER_REPLICATE)
    return pixels, cv2.copyMakeBorder(mask, **around, borderType=cv2.BORDER_CONSTANT, value=0)


def _edges(
    points: np.ndarray, normals: np.ndarray, offsets: np.ndarray, inside: np.ndarray, margin: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where upper edge, guide and lower edge of a straightened line are on the page, each (steps, 2).

    Args:
        points: (columns, 2), the guide; ``normals`` to it; ``offsets``, (rows,), along them.
        inside: (rows, columns), what the polygon covers.
        margin: what is then added all around; the steps go from border to border.
    """
    height, width = inside.shape
    count = int(np.clip(width / (RAIL_STEP * height), 1, MOST_RAIL_POINTS)) + 1
    columns = np.linspace(0, width + 2 * margin, count) - margin - 0.5
    # A polygon may leave single columns out.
    covered = np.flatnonzero(inside.any(axis=0))
    columns = covered[np.abs(covered[:, None] - columns).argmin(axis=0)]
    first = inside[:, columns].argmax(axis=0)
    last = height - 1 - inside[::-1, columns].argmax(axis=0)
    guide, normals = points[columns], normals[columns]
    return guide + offsets[first, None] * normals, guide, guide + offsets[last, None] * normals


def _place(
    upper: np.ndarray,
    guide: np.ndarray,
    lower: np.ndarray,
    outline: np.ndarray | None,
    baseline: np.ndarray | None,
    shape: tuple[int, int],
) -> Place:
    upper, lower = (np.clip(edge, 0, (shape[1], shape[0])) for edge in (upper, lower))
    polygon = np.round(np.vstack([upper, lower[::-1]]) if outline is None else outline).astype(int)
    if baseline is None:
        guide = foot_of(upper, lower)
    else:
        baseline = baseline.astype(int)
    return Place(polygon, baseline, np.stack([upper, guide, lower]), box_of(polygon))


def _on_paper(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Fill what is outside the mask with the tone that the paper has nearby inside it."""
    if mask.min() == 255:
        return pixels
    height, width = pixels.shape
    cell = max(8, height // 3)
    inside = np.where(mask > 250, pixels.astype(np.int16), np.int16(-1))
    cells = np.sort(squares_of(inside, cell, beyond=-1), axis=-1)
    known = (cells >= 0).sum(axis=-1)
    rank = cell * cell - known + (0.6 * (known - 1).clip(0)).astype(int)
    tones = np.take_along_axis(cells, rank.clip(0, cell * cell - 1)[..., None], axis=-1)[..., 0]
    weight = known.astype(np.float32) + 1e-6
    tones = np.where(known > 0, tones, np.median(tones[known > 0]) if known.any() else 255).astype(np.float32)
    spread = {"ksize": (0, 0), "sigmaX": 1.0, "borderType": cv2.BORDER_REPLICATE}
    tones = cv2.GaussianBlur(tones * weight, **spread) / cv2.GaussianBlur(weight, **spread)
    paper = cv2.resize(tones, (width, height), interpolation=cv2.INTER_LINEAR)
    share = mask.astype(np.float32) / 255
    return np.clip(np.round(pixels * share + paper * (1 - share)), 0, 255).astype(np.uint8)

"""Where the text lines of a page are, in reading order, and how they are cut out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from htrtool.core.ink import InkMap, ink_map
from htrtool.core.ridges import Ridge, find_ridges, line_pitch, link_ridges, page_slope, sheared

# Of the height over which a line's ink reaches: what the training lines, cut along polygons, leave around it.
MARGIN = 0.06
WIDEST_GAP = 3.0


class CutLine(NamedTuple):
    """A line cut out of its page: the box (left, top, width, height) in the page's pixels, and the straightened pixels."""

    box: tuple[int, int, int, int]
    pixels: np.ndarray


@dataclass
class TextLine:
    """A line found on a page, in the page's pixels.

    ``baseline`` is float (points, 2), x and y from left to right; ``up`` and ``down`` are how far the ink reaches above and
    below it; ``box`` is (left, top, width, height).
    """

    baseline: np.ndarray
    up: float
    down: float
    box: tuple[int, int, int, int]
    owner: int


@dataclass
class Layout:
    """The lines of a page in reading order, and the working image in which ``owners`` says whose ink is whose."""

    lines: list[TextLine]
    owners: np.ndarray
    scale: float


def find_lines(pixels: np.ndarray) -> Layout:
    """Find the text lines of a page.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
    """
    ink = ink_map(pixels)
    slope = page_slope(ink.mask)
    pad = int(np.ceil(abs(slope) * ink.mask.shape[1])) + 1
    level = sheared(ink.mask.astype(np.uint8), slope, pad, cv2.INTER_NEAREST).astype(bool)
    rules = sheared(ink.rules.astype(np.uint8), slope, pad, cv2.INTER_NEAREST).astype(bool)
    pitch = line_pitch(level)
    level = without_specks(level, pitch)
    ridges = link_ridges(find_ridges(level, pitch), pitch, rules)
    owners, ridges = assign_ink(level, ridges, pitch, rules)
    return _in_page(ink, owners, ridges, slope, pad, pitch)


def without_specks(mask: np.ndarray, pitch: float) -> np.ndarray:
    """Drop pieces of ink too small for a dot, and those too large for writing: frames, stamps, dark edges."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    heights, widths, areas = (stats[:, i] for i in (cv2.CC_STAT_HEIGHT, cv2.CC_STAT_WIDTH, cv2.CC_STAT_AREA))
    keep = np.maximum(heights, widths) >= max(2, 0.07 * pitch)
    keep &= (heights < 5 * pitch) | (areas < 0.3 * heights * widths)
    keep &= (heights < 7 * pitch)
    # A solid block is no writing.
    keep &= ~((np.minimum(heights, widths) > 0.9 * pitch) & (areas > 0.65 * heights * widths))
    keep[0] = False
    return keep[labels]


def assign_ink(mask: np.ndarray, ridges: list[Ridge], pitch: float, rules: np.ndarray) -> tuple[np.ndarray, list[Ridge]]:
    """Give each piece of ink to a line, and part lines where a gap is too wide.

    A piece that reaches into the core of one line is that line's; one that reaches into several is parted where the
    nearest core changes; one that reaches into none goes to the nearest line within a pitch.

    Returns:
        int32 (height, width), 0 on paper and k + 1 on the ink of line k, and the lines' ridges.
    """
    for _ in range(2):
        owners = _nearest_owner(mask, ridges, pitch)
        parted = _parted(owners, ridges, pitch, rules)
        if len(parted) == len(ridges) and all(a.left == b.left and a.right == b.right for a, b in zip(parted, ridges)):
            break
        ridges = parted
    else:
        owners = _nearest_owner(mask, ridges, pitch)
    return owners, ridges


def _nearest_owner(mask: np.ndarray, ridges: list[Ridge], pitch: float) -> np.ndarray:
    owners = np.zeros(mask.shape, np.int32)
    if not ridges:
        return owners
    cores = np.zeros(mask.shape, np.int32)
    for index, ridge in enumerate(ridges, start=1):
        points = np.column_stack([np.arange(ridge.left, ridge.right), ridge.ys]).round().astype(np.int32)
        cv2.polylines(cores, [points], False, index, max(1, round(0.4 * pitch)))
    distance, nearest = cv2.distanceTransformWithLabels((cores == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    core_of = np.zeros(int(nearest.max()) + 1, np.int32)
    inside = cores > 0
    core_of[nearest[inside]] = cores[inside]
    nearest = core_of[nearest]
    count, pieces = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    touched = mask & inside
    pairs = np.unique(np.column_stack([pieces[touched], cores[touched]]), axis=0)
    how_many = np.bincount(pairs[:, 0], minlength=count)
    only = np.zeros(count, np.int32)
    only[pairs[:, 0]] = pairs[:, 1]
    single = (how_many == 1)[pieces] & mask & (distance < 1.6 * pitch)
    several = (how_many > 1)[pieces] & mask & (distance < 1.2 * pitch)
    none = (how_many == 0)[pieces] & mask & (distance < 0.6 * pitch)
    owners[single] = only[pieces[single]]
    owners[several | none] = nearest[several | none]
    return owners


def _parted(owners: np.ndarray, ridges: list[Ridge], pitch: float, rules: np.ndarray) -> list[Ridge]:
    """Trim each ridge to its ink, part it at gaps and upright rules, and drop what has too little ink for a word."""
    parts = []
    boxes = _boxes(owners, len(ridges))
    for index, ridge in enumerate(ridges):
        top, bottom, left, right = boxes[index]
        if right <= left:
            continue
        window = owners[top:bottom, left:right] == index + 1
        columns = window.sum(axis=0)
        near = np.abs(np.arange(top, bottom)[:, None] - ridge.at(np.arange(left, right))[None, :]) < 0.45 * pitch
        walls = (rules[top:bottom, left:right] & near).sum(axis=0) > 0.7 * np.maximum(near.sum(axis=0), 1)
        for start, end in _runs(columns, walls, WIDEST_GAP * pitch):
            ink = int(columns[start:end].sum())
            if end - start < 0.3 * pitch or ink < 0.06 * pitch**2:
                continue
            xs = np.arange(left + start, left + end)
            parts.append(Ridge(left + start, ridge.at(xs)))
    return parts


def _boxes(owners: np.ndarray, count: int) -> np.ndarray:
    """Return (count, 4): top, bottom, left, right of each owner's ink, empty ones as zeros."""
    ys, xs = np.nonzero(owners)
    labels = owners[ys, xs] - 1
    boxes = np.zeros((count, 4), int)
    low = np.full((count, 2), 1 << 30)
    high = np.full((count, 2), -1)
    np.minimum.at(low, labels, np.column_stack([ys, xs]))
    np.maximum.at(high, labels, np.column_stack([ys, xs]))
    some = high[:, 0] >= 0
    boxes[some] = np.column_stack([low[some, 0], high[some, 0] + 1, low[some, 1], high[some, 1] + 1])
    return boxes


def _runs(columns: np.ndarray, walls: np.ndarray, gap: float) -> list[tuple[int, int]]:
    """Return the runs of columns with ink between gaps of more than ``gap`` columns, and between walls."""
    inked = np.flatnonzero((columns > 0) & ~walls)
    if not len(inked):
        return []
    wall_count = np.cumsum(walls)
    apart = (np.diff(inked) > gap) | (np.diff(wall_count[inked]) > 0)
    starts = np.concatenate([[0], np.flatnonzero(apart) + 1])
    ends = np.concatenate([np.flatnonzero(apart), [len(inked) - 1]])
    return [(int(inked[s]), int(inked[e]) + 1) for s, e in zip(starts, ends)]


def _in_page(ink: InkMap, owners: np.ndarray, ridges: list[Ridge], slope: float, pad: int, pitch: float) -> Layout:
    """Carry the lines from the levelled working image back to the page."""
    height, width = ink.mask.shape
    found = []
    boxes = _boxes(owners, len(ridges))
    for index, ridge in enumerate(ridges):
        top, bottom, left, right = boxes[index]
        if right <= left:
            continue
        ys, xs = np.nonzero(owners[top:bottom, left:right] == index + 1)
        ys, xs = ys + top, xs + left
        knots, base = fit_baseline(xs, ys, ridge, pitch)
        reach = np.interp(xs, knots, base) - ys
        up, down = reaches(xs, reach, pitch)
        page_ys = ys - pad + slope * xs
        baseline = np.column_stack([knots, base - pad + slope * knots]) / ink.scale
        box_top = max(0, int(page_ys.min() / ink.scale))
        box_left = max(0, int(xs.min() / ink.scale))
        box = (
            box_left,
            box_top,
            int(np.ceil((xs.max() + 1) / ink.scale)) - box_left,
            int(np.ceil((page_ys.max() + 1) / ink.scale)) - box_top,
        )
        found.append(TextLine(baseline, up / ink.scale, down / ink.scale, box, index + 1))
    back = np.float32([[1, 0, 0], [slope, 1, -pad]])
    page_owners = cv2.warpAffine(owners.astype(np.float32), back, (width, height), flags=cv2.INTER_NEAREST).astype(np.int32)
    return Layout([found[i] for i in reading_order(found)], page_owners, ink.scale)


def fit_baseline(xs: np.ndarray, ys: np.ndarray, ridge: Ridge, pitch: float) -> tuple[np.ndarray, np.ndarray]:
    """Fit the baseline of a line to its ink: where, going down, the ink of the letters' bodies ends.

    Args:
        xs, ys: the positions of the line's ink.

    Returns:
        x and y of points along the baseline, from left to right.
    """
    left, right = int(xs.min()), int(xs.max()) + 1
    middle = ridge.at(xs)
    offset = _drop(ys - middle, pitch, 0.0, 0.65)
    window = max(8.0, 2.0 * pitch)
    count = max(1, int(round((right - left) / (window / 2))))
    centres = np.linspace(left, right, count + 2)[1:-1] if count > 1 else np.array([(left + right) / 2])
    points, weights = [], []
    for centre in centres:
        near = np.abs(xs - centre) < window / 2
        if near.sum() < 0.05 * pitch * pitch:
            continue
        local = _drop(ys[near] - middle[near], pitch, offset / pitch - 0.25, offset / pitch + 0.25)
        points.append((centre, ridge.at(centre) + local))
        weights.append(float(near.sum()))
    knots = np.linspace(left, right, max(2, int((right - left) / (2 * pitch)) + 1))
    if len(points) < 3:
        base = points[0][1] if points else float(ridge.at((left + right) / 2)) + offset
        if len(points) == 2:
            base = float(np.mean([y for _, y in points]))
        return knots, np.full(len(knots), float(base))
    points = np.array(points)
    length = (right - left) / pitch
    degree = 1 if length < 8 else 2 if length < 20 else 3
    fit = _robust_fit(points[:, 0], points[:, 1], np.sqrt(weights), min(degree, len(points) - 2), 0.08 * pitch)
    return knots, fit(knots)


def _drop(offsets: np.ndarray, pitch: float, low: float, high: float) -> float:
    """Return where between ``low`` and ``high`` pitches below the ridge the ink falls off most."""
    edges = np.arange(int(np.floor((low - 0.5) * pitch)), int(np.ceil((high + 0.5) * pitch)) + 2)
    profile, _ = np.histogram(offsets, edges)
    smooth = cv2.GaussianBlur(profile.astype(np.float32)[:, None], (1, 0), sigmaX=1, sigmaY=max(0.8, 0.06 * pitch))[:, 0]
    fall = -np.gradient(smooth)
    centres = (edges[:-1] + edges[1:]) / 2
    allowed = (centres >= low * pitch) & (centres <= high * pitch)
    return float(centres[allowed][np.argmax(fall[allowed])])


def _robust_fit(xs: np.ndarray, ys: np.ndarray, weights: np.ndarray, degree: int, spread: float) -> np.polynomial.Polynomial:
    factors = np.ones(len(xs))
    for _ in range(6):
        fit = np.polynomial.Polynomial.fit(xs, ys, degree, w=weights * factors)
        misses = np.abs(ys - fit(xs))
        factors = np.sqrt(1 / np.maximum(1, misses / max(spread, 1e-6)))
    return fit


def reaches(xs: np.ndarray, reach: np.ndarray, pitch: float) -> tuple[float, float]:
    """Return how far a line's ink reaches above and below the baseline, single stray strokes left out.

    Args:
        xs: the columns of the ink.
        reach: how far each pixel is above the baseline.
    """
    column = xs - xs.min()
    highest = np.full(int(column.max()) + 1, -np.inf)
    lowest = np.full(int(column.max()) + 1, np.inf)
    np.maximum.at(highest, column, reach)
    np.minimum.at(lowest, column, reach)
    inked = np.isfinite(highest)
    up = float(np.quantile(highest[inked], 0.985))
    down = float(-np.quantile(lowest[inked], 0.015))
    return float(np.clip(up, 0.3 * pitch, 1.25 * pitch)), float(np.clip(down, 0.12 * pitch, 0.8 * pitch))


def reading_order(lines: list[TextLine]) -> list[int]:
    """Return the indices of lines in reading order: down each column, columns from left to right.

    Breuel, "High Performance Document Layout Analysis" (2003): a line comes before another that it stands above and
    overlaps; it comes before one wholly to its right unless a line between them in height overlaps both.
    """
    count = len(lines)
    if count < 2:
        return list(range(count))
    left = np.array([line.box[0] for line in lines], float)
    right = left + [line.box[2] for line in lines]
    y = np.array([float(line.baseline[:, 1].mean()) for line in lines])
    narrower = np.minimum.outer(right - left, right - left)
    overlap = np.minimum.outer(right, right) - np.maximum.outer(left, left) > 0.15 * narrower
    before = overlap & (y[:, None] < y[None, :])
    beside = ~overlap & (left[:, None] < left[None, :])
    for third in range(count):
        between = (np.minimum.outer(y, y) < y[third]) & (y[third] < np.maximum.outer(y, y))
        beside &= ~(between & overlap[third][:, None] & overlap[third][None, :])
    before |= beside
    np.fill_diagonal(before, False)
    order, left_over = [], set(range(count))
    indegree = before.sum(axis=0)
    while left_over:
        # A cycle, which ragged columns can make, is broken at the highest line.
        ready = min(left_over, key=lambda i: (indegree[i] > 0, indegree[i] if indegree[i] else 0, y[i], left[i]))
        left_over.remove(ready)
        order.append(ready)
        indegree = indegree - before[ready]
    return order


def cut_line(pixels: np.ndarray, layout: Layout, line: TextLine) -> np.ndarray:
    """Cut one line out of its page: straightened along the baseline, other lines' ink painted over with paper.

    Returns:
        (height, width) uint8.
    """
    span = line.up + line.down
    up, down = line.up + MARGIN * span, line.down + MARGIN * span
    side = 0.1 * span
    left, right = line.box[0] - side, line.box[0] + line.box[2] + side
    xs = np.arange(int(left), int(np.ceil(right)) + 1, dtype=np.float32)
    base = np.interp(xs, line.baseline[:, 0], line.baseline[:, 1])
    rows = np.arange(int(np.ceil(up + down)), dtype=np.float32) - up
    map_y = (base[None, :] + rows[:, None]).astype(np.float32)
    map_x = np.broadcast_to(xs, map_y.shape).copy()
    top = int(np.clip(np.floor(map_y.min()) - 2, 0, pixels.shape[0] - 1))
    bottom = int(np.clip(np.ceil(map_y.max()) + 3, top + 1, pixels.shape[0]))
    strip = pixels[top:bottom]
    cut = cv2.remap(strip, map_x, map_y - top, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    owner_x, owner_y = map_x * layout.scale, map_y * layout.scale
    owners = cv2.remap(layout.owners.astype(np.float32), owner_x, owner_y, cv2.INTER_NEAREST, borderValue=0)
    foreign = ((owners != 0) & (owners != line.owner)).astype(np.uint8)
    own = (owners == line.owner).astype(np.uint8)
    size = max(3, round(3 / layout.scale)) | 1
    foreign = cv2.dilate(foreign, np.ones((size, size), np.uint8)) & ~cv2.dilate(own, np.ones((3, 3), np.uint8))
    if foreign.any():
        paper = _paper_of(cut, (foreign | own).astype(bool))
        cut = np.where(foreign.astype(bool), paper, cut)
    return cut


def _paper_of(cut: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """Return the tone of the paper in each column of a cut, from what is not ink around it."""
    paper = np.where(ink, 0, cut).astype(np.float32).sum(axis=0)
    counts = (~ink).sum(axis=0).astype(np.float32)
    width = 2 * cut.shape[0] + 1
    paper = cv2.blur(paper[None, :], (width, 1), borderType=cv2.BORDER_REPLICATE)
    counts = cv2.blur(counts[None, :], (width, 1), borderType=cv2.BORDER_REPLICATE)
    return np.broadcast_to((paper / np.maximum(counts, 1e-3)).round().astype(np.uint8), cut.shape)


def cut_lines(pixels: np.ndarray) -> list[CutLine]:
    """Find the lines of a page and cut them out, in reading order.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
    """
    layout = find_lines(pixels)
    return [CutLine(line.box, cut_line(pixels, layout, line)) for line in layout.lines]


def looks_like_line(pixels: np.ndarray) -> bool:
    """Tell whether a picture shows one text line or word, not a page to be cut into lines."""
    return pixels.shape[1] > 2.5 * pixels.shape[0]

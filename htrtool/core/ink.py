"""The ink of a page: what is written on it, without shadows, dark borders and ruled lines."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from htrtool.core.squares import squares_of

WORKING_SIDE = 1500
CELL = 16
LEAST_CONTRAST = 0.06
STROKE = 0.25
"""How far from the paper's tone to the darkest ink's the strokes of a line begin."""
THICKEST_RULE = 5
OUTSIDE = 0.33
"""Of the usual tone of the paper, that under which it is the dark edge of a scan, no shadow on paper."""
WRITTEN = 0.1
"""Of the lines of a page, the part that runs in the dark at its edge if that is a deep shadow after all."""


@dataclass
class InkMap:
    """The ink of a page at a working scale.

    ``darkness`` is float32 (height, width), 0 on paper to 1; ``mask`` is bool of the same shape, True on ink;
    ``rules`` is bool, True on ruled lines, which ``mask`` leaves out; ``scale`` is working pixels per page pixel.
    """

    darkness: np.ndarray
    mask: np.ndarray
    rules: np.ndarray
    scale: float


def strokes(line: np.ndarray) -> np.ndarray:
    """Tell the strokes of a line from its paper, both of which are about of one tone: bool of the shape of ``line``.

    Args:
        line: (height, width) uint8, dark ink on light paper.
    """
    paper, darkest = np.percentile(line, 80), np.percentile(line, 1)
    return line < paper - STROKE * (paper - darkest)


def shown_through(ink: np.ndarray, down: int, across: int, blur: float) -> np.ndarray:
    """Return what shows of the other side of a sheet, for which a line's own ink serves: mirrored, shifted and blurred.

    Args:
        ink: (height, width) float32, 0 on paper.
        down: by how many rows it is shifted, around the edges.
        across: by how many columns.
        blur: the standard deviation of the blur, in pixels.
    """
    return cv2.GaussianBlur(np.roll(ink[:, ::-1], (down, across), (0, 1)), (0, 0), blur)


def ink_map(pixels: np.ndarray, side: int = WORKING_SIDE, baselines: np.ndarray | None = None) -> InkMap:
    """Find the ink of a page.

    Args:
        pixels: (height, width) uint8, dark on light.
        side: the longer side at the working scale; smaller pages are left as they are.
        baselines: (points, 2), x and y of evenly spaced points of its lines' baselines, if they are known.
    """
    scale = min(1.0, side / max(pixels.shape))
    if scale < 1:
        size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    paper, outside = paper_tone(pixels)
    if baselines is not None and outside.any():
        outside = _unwritten(outside, scale * baselines)
    darkness = np.clip(1 - pixels / np.maximum(paper, 1), 0, 1).astype(np.float32)
    darkness[outside] = 0
    mask = threshold(darkness)
    # First, since a rule that runs off the page would take all that it crosses with it.
    rules = ruled_lines(mask)
    return InkMap(darkness, without_edges(mask & ~rules, outside), rules, scale)


def paper_tone(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Estimate the tone of the paper at each pixel, and where there is no paper but the dark edge of a scan.

    Args:
        pixels: (height, width) uint8, dark on light.

    Returns:
        float32 tones and a bool mask, both of the shape of ``pixels``.
    """
    height, width = pixels.shape
    cells = squares_of(pixels, CELL)
    rows, columns = cells.shape[:2]
    rank = int(0.8 * (cells.shape[-1] - 1))
    tones = np.partition(cells, rank, axis=-1)[..., rank].astype(np.float32)
    tones = cv2.medianBlur(tones.astype(np.uint8), 3).astype(np.float32)
    usual = float(np.quantile(tones, 0.7))
    outside = _joined_to_edge(tones < OUTSIDE * usual)
    # Ink never fills a cell of this size, so a dark cell within the page is a stain or a picture.
    tones = cv2.dilate(tones, np.ones((3, 3), np.uint8))
    tones = cv2.blur(tones, (3, 3), borderType=cv2.BORDER_REPLICATE)
    outside = cv2.dilate(outside.astype(np.uint8), np.ones((3, 3), np.uint8))
    full = cv2.resize(tones, (columns * CELL, rows * CELL), interpolation=cv2.INTER_LINEAR)[:height, :width]
    edge = cv2.resize(outside, (columns * CELL, rows * CELL), interpolation=cv2.INTER_NEAREST)[:height, :width]
    return full, edge.astype(bool)


def _joined_to_edge(dark: np.ndarray) -> np.ndarray:
    """Keep the parts of a mask that touch the edge of the picture."""
    count, labels = cv2.connectedComponents(dark.astype(np.uint8), connectivity=4)
    edges = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    keep = np.zeros(count, bool)
    keep[np.unique(edges)] = True
    keep[0] = False
    return keep[labels]


def _unwritten(outside: np.ndarray, baselines: np.ndarray) -> np.ndarray:
    """Keep the parts of a mask in which no good part of the baselines runs."""
    _, labels = cv2.connectedComponents(outside.astype(np.uint8), connectivity=4)
    columns, rows = baselines.astype(int).T
    crossed = labels[np.clip(rows, 0, len(labels) - 1), np.clip(columns, 0, labels.shape[1] - 1)]
    keep = np.bincount(crossed, minlength=labels.max() + 1) < WRITTEN * len(baselines)
    keep[0] = False
    return keep[labels]


def threshold(darkness: np.ndarray) -> np.ndarray:
    """Separate ink from paper: Otsu's threshold over the page, lowered where all writing nearby is faint.

    Args:
        darkness: float32 (height, width), 0 on paper to 1.

    Returns:
        bool of the shape of ``darkness``.
    """
    marked = darkness[darkness > LEAST_CONTRAST]
    if marked.size < 20:
        return np.zeros(darkness.shape, bool)
    levels = (np.clip(darkness, 0, 1) * 255).astype(np.uint8)
    level, _ = cv2.threshold(levels[darkness > LEAST_CONTRAST / 2][:, None], 0, 255, cv2.THRESH_OTSU)
    overall = max(level / 255, LEAST_CONTRAST)
    size = 61
    strongest = cv2.blur(cv2.dilate(cv2.blur(darkness, (3, 3)), np.ones((size, size), np.uint8)), (size, size))
    local = np.clip(0.45 * strongest, 0.5 * overall, overall)
    return darkness > np.maximum(local, LEAST_CONTRAST)


def without_edges(mask: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Drop the pieces of ink that lie along the edge of the page: shadows, the sheet below, the scanner's bed.

    A piece that touches the edge but reaches well into the page stays; it may be a word cut off.

    Args:
        mask: bool (height, width), True on ink; the result too.
        outside: bool (height, width), True where there is no paper.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    near = cv2.dilate(np.pad(outside.astype(np.uint8), 1, constant_values=1), np.ones((7, 7), np.uint8))[1:-1, 1:-1]
    rows, columns = np.zeros(mask.shape, bool), np.zeros(mask.shape, bool)
    rows[:3] = rows[-3:] = True
    columns[:, :3] = columns[:, -3:] = True
    touching = {}
    for name, part in (("rows", rows), ("columns", columns), ("near", near.astype(bool))):
        touching[name] = np.zeros(count, bool)
        touching[name][np.unique(labels[part & mask])] = True
    widths, heights = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    drop = touching["rows"] & (heights < 0.4 * widths) & (heights < 0.03 * mask.shape[0])
    drop |= touching["columns"] & (widths < 0.5 * heights) & (widths < 0.03 * mask.shape[1])
    drop |= touching["near"] & ((heights > 0.25 * mask.shape[0]) | (widths > 0.6 * mask.shape[1]))
    drop |= touching["near"] & (np.minimum(widths, heights) <= 4)
    drop[0] = False
    return mask & ~drop[labels]


def ruled_lines(mask: np.ndarray) -> np.ndarray:
    """Find straight thin lines much longer than a stroke: of ruled and squared paper, of tables and frames.

    Args:
        mask: bool (height, width), True on ink.

    Returns:
        bool of the shape of ``mask``; where a stroke crosses a rule, it is left out.
    """
    page = mask.astype(np.uint8)
    horizontal = _horizontal_rules(page, dash=max(24, page.shape[1] // 40))
    vertical = _horizontal_rules(np.ascontiguousarray(page.T), dash=max(36, page.shape[0] // 30)).T
    return horizontal | vertical


def _horizontal_rules(page: np.ndarray, dash: int) -> np.ndarray:
    """Find rules within some 6° of the horizontal: a long dash alone, or many dashes in one line."""
    height, width = page.shape
    thin = page & ~cv2.morphologyEx(page, cv2.MORPH_OPEN, np.ones((THICKEST_RULE + 1, 1), np.uint8))
    joined = cv2.morphologyEx(thin, cv2.MORPH_CLOSE, np.ones((1, 3), np.uint8))
    dashes = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((1, 3 * dash // 4), np.uint8))
    count, labels, stats, centres = cv2.connectedComponentsWithStats(dashes, connectivity=8)
    wide = np.flatnonzero(stats[:, cv2.CC_STAT_WIDTH] >= dash)
    wide = wide[wide != 0]
    straight, slopes, lengths, middles = [], [], [], []
    for label in wide:
        left, top, w, h, _ = stats[label]
        ys, xs = np.nonzero(labels[top : top + h, left : left + w] == label)
        slope, offset = np.polyfit(xs, ys, 1)
        if abs(slope) < 0.1 and np.abs(ys - slope * xs - offset).mean() < 0.8 and len(xs) < 4 * w:
            straight.append(label)
            slopes.append(slope)
            lengths.append(w)
            middles.append(centres[label])
    rules = np.zeros(count, bool)
    if straight:
        slopes, lengths, middles = np.array(slopes), np.array(lengths), np.array(middles)
        usual = float(np.average(slopes, weights=lengths))
        offsets = middles[:, 1] - usual * middles[:, 0]
        for label, length, offset, (x, _) in zip(straight, lengths, offsets, middles):
            # The further apart two dashes are, the less the page's curl lets their offsets agree.
            slack = 2 + 0.01 * np.abs(middles[:, 0] - x)
            together = lengths[np.abs(offsets - offset) < slack].sum()
            rules[label] = length >= max(3 * dash, width / 8) or together >= width / 4
    found = rules[labels].astype(np.uint8)
    return (cv2.dilate(found, np.ones((3, 3), np.uint8)) & thin).astype(bool)

"""Training samples of the line finder: crops of pages, turned, warped and scanned badly, with the maps wanted."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from htrtool.core.linefinder.input import network_input
from htrtool.core.linefinder.maps import MAPS, STRIDE, TURNS
from htrtool.core.linefinder.truth import PageTruth

SIDE = 512
# At the scale of the maps, in pixels: how thick baselines and the bars at their ends are drawn.
BASELINE_WIDTH = 3
END_WIDTH = 4
# What a wrong answer costs on ink that nobody annotated: many pages are annotated only in part.
UNCLAIMED_WEIGHT = 0.1
# The heights of small letters, in pixels, that crops are scaled to.
SMALLEST, LARGEST = 4.5, 34.0
TURNED = 0.15


@dataclass
class LineSample:
    """A crop with what the network shall say of it.

    ``page`` is float32 (SIDE, SIDE, 1); ``maps`` float32 (SIDE / 2, SIDE / 2, maps + 1), the last one the weight of each
    pixel; ``turn`` float32 (SIDE / 32, SIDE / 32, 6), the last one the weight of each patch.
    """

    page: np.ndarray
    maps: np.ndarray
    turn: np.ndarray


def make_sample(truth: PageTruth, rng: np.random.Generator) -> LineSample:
    """Cut a random piece out of an annotated page, changed as other cameras, papers and hands would change it."""
    matrix = _geometry(truth, rng)
    # Area interpolation where the page is made smaller; warping alone would leave gaps in thin strokes.
    pixels, shrink = truth.pixels, np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
    if shrink < 0.75:
        pixels = cv2.GaussianBlur(pixels, (0, 0), 0.4 / shrink)
    border = (cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT)[int(rng.random() < 0.4)]
    tone = int(rng.choice([rng.integers(0, 60), np.quantile(pixels[::4, ::4], 0.8)]))
    pixels = cv2.warpPerspective(pixels, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=border, borderValue=tone)
    maps = _maps(truth, matrix)
    turn = np.zeros((SIDE // STRIDE, SIDE // STRIDE, len(TURNS) + 2), np.float32)
    covered = cv2.resize(maps[..., 1], turn.shape[:2], interpolation=cv2.INTER_AREA)
    quarter = int(rng.integers(1, 4)) if rng.random() < TURNED else 0
    turn[..., 1 + quarter] = covered > 0.1
    turn[..., 0] = covered <= 0.1
    sure = cv2.resize((maps[..., -1] == 1).astype(np.float32), turn.shape[:2], interpolation=cv2.INTER_AREA) > 0.9
    turn[..., -1] = (covered > 0.1) | ((covered < 0.01) & sure)
    if quarter:
        # TURNS are clockwise, rot90 is not.
        pixels = np.ascontiguousarray(np.rot90(pixels, -quarter))
        turn = np.ascontiguousarray(np.rot90(turn, -quarter))
        maps[..., -1] = 0
    page = network_input(_scanned(pixels, rng))
    return LineSample(page[..., None], maps, turn)


def _geometry(truth: PageTruth, rng: np.random.Generator) -> np.ndarray:
    """Draw the homography from the page to the crop."""
    height, width = truth.pixels.shape
    scale = float(np.exp(rng.normal(0, 0.3)))
    if x_height := truth.x_height:
        scale = float(np.clip(scale * x_height, SMALLEST, LARGEST)) / x_height
    scale = max(scale, 0.35)
    if truth.lines and rng.random() < 0.8:
        line = truth.lines[int(rng.integers(len(truth.lines)))].baseline
        centre = line[0] + rng.random() * (line[-1] - line[0])
    else:
        centre = rng.random(2) * (width, height)
    # The crop stays on the page where the page is large enough.
    reach = SIDE / 2 / scale
    size = np.array([width, height], float)
    centre = np.where(size > 2 * reach, np.clip(centre, reach * 0.8, size - reach * 0.8), size / 2)
    angle = np.radians(rng.normal(0, 3) if rng.random() < 0.8 else rng.uniform(-15, 15))
    shear, stretch = rng.normal(0, 0.08), np.exp(rng.normal(0, 0.08))
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    linear = np.array([[cos, -sin], [sin, cos]]) @ np.array([[stretch, shear], [0, 1 / stretch]])
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = SIDE / 2 - linear @ centre
    tilt = np.eye(3)
    if rng.random() < 0.5:
        tilt[2, :2] = rng.normal(0, 0.12 / SIDE, 2)
        there = np.array([[1, 0, SIDE / 2], [0, 1, SIDE / 2], [0, 0, 1]])
        tilt = there @ tilt @ np.linalg.inv(there)
    return tilt @ matrix


def _moved(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return points of the page in pixels of the maps."""
    return cv2.perspectiveTransform(points[None].astype(np.float64), matrix)[0] / 2 - 0.25


def _maps(truth: PageTruth, matrix: np.ndarray) -> np.ndarray:
    half = SIDE // 2
    maps = np.zeros((half, half, len(MAPS) + 1), np.float32)
    baseline, body, end = (np.zeros((half, half), np.uint8) for _ in MAPS)
    weight = np.full((half, half), 255, np.uint8)
    unclaimed = cv2.warpPerspective(truth.unclaimed_mask(), matrix, (SIDE, SIDE), flags=cv2.INTER_NEAREST)
    unclaimed = cv2.dilate(cv2.resize(unclaimed, (half, half), interpolation=cv2.INTER_AREA), np.ones((9, 9), np.uint8))
    weight[unclaimed > 0] = round(255 * UNCLAIMED_WEIGHT)
    for line in truth.lines:
        band = _moved(line.body, matrix)
        if (band.max(axis=0) < 0).any() or (band.min(axis=0) > half).any():
            continue
        band = _fixed(band)
        if not line.level:
            cv2.fillPoly(weight, [band], 0, shift=4)
            continue
        cv2.fillPoly(weight, [band], 255, shift=4)
        cv2.fillPoly(body, [band], 255, cv2.LINE_AA, shift=4)
        cv2.polylines(baseline, [_fixed(_moved(line.baseline, matrix))], False, 255, BASELINE_WIDTH, cv2.LINE_AA, shift=4)
        # From a little under the baseline to the top of the small letters.
        for corner, inner in ((0, 1), (-1, -2)):
            at, run = line.baseline[corner], line.baseline[corner] - line.baseline[inner]
            run = run / max(np.hypot(*run), 1e-9) * np.sign(inner - corner)
            up = np.array([-run[1], run[0]]) * line.x_height
            bar = np.array([at - 0.35 * up, at + up])
            cv2.polylines(end, [_fixed(_moved(bar, matrix))], False, 255, END_WIDTH, cv2.LINE_AA, shift=4)
    for number, drawn in enumerate((baseline, body, end, weight)):
        maps[..., number] = drawn / np.float32(255)
    return maps


def _fixed(points: np.ndarray) -> np.ndarray:
    """Return points as OpenCV draws them with a shift of 4."""
    return np.round(np.clip(points, -1e4, 1e4) * 16).astype(np.int32)


def _scanned(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Change the picture as light, paper, pen, lens and file do."""
    image = pixels.astype(np.float32)
    side = image.shape[0]
    if rng.random() < 0.12:
        # The writing of the other side, mirrored, shines through.
        image = np.minimum(image, 255 - (255 - np.roll(image[:, ::-1], int(rng.integers(side)), 0)) * rng.uniform(0.1, 0.35))
    if rng.random() < 0.15:
        image = _ruled(image, rng)
    if rng.random() < 0.25:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3) if rng.random() < 0.5 else (2, 2))
        changed = cv2.erode(image, kernel) if rng.random() < 0.5 else cv2.dilate(image, kernel)
        image += (changed - image) * rng.uniform(0.3, 1)
    contrast, gamma = 1 - abs(rng.normal(0, 0.25)), np.exp(rng.normal(0, 0.2))
    image = 255 * (1 - max(contrast, 0.25) * (1 - image / 255)) ** gamma
    if rng.random() < 0.4:
        cells = rng.uniform(0.35, 1.0, tuple(rng.integers(2, 5, 2))).astype(np.float32)
        image *= cv2.resize(cells, (side, side), interpolation=cv2.INTER_CUBIC).clip(0.2, 1.1)
    if rng.random() < 0.15:
        # The edge of a shadow or of another sheet.
        at = rng.uniform(0.05, 0.95) * side
        slope, over = rng.normal(0, 0.3), np.arange(side, dtype=np.float32)
        edge = over[None] - at - slope * over[:, None] if rng.random() < 0.5 else over[:, None] - at - slope * over[None]
        image *= 1 - rng.uniform(0.2, 0.6) / (1 + np.exp(-np.clip(edge / rng.uniform(1, 15), -20, 20)))
    if rng.random() < 0.3:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.4))
    if rng.random() < 0.4:
        noise = rng.standard_normal(image.shape, np.float32)
        image += cv2.GaussianBlur(noise, (0, 0), 0.7) * np.float32(rng.uniform(2, 20))
    image = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 80))])[1]
        image = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)
    return image


def _ruled(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    side = image.shape[0]
    rules = np.zeros(image.shape, np.uint8)
    spacing, tilt = rng.uniform(8, 45), rng.normal(0, 0.01)
    for at in np.arange(rng.uniform(0, spacing), side * 1.1, spacing):
        ends = (0, round(at * 16)), (side * 16, round((at + tilt * side) * 16))
        cv2.line(rules, *ends, 255, 1, cv2.LINE_AA, 4)
        if tilt > 0:
            cv2.line(rules, ends[0][::-1], ends[1][::-1], 255, 1, cv2.LINE_AA, 4)
    return image * (1 - rules * np.float32(rng.uniform(0.1, 0.6) / 255))

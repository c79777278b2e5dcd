"""What training does to a line image: other pens, other slants, other paper, other scanners.

The geometry is one smooth map, sampled once, after Simard, Steinkraus & Platt (2003) for its elastic part and
Wigington et al. (2017) for the line's own profile; stroke width, contrast, noise, blur and ruled lines follow.
"""

from __future__ import annotations

import cv2
import numpy as np

from htrtool.core.training.surroundings import ENOUGH, surround

LONGEST, PIECE = 32766, 8192
"""Columns that OpenCV's remap takes, which counts pixels in 16 bits, and those that are sampled at once of a longer line."""


def augment(pixels: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Return a variant of a line image.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
        rng: the source of all chance.
        strength: 0 leaves the image as it is; the shipped models trained with 0.4 at last, from which on paper and
            scanners are as bad and letters soon as wide or narrow as they get.

    Returns:
        (height, width') uint8; the width changes with slant and scale.
    """
    if strength <= 0:
        return pixels
    seldom = min(strength, ENOUGH)
    pixels = surround(pixels, rng, strength)
    pixels = _warp(pixels, rng, strength)
    if rng.random() < 0.35 * strength:
        pixels = _stroke_width(pixels, rng)
    if rng.random() < 0.4 * seldom:
        pixels = _ruled(pixels, rng)
    if rng.random() < 0.2 * strength:
        pixels = _blur(pixels, rng)
    pixels = _tone(pixels, rng, strength)
    if rng.random() < 0.2 * strength:
        pixels = _erase(pixels, rng)
    if rng.random() < 0.2 * seldom:
        pixels = _specked(pixels, rng)
    if rng.random() < 0.15 * seldom:
        pixels = _black_and_white(pixels, rng)
    return pixels


def _warp(pixels, rng, strength):
    height, width = pixels.shape
    shear = rng.normal(0, 0.18) * strength
    scale_x = np.exp(rng.normal(0, min(0.2 * strength, 0.12)))
    scale_y = np.exp(rng.normal(-0.02, 0.08) * strength)
    rise = rng.normal(0, 0.008) * strength
    shift = rng.normal(0, 0.03) * height * strength
    margin = abs(shear) * height / 2
    left, right = rng.uniform(0, 6, 2) * strength
    new_width = max(8, int(round(width * scale_x + 2 * margin + left + right)))
    x, y = np.meshgrid(np.arange(new_width, dtype=np.float32), np.arange(height, dtype=np.float32))
    centre = (height - 1) / 2
    source_x = (x - margin - left + shear * (y - centre)) / scale_x
    source_y = (y - centre - shift) / scale_y + centre + np.clip(rise * (x - new_width / 2), -4, 4)
    cell = rng.uniform(14, 40)
    rows, columns = max(2, round(height / cell) + 1), max(2, round(new_width / cell) + 1)
    amplitude = abs(rng.normal(0, 0.055)) * cell * strength
    for source in (source_x, source_y):
        grid = rng.normal(0, amplitude, (rows, columns)).astype(np.float32)
        source += cv2.resize(grid, (new_width, height), interpolation=cv2.INTER_CUBIC)
    return _sampled(pixels, source_x.astype(np.float32), source_y.astype(np.float32), int(np.percentile(pixels, 80)))


def _sampled(pixels, x, y, paper):
    """Return what stands at places x and y, both (height, width'), of a line; beyond it is paper."""
    border = {"borderMode": cv2.BORDER_CONSTANT, "borderValue": paper}
    if max(pixels.shape[1], x.shape[1]) <= LONGEST:
        return cv2.remap(pixels, x, y, cv2.INTER_LINEAR, **border)
    parts = []
    for start in range(0, x.shape[1], PIECE):
        columns, rows = x[:, start : start + PIECE], y[:, start : start + PIECE]
        # Those that the piece needs, and their neighbours, from which what lies between is taken.
        first = int(np.clip(np.floor(columns.min()) - 1, 0, pixels.shape[1] - 1))
        last = int(np.clip(np.ceil(columns.max()) + 2, first + 1, pixels.shape[1]))
        parts.append(cv2.remap(pixels[:, first:last], columns - np.float32(first), rows, cv2.INTER_LINEAR, **border))
    return np.hstack(parts)


def _stroke_width(pixels, rng):
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3) if rng.random() < 0.7 else (2, 2))
    changed = cv2.erode(pixels, kernel) if rng.random() < 0.5 else cv2.dilate(pixels, kernel)
    return cv2.addWeighted(pixels, *_mix(rng.uniform(0.3, 1), changed))


def _mix(share, other):
    return 1 - share, other, share, 0


def _ruled(pixels, rng):
    lined = pixels.copy()
    height, width = pixels.shape
    tone, thickness = int(rng.integers(70, 235)), 1 + int(rng.random() < 0.3)
    spacing = int(rng.integers(14, 60))
    tilt = rng.normal(0, 2)
    for y in range(int(rng.integers(0, spacing)), height, spacing):
        cv2.line(lined, (0, y), (width, int(y + tilt)), tone, thickness, cv2.LINE_AA)
    if rng.random() < 0.5:
        for x in range(int(rng.integers(0, spacing)), width, spacing):
            cv2.line(lined, (x, 0), (int(x + tilt), height), tone, thickness, cv2.LINE_AA)
    return np.minimum(pixels, lined)


def _blur(pixels, rng):
    if rng.random() < 0.5:
        return cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.4, 1.1))
    height, width = pixels.shape
    share = rng.uniform(0.35, 0.9)
    small = cv2.resize(pixels, (max(2, int(width * share)), max(2, int(height * share))), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def _tone(pixels, rng, strength):
    tones = np.arange(256, dtype=np.float32) / 255
    tones = 1 - (1 - tones) ** np.exp(rng.normal(0, 0.25) * strength)
    contrast = 1 - abs(rng.normal(0, 0.22)) * strength
    tones = 1 - (1 - tones) * max(contrast, 0.3) - abs(rng.normal(0, 0.03)) * strength
    pixels = cv2.LUT(pixels, np.clip(tones * 255, 0, 255).astype(np.uint8))
    if rng.random() < 0.4 * strength:
        noise = rng.normal(0, rng.uniform(1, 12), (pixels.shape[0], pixels.shape[1])).astype(np.float32)
        if rng.random() < 0.5:
            noise = cv2.GaussianBlur(noise, (0, 0), 1) * 2
        pixels = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    return pixels


def _specked(pixels, rng):
    """Scatter specks of dirt over the line, and a few blots."""
    height, width = pixels.shape
    dirt, tone = np.full_like(pixels, 255), int(rng.integers(20, 160))
    count = int(rng.uniform(0.0005, 0.006) * pixels.size)
    dirt[rng.integers(0, height, count), rng.integers(0, width, count)] = tone
    if rng.random() < 0.5:
        dirt = cv2.erode(dirt, np.ones((2, 2), np.uint8))
    for _ in range(rng.poisson(width / 400)):
        place = int(rng.integers(width)), int(rng.integers(height))
        cv2.circle(dirt, place, int(rng.integers(1, 6)), tone, cv2.FILLED, cv2.LINE_AA)
    return np.minimum(pixels, dirt)


def _black_and_white(pixels, rng):
    """Leave no gray, as faxes and scanners of old did, whose paper may be dithered."""
    height, width = pixels.shape
    large = cv2.resize(pixels, (2 * width, 2 * height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    threshold = rng.uniform(150, 225)
    if rng.random() < 0.4:
        large += rng.uniform(-80, 80, large.shape) - rng.uniform(0, 80)
    return cv2.resize(np.where(large < threshold, 0, 255).astype(np.uint8), (width, height), interpolation=cv2.INTER_AREA)


def _erase(pixels, rng):
    """Cover a small patch with paper tone, so that context must help where ink has flaked."""
    height, width = pixels.shape
    pixels = pixels.copy()
    for _ in range(int(rng.integers(1, 4))):
        h, w = int(rng.integers(4, max(5, height // 2))), int(rng.integers(3, 14))
        y, x = int(rng.integers(0, height)), int(rng.integers(0, max(1, width)))
        pixels[y : y + h, x : x + w] = np.percentile(pixels, 80)
    return pixels

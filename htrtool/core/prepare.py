"""The preparation of a line image, alike for prep, train and read."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from htrtool.core.errors import InputError
from htrtool.core.recipe import Recipe
from htrtool.core.squares import squares_of

# Scans of a line much higher than what becomes of it are shrunk first, to this many times its height.
FINEST = 8
# Of a line's ink, what may lie beyond the rows that are kept; of their height, the margin put back; and of the picture's,
# from where on it is left as it is: of lines more than WIDE times as wide as their ink is high. A word may have neither long
# letters nor tails, so that up to NARROW times it is the second of each pair. Paler than FAINTEST of the darkest is no ink; writing crosses a column more often on
# average than CROSSINGS, while a dash, a dot or a rule does so once.
STRAY, MARGIN, MOSTLY = 0.01, (0.2, 0.5), (0.7, 0.85)
WIDE, NARROW = 12, 4
FAINTEST = 0.4
CROSSINGS = 1.1
# Higher pictures are looked at in so many rows.
MOST_ROWS = 800


class Prepared(NamedTuple):
    """A prepared line, (height, width) uint8, and the columns at which the line that it was made of begins and ends.

    Turning and shearing add columns to the left and right; ``begin`` and ``end`` are where the middle of the line's left
    and right edge went.
    """

    pixels: np.ndarray
    begin: float
    end: float


def prepare(pixels: np.ndarray, recipe: Recipe, told: object = None) -> np.ndarray:
    """Apply a recipe to one line, (height, width) uint8: what :func:`prepare_placed` does, without the ends."""
    return prepare_placed(pixels, recipe, told).pixels


def prepare_placed(pixels: np.ndarray, recipe: Recipe, told: object = None) -> Prepared:
    """Apply a recipe to one line and tell where its ends went.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
        told: the ``recipe`` in the JSON of the line's sample, if there is one. Its steps were done already and would
            change the line if they were done again; those of a recipe that is not known are taken for none.

    Returns:
        The line, (recipe.height, width') uint8, the aspect ratio kept, and its ends.
    """
    try:
        recipe = recipe.besides(Recipe.from_json(told))
    except InputError:
        pixels = without_margins(pixels)
    if pixels.shape[0] > FINEST * recipe.height:
        pixels = resize_to_height(pixels, FINEST * recipe.height)
    begin, end = 0.0, float(pixels.shape[1])
    if recipe.normalise == "background":
        pixels = normalise_background(pixels)
    if recipe.remove_rules:
        from htrtool.core.rules import remove_rules

        pixels = remove_rules(pixels)
    if recipe.deskew or recipe.deslant:
        from htrtool.core.slant import shear_upright, turn_level

        if recipe.deskew:
            pixels, moved = turn_level(pixels)
            begin, end = begin + moved, end + moved
        if recipe.deslant:
            middle = (pixels.shape[0] - 1) / 2
            pixels, shear, offset = shear_upright(pixels)
            moved = shear * middle + offset
            begin, end = begin + moved, end + moved
    if recipe.binarise != "none":
        from htrtool.core.binarise import binarise

        pixels = binarise(pixels, recipe.binarise)
    resized = resize_to_height(pixels, recipe.height)
    scale = resized.shape[1] / pixels.shape[1]
    return Prepared(resized, begin * scale, end * scale)


def without_margins(pixels: np.ndarray) -> np.ndarray:
    """Cut blank rows off above and below a line, which would make its letters small, where they are a good part of it.

    Args:
        pixels: (height, width) uint8, dark ink on light paper, which may lie on something of another tone.
    """
    scale = max(1.0, len(pixels) / MOST_ROWS)
    small = resize_to_height(pixels, MOST_ROWS) if scale > 1 else pixels
    height = len(small)
    paper = np.median(small[:, :: max(1, small.shape[1] // 500)], axis=1)
    darkness = np.maximum(paper[:, None].astype(np.float32) - small, 0)
    inked = darkness > FAINTEST * np.quantile(darkness, 0.995)
    ink = np.where(inked, darkness, 0).sum(axis=1)
    total = float(ink.sum())
    if not total:
        return pixels
    top, bottom = np.searchsorted(np.cumsum(ink), [STRAY * total, (1 - STRAY) * total])
    rows = bottom + 1 - top
    aspect = inked[top : bottom + 1].any(axis=0).sum() / rows
    margin, mostly = (np.interp(aspect, [NARROW, WIDE], pair[::-1]) for pair in (MARGIN, MOSTLY))
    top, bottom = max(0, int(top - margin * rows)), min(height, int(np.ceil(bottom + 1 + margin * rows)))
    inside = inked[top:bottom]
    begins = inside & ~np.vstack([np.zeros_like(inside[:1]), inside[:-1]])
    if begins.sum() < CROSSINGS * inside.any(axis=0).sum() or bottom - top >= mostly * height:
        return pixels
    return pixels[int(top * scale) : int(np.ceil(bottom * scale))]


def normalise_background(pixels: np.ndarray) -> np.ndarray:
    """Divide by the local paper tone, then stretch so that paper is white and the darkest strokes nearly black.

    So stains, shadows and vignetting go while strokes stay.

    Args:
        pixels: (height, width) uint8, dark ink on light paper; the result too.
    """
    ink = np.clip(1 - pixels / paper_tones(pixels), 0, 1)
    darkest = max(float(np.quantile(ink, 0.995)), 0.08)
    return (255 - np.clip(ink / darkest * 230, 0, 255)).astype(np.uint8)


def paper_tones(pixels: np.ndarray) -> np.ndarray:
    """Estimate the tone of the paper at each pixel of a line, float32, at least 1.

    It is a high quantile of a neighbourhood about as large as the line is high.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
    """
    height, width = pixels.shape
    cells = squares_of(pixels, max(4, height // 4))
    rank = int(0.75 * (cells.shape[-1] - 1))
    tones = np.partition(cells, rank, axis=-1)[..., rank].astype(np.float32)
    tones = cv2.dilate(tones, np.ones((3, 5), np.uint8))
    tones = cv2.blur(tones, (5, 3), borderType=cv2.BORDER_REPLICATE)
    return np.maximum(cv2.resize(tones, (width, height), interpolation=cv2.INTER_LINEAR), 1)


def resize_to_height(pixels: np.ndarray, height: int) -> np.ndarray:
    """Resize a line, (height, width), to ``height`` rows, the aspect ratio kept and at least one column."""
    if pixels.shape[0] == height:
        return pixels
    width = max(1, round(pixels.shape[1] * height / pixels.shape[0]))
    shrinks = height < pixels.shape[0]
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)

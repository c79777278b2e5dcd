"""The preparation of a line image, alike for prep, train and read: one recipe, stored with samples and models."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

import cv2
import numpy as np

from htrtool.core.errors import InputError

NORMALISATIONS = ("none", "background")


@dataclass(frozen=True)
class Recipe:
    """The steps that turn a cut-out line into what the network sees, in the order in which they run."""

    normalise: str = "background"
    height: int = 64

    def to_json(self) -> dict:
        """Return the recipe as plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict) -> Recipe:
        """Make a recipe from JSON data.

        Raises:
            InputError: it names a step that this version does not know.
        """
        known = {field.name for field in fields(cls)}
        if surplus := set(data) - known:
            raise InputError(f"expected preparation steps among {sorted(known)}, received {sorted(surplus)}: a newer htr may know them")
        return cls(**data)


def prepare(pixels: np.ndarray, recipe: Recipe) -> np.ndarray:
    """Apply a recipe to one line.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.

    Returns:
        (recipe.height, width') uint8, the aspect ratio kept.
    """
    if recipe.normalise == "background":
        pixels = normalise_background(pixels)
    return resize_to_height(pixels, recipe.height)


def normalise_background(pixels: np.ndarray) -> np.ndarray:
    """Divide by the local paper tone, then stretch so that paper is white and the darkest strokes nearly black.

    The paper tone is a high quantile of a neighbourhood about as large as the line is high, so that stains,
    shadows and vignetting go while strokes stay.
    """
    height, width = pixels.shape
    cell = max(4, height // 4)
    rows, columns = -(-height // cell), -(-width // cell)
    padded = cv2.copyMakeBorder(pixels, 0, rows * cell - height, 0, columns * cell - width, cv2.BORDER_REPLICATE)
    cells = padded.reshape(rows, cell, columns, cell).transpose(0, 2, 1, 3).reshape(rows, columns, -1)
    rank = int(0.75 * (cells.shape[-1] - 1))
    tones = np.partition(cells, rank, axis=-1)[..., rank].astype(np.float32)
    tones = cv2.dilate(tones, np.ones((3, 5), np.uint8))
    tones = cv2.blur(tones, (5, 3), borderType=cv2.BORDER_REPLICATE)
    paper = np.maximum(cv2.resize(tones, (width, height), interpolation=cv2.INTER_LINEAR), 1)
    ink = np.clip(1 - pixels / paper, 0, 1)
    darkest = max(float(np.quantile(ink, 0.995)), 0.08)
    return (255 - np.clip(ink / darkest * 230, 0, 255)).astype(np.uint8)


def resize_to_height(pixels: np.ndarray, height: int) -> np.ndarray:
    """Resize to ``height`` rows, the aspect ratio kept and at least one column."""
    if pixels.shape[0] == height:
        return pixels
    width = max(1, round(pixels.shape[1] * height / pixels.shape[0]))
    shrinks = height < pixels.shape[0]
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)

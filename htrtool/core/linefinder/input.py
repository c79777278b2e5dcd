"""A page as the line finder's network sees it: its ink, freed from the tone of the paper and the strength of the pen."""

from __future__ import annotations

import cv2
import numpy as np

from htrtool.core.ink import paper_tone

# Scanned black is noise, not ink: below this tone, differences count less.
DARKEST_PAPER = 60
LEAST_STRENGTH = 0.15


def network_input(pixels: np.ndarray) -> np.ndarray:
    """Return how dark each pixel is against the paper around it, from 0 to 1 where the page's strong strokes are.

    Args:
        pixels: (height, width) uint8, dark on light.

    Returns:
        float32 of the same shape.
    """
    height, width = pixels.shape
    half = cv2.resize(pixels, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)
    paper = cv2.resize(paper_tone(half)[0], (width, height), interpolation=cv2.INTER_LINEAR)
    darkness = (paper - pixels) / np.maximum(paper, DARKEST_PAPER)
    strength = max(LEAST_STRENGTH, float(np.quantile(darkness[::3, ::3], 0.99)))
    return np.clip(darkness / strength, 0, 1).astype(np.float32)

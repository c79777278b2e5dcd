"""Ruled lines of the paper out of a line of writing."""

from __future__ import annotations

import cv2
import numpy as np

from htrtool.core.prepare import paper_tones

WORKING_HEIGHT = 64
# In working pixels: what a stroke does not run level, how faint a rule may be, and how much ink may lie in one.
DASH = 100
FAINTEST = 0.03
THICKEST = 5


def remove_rules(pixels: np.ndarray) -> np.ndarray:
    """Give the paper's tone to ruled lines, and leave the strokes that cross them.

    A rule is what is left of the ink after a gray-scale opening with a long, nearly level line, if it is thin and goes
    on over a good part of the line; ink clearly darker than the rule, or a dark rule's where ink goes on above and
    below, is a stroke's.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
    """
    height, width = pixels.shape
    scale = WORKING_HEIGHT / height
    if width * scale < DASH:
        return pixels
    paper = paper_tones(pixels)
    ink = np.clip(1 - pixels / paper, 0, 1).astype(np.float32)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(ink, (round(width * scale), WORKING_HEIGHT), interpolation=how)
    rule = _rules(small)
    if not rule.any():
        return pixels
    stroke = _strokes(small, rule)
    rule = cv2.resize(rule, (width, height), interpolation=cv2.INTER_LINEAR)
    stroke = cv2.resize(stroke, (width, height), interpolation=cv2.INTER_LINEAR)
    kept = np.where(rule > FAINTEST / 2, ink * stroke, ink)
    return np.clip(np.round(paper * (1 - kept)), 0, 255).astype(np.uint8)


def _rules(ink: np.ndarray) -> np.ndarray:
    """Return the darkness of the rules, float32, 0 where there is none."""
    # Dips of noise are levelled along the rule; a slope of a few percent is allowed for by the growth across.
    level = cv2.dilate(cv2.blur(ink, (7, 1)), np.ones((3, 1), np.uint8))
    level = cv2.morphologyEx(level, cv2.MORPH_OPEN, np.ones((1, DASH), np.uint8), borderType=cv2.BORDER_REPLICATE)
    # Text in a close hand is level too, but not thin: what is as dark over many rows is no rule.
    level -= cv2.morphologyEx(level, cv2.MORPH_OPEN, np.ones((2 * THICKEST, 1), np.uint8))
    mask = (level > FAINTEST).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    least = min(max(1.5 * DASH, 0.3 * ink.shape[1]), 0.9 * ink.shape[1])
    widths, areas = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_AREA]
    is_rule = (widths >= least) & (areas < 2 * THICKEST * widths)
    is_rule[0] = False
    return np.where(is_rule[labels], level, 0).astype(np.float32)


def _strokes(ink: np.ndarray, rule: np.ndarray) -> np.ndarray:
    """Return where on the rules ink is a stroke's, 0 to 1."""
    usual = max(float(np.quantile(ink, 0.98)), 0.1)
    darker = np.clip((ink - 1.5 * rule) / (0.15 * usual + 1e-3), 0, 1)
    outside = np.where(rule > 0, 0, ink)
    near = np.ones((THICKEST + 1, 3), np.uint8)
    # Beyond the picture there is no ink; OpenCV would take the least number there is for it.
    above = cv2.dilate(outside, near, anchor=(1, THICKEST), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    below = cv2.dilate(outside, near, anchor=(1, 0), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    crossing = np.clip((np.minimum(above, below) - 0.3 * usual) / (0.2 * usual), 0, 1)
    return np.maximum(darker, np.minimum(crossing, np.clip(ink / (0.3 * usual), 0, 1))).astype(np.float32)

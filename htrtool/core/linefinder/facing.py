"""Lines of a facing page, of which the picture shows only a strip."""

from __future__ import annotations

import numpy as np

# How many lines the picture's edge must cut for a strip of a facing page, how near to the edge, in heights of small
# letters, they are cut, how much longer the lines of the page itself are, and the share of them that keep off the strip.
FEWEST, AT_EDGE, LONGER, APART = 4, 1.0, 1.3, 0.8
# Half of the lines that are cut come as near as this, in the same heights, and this share of them to the last pixel but one:
# what is only cropped closely does not.
TOUCHING, CUT_THROUGH = 0.5, 0.3
# The share of a line in the strip from which it belongs there.
WITHIN = 0.5


def on_facing_page(spans: np.ndarray, x_heights: np.ndarray, width: int) -> np.ndarray:
    """Tell which lines stand on a strip of a facing page: the picture's edge cuts them, and the page's own lines, which
    are longer, begin beyond them. Lines that fill a picture from edge to edge are its own.

    Args:
        spans: (lines, 2), the left and right end of each line.
        x_heights: (lines,), the height of its small letters.
        width: that of the picture.

    Returns:
        bool (lines,).
    """
    facing = np.zeros(len(spans), bool)
    for near, far in (spans.T, (width - spans[:, 1], width - spans[:, 0])):
        cut = near < AT_EDGE * x_heights
        own = ~cut & ~facing
        if cut.sum() < FEWEST or not own.any():
            continue
        if np.median(near[cut] / x_heights[cut]) > TOUCHING or (near[cut] <= 1).mean() < CUT_THROUGH:
            continue
        reach = np.quantile(far[cut], 0.8)
        length = far - near
        if np.median(length[own]) > LONGER * np.median(length[cut]) and (near[own] > WITHIN * reach).mean() >= APART:
            facing |= (np.minimum(far, reach) - near) > WITHIN * length
    return facing

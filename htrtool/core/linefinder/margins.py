"""Writing that stands sideways on an upright page, as in the margin of a letter."""

from __future__ import annotations

import cv2
import numpy as np

# A patch counts as written on from this likelihood; so many patches together, so long, are a line that stands sideways.
WRITTEN = 0.5
FEWEST_PATCHES, LEAST_LENGTH = 5, 4


def sideways_patches(patches: np.ndarray) -> np.ndarray:
    """Return where writing stands sideways, bool (rows, columns), of the patches of :class:`LineMaps`.

    Single patches that look so are flourishes and stamps: what counts are several together, longer than wide.
    """
    nothing, upright, clockwise, overturned, anticlockwise = np.moveaxis(patches, -1, 0)
    sideways = (1 - nothing > WRITTEN) & (clockwise + anticlockwise > upright + overturned)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(sideways.astype(np.uint8), connectivity=8)
    large = [
        label
        for label in range(1, count)
        if stats[label, cv2.CC_STAT_AREA] >= FEWEST_PATCHES
        and stats[label, cv2.CC_STAT_HEIGHT] >= max(LEAST_LENGTH, stats[label, cv2.CC_STAT_WIDTH])
    ]
    return np.isin(labels, large)

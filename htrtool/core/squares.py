"""A picture cut into squares, for what is estimated square by square, such as the tone of the paper."""

from __future__ import annotations

import cv2
import numpy as np


def squares_of(pixels: np.ndarray, side: int, beyond: int | None = None) -> np.ndarray:
    """Return the pixels of each square of a picture, (height, width), from its upper left corner on.

    Args:
        side: of a square, in pixels.
        beyond: what squares that reach beyond the picture hold there; None for the picture's outermost pixels again.

    Returns:
        (rows, columns, side²), of the type of ``pixels``, with height ≤ rows · side and width ≤ columns · side.
    """
    height, width = pixels.shape
    rows, columns = -(-height // side), -(-width // side)
    border = cv2.BORDER_REPLICATE if beyond is None else cv2.BORDER_CONSTANT
    padded = cv2.copyMakeBorder(pixels, 0, rows * side - height, 0, columns * side - width, border, value=beyond)
    return padded.reshape(rows, side, columns, side).transpose(0, 2, 1, 3).reshape(rows, columns, -1)

"""Ink or paper, nothing between: thresholds over the whole line and local ones."""

from __future__ import annotations

import cv2
import numpy as np

from htrtool.core.errors import InputError

# Windows in parts of the line's height; about a letter, since a smaller one hollows out thick strokes.
LOCAL = {
    "sauvola": {"window": 1.0, "k": 0.2},
    "wolf": {"window": 1.0, "k": 0.5},
    "nick": {"window": 1.0, "k": -0.2},
    "isauvola": {"window": 1.0, "k": 0.2},
    "su": {},
}


def binarise(pixels: np.ndarray, method: str) -> np.ndarray:
    """Turn a gray line into black ink, 0, on white paper, 255.

    Args:
        pixels: (height, width) uint8.
        method: ``otsu`` (1979), one threshold for the line; or a local one: ``sauvola`` (2000), ``wolf`` (2003) for
            low contrast, ``nick`` (2009) for old, faint documents, ``isauvola`` (2016) and ``su`` (2010) for degraded
            ones.

    Raises:
        InputError: no such method.
    """
    from doxapy import Binarization

    if method != "otsu" and method not in LOCAL:
        raise InputError(f"expected a binarisation among otsu, {', '.join(LOCAL)}, received {method!r}")
    if int(pixels.max()) - int(pixels.min()) < 2:
        return np.full_like(pixels, 255)
    parameters = dict(LOCAL.get(method, {}))
    margin = 0
    if "window" in parameters:
        parameters["window"] = max(9, int(parameters["window"] * pixels.shape[0])) | 1
        # Doxa writes beyond its arrays where the window is larger than the picture.
        margin = parameters["window"] // 2 + 1
        pixels = cv2.copyMakeBorder(pixels, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    result = np.empty_like(pixels, order="C")
    binarization = Binarization(getattr(Binarization.Algorithms, method.upper()))
    binarization.initialize(np.ascontiguousarray(pixels))
    binarization.to_binary(result, parameters)
    return result[margin : result.shape[0] - margin, margin : result.shape[1] - margin]

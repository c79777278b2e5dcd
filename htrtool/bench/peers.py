"""Other readers of text lines, each behind one function, used if it is installed."""

from __future__ import annotations

import shutil
import subprocess
from importlib.util import find_spec
from typing import Callable

import cv2
import numpy as np

LineReader = Callable[[np.ndarray], str]
"""Gray pixels of a line, (height, width) uint8, to its text."""


def rapidocr() -> LineReader | None:
    """Return RapidOCR's recogniser with the model that its package brings, None if it is not installed."""
    if not find_spec("rapidocr"):
        return None
    import logging

    from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    engine = RapidOCR(params={"Global.log_level": "error"})

    def read(pixels: np.ndarray) -> str:
        result = engine(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), use_det=False, use_cls=False, use_rec=True)
        return " ".join(result.txts or ())

    return read


def tesseract() -> LineReader | None:
    """Return Tesseract with its ``eng`` model, a line a call (``--psm 7``), None if it is not installed."""
    program = shutil.which("tesseract")
    if program is None:
        return None

    def read(pixels: np.ndarray) -> str:
        # Tesseract wants margins and a resolution; without them it does worse.
        pixels = cv2.copyMakeBorder(pixels, 10, 10, 10, 10, cv2.BORDER_REPLICATE)
        png = cv2.imencode(".png", pixels)[1].tobytes()
        done = subprocess.run(
            [program, "stdin", "stdout", "-l", "eng", "--psm", "7"], input=png, capture_output=True, check=True
        )
        return done.stdout.decode("utf-8", "replace")

    return read


PEERS: dict[str, Callable[[], LineReader | None]] = {"rapidocr": rapidocr, "tesseract": tesseract}

"""A page's line maps: what the line finder's network says of each pixel, computed with ONNX Runtime."""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from htrtool.core.decoding.decode import softmax
from htrtool.core.errors import ModelError
from htrtool.core.linefinder.input import network_input
from htrtool.core.modelfile import LINE_FINDER, SHIPPED
from htrtool.core.session import open_session

MAPS = ("baseline", "body", "end")
TURNS = (0, 90, 180, 270)
STRIDE = 32
WORKING_SIDE = 1120
# Pictures that are longer than so many times their width, or wider than so many times their height, are let be longer: rolls,
# receipts, pages one beside the other. They are seen in pieces of this length, with so much of their neighbours as matters.
ELONGATED = 3.0
PIECE, AROUND = 2240, 256
METADATA_KEY = "htr-lines"
_LOADING = threading.Lock()


@dataclass
class LineMaps:
    """What the network says of a page.

    ``baseline``, ``body`` and ``end`` are float32 (rows, columns), 0 to 1: whether a baseline passes here, whether
    between it and the height of small letters something is written, whether a line begins or ends here. They have half as
    many pixels each way as the page. ``patches``, (rows, columns, 5), is for each ``STRIDE`` pixels of the page each way
    how likely nothing is written there, or writing turned clockwise by each of ``TURNS``.
    """

    baseline: np.ndarray
    body: np.ndarray
    end: np.ndarray
    patches: np.ndarray

    @property
    def writing(self) -> np.ndarray:
        """On how much of the page is written, in patches, turned by each of ``TURNS``: float (turns,)."""
        return self.patches[..., 1:].sum((0, 1))


class LineMapper:
    """The network that maps lines, loaded from its ONNX file. Calls from several threads at once are fine.

    Args:
        path: the ONNX file.
        threads: the threads that one call uses.

    Raises:
        ModelError: the file is broken or no line finder of ours.
    """

    def __init__(self, path: Path, threads: int = 1):
        self._session = open_session(path, threads)
        if METADATA_KEY not in self._session.get_modelmeta().custom_metadata_map:
            raise ModelError("expected a network that finds lines, received another", str(path))

    def maps(self, pixels: np.ndarray) -> LineMaps:
        """Map the lines of a page, best at the scale that :func:`shrunk` gives it.

        Args:
            pixels: (height, width) uint8, dark on light.
        """
        page = network_input(pixels)
        height, width = page.shape
        page = np.pad(page, ((0, -height % STRIDE), (0, -width % STRIDE)))
        maps, turn = self._run(page)
        maps = 1 / (1 + np.exp(-maps[: -(-height // 2), : -(-width // 2)]))
        return LineMaps(*(np.ascontiguousarray(maps[..., i]) for i in range(len(MAPS))), softmax(turn))

    def _run(self, page: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Run the network on a page, piece by piece if it is long, so that memory does not grow with it."""
        if max(page.shape) <= PIECE:
            maps, turn = self._session.run(["maps", "turn"], {"page": page[None, :, :, None]})
            return maps[0], turn[0]
        along = int(np.argmax(page.shape))
        page, own = np.moveaxis(page, along, 0), PIECE - 2 * AROUND
        parts = []
        for start in range(0, len(page), own):
            begin = max(0, start - AROUND)
            piece = np.moveaxis(page[begin : start + own + AROUND], 0, along)
            found = (np.moveaxis(part, along, 0) for part in self._run(piece))
            parts.append([part[(start - begin) // step :][: own // step] for part, step in zip(found, (2, STRIDE))])
        return tuple(np.moveaxis(np.concatenate(part), 0, along) for part in zip(*parts))


def elongation(pixels: np.ndarray) -> float:
    """Return how many times as long a page, (height, width), is as the longest of usual shape; 1 for those."""
    return max(1.0, max(pixels.shape) / min(pixels.shape) / ELONGATED)


def shrunk(pixels: np.ndarray, side: int = 0) -> tuple[np.ndarray, float]:
    """Return a page with ``side`` pixels at most on its longer side, and its pixels per pixel of the original.

    Args:
        pixels: (height, width) uint8.
        side: 0 for ``WORKING_SIDE``, more of an elongated page.
    """
    scale = min(1.0, (side or WORKING_SIDE * elongation(pixels)) / max(pixels.shape))
    if scale == 1:
        return pixels, scale
    size = [max(1, round(length * scale)) for length in pixels.shape[::-1]]
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), scale


def line_mapper(threads: int) -> LineMapper:
    """Return the network that is shipped, to be run by so many threads; it is loaded once."""
    with _LOADING:
        return _loaded(threads)


@functools.cache
def _loaded(threads: int) -> LineMapper:
    return LineMapper(SHIPPED / f"{LINE_FINDER}.onnx", threads)

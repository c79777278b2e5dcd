"""The network of a model, which reads prepared lines: it runs in ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

import numpy as np

from htrtool.core.decoding.decode import softmax
from htrtool.core.errors import InputError, ModelError
from htrtool.core.modelfile import METADATA_KEY, ModelInfo
from htrtool.core.prepare import Prepared, prepare_placed
from htrtool.core.session import open_session

WIDTH_STEP = 32
MAX_ASPECT = 128


class LineNetwork:
    """A network, loaded.

    ``info`` is its metadata. Calls from several threads at once are fine.

    Args:
        path: the ONNX file.
        threads: the threads that one run of it uses.

    Raises:
        ModelError: the file is broken or not a model of ours.
    """

    def __init__(self, path: Path, threads: int = 1):
        self._session = open_session(path, threads)
        metadata = self._session.get_modelmeta().custom_metadata_map
        if METADATA_KEY not in metadata:
            raise ModelError(
                "expected a model made by htr train, received another ONNX file (no htr metadata)", str(path)
            )
        self.info = ModelInfo.from_json(metadata[METADATA_KEY], str(path))
        self._check_shapes(str(path))

    def _check_shapes(self, source: str) -> None:
        inputs = {tensor.name: tensor.shape for tensor in self._session.get_inputs()}
        outputs = {tensor.name: tensor.shape for tensor in self._session.get_outputs()}
        if "lines" not in inputs or "logits" not in outputs:
            raise ModelError(
                f"expected an input 'lines' and an output 'logits', received {list(inputs)} and {list(outputs)}", source
            )
        height, classes = inputs["lines"][1], outputs["logits"][-1]
        if isinstance(height, int) and height != self.info.recipe.height:
            raise ModelError(
                f"expected lines {self.info.recipe.height} pixels high as its metadata say, the network wants {height}",
                source,
            )
        if isinstance(classes, int) and classes != self.info.charset.classes:
            raise ModelError(
                f"expected {self.info.charset.classes} classes as its charset says, the network has {classes}", source
            )

    def prepare(self, pixels: np.ndarray, told: object = None) -> np.ndarray:
        """Prepare one line as the network's training lines were: what :meth:`prepare_placed` does, without the ends."""
        return self.prepare_placed(pixels, told).pixels

    def prepare_placed(self, pixels: np.ndarray, told: object = None) -> Prepared:
        """Prepare one line as the network's training lines were.

        Args:
            pixels: (height, width) uint8, dark ink on light paper.
            told: the recipe with which it was prepared already, if its sample tells one.

        Returns:
            The line, (network's height, width') uint8, and the columns where its ends went.

        Raises:
            InputError: the line is more than ``MAX_ASPECT`` times as wide as it is high.
        """
        height, width = pixels.shape
        if width > MAX_ASPECT * height:
            raise InputError(
                f"expected a text line, at most {MAX_ASPECT} times as wide as it is high, "
                f"received {width}×{height}: cut it into pieces"
            )
        return prepare_placed(pixels, self.info.recipe, told)

    @staticmethod
    def padded_width(line: np.ndarray) -> int:
        """Return the width to which a prepared line is padded; only lines of equal padded width may share a batch.

        Args:
            line: (height, width) uint8.
        """
        return max(1, -(-line.shape[1] // WIDTH_STEP)) * WIDTH_STEP

    def network_input(self, lines: Sequence[np.ndarray]) -> np.ndarray:
        """Return prepared lines of one padded width as the network takes them: (lines, height, width, 1), ink 1."""
        batch = np.zeros((len(lines), self.info.recipe.height, self.padded_width(lines[0]), 1), np.float32)
        for row, line in zip(batch, lines):
            row[:, : line.shape[1], 0] = (255 - line.astype(np.float32)) / 255
        return batch

    def probabilities(self, lines: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Run the network on prepared lines of one padded width.

        Returns:
            For each line the probabilities, (frames, classes), of the frames that its own width covers.
        """
        # What runs in 8 bits is scaled by the largest numbers of a run: beside other lines a line would be read otherwise.
        runs = [[line] for line in lines] if self.info.in_8_bits else [lines]
        logits = [row for run in runs for row in self._session.run(["logits"], {"lines": self.network_input(run)})[0]]
        return [softmax(row[: -(-line.shape[1] // self.info.stride)]) for row, line in zip(logits, lines)]

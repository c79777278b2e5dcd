"""Prepared line images to text and confidence, with ONNX Runtime."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple, Sequence

import numpy as np

from htrtool.core.beam import WIDTH, BeamSearch, Candidate
from htrtool.core.confidence import Confidence, Confidences
from htrtool.core.decode import best_path, softmax
from htrtool.core.errors import InputError, ModelError
from htrtool.core.lexicon import Lexicon
from htrtool.core.mixture import Mixture
from htrtool.core.modelfile import METADATA_KEY, ModelInfo
from htrtool.core.ngram import NGram
from htrtool.core.prepare import Prepared, prepare_placed
from htrtool.core.session import open_session

WIDTH_STEP = 32
MAX_ASPECT = 128
MODES = ("network", "language")
"""What a line is decoded by, each with its own confidence: the network alone, or a language model too."""


class Reading(NamedTuple):
    """What was read of a line, and the share of its characters expected to be right, 0 to 1.

    ``centres`` is float (characters,): where each character stands, as a share of the prepared line's width. ``characters`` and
    ``words`` are how sure each of them is, 0 to 1; ``alternatives`` the next best texts, each with ``conf`` times its
    weight against that of the best.
    """

    text: str
    conf: float
    centres: np.ndarray
    characters: np.ndarray
    words: np.ndarray
    alternatives: tuple[tuple[str, float], ...] = ()


class Reader:
    """A model, loaded to read line images.

    ``info`` is the model's metadata. Calls from several threads at once are fine.

    Args:
        path: the ONNX file.
        threads: the threads that one call of ``read_batch`` uses.

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
        try:
            fitted = self.info.calibration
            network = fitted.get("network", fitted)
            self._confidence = {mode: Confidence.from_json(fitted.get(mode, network)) for mode in MODES}
        except InputError as error:
            raise ModelError(str(error), str(path)) from None
        self._search: BeamSearch | None = None
        self._language: NGram | Mixture | Lexicon | None = None
        self._nbest = 1

    def search(self, language: NGram | Mixture | Lexicon | None, width: int = WIDTH, nbest: int = 1) -> None:
        """Decode from now on by beam search, not by the most probable class of each frame.

        Args:
            language: the language model that helps, if any.
            width: how many prefixes are followed at a time.
            nbest: how many texts to give for a line; those after the best are its alternatives.
        """
        self._search = BeamSearch(self.info.charset, language, max(width, nbest))
        self._language, self._nbest = language, nbest

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

    def prepare(self, pixels: np.ndarray) -> np.ndarray:
        """Prepare one line as the model's training lines were: what :meth:`prepare_placed` does, without the ends."""
        return self.prepare_placed(pixels).pixels

    def prepare_placed(self, pixels: np.ndarray) -> Prepared:
        """Prepare one line as the model's training lines were.

        Args:
            pixels: (height, width) uint8, dark ink on light paper.

        Returns:
            The line, (model's height, width') uint8, and the columns where its ends went.

        Raises:
            InputError: the line is more than ``MAX_ASPECT`` times as wide as it is high.
        """
        height, width = pixels.shape
        if width > MAX_ASPECT * height:
            raise InputError(
                f"expected a text line, at most {MAX_ASPECT} times as wide as it is high, "
                f"received {width}×{height}: cut it into pieces"
            )
        return prepare_placed(pixels, self.info.recipe)

    @staticmethod
    def padded_width(line: np.ndarray) -> int:
        """Return the width to which a prepared line is padded; only lines of equal padded width may share a batch."""
        return max(1, -(-line.shape[1] // WIDTH_STEP)) * WIDTH_STEP

    def probabilities(self, lines: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Run the network on prepared lines of one padded width.

        Returns:
            For each line the probabilities, (frames, classes), of the frames that its own width covers.
        """
        width = self.padded_width(lines[0])
        batch = np.zeros((len(lines), self.info.recipe.height, width, 1), np.float32)
        for row, line in zip(batch, lines):
            row[:, : line.shape[1], 0] = (255 - line.astype(np.float32)) / 255
        logits = self._session.run(["logits"], {"lines": batch})[0]
        return [softmax(row[: -(-line.shape[1] // self.info.stride)]) for row, line in zip(logits, lines)]

    def decode(self, probabilities: np.ndarray) -> list[Candidate]:
        """Return the best texts of a line, (frames, classes) of probabilities, best first: one at least."""
        if self._search is None:
            return [Candidate(*best_path(probabilities, self.info.charset), 0.0)]
        return self._search.decode(probabilities, self._nbest)

    def costs(self, text: str) -> np.ndarray:
        """Return what each character of a text costs in the language model, in nats: zeros where there is none."""
        return self._language.costs(text) if self._language else np.zeros(len(text))

    def judge(self, probabilities: np.ndarray, text: str, frames: np.ndarray) -> Confidences:
        """Return how sure a text read from (frames, classes) is, whose characters stand in ``frames``."""
        confidence = self._confidence["language" if self._language else "network"]
        return confidence.judge(probabilities, text, frames, self.info.charset.encode(text), self.costs(text))

    def read_batch(self, lines: Sequence[np.ndarray]) -> list[Reading]:
        """Read prepared lines of one padded width."""
        readings = []
        for line, probabilities in zip(lines, self.probabilities(lines)):
            best, *others = self.decode(probabilities)
            sure = self.judge(probabilities, best.text, best.frames)
            centres = np.minimum((best.frames + 0.5) * self.info.stride / line.shape[1], 1)
            alternatives = tuple((other.text, sure.line * math.exp(other.score - best.score)) for other in others)
            readings.append(Reading(best.text, sure.line, centres, sure.characters, sure.words, alternatives))
        return readings

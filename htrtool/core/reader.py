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
from htrtool.core.modelfile import METADATA_KEY, ModelInfo
from htrtool.core.page_language import Languages
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
        self._searches: dict[str, BeamSearch] = {}
        self._languages: Languages | None = None
        self._nbest = 1

    def search(self, languages: Languages | None, width: int = WIDTH, nbest: int = 1) -> None:
        """Decode from now on by beam search, not by the most probable class of each frame.

        Args:
            languages: the language models that help, if any; a page is decoded with that of its language.
            width: how many prefixes are followed at a time.
            nbest: how many texts to give for a line; those after the best are its alternatives.
        """
        models = languages.models if languages else {"": None}
        self._searches = {
            language: BeamSearch(self.info.charset, model, max(width, nbest)) for language, model in models.items()
        }
        self._languages, self._nbest = languages, nbest

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

    def languages_of(self, page: Sequence[np.ndarray]) -> list[str]:
        """Return the language of each line of a page, given their probabilities: ``""`` where none is clear or matters."""
        if self._languages is None:
            return [""] * len(page)
        return self._languages.of([best_path(probabilities, self.info.charset).text for probabilities in page])

    def decode(self, probabilities: np.ndarray, language: str) -> list[Candidate]:
        """Return the best texts of a line, (frames, classes) of probabilities, best first: one at least."""
        if not self._searches:
            return [Candidate(*best_path(probabilities, self.info.charset), 0.0)]
        return self._searches[language].decode(probabilities, self._nbest)

    def costs(self, text: str, language: str) -> np.ndarray:
        """Return what each character of a text costs in a language, in nats: zeros where there is no language model."""
        return self._languages.models[language].costs(text) if self._languages else np.zeros(len(text))

    def judge(self, probabilities: np.ndarray, best: Candidate, language: str) -> Confidences:
        """Return how sure a text decoded from (frames, classes) of probabilities is."""
        confidence = self._confidence["language" if self._languages else "network"]
        labels = self.info.charset.encode(best.text)
        return confidence.judge(probabilities, best.text, best.frames, labels, self.costs(best.text, language))

    def read_batch(self, lines: Sequence[np.ndarray]) -> list[Reading]:
        """Read prepared lines of one padded width, each for itself."""
        return [self.read_page([line.shape[1]], [found])[0] for line, found in zip(lines, self.probabilities(lines))]

    def read_page(self, widths: Sequence[int], page: Sequence[np.ndarray]) -> list[Reading]:
        """Read the lines of a page in the language that they are in.

        Args:
            widths: of each prepared line, in pixels.
            page: of each line what :meth:`probabilities` returns.
        """
        return [self._read(*line) for line in zip(widths, page, self.languages_of(page))]

    def _read(self, width: int, probabilities: np.ndarray, language: str) -> Reading:
        best, *others = self.decode(probabilities, language)
        sure = self.judge(probabilities, best, language)
        centres = np.minimum((best.frames + 0.5) * self.info.stride / width, 1)
        alternatives = tuple((other.text, sure.line * math.exp(other.score - best.score)) for other in others)
        return Reading(best.text, sure.line, centres, sure.characters, sure.words, alternatives)

"""The confidence of a model fitted to lines that it did not learn from, and written into its files."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Iterable, Iterator, NamedTuple, Sequence

import numpy as np
from rapidfuzz.distance import Levenshtein

from htrtool.core.decoding.confidence import Confidence, Evidence, Features, Seen
from htrtool.core.errors import BROKEN_ARCHIVE, DependencyError, InputError, ModelError
from htrtool.core.files import replacing
from htrtool.core.gathering import in_gatherings
from htrtool.core.labels import plain
from htrtool.core.language import load_language
from htrtool.core.modelfile import METADATA_FILE, METADATA_KEY, ModelInfo
from htrtool.core.reader import Reader
from htrtool.core.scoring.metrics import share_right
from htrtool.core.session import usable_cpus
from htrtool.core.training.augment import augment
from htrtool.core.training.draw import Draw

FEWEST = 100
"""Of fewer lines than this too little is known to say how sure a model may be: it keeps the confidence that it went on from."""
TOO_FEW = 20
"""Fewer lines than this never replace a confidence that is there: they would make it worse."""
ENOUGH = 800
"""Of more lines than this so many are drawn."""
DISTORTION, DISTORTED = 3.5, 2
"""Each line is also read distorted, so often, so that hands worse than any kept aside are judged soberly."""


class KnownLine(NamedTuple):
    """A prepared line, (height, width) uint8, what it says, and the document that it is of."""

    pixels: np.ndarray
    text: str
    document: str


def calibrate(model: Path, lines: Iterable[KnownLine]) -> tuple[ModelInfo, int]:
    """Fit the confidence of a model, with and without a language model, and write it into its files.

    Lines are read as ``htr read`` does if it is not told: with its language model, those of a document together, looked
    at again where the first look leaves it unsure, and read again when its hand is known. ``NAME.keras`` beside ``NAME.onnx`` gets the same.

    Args:
        model: the ONNX file.
        lines: best of documents that the model never saw.

    Returns:
        The model's metadata as written, and the number of lines that it was fitted to.

    Raises:
        InputError: there are no lines, or fewer than ``TOO_FEW`` for a model that has a confidence.
        ModelError: ``NAME.keras`` is broken; both files stay as they are.
        DependencyError: onnx is missing.
    """
    reader = Reader(model, usable_cpus())
    draw: Draw[KnownLine] = Draw(ENOUGH)
    for line in lines:
        draw.show(line._replace(text=_comparable(line.text, reader)))
    if not draw.drawn:
        raise InputError("expected lines with a text to fit the confidence to, received none")
    if len(draw.drawn) < TOO_FEW and reader.info.calibration:
        raise InputError(
            f"expected {TOO_FEW} lines or more, better {FEWEST}, received {len(draw.drawn)}: the confidence stays as it is",
            str(model),
        )
    gatherings = list(in_gatherings(sorted(draw.drawn, key=lambda line: line.document), lambda line: line.document))
    fitted = {}
    for mode, lm in (("network", "none"), ("language", "auto")):
        language = load_language(lm, None, reader.info.charset)
        if language is None and mode == "language":
            continue
        reader.decode_with(language, looks=None)
        fitted[mode] = Confidence.fit(list(_evidence(reader, gatherings))).to_json()
    info = replace(reader.info, calibration=fitted)
    _write(model, info)
    return info, len(draw.drawn)


def _comparable(text: str, reader: Reader) -> str:
    """Return a transcription with the signs that the model can write, as far as that goes."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    return plain(text) if reader.info.charset.unknown(text) else text


def _evidence(reader: Reader, gatherings: Iterable[list[KnownLine]]) -> Iterator[Evidence]:
    rng = np.random.default_rng(0)
    for lines in gatherings:
        page = [line.pixels for line in lines]
        for shown in (page, *([augment(pixels, rng, DISTORTION) for pixels in page] for _ in range(DISTORTED))):
            for line, (looks, context, _) in zip(lines, reader.drafts(shown)):
                for seen in reader.seen(*reader.agreed(looks, context), context.language):
                    yield _line_evidence(seen, line.text)


def _line_evidence(seen: Seen, truth: str) -> Evidence:
    """Return what is known of a line as one look sees it, and what of it was right."""
    return Evidence(
        seen.text,
        Features.of(seen),
        right(truth, seen.text),
        right(truth.split(), seen.text.split()),
        share_right(truth, seen.text),
    )


def right(truth: Sequence, read: Sequence) -> np.ndarray:
    """Return which characters (or words) read are right, bool (read,), by an alignment with the fewest edits."""
    equal = np.zeros(len(read), bool)
    for operation in Levenshtein.opcodes(truth, read):
        if operation.tag == "equal":
            equal[operation.dest_start : operation.dest_end] = True
    return equal


def _write(model: Path, info: ModelInfo) -> None:
    try:
        import onnx
    except ModuleNotFoundError:
        raise DependencyError("writing a model needs onnx: pip install 'htrtool[train]'", str(model)) from None
    network = onnx.load(model)
    for entry in network.metadata_props:
        if entry.key == METADATA_KEY:
            entry.value = info.to_json()
    contents = {model: network.SerializeToString()}
    parent = model.with_suffix(".keras")
    if parent.is_file():
        contents[parent] = _with_metadata(parent, info)
    for path, content in contents.items():
        with replacing(path) as stream:
            stream.write(content)


def _with_metadata(parent: Path, info: ModelInfo) -> bytes:
    """Return the content of a ``.keras`` file with other metadata."""
    stream = io.BytesIO()
    try:
        with zipfile.ZipFile(parent) as old, zipfile.ZipFile(stream, "w") as new:
            for item in old.infolist():
                new.writestr(item, info.to_json().encode() if item.filename == METADATA_FILE else old.read(item))
    except BROKEN_ARCHIVE as error:
        raise ModelError(f"expected a .keras file written by htr train ({error}): move it away if it is none", str(parent)) from None
    return stream.getvalue()

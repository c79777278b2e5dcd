"""A trained network to files: ``.keras`` to go on training, ``.onnx`` to read, with the model's metadata in both."""

from __future__ import annotations

import os
import sys
import tempfile
import zipfile
from pathlib import Path

from htrtool.core.errors import BROKEN_ARCHIVE, ModelError
from htrtool.core.files import replacing
from htrtool.core.modelfile import METADATA_FILE, METADATA_KEY, ModelInfo, find_model, has_model
from htrtool.core.training.onnx_writing import convert_apart, write_onnx


def save_keras(network, info: ModelInfo, path: Path) -> None:
    """Write a network, both heads, as a ``.keras`` file with the metadata beside Keras' own parts."""
    with tempfile.TemporaryDirectory(prefix="htr-") as folder:
        file = Path(folder, "network.keras")
        network.save(file)
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr(METADATA_FILE, info.to_json())
        with replacing(path) as stream:
            stream.write(file.read_bytes())


def load_keras(path: Path):
    """Return the network and the metadata of a ``.keras`` file, opened in Keras' safe mode.

    Raises:
        ModelError: the file is not one of ours, or broken.
    """
    import keras

    info = keras_info(path)
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True), info
    except (*BROKEN_ARCHIVE, TypeError) as error:
        raise ModelError(f"expected a network that Keras {keras.__version__} can load: {error}", str(path)) from None


def parent_model(name: str) -> tuple[Path, ModelInfo]:
    """Return the ``.keras`` file of the model to go on from, and its metadata.

    Raises:
        ModelError: there is no such model.
    """
    stem = name.removesuffix(".onnx")
    if os.path.isfile(f"{stem}.onnx") and not has_model(stem, ".keras"):
        raise ModelError(f"expected {stem}.keras beside it, from which training goes on, found none", f"{stem}.onnx")
    path = find_model(stem, ".keras")
    return path, keras_info(path)


def keras_info(path: Path) -> ModelInfo:
    """Return the metadata of a ``.keras`` file.

    Raises:
        ModelError: the file is not one of ours.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return ModelInfo.from_json(archive.read(METADATA_FILE).decode(), str(path))
    except BROKEN_ARCHIVE as error:
        raise ModelError(f"expected a .keras file written by htr train ({error})", str(path)) from None


def export_onnx(keras_file: Path, onnx_file: Path) -> None:
    """Write the reading part of a ``.keras`` file as ONNX, in a process of its own.

    Raises:
        DependencyError: TensorFlow, onnx or tf2onnx is missing.
        ModelError: the conversion failed.
    """
    convert_apart("htrtool.core.training.export", [str(keras_file), str(onnx_file)], onnx_file)


def _convert(keras_file: Path, onnx_file: Path) -> None:
    from htrtool.core.training.network import reading_part

    network, info = load_keras(keras_file)
    write_onnx(reading_part(network), onnx_file, "lines", ["logits"], info.recipe.height, {METADATA_KEY: info.to_json()})


if __name__ == "__main__":
    _convert(Path(sys.argv[1]), Path(sys.argv[2]))

"""A trained line finder to files: ``.keras`` and, with its metadata, ``.onnx``."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from htrtool.core.files import replacing
from htrtool.core.linefinder.maps import METADATA_KEY
from htrtool.core.linefinder.network import build_network
from htrtool.core.training.onnx_writing import convert_apart, write_onnx


def save_network(trained, path: Path) -> None:
    """Write a trained network as a ``.keras`` file, whole or not at all: in float32, without its optimiser's state."""
    network = build_network()
    network.set_weights(trained.get_weights())
    with tempfile.TemporaryDirectory(prefix="htr-") as folder:
        file = Path(folder, "network.keras")
        network.save(file)
        with replacing(path) as stream:
            stream.write(file.read_bytes())


def export_network(keras_file: Path, onnx_file: Path, about: dict) -> None:
    """Write a ``.keras`` file as ONNX, float32, with what is said ``about`` it as metadata.

    Raises:
        DependencyError: TensorFlow, onnx or tf2onnx is missing.
        ModelError: the conversion failed.
    """
    convert_apart("htrtool.core.linefinder.export", [str(keras_file), str(onnx_file), json.dumps(about, sort_keys=True)], onnx_file)


def _convert(keras_file: Path, onnx_file: Path, about: str) -> None:
    import keras

    network = keras.saving.load_model(keras_file, compile=False, safe_mode=True)
    write_onnx(network, onnx_file, "page", ["maps", "turn"], None, {METADATA_KEY: about})


if __name__ == "__main__":
    _convert(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])

"""A trained line finder to files: ``.keras`` and, with its metadata, ``.onnx``."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from htrtool.core.errors import ModelError
from htrtool.core.files import replacing
from htrtool.core.linefinder.maps import METADATA_KEY
from htrtool.core.linefinder.network import build_network
from htrtool.core.session import onnx_runtime
from htrtool.core.training.export import convert_apart, rename_output


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
    import numpy as np
    import onnx

    network = keras.saving.load_model(keras_file, compile=False, safe_mode=True)
    probe = np.random.default_rng(0).random((1, 64, 96, 1), np.float32)
    expected = network.predict_on_batch(probe)
    with tempfile.TemporaryDirectory(prefix="htr-") as folder:
        file = Path(folder, "network.onnx")
        signature = [keras.InputSpec(shape=(None, None, None, 1), dtype="float32", name="page")]
        network.export(file, format="onnx", verbose=False, input_signature=signature)
        model = onnx.load(file)
    for output, name in zip(list(model.graph.output), ("maps", "turn")):
        rename_output(model.graph, output, name)
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, about
    content = model.SerializeToString()
    session = onnx_runtime().InferenceSession(content, providers=["CPUExecutionProvider"])
    found = session.run(["maps", "turn"], {"page": probe})
    difference = max(float(np.abs(a - b).max()) for a, b in zip(found, expected))
    if difference > 1e-3:
        raise ModelError(f"expected ONNX to agree with Keras within 0.001, it differs by {difference:.4f}", str(onnx_file))
    with replacing(onnx_file) as stream:
        stream.write(content)


if __name__ == "__main__":
    _convert(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])

"""A trained network to files: ``.keras`` to go on training, ``.onnx`` to read, with the model's metadata in both."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from htrtool.core.errors import DependencyError, ModelError
from htrtool.core.files import BROKEN_ARCHIVE, replacing
from htrtool.core.modelfile import METADATA_FILE, METADATA_KEY, ModelInfo, find_model
from htrtool.core.module_process import module_command
from htrtool.core.session import onnx_runtime


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
    path = find_model(name.removesuffix(".onnx"), ".keras")
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
    """Write the reading part of a ``.keras`` file as ONNX, checked against the network that it came from.

    The conversion runs in a process of its own under the TensorFlow backend on the CPU, since only there does it turn
    an LSTM layer into one LSTM operator, whatever backend the training used.

    Raises:
        DependencyError: TensorFlow, onnx or tf2onnx is missing.
        ModelError: the conversion failed.
    """
    convert_apart("htrtool.core.training.export", [str(keras_file), str(onnx_file)], onnx_file)


def convert_apart(module: str, arguments: list[str], onnx_file: Path) -> None:
    """Run a module that converts a network, in a process of its own under the TensorFlow backend on the CPU.

    Raises:
        DependencyError: TensorFlow, onnx or tf2onnx is missing.
        ModelError: the conversion failed.
    """
    # What it writes meanwhile goes with this process, should it be stopped itself.
    with tempfile.TemporaryDirectory(prefix="htr-") as folder:
        environment = os.environ | {
            "KERAS_BACKEND": "tensorflow",
            "CUDA_VISIBLE_DEVICES": "-1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "TMPDIR": folder,
        }
        done = subprocess.run(module_command(module, *arguments), env=environment, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        if "ModuleNotFoundError" in last:
            raise DependencyError(f"writing ONNX needs TensorFlow ({last}): pip install 'htrtool[train]'", str(onnx_file))
        raise ModelError(f"the network could not be converted to ONNX: {last}", str(onnx_file))


def _convert(keras_file: Path, onnx_file: Path) -> None:
    import keras
    import numpy as np
    import onnx

    from htrtool.core.training.network import reading_part

    network, info = load_keras(keras_file)
    part = reading_part(network)
    probe = np.random.default_rng(0).random((2, info.recipe.height, 160, 1), np.float32)
    expected = part.predict_on_batch(probe)
    signature = [keras.InputSpec(shape=(None, info.recipe.height, None, 1), dtype="float32", name="lines")]
    with tempfile.TemporaryDirectory(prefix="htr-") as folder:
        file = Path(folder, "network.onnx")
        part.export(file, format="onnx", verbose=False, input_signature=signature)
        model = onnx.load(file)
    rename_output(model.graph, model.graph.output[0], "logits")
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, info.to_json()
    content = model.SerializeToString()
    session = onnx_runtime().InferenceSession(content, providers=["CPUExecutionProvider"])
    difference = float(np.abs(session.run(["logits"], {"lines": probe})[0] - expected).max())
    if difference > 1e-3:
        raise ModelError(f"expected ONNX to agree with Keras within 0.001, it differs by {difference:.4f}", str(onnx_file))
    with replacing(onnx_file) as stream:
        stream.write(content)


def rename_output(graph, output, name: str) -> None:
    """Give an output of an ONNX graph a name, everywhere that it is spoken of."""
    for node in graph.node:
        for names in (node.input, node.output):
            for index, old in enumerate(names):
                if old == output.name:
                    names[index] = name
    output.name = name


if __name__ == "__main__":
    _convert(Path(sys.argv[1]), Path(sys.argv[2]))

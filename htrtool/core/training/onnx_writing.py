"""A Keras network written as ONNX, checked against the network that it came from."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from htrtool.core.errors import DependencyError, ModelError
from htrtool.core.files import replacing
from htrtool.core.module_process import module_command
from htrtool.core.session import onnx_runtime

MOST_DIFFERENCE = 1e-3


def convert_apart(module: str, arguments: list[str], onnx_file: Path) -> None:
    """Run a module that converts a network, in a process of its own under the TensorFlow backend on the CPU.

    Only there does an LSTM layer become one LSTM operator, whatever backend the training used.

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


def write_onnx(network, onnx_file: Path, taken: str, given: list[str], height: int | None, metadata: dict[str, str]) -> None:
    """Write a network of pictures, (pictures, height, width, 1), as ONNX.

    Args:
        taken: the name of its input.
        given: the names of its outputs.
        height: of the pictures; None for any.
        metadata: what the file tells of itself.

    Raises:
        ModelError: ONNX Runtime gives other numbers than Keras.
    """
    import keras
    import onnx

    probe = np.random.default_rng(0).random((2, height or 64, 160, 1), np.float32)
    expected = network.predict_on_batch(probe)
    signature = [keras.InputSpec(shape=(None, height, None, 1), dtype="float32", name=taken)]
    with tempfile.TemporaryDirectory(prefix="htr-") as folder:
        file = Path(folder, "network.onnx")
        network.export(file, format="onnx", verbose=False, input_signature=signature)
        model = onnx.load(file)
    for output, name in zip(list(model.graph.output), given):
        _rename(model.graph, output, name)
    for key, value in metadata.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    content = model.SerializeToString()
    session = onnx_runtime().InferenceSession(content, providers=["CPUExecutionProvider"])
    found = session.run(given, {taken: probe})
    expected = expected if isinstance(expected, (list, tuple)) else [expected]
    difference = max(float(np.abs(one - other).max()) for one, other in zip(found, expected))
    if difference > MOST_DIFFERENCE:
        raise ModelError(
            f"expected ONNX to agree with Keras within {MOST_DIFFERENCE}, it differs by {difference:.4f}", str(onnx_file)
        )
    with replacing(onnx_file) as stream:
        stream.write(content)


def _rename(graph, output, name: str) -> None:
    """Give an output of an ONNX graph a name, everywhere that it is spoken of."""
    for node in graph.node:
        for names in (node.input, node.output):
            for index, old in enumerate(names):
                if old == output.name:
                    names[index] = name
    output.name = name

"""A model with weights of 8 bits: smaller and faster, and it reads nearly as well."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from pathlib import Path
from typing import Iterator

from htrtool.core.errors import DependencyError, ModelError
from htrtool.core.files import replacing
from htrtool.core.line_network import LineNetwork
from htrtool.core.modelfile import METADATA_KEY, ModelInfo, Target
from htrtool.core.training.card import card
from htrtool.core.training.replay import replay_samples

CONVOLUTIONS = ["Conv", "Add", "MaxPool", "Relu"]
RECURRENT = ["LSTM", "MatMul"]
MEASURED = 80
"""On how many of the lines in fonts that come with the model the ranges between the convolutions are measured."""


def quantise(model: Path, target: Target) -> ModelInfo:
    """Write ``NAME.onnx`` and its card: a model with 8-bit weights, computed with 8-bit integers.

    The inputs of all convolutions but the first, which stays in 32 bits, are scaled by the ranges that they have on lines in
    fonts, those that come with the model (the static quantisation of ONNX Runtime); the LSTMs' and the head's as they come
    (its dynamic one).

    Raises:
        ModelError: the file is broken, no model of ours, or quantised already.
        DependencyError: onnx is missing.
    """
    source = LineNetwork(model)
    info = source.info
    try:
        import onnx
        from onnxruntime.quantization import QuantFormat, QuantType, quantize_dynamic, quantize_static
    except ModuleNotFoundError as error:
        raise DependencyError(f"writing a model needs {error.name}: pip install 'htrtool[train]'", str(model)) from None
    if info.in_8_bits:
        raise ModelError(f"expected a model of 32-bit weights: it is quantised already ({info.training['weights']})", str(model))
    with tempfile.TemporaryDirectory(prefix="htr-") as folder, without_advice():
        half, whole = Path(folder, "half.onnx"), Path(folder, "whole.onnx")
        quantize_static(
            str(model),
            str(half),
            _Lines(source, model),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=CONVOLUTIONS,
            # Of all layers, 8 bits would lose most in this, and gain no time.
            nodes_to_exclude=[node.name for node in onnx.load(model).graph.node if node.op_type == "Conv"][:1],
            per_channel=True,
            # Of 7 bits: processors without VNNI add two products in 16 bits, which more would overflow.
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        quantize_dynamic(str(half), str(whole), op_types_to_quantize=RECURRENT, weight_type=QuantType.QInt8)
        network = onnx.load(whole)
    info.training |= {"weights": f"8 bits, from {info.name}"}
    info.name = target.stem.name
    del network.metadata_props[:]
    entry = network.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, info.to_json()
    with replacing(target.file(".onnx")) as stream:
        stream.write(network.SerializeToString())
    with replacing(target.file(".md")) as stream:
        stream.write(card(info, []).encode())
    return info


class _Lines:
    """The lines on which ranges are measured, one at a time, as ONNX Runtime asks for them."""

    def __init__(self, network: LineNetwork, model: Path):
        self._inputs = self._made(network, model)

    @staticmethod
    def _made(network: LineNetwork, model: Path) -> Iterator[dict]:
        for _, sample in zip(range(MEASURED), replay_samples(model)):
            yield {"lines": network.network_input([network.prepare(sample.pixels(), sample.meta.get("recipe"))])}

    def get_next(self) -> dict | None:
        return next(self._inputs, None)


@contextlib.contextmanager
def without_advice() -> Iterator[None]:
    """Keep ONNX Runtime from advising a preparation of the graph that changes nothing in ours."""
    level = logging.root.level
    logging.root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logging.root.setLevel(level)

"""A model with weights of 8 bits in its LSTMs and of 16 in its convolutions: smaller and faster, and it reads as well."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from htrtool.core.card import card
from htrtool.core.errors import DependencyError, ModelError
from htrtool.core.files import replacing
from htrtool.core.modelfile import METADATA_KEY, ModelInfo, Target
from htrtool.core.reader import Reader

LAYERS = ["LSTM", "MatMul"]


def quantise(model: Path, target: Target) -> ModelInfo:
    """Write ``NAME.onnx`` and its card: a model whose LSTMs and head have 8-bit weights, scaled layer by layer.

    What goes into these layers is quantised as it comes, which needs no data (the dynamic quantisation of ONNX Runtime).
    The convolutions are computed as before, since with 8 bits ONNX Runtime is slower at them; their weights are only stored
    in half as many bits.

    Raises:
        ModelError: the file is broken, no model of ours, or quantised already.
        DependencyError: onnx is missing.
    """
    info = Reader(model).info
    try:
        import onnx
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ModuleNotFoundError as error:
        raise DependencyError(f"writing a model needs {error.name}: pip install 'htrtool[train]'", str(model)) from None
    if not any(node.op_type == "LSTM" for node in onnx.load(model).graph.node):
        raise ModelError("expected a model with LSTMs of 32-bit weights: it is quantised already", str(model))
    with tempfile.TemporaryDirectory(prefix="htr-") as folder:
        file = Path(folder, "quantised.onnx")
        level = logging.root.level
        # It advises a preparation of the graph that changes nothing in ours.
        logging.root.setLevel(logging.ERROR)
        try:
            quantize_dynamic(str(model), str(file), op_types_to_quantize=LAYERS, weight_type=QuantType.QInt8)
        finally:
            logging.root.setLevel(level)
        network = onnx.load(file)
    _halve_convolutions(network.graph)
    info.training |= {"weights": f"8 bits in the LSTMs and the head, 16 in the convolutions, from {info.name}"}
    info.name = target.stem.name
    del network.metadata_props[:]
    entry = network.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, info.to_json()
    with replacing(target.file(".onnx")) as stream:
        stream.write(network.SerializeToString())
    with replacing(target.file(".md")) as stream:
        stream.write(card(info, []).encode())
    return info


def _halve_convolutions(graph) -> None:
    """Store the weights of convolutions as 16-bit floats, which ONNX Runtime widens when it loads the model."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    weights = {node.input[1] for node in graph.node if node.op_type == "Conv"}
    widen = []
    for tensor in graph.initializer:
        if tensor.name not in weights:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}_half"))
        widen.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT))
    nodes = [*widen, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)

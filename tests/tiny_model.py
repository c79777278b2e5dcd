"""A network that reads drawn bars exactly, so that tests need no trained model.

The darkness of a bar names its character: each frame takes the darkest pixel of its columns, and the class whose level
is nearest gets the highest logit. ``draw_line`` draws what the network reads.
"""

from pathlib import Path

import numpy as np

from htrtool.core.charset import Charset
from htrtool.core.modelfile import METADATA_KEY, ModelInfo
from htrtool.core.recipe import Recipe

CHARACTERS = " abcdefgh"
HEIGHT = 64
STRIDE = 4
BAR, GAP = 12, 8
LEVELS = np.concatenate([[0.0], np.linspace(0.3, 1.0, len(CHARACTERS))])


def draw_line(text: str, margin: int = 16, height: int = HEIGHT) -> np.ndarray:
    """Draw ``text`` as (height, width) uint8: a bar for each character, dark on white."""
    pixels = np.full((height, 2 * margin + len(text) * (BAR + GAP)), 255, np.uint8)
    for index, character in enumerate(text):
        left = margin + index * (BAR + GAP)
        level = LEVELS[1 + CHARACTERS.index(character)]
        pixels[height // 4 : height - height // 4, left : left + BAR] = round(255 * (1 - level))
    return pixels


def write_tiny_model(
    path: Path, name: str = "tiny", calibration: dict | None = None, internal_lm: str = ""
) -> Path:
    """Write the network as an ONNX model with htr's metadata."""
    from onnx import TensorProto, checker, helper, numpy_helper, save

    sharpness = 400.0
    scale = numpy_helper.from_array((2 * sharpness * LEVELS)[None, :].astype(np.float32), "scale")
    offset = numpy_helper.from_array((-sharpness * LEVELS**2).astype(np.float32), "offset")
    nodes = [
        helper.make_node("Transpose", ["lines"], ["image"], perm=[0, 3, 1, 2]),
        helper.make_node("ReduceMax", ["image"], ["columns"], axes=[2], keepdims=0),
        helper.make_node("MaxPool", ["columns"], ["frames"], kernel_shape=[STRIDE], strides=[STRIDE]),
        helper.make_node("Transpose", ["frames"], ["levels"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["levels", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "offset"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("lines", TensorProto.FLOAT, ["batch", HEIGHT, "width", 1])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "frames", len(LEVELS)])],
        [scale, offset],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    info = ModelInfo(
        name,
        Charset(CHARACTERS),
        Recipe(normalise="none", height=HEIGHT),
        "tiny",
        STRIDE,
        internal_lm=internal_lm,
        calibration=calibration or {},
    )
    helper.set_model_props(model, {METADATA_KEY: info.to_json()})
    checker.check_model(model)
    save(model, str(path))
    return path

"""The CRNN in Keras: residual convolutions, maximum over the height, bidirectional LSTMs, CTC.

After Shi, Bai & Yao, "An End-to-End Trainable Neural Network for Image-based Sequence Recognition" (2015), with the
height pooling and the convolutional CTC shortcut of Retsinas et al., "Best Practices for a Handwritten Text
Recognition System" (2022).
"""

from __future__ import annotations

import re
from typing import Iterator

import keras
from keras import layers

from htrtool.core.errors import InputError

# Each grows into the next.
SIZES = {
    "small": "c32:4x4/2x2 c64/2x2 r96/2x1 r160/2x1 max drop.1 lstm160 lstm160 drop.2",
    "medium": "c32:4x4/2x2 c64/2x2 r96/2x1 r96 r160/2x1 r160 max drop.1 lstm224 lstm224 drop.2",
    "large": "c32:4x4/2x2 c64/2x2 r64 r128/2x1 r128 r256/2x1 r256 max drop.2 lstm320 lstm320 drop.3",
}
SHORTCUT = "shortcut"
HEAD = "head"
# A block's layers are named by its kind and its place in the spec, and these.
FIRST, SECOND, BESIDE, NORM = "_first", "_second", "_beside", "_norm"
_TOKEN = re.compile(
    r"(?P<kind>c|r|lstm|drop|max)(?P<number>\d*\.?\d*)(?::(?P<kernel>\d+x\d+))?(?:/(?P<stride>\d+x\d+))?"
)


def build_network(spec: str, height: int, classes: int, seed: int = 0, bfloat16: bool = False) -> keras.Model:
    """Build the network of a spec.

    A spec is a list of blocks: ``c32:4x4/2x2`` a convolution of 32 filters, 4 × 4 (3 × 3 unless said), stride 2 × 2
    (rows × columns; 1 × 1 unless said); ``r64/2x1`` a residual block of two convolutions; ``max`` the maximum over
    what is left of the height; ``lstm160`` a bidirectional LSTM of 160 units each way; ``drop.2`` dropout.
    ``small``, ``medium`` and ``large`` name the specs of ``SIZES``.

    Args:
        height: rows of the line images.
        classes: characters and the blank.
        seed: of the initial weights and of dropout.
        bfloat16: the convolutions compute in bfloat16; all weights stay float32.

    Returns:
        A model from lines, float (batch, height, width, 1), ink up to 1 on paper 0, to two sets of logits,
        (batch, width / stride, classes) each: the recurrent head's and the convolutional shortcut's.

    Raises:
        InputError: the spec can't be read.
    """
    seeds = iter(range(seed * 1000 + 1, seed * 1000 + 1000))
    convolutions = _Convolutions(seeds, "mixed_bfloat16" if bfloat16 else "float32")
    lines = keras.Input((height, None, 1), name="lines")
    x = lines
    features = None
    for index, (token, number, kernel, stride) in enumerate(parse_spec(spec)):
        name = block_name(token, index)
        if (features is None) != (token in "cr" or token == "max") and token != "drop":
            raise InputError(f"expected convolutions, then max, then LSTMs, received {token!r} out of order in {spec!r}")
        if token == "c":
            x = convolutions.plain(x, int(number), kernel, stride, name)
        elif token == "r":
            x = convolutions.residual(x, int(number), kernel, stride, name)
        elif token == "max":
            x = layers.MaxPooling2D((x.shape[1], 1))(x)
            x = layers.Reshape((-1, x.shape[-1]))(x)
            features = x
        elif token == "lstm":
            x = layers.Bidirectional(
                layers.LSTM(
                    int(number),
                    return_sequences=True,
                    kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
                    recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
                ),
                name=name,
            )(x)
        elif token == "drop":
            x = layers.Dropout(number, seed=next(seeds))(x)
    if features is None:
        raise InputError(f"expected a spec with max between convolutions and LSTMs, received {spec!r}")
    head = layers.Dense(
        classes, kernel_initializer=keras.initializers.GlorotUniform(next(seeds)), dtype="float32", name=HEAD
    )(x)
    shortcut = layers.Conv1D(
        classes,
        3,
        padding="same",
        kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
        dtype="float32",
        name=SHORTCUT,
    )(features)
    return keras.Model(lines, [head, shortcut], name="htr")


def parse_spec(spec: str) -> list[tuple[str, float, tuple[int, int], tuple[int, int]]]:
    """Return the blocks of a spec as (kind, number, kernel, stride).

    Raises:
        InputError: a block can't be read.
    """
    blocks = []
    for token in SIZES.get(spec, spec).split():
        match = _TOKEN.fullmatch(token)
        if not match or (match["kind"] == "max") != (match["number"] == ""):
            raise InputError(
                f"expected blocks such as c32:4x4/2x2, r64/2x1, max, lstm160 and drop.2 in the network's spec, "
                f"received {token!r}"
            )
        kernel, stride = (
            tuple(int(n) for n in (match[part] or default).split("x"))
            for part, default in (("kernel", "3x3"), ("stride", "1x1"))
        )
        blocks.append((match["kind"], float(match["number"] or 0), kernel, stride))
    return blocks


def block_name(kind: str, place: int) -> str:
    """Return the name that the layers of a block, at a place in its spec, begin with."""
    return f"{kind}_{place}"


def stride_of(spec: str) -> int:
    """Return how many columns of the image one frame of the output spans."""
    columns = 1
    for _, _, _, stride in parse_spec(spec):
        columns *= stride[1]
    return columns


def reading_part(network: keras.Model) -> keras.Model:
    """Return the network without the shortcut, which serves only training."""
    return keras.Model(network.input, network.outputs[0], name="htr")


class _Convolutions:
    """Blocks of convolutions under one dtype policy."""

    def __init__(self, seeds: Iterator[int], policy: str):
        self.seeds, self.policy = seeds, policy

    def plain(self, x, filters, kernel, stride, name, activate=True):
        x = layers.Conv2D(
            filters,
            kernel,
            strides=stride,
            padding="same",
            use_bias=False,
            kernel_initializer=keras.initializers.HeNormal(next(self.seeds)),
            dtype=self.policy,
            name=name,
        )(x)
        x = layers.BatchNormalization(momentum=0.98, dtype=self.policy, name=f"{name}{NORM}")(x)
        return self._relu(x) if activate else x

    def residual(self, x, filters, kernel, stride, name):
        y = self.plain(x, filters, kernel, stride, f"{name}{FIRST}")
        y = self.plain(y, filters, kernel, (1, 1), f"{name}{SECOND}", activate=False)
        if stride != (1, 1) or x.shape[-1] != filters:
            x = self.plain(x, filters, (1, 1), stride, f"{name}{BESIDE}", activate=False)
        return self._relu(layers.Add(dtype=self.policy)([x, y]))

    def _relu(self, x):
        return layers.Activation("relu", dtype=self.policy)(x)

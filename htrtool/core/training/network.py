"""The CRNN in Keras: residual convolutions, maximum over the height, bidirectional LSTMs, CTC.

After Shi, Bai & Yao, "An End-to-End Trainable Neural Network for Image-based Sequence Recognition" (2015), with the
height pooling and the convolutional CTC shortcut of Retsinas et al., "Best Practices for a Handwritten Text
Recognition System" (2022).
"""

from __future__ import annotations

from typing import Iterator

import keras
from keras import layers

from htrtool.core.errors import InputError
from htrtool.core.training.spec import Block, parse_spec
from htrtool.core.training.styles import MixedStyles

SHORTCUT = "shortcut"
HEAD = "head"
# Of the layers of a block, after its name.
FIRST, SECOND, BESIDE, NORM = "_first", "_second", "_beside", "_norm"

MIXED = 3
"""Of how many blocks, from the first on, the styles may be mixed."""

# With fewer channels a strided convolution of 1 × 1 lets TensorFlow's oneDNN write where it must not (2.21).
FEWEST_STRIDED = 16


def build_network(
    spec: str, height: int, classes: int, seed: int = 0, bfloat16: bool = False, mix_styles: bool = False
) -> keras.Model:
    """Build the network of a spec.

    Args:
        spec: see :mod:`htrtool.core.training.spec`.
        height: rows of the line images.
        classes: characters and the blank.
        seed: of the initial weights and of dropout.
        bfloat16: the convolutions compute in bfloat16; all weights stay float32.
        mix_styles: in training, mix what the first blocks respond with, see :mod:`htrtool.core.training.styles`.

    Returns:
        A model from lines, float (batch, height, width, 1), ink up to 1 on paper 0, to two sets of logits,
        (batch, width / stride, classes) each: the recurrent head's and the convolutional shortcut's.

    Raises:
        InputError: the spec can't be read.
    """
    seeds = iter(range(seed * 1000 + 1, seed * 1000 + 1000))
    blocks = parse_spec(spec)
    first = [block.name + SECOND * (block.kind == "r") for block in blocks if block.kind in ("c", "r")][:MIXED]
    # Beside the seeds of what has weights, which so are the same with and without.
    mixed = {name: seed * 1000 + 901 + place for place, name in enumerate(first if mix_styles else ())}
    convolutions = _Convolutions(seeds, "mixed_bfloat16" if bfloat16 else "float32", mixed)
    lines = keras.Input((height, None, 1), name="lines")
    x = lines
    features = None
    for block in blocks:
        if (features is None) != (block.kind in ("c", "r", "max")) and block.kind != "drop":
            raise InputError(f"expected convolutions, then max, then LSTMs, received {block.kind!r} out of order in {spec!r}")
        if block.kind == "c":
            x = convolutions.plain(x, int(block.number), block.kernel, block.stride, block.name)
        elif block.kind == "r":
            x = convolutions.residual(x, block)
        elif block.kind == "max":
            x = layers.MaxPooling2D((x.shape[1], 1))(x)
            x = layers.Reshape((-1, x.shape[-1]))(x)
            features = x
        elif block.kind == "lstm":
            x = _both_ways(x, block, seeds)
        elif block.kind == "rlstm":
            if x.shape[-1] != 2 * block.number:
                raise InputError(f"expected rlstm{x.shape[-1] // 2} after what comes before it, received {spec!r}")
            x = layers.Add()([x, _both_ways(x, block, seeds)])
        elif block.kind == "drop":
            x = layers.Dropout(block.number, seed=next(seeds))(x)
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


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Give a network the weights of another one of the same layers; only the other may mix styles or compute in bfloat16.

    By name: where styles are mixed, Keras counts the layers in another order.
    """
    for layer in filter(lambda layer: layer.weights, target.layers):
        layer.set_weights(source.get_layer(layer.name).get_weights())


def reading_part(network: keras.Model) -> keras.Model:
    """Return the network without the shortcut, which serves only training."""
    return keras.Model(network.input, network.outputs[0], name="htr")


def _both_ways(x, block: Block, seeds: Iterator[int]):
    lstm = layers.LSTM(
        int(block.number),
        return_sequences=True,
        kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
        recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
    )
    return layers.Bidirectional(lstm, name=block.name)(x)


class _Convolutions:
    """Blocks of convolutions under one dtype policy."""

    def __init__(self, seeds: Iterator[int], policy: str, mixed: dict[str, int]):
        """``mixed`` holds the seeds of those whose responses are mixed in training."""
        self.seeds, self.policy, self.mixed = seeds, policy, mixed

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
        if name in self.mixed:
            x = MixedStyles(self.mixed[name], dtype=self.policy)(x)
        return self._relu(x) if activate else x

    def residual(self, x, block):
        filters = int(block.number)
        y = self.plain(x, block.inner, block.kernel, block.stride, block.name + FIRST)
        y = self.plain(y, filters, block.kernel, (1, 1), block.name + SECOND, activate=False)
        if block.stride != (1, 1) or x.shape[-1] != filters:
            stride = block.stride
            if x.shape[-1] < FEWEST_STRIDED and stride != (1, 1):
                x = layers.AveragePooling2D((1, 1), stride, padding="same", dtype=self.policy)(x)
                stride = (1, 1)
            x = self.plain(x, filters, (1, 1), stride, block.name + BESIDE, activate=False)
        return self._relu(layers.Add(dtype=self.policy)([x, y]))

    def _relu(self, x):
        return layers.Activation("relu", dtype=self.policy)(x)

"""A trained network's weights into a new one, whose charset may differ, and which may be wider and deeper.

A grown network reads at first exactly as the one that it came from, after Chen, Goodfellow & Shlens, "Net2Net:
Accelerating Learning via Knowledge Transfer" (2016): what is new in a layer starts at random, but the layers after it
do not listen to it yet, and a residual block or LSTM that is new adds nothing yet.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np

from htrtool.core.charset import BLANK, Charset
from htrtool.core.errors import InputError
from htrtool.core.training.network import BESIDE, FIRST, HEAD, NORM, SECOND, SHORTCUT, build_network
from htrtool.core.training.spec import RECURRENT, Block, parse_spec


@dataclass
class Trained:
    """A network with what is known of it."""

    network: keras.Model
    spec: str
    charset: Charset

    def named(self, height: int | None = None) -> keras.Model:
        """Return a copy of the network, for lines of its or another height, whose layers can be found by their names, which models
        of earlier versions lack."""
        named = build_network(self.spec, height or self.network.input_shape[1], self.charset.classes)
        named.set_weights(self.network.get_weights())
        return named


def transfer(old: Trained, new: Trained) -> None:
    """Copy the weights of ``old`` into ``new``, a network of the same spec or of one grown from it.

    The classes of characters that both know keep what they learned; those that only the new charset has keep their
    fresh weights, with a bias as low as the rarest known class, so that they don't get in the way of the others.

    Raises:
        InputError: the spec of ``new`` is no growth of that of ``old``: see ``match_blocks``.
    """
    pairs = match_blocks(old.spec, new.spec)
    source, target = old.charset.shared(new.charset)
    growth = _Growth(old.named(), new.network, ([BLANK, *source], [BLANK, *target]))
    for old_block, block in pairs:
        growth.copy(old_block and old_block.name, block.name)
    growth.copy_classes(HEAD)


def match_blocks(old_spec: str, new_spec: str, narrower: bool = False) -> list[tuple[Block | None, Block]]:
    """Return the blocks of a new spec, each with that of the old one that it goes on from.

    A block may become wider, and residual blocks that keep the size and residual LSTMs (None: they go on from nothing)
    may come in between. Dropout is free. If told so, LSTMs and the inside of residual blocks may be ``narrower``.

    Raises:
        InputError: there is another difference.
    """
    old, new = _places(old_spec), _places(new_spec)
    pairs: list[tuple[Block | None, Block]] = []
    for place in new:
        if old and place.goes_on_from(old[0], narrower):
            pairs.append((old.pop(0).block, place.block))
        elif place.block.kind in ("r", "rlstm") and not place.projects:
            pairs.append((None, place.block))
        else:
            break
    if len(pairs) < len(new) or old:
        raise InputError(
            "expected a network that grows from the one to go on from, the same blocks, as wide or wider, with or without "
            "residual blocks such as r96 and rlstm160 in between, or one with narrower LSTMs or inside of residual blocks: "
            f"{old_spec!r}; received {new_spec!r}"
        )
    return pairs


@dataclass
class _Place:
    """A block and whether a convolution is beside its two, since it changes what goes in."""

    block: Block
    projects: bool

    def goes_on_from(self, old: _Place, narrower: bool) -> bool:
        block, old_block = self.block, old.block
        same = all(getattr(block, name) == getattr(old_block, name) for name in ("kind", "kernel", "stride"))
        as_wide = block.number >= old_block.number or (narrower and block.kind == "lstm")
        as_wide_inside = block.inner >= old_block.inner or narrower
        return same and as_wide and as_wide_inside and self.projects == old.projects


def _places(spec: str) -> list[_Place]:
    places, width = [], 1.0
    for block in parse_spec(spec):
        if block.kind != "drop":
            places.append(_Place(block, block.kind == "r" and (block.stride != (1, 1) or block.number != width)))
            width = block.number
    return places


class _Growth:
    """Copies block after block, and keeps track of where the old channels are among the new ones."""

    def __init__(self, old: keras.Model, new: keras.Model, classes: tuple[list[int], list[int]]):
        self.old, self.new, self.classes = old, new, classes
        self.channels = np.arange(1)

    def copy(self, old: str | None, new: str) -> None:
        kind = new.split("_")[0]
        if old is None and kind == "rlstm":
            self._silence_lstm(new)
        elif old is None:
            self._silence(new + SECOND + NORM)
        elif kind == "c":
            self.channels = self._convolution(old, new, self.channels)
        elif kind == "r":
            inner = self._convolution(old + FIRST, new + FIRST, self.channels)
            if any(layer.name == new + BESIDE for layer in self.new.layers):
                self._convolution(old + BESIDE, new + BESIDE, self.channels)
            self.channels = self._convolution(old + SECOND, new + SECOND, inner)
        elif kind in RECURRENT:
            self.channels = self._lstm(old, new)
        elif kind == "max":
            self.copy_classes(SHORTCUT)

    def copy_classes(self, name: str) -> None:
        """Copy the classes that both know, which listen to the channels that were there before."""
        source, target = self.classes
        old_kernel, old_bias = self.old.get_layer(name).get_weights()
        kernel, bias = self.new.get_layer(name).get_weights()
        _put(kernel, old_kernel[..., source], self.channels, target)
        bias[:] = old_bias.min()
        bias[target] = old_bias[source]
        self.new.get_layer(name).set_weights([kernel, bias])

    def _convolution(self, old: str, new: str, inputs: np.ndarray) -> np.ndarray:
        (kernel,) = self.new.get_layer(new).get_weights()
        (old_kernel,) = self.old.get_layer(old).get_weights()
        outputs = np.arange(old_kernel.shape[-1])
        _put(kernel, old_kernel, inputs, outputs)
        self.new.get_layer(new).set_weights([kernel])
        statistics = self.new.get_layer(new + NORM).get_weights()
        for value, old_value in zip(statistics, self.old.get_layer(old + NORM).get_weights()):
            value[outputs] = old_value
        self.new.get_layer(new + NORM).set_weights(statistics)
        return outputs

    def _silence(self, norm: str) -> None:
        gamma, beta, *statistics = self.new.get_layer(norm).get_weights()
        self.new.get_layer(norm).set_weights([np.zeros_like(gamma), np.zeros_like(beta), *statistics])

    def _silence_lstm(self, lstm: str) -> None:
        """Let nothing into the cells, so that they and the outputs stay 0 until this is learned."""
        weights = self.new.get_layer(lstm).get_weights()
        width = weights[1].shape[0]
        for value in weights:
            value[..., 2 * width : 3 * width] = 0
        self.new.get_layer(lstm).set_weights(weights)

    def _lstm(self, old: str, new: str) -> np.ndarray:
        # Of each direction: kernel, recurrent kernel, bias.
        old_weights, weights = self.old.get_layer(old).get_weights(), self.new.get_layer(new).get_weights()
        old_width, width = old_weights[1].shape[0], weights[1].shape[0]
        units = np.arange(old_width)
        gates = np.concatenate([gate * width + units for gate in range(4)])
        for first in (0, 3):
            _put(weights[first], old_weights[first], self.channels, gates)
            _put(weights[first + 1], old_weights[first + 1], units, gates)
            weights[first + 2][gates] = old_weights[first + 2]
        self.new.get_layer(new).set_weights(weights)
        return np.concatenate([units, width + units])


def _put(kernel: np.ndarray, old: np.ndarray, inputs: np.ndarray, outputs: np.ndarray) -> None:
    """Put an old kernel, (…, inputs, outputs), into a larger one, in which the old outputs hear only the old inputs."""
    kernel[..., outputs] = 0
    kernel[..., inputs[:, None], outputs] = old

"""A network with narrower layers that reads nearly as it did, so that it is faster.

Inside residual blocks the filters go, and in LSTMs the units, that what comes after hears least of; what comes after is
then fitted, by least squares over real lines, to make of those that stay what it made of all. After He, Zhang & Sun,
"Channel Pruning for Accelerating Very Deep Neural Networks" (2017), and in the same way for LSTMs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Sequence

import keras
import numpy as np

from htrtool.core.training.network import FIRST, HEAD, NORM, SECOND, build_network
from htrtool.core.training.spec import RECURRENT, Block, parse_spec
from htrtool.core.training.transfer import Trained, match_blocks

PLACES = 1000
"""At how many places of each batch a convolution is fitted."""
RIDGE = 1e-3
_LSTM_WEIGHTS = 3
"""Of each direction: kernel, recurrent kernel, bias."""


def narrowed(old_spec: str, new_spec: str) -> str:
    """Return an old spec, with as few units and filters inside residual blocks as the new one has where it has fewer.

    Raises:
        InputError: the new spec is no growth of the old one but for those: see ``match_blocks``.
    """
    limits = {old.name: new for old, new in match_blocks(old_spec, new_spec, narrower=True) if old}
    blocks = []
    for block in parse_spec(old_spec):
        if block.kind == "lstm":
            block = replace(block, number=min(block.number, limits[block.name].number))
        elif block.kind == "r":
            block = replace(block, inner=min(block.inner, limits[block.name].inner))
        blocks.append(block)
    return " ".join(map(str, blocks))


def prune(old: Trained, spec: str, batches: Sequence[tuple[np.ndarray, np.ndarray]]) -> Trained:
    """Return a network of a narrower spec that reads nearly as the old one does.

    Args:
        spec: the old one's, with fewer units in LSTMs or fewer filters inside residual blocks.
        batches: lines to fit it to, float (batch, height, width, 1), and the share of the width that each covers,
            (batch,). A few hundred lines do. Their height may be another than the old one's.
    """
    height = batches[0][0].shape[1]
    wide = _Wide(old.named(height), batches)
    before, after = parse_spec(old.spec), parse_spec(spec)
    recurrent = [block.name for block in before if block.kind in RECURRENT] + [HEAD]
    for block, narrow in zip(before, after):
        if narrow.inner < block.inner and block.kind == "r":
            wide.prune_residual(block.name, narrow.inner)
        elif narrow.number < block.number and block.kind == "lstm":
            wide.prune_lstm(block.name, recurrent[recurrent.index(block.name) + 1], int(narrow.number))
    network = build_network(spec, height, old.charset.classes)
    wide.copy_kept(network, before)
    return Trained(network, spec, old.charset)


class _Wide:
    """The wide network, in which what is pruned away is silenced, and what is kept of each block."""

    def __init__(self, network: keras.Model, batches: Sequence[tuple[np.ndarray, np.ndarray]]):
        self.network, self.batches = network, batches
        self.kept: dict[str, np.ndarray] = {}
        self.rng = np.random.default_rng(0)

    def prune_residual(self, block: str, count: int) -> None:
        """Keep so many filters of a block's first convolution, and fit its second to them."""
        seen, made = self._at_second(block)
        (kernel,) = self._weights(block + SECOND)
        rows, columns, _, outputs = kernel.shape
        heard = np.sqrt(np.square(seen).mean((0, 1, 2)) * np.square(kernel).sum((0, 1, 3)))
        kept = _largest(heard, count)
        inputs = seen[..., kept].reshape(len(seen), -1)
        near = kernel[:, :, kept].reshape(-1, outputs)
        fitted = near + _least_squares(inputs, made - inputs @ near)
        kernel = np.zeros_like(kernel)
        kernel[:, :, kept] = fitted.reshape(rows, columns, count, outputs)
        self._layer(block + SECOND).set_weights([kernel])
        self.kept[block] = kept

    def prune_lstm(self, block: str, following: str, count: int) -> None:
        """Keep so many units of each direction, and fit what hears them: the layer that follows and they themselves."""
        states = self._states(block)
        weights, heirs = self._weights(block), self._weights(following)
        width = weights[1].shape[0]
        listening = range(0, len(heirs), _LSTM_WEIGHTS)
        forward, backward = slice(0, width), slice(width, None)
        heard = sum(np.square(heirs[place]).sum(1) for place in listening)
        recurrent = np.concatenate([np.square(weights[1]).sum(1), np.square(weights[1 + _LSTM_WEIGHTS]).sum(1)])
        heard = np.sqrt(np.square(states).mean(0) * (heard / heard.mean() + recurrent / recurrent.mean()))
        kept = [_largest(heard[direction], count) for direction in (forward, backward)]
        both = np.concatenate([kept[0], width + kept[1]])
        for place in listening:
            bias = place + (2 if len(heirs) > 2 else 1)
            heirs[place], heirs[bias] = _heard_through(states, both, heirs[place], heirs[bias])
        self._layer(following).set_weights(heirs)
        for place, direction, own in zip((0, _LSTM_WEIGHTS), (forward, backward), kept):
            weights[place + 1], weights[place + 2] = _heard_through(
                states[:, direction], own, weights[place + 1], weights[place + 2]
            )
        self._layer(block).set_weights(weights)
        self.kept[block] = both

    def copy_kept(self, network: keras.Model, blocks: Sequence[Block]) -> None:
        """Put the weights of what is kept into a network that has no more than that."""
        inputs = None
        for block in blocks:
            if block.kind in RECURRENT:
                network.get_layer(block.name).set_weights(self._lstm(block.name, inputs))
                width = int(block.number)
                inputs = self.kept.get(block.name, np.arange(2 * width))
        for layer in network.layers:
            if isinstance(layer, keras.layers.Bidirectional) or not layer.get_weights():
                continue
            weights = self._weights(layer.name)
            block = next((name for name in self.kept if layer.name.startswith(f"{name}_")), None)
            if block and layer.name == block + FIRST:
                weights = [weights[0][..., self.kept[block]]]
            elif block and layer.name == block + FIRST + NORM:
                weights = [value[self.kept[block]] for value in weights]
            elif block and layer.name == block + SECOND:
                weights = [weights[0][:, :, self.kept[block]]]
            elif layer.name == HEAD and inputs is not None:
                weights = [weights[0][inputs], weights[1]]
            layer.set_weights(weights)

    def _lstm(self, block: str, inputs: np.ndarray | None) -> list[np.ndarray]:
        weights = self._weights(block)
        width = weights[1].shape[0]
        kept = self.kept.get(block, np.arange(2 * width))
        for place, units in ((0, kept[kept < width]), (_LSTM_WEIGHTS, kept[kept >= width] - width)):
            gates = np.concatenate([gate * width + units for gate in range(4)])
            kernel, recurrent, bias = weights[place : place + _LSTM_WEIGHTS]
            kernel = kernel if inputs is None else kernel[inputs]
            weights[place : place + _LSTM_WEIGHTS] = kernel[:, gates], recurrent[units][:, gates], bias[gates]
        return weights

    def _layer(self, name: str) -> keras.Layer:
        return self.network.get_layer(name)

    def _weights(self, name: str) -> list[np.ndarray]:
        return self._layer(name).get_weights()

    def _at_second(self, block: str) -> tuple[np.ndarray, np.ndarray]:
        """Return what a block's second convolution sees at places of the lines, (places, rows, columns, filters), and makes of it."""
        outputs = [self._layer(block + FIRST + NORM).output, self._layer(block + SECOND).output]
        part = keras.Model(self.network.input, outputs)
        rows, columns = self._layer(block + SECOND).kernel_size
        seen, made = [], []
        for lines, covered in self.batches:
            below, above = part.predict_on_batch(lines)
            around = np.pad(np.maximum(below, 0), ((0, 0), _around(rows), _around(columns), (0, 0)))
            count, height, width, _ = above.shape
            line = self.rng.integers(0, count, PLACES)
            row = self.rng.integers(0, height, PLACES)
            column = (self.rng.random(PLACES) * covered[line] * width).astype(int)
            seen.append(np.stack([around[i, y : y + rows, x : x + columns] for i, y, x in zip(line, row, column)]))
            made.append(above[line, row, column])
        return np.concatenate(seen), np.concatenate(made)

    def _states(self, block: str) -> np.ndarray:
        """Return the states of an LSTM in all frames of the lines, (frames, units of both directions)."""
        part = keras.Model(self.network.input, self._layer(block).output)
        return np.concatenate(
            [
                states[: round(share * len(states))]
                for lines, covered in self.batches
                for states, share in zip(part.predict_on_batch(lines), covered)
            ]
        )


def _around(size: int) -> tuple[int, int]:
    # As "same" pads where the stride is one.
    return (size - 1) // 2, size // 2


def _largest(values: np.ndarray, count: int) -> np.ndarray:
    return np.sort(np.argsort(-values, kind="stable")[:count])


def _heard_through(states: np.ndarray, kept: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a kernel, (states, …), and its bias that make of the kept states what those given make of all."""
    gone = np.setdiff1d(np.arange(states.shape[1]), kept)
    inputs = np.concatenate([states[:, kept], np.ones((len(states), 1), states.dtype)], axis=1)
    told = _least_squares(inputs, states[:, gone]) @ kernel[gone]
    fitted = np.zeros_like(kernel)
    fitted[kept] = kernel[kept] + told[:-1]
    return fitted, bias + told[-1]


def _least_squares(inputs: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    square = inputs.T @ inputs
    ridge = RIDGE * np.trace(square) / len(square) * np.eye(len(square), dtype=square.dtype)
    return np.linalg.solve(square + ridge, inputs.T @ outputs)

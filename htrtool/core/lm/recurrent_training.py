"""A recurrent language model trained on passages of texts, and written as ONNX with 8-bit weights."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Callable, Iterable

import keras
import numpy as np
from keras import layers, ops

from htrtool.core.errors import ModelError
from htrtool.core.lm.ngram_training import LanguageText
from htrtool.core.lm.passages import LENGTH, Passages
from htrtool.core.lm.recurrent import INPUTS, METADATA_KEY, OUTPUT
from htrtool.core.session import onnx_runtime
from htrtool.core.training.network import HEAD
from htrtool.core.training.optimizer import EMBEDDING, make_optimizer
from htrtool.core.training.quantise import RECURRENT, without_advice
from htrtool.core.training.schedule import Progress, Settings, learning_rate, share_done

UNITS, FEATURES = 512, 64
DROPOUT = 0.1
PEAK_RATE = 0.01
MOST_A_BATCH, FEWEST_A_BATCH, STEPS = 64, 16, 500
"""How many passages a batch has, fewer where an epoch of so many would have fewer steps than these."""
ROW_STEPS = 200
COLUMNS = ("step", "seconds", "characters", "loss")
MOST_DIFFERENCE = 1e-3
_STEADY = 20.0
"""A bias that opens a gate, and a cell that makes a unit 1, but for less than float32 tells."""
_OPSET = 17
_ENDLESS = 1_000_000


def train_recurrent(
    texts: Iterable[LanguageText],
    epochs: int | None,
    minutes: float | None,
    seed: int,
    bfloat16: bool,
    on_row: Callable[[dict], None],
    units: int = UNITS,
) -> bytes:
    """Train a recurrent model of texts.

    Args:
        epochs: how often as many characters are shown as the texts have.
        minutes: after how many it ends; whichever comes first, and one of the two is to be told.
        bfloat16: compute in that.
        on_row: called every ``ROW_STEPS`` steps with ``step``, ``seconds``, ``characters`` and ``loss``, the mean since
            the last row, in nats a character.
        units: of the LSTM.

    Returns:
        The ONNX file, for :class:`~htrtool.core.lm.recurrent.RecurrentLM`.

    Raises:
        InputError: there is no text.
        ModelError: ONNX Runtime gives other numbers than Keras.
    """
    passages = Passages(texts)
    keras.utils.set_random_seed(seed)
    network = build_network(passages.symbols.count, units)
    network.compile(
        make_optimizer(PEAK_RATE, bfloat16),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    if keras.backend.backend() == "tensorflow":
        from htrtool.core.training.cpu import speed_up

        speed_up(network, bfloat16)
    size = min(max(passages.characters // (LENGTH * STEPS), FEWEST_A_BATCH), MOST_A_BATCH)
    settings = Settings(learning_rate=PEAK_RATE, epochs=epochs or _ENDLESS, minutes=minutes or 0, batch_size=size, seed=seed)
    steps_per_epoch = max(1, passages.characters // (size * LENGTH))
    progress, losses, start = Progress(), [], time.monotonic()
    while (done := share_done(settings, progress, steps_per_epoch)) < 1:
        network.optimizer.learning_rate = learning_rate(settings, done)
        batch = passages.batch(size, np.random.default_rng((seed, progress.step)))
        losses.append(float(network.train_on_batch(batch[:, :-1], batch[:, 1:])))
        network.reset_metrics()
        progress.step += 1
        progress.seconds = time.monotonic() - start
        if progress.step % ROW_STEPS == 0 or share_done(settings, progress, steps_per_epoch) >= 1:
            on_row(
                {
                    "step": progress.step,
                    "seconds": round(progress.seconds),
                    "characters": progress.step * size * LENGTH,
                    "loss": f"{np.mean(losses):.4f}",
                }
            )
            losses.clear()
    return _onnx(network, passages.symbols.to_json())


def build_network(symbols: int, units: int = UNITS) -> keras.Model:
    """Return a network with new weights: symbols, (lines, characters), to logits of the next, (lines, characters, symbols)."""
    given = keras.Input((None,), dtype="int32")
    # Keras would draw numbers so small that they tell characters apart only after hundreds of steps.
    apart = keras.initializers.RandomNormal(stddev=1.0)
    features = layers.Embedding(symbols, FEATURES, embeddings_initializer=apart, name=EMBEDDING)(given)
    states = layers.LSTM(units, return_sequences=True)(features)
    return keras.Model(given, layers.Dense(symbols, name=HEAD)(layers.Dropout(DROPOUT)(states)))


def _onnx(network: keras.Model, symbols: str) -> bytes:
    """Return a network as ONNX, (characters, lines) of symbols and of those that follow to what each of these costs.

    Raises:
        ModelError: it gives other numbers than Keras.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = _graph(*network.get_weights())
    # The network itself may compute in bfloat16.
    exact = build_network(network.output_shape[-1], network.get_layer(HEAD).input.shape[-1])
    exact.set_weights(network.get_weights())
    probe = np.random.default_rng(0).integers(0, network.output_shape[-1], (40, 3), np.int32)
    session = onnx_runtime().InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run([OUTPUT], dict(zip(INPUTS, (probe[:-1], probe[1:]))))
    logits = exact(probe[:-1].T, training=False)
    expected = ops.convert_to_numpy(keras.losses.sparse_categorical_crossentropy(probe[1:].T, logits, from_logits=True)).T
    difference = float(np.abs(found - expected).max() / np.abs(expected).max())
    if not difference <= MOST_DIFFERENCE:
        raise ModelError(f"expected ONNX to agree with Keras within {MOST_DIFFERENCE}, it differs by {difference:.4f}")
    with tempfile.TemporaryDirectory(prefix="htr-") as folder, without_advice():
        whole, small = Path(folder, "whole.onnx"), Path(folder, "small.onnx")
        onnx.save(model, whole)
        quantize_dynamic(str(whole), str(small), op_types_to_quantize=RECURRENT, weight_type=QuantType.QInt8)
        model = onnx.load(small)
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, symbols
    return model.SerializeToString()


def _with_bounds(embedding, kernel, recurrent_kernel, bias, head):
    """Return the weights of an LSTM, in Keras's order, with two features and two units more: always as large as any, and as small.

    Nothing listens to them. ONNX Runtime scales the numbers of a run by the largest of them and the smallest before it takes them in 8 bits; with
    these among them, a line costs the same whatever is beside it.
    """
    bounds = np.array([1, -1], np.float32)

    def wider(gates: np.ndarray, rows: int) -> np.ndarray:
        by_gate = gates.reshape(-1, 4, len(head))
        return np.pad(by_gate, [(0, rows), (0, 0), (0, len(bounds))])

    embedding = np.concatenate([embedding, np.tile(np.abs(embedding).max() * bounds, (len(embedding), 1))], 1)
    biases = wider(bias, 0)
    # Nothing enters, all is kept and told.
    biases[0, :, -len(bounds) :] = _STEADY * np.array([[-1], [1], [0], [1]])
    cells = np.pad(_STEADY * bounds, (len(head), 0))
    gates = (part.reshape(len(part), -1) for part in (wider(kernel, len(bounds)), wider(recurrent_kernel, len(bounds)), biases))
    return embedding, *gates, np.pad(head, [(0, len(bounds)), (0, 0)]), cells


def _graph(embedding, kernel, recurrent_kernel, bias, head, head_bias):
    """Return the ONNX model of a network with these weights, in Keras's order."""
    from onnx import TensorProto, helper, numpy_helper

    embedding, kernel, recurrent_kernel, bias, head, cells = _with_bounds(embedding, kernel, recurrent_kernel, bias, head)

    def as_onnx(gates: np.ndarray) -> np.ndarray:
        # Keras has the gates in the order input, forget, cell, output; ONNX as input, output, forget, cell.
        enter, keep, new, leave = np.split(gates, 4, -1)
        return np.concatenate([enter, leave, keep, new], -1).T[None]

    # Two biases, of which Keras has one.
    biases = np.concatenate([as_onnx(bias)[..., 0], np.zeros_like(bias)], -1)
    weights = {
        "embedding": embedding, "kernel": as_onnx(kernel), "recurrent_kernel": as_onnx(recurrent_kernel), "biases": biases,
        "cell": cells[None, None], "nothing": np.zeros((1, 1, len(head)), np.float32), "one": np.array([1]), "units": np.array([len(head)]),
        "head": head, "head_bias": head_bias, "direction": np.array([1]), "last": np.array([2]),
    }  # fmt: skip
    given, following = INPUTS
    of_lstm = ["features", "kernel", "recurrent_kernel", "biases", "", "states_before", "cells_before"]
    nodes = [
        helper.make_node("Gather", ["embedding", given], ["features"]),
        helper.make_node("Shape", [given], ["lines"], start=1),
        helper.make_node("Concat", ["one", "lines", "units"], ["for_all"], axis=0),
        helper.make_node("Expand", ["nothing", "for_all"], ["states_before"]),
        helper.make_node("Expand", ["cell", "for_all"], ["cells_before"]),
        helper.make_node("LSTM", of_lstm, ["states"], hidden_size=len(head)),
        helper.make_node("Squeeze", ["states", "direction"], ["state"]),
        helper.make_node("MatMul", ["state", "head"], ["weighed"]),
        helper.make_node("Add", ["weighed", "head_bias"], ["logits"]),
        helper.make_node("LogSoftmax", ["logits"], ["logarithms"], axis=-1),
        helper.make_node("Unsqueeze", [following, "last"], ["chosen"]),
        helper.make_node("GatherElements", ["logarithms", "chosen"], ["of_chosen"], axis=2),
        helper.make_node("Squeeze", ["of_chosen", "last"], ["of_following"]),
        helper.make_node("Neg", ["of_following"], [OUTPUT]),
    ]
    shape = ["characters", "lines"]
    graph = helper.make_graph(
        nodes,
        "recurrent",
        [helper.make_tensor_value_info(name, TensorProto.INT32, shape) for name in INPUTS],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)

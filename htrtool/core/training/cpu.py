"""Layers that Keras computes slowly on a CPU under TensorFlow, computed faster, with the same results but for rounding.

Keras takes the input's part of an LSTM's gates frame by frame, and adds up the gradients of its weights frame by frame;
here both are one product of matrices over all frames, so that only the recurrence is left in the loop. Batch
normalisation, which Keras puts together from means and squares, is TensorFlow's fused one.
"""

from __future__ import annotations

import time

import keras
import tensorflow as tf


def speed_up(network: keras.Model, bfloat16: bool = False) -> None:
    """Let a network's LSTMs and batch normalisations compute as this module does; weights and saved files stay as they are.

    Where there is a GPU, on which Keras is fast, nothing changes.

    Args:
        network: it is changed in place.
        bfloat16: the products of matrices in the LSTMs are of bfloat16 numbers; sums over frames stay float32.
    """
    if tf.config.list_physical_devices("GPU"):
        return
    for layer in network.layers:
        if isinstance(layer, keras.layers.Bidirectional):
            layer.call = _both_ways(layer, tf.bfloat16 if bfloat16 else tf.float32)
        elif isinstance(layer, keras.layers.LSTM):
            layer.call = _forth(layer, tf.bfloat16 if bfloat16 else tf.float32)
        elif isinstance(layer, keras.layers.BatchNormalization):
            layer.call = _fused_normalisation(layer)


def bfloat16_takes() -> float:
    """Return how many times as long the gradient of a convolution takes in bfloat16 as in float32.

    Under 1 where the processor computes in it; where it does not, forty and more were seen, since TensorFlow then has no fast way back.
    """
    seconds = {}
    for dtype in (tf.float32, tf.bfloat16):
        pictures, kernel = tf.ones((2, 16, 64, 32), dtype), tf.ones((3, 3, 32, 32), dtype)
        taken = []
        for _ in range(3):
            with tf.GradientTape() as tape:
                tape.watch(kernel)
                responses = tf.nn.conv2d(pictures, kernel, 1, "SAME")
            start = time.perf_counter()
            tape.gradient(responses, kernel).numpy()
            taken.append(time.perf_counter() - start)
        seconds[dtype] = min(taken)
    return seconds[tf.bfloat16] / seconds[tf.float32]


def _fused_normalisation(layer: keras.layers.BatchNormalization):
    as_keras = layer.call

    def call(inputs, training=None, mask=None):
        if not training or not layer.trainable:
            return as_keras(inputs, training=training, mask=mask)
        scale, offset = (tf.cast(weights.value, tf.float32) for weights in (layer.gamma, layer.beta))
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, scale, offset, epsilon=layer.epsilon, is_training=True
        )
        for moving, value in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
            moving.assign(moving * layer.momentum + value * (1 - layer.momentum))
        return outputs

    return call


def _both_ways(layer: keras.layers.Bidirectional, dtype: tf.DType):
    def call(sequences, initial_state=None, mask=None, training=None):
        frames = tf.transpose(tf.convert_to_tensor(sequences), (1, 0, 2))
        forward = _one_way(frames, layer.forward_layer.cell, dtype)
        backward = tf.reverse(_one_way(tf.reverse(frames, [0]), layer.backward_layer.cell, dtype), [0])
        return tf.transpose(tf.concat([forward, backward], -1), (1, 0, 2))

    return call


def _forth(layer: keras.layers.LSTM, dtype: tf.DType):
    def call(sequences, initial_state=None, mask=None, training=None):
        frames = tf.transpose(tf.convert_to_tensor(sequences), (1, 0, 2))
        return tf.transpose(_one_way(frames, layer.cell, dtype), (1, 0, 2))

    return call


def _one_way(frames: tf.Tensor, cell: keras.layers.LSTMCell, dtype: tf.DType) -> tf.Tensor:
    """Return the states, (frames, batch, units), of an LSTM over (frames, batch, features)."""
    count, batch = tf.shape(frames)[0], tf.shape(frames)[1]
    rows = tf.reshape(frames, (-1, frames.shape[2]))
    inputs = _product(rows, tf.cast(cell.kernel.value, dtype)) + cell.bias.value
    inputs = tf.reshape(inputs, (count, batch, 4 * cell.units))
    return _recurrence(inputs, tf.cast(cell.recurrent_kernel.value, dtype))


def _product(rows: tf.Tensor, matrix: tf.Tensor, **transposed: bool) -> tf.Tensor:
    """Return the product, float32, computed in the matrix's dtype."""
    return tf.cast(tf.matmul(tf.cast(rows, matrix.dtype), matrix, **transposed), tf.float32)


@tf.custom_gradient
def _recurrence(inputs: tf.Tensor, kernel: tf.Tensor):
    """Return the states, (frames, batch, units), of an LSTM, and what gives the gradients.

    Args:
        inputs: the inputs' part of the gates, (frames, batch, 4 units), in Keras's order: input, forget, cell, output.
        kernel: (units, 4 units), in the dtype in which it is multiplied.
    """
    count, units = tf.shape(inputs)[0], kernel.shape[0]
    nothing = tf.zeros((tf.shape(inputs)[1], units))

    def of_frames():
        return tf.TensorArray(tf.float32, count, element_shape=tf.TensorShape(None))

    def step(frame, state, cell, states, cells, gates):
        enter, keep, new, leave = tf.split(inputs[frame] + _product(state, kernel), 4, 1)
        enter, keep, new, leave = tf.sigmoid(enter), tf.sigmoid(keep), tf.tanh(new), tf.sigmoid(leave)
        cell = keep * cell + enter * new
        state = leave * tf.tanh(cell)
        gates = gates.write(frame, tf.concat([enter, keep, new, leave], 1))
        return frame + 1, state, cell, states.write(frame, state), cells.write(frame, cell), gates

    *_, states, cells, gates = tf.while_loop(
        lambda frame, *_: frame < count, step, (0, nothing, nothing, of_frames(), of_frames(), of_frames())
    )
    states, cells, gates = states.stack(), cells.stack(), gates.stack()
    states.set_shape((None, None, units))

    def gradients(of_states):
        enter, keep, new, leave = tf.split(gates, 4, 2)
        squashed = tf.tanh(cells)
        cells_before = tf.concat([nothing[None], cells[:-1]], 0)
        to_cell = leave * (1 - tf.square(squashed))
        to_leave = squashed * leave * (1 - leave)
        to_others = tf.concat(
            [new * enter * (1 - enter), cells_before * keep * (1 - keep), enter * (1 - tf.square(new))], 2
        )

        def step_back(frame, of_state, of_cell, of_gates):
            of_state = of_state + of_states[frame]
            of_cell = of_cell + of_state * to_cell[frame]
            here = tf.concat([tf.tile(of_cell, (1, 3)) * to_others[frame], of_state * to_leave[frame]], 1)
            before = _product(here, kernel, transpose_b=True)
            return frame - 1, before, of_cell * keep[frame], of_gates.write(frame, here)

        *_, of_gates = tf.while_loop(
            lambda frame, *_: frame >= 0, step_back, (count - 1, nothing, nothing, of_frames())
        )
        of_gates = of_gates.stack()
        states_before = tf.reshape(tf.concat([nothing[None], states[:-1]], 0), (-1, units))
        of_kernel = tf.matmul(
            tf.cast(states_before, kernel.dtype),
            tf.cast(tf.reshape(of_gates, (-1, 4 * units)), kernel.dtype),
            transpose_a=True,
        )
        return of_gates, of_kernel

    return states, gradients

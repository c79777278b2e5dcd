"""The optimizer of a training run."""

from __future__ import annotations

import keras
from keras import ops

from htrtool.core.training.network import HEAD, SHORTCUT

CLIP_NORM = 5.0
WEIGHT_DECAY = 0.01
MOMENTUM = 0.95
"""What remains of the sum of a matrix's gradients from one step to the next."""
ITERATION = 3.4445, -4.7750, 2.0315
ITERATIONS = 5
"""The polynomial that brings the singular values of a matrix near 1, and how often it is applied: those of Jordan et al."""
SPREAD = 0.2
"""How far an element of a matrix moves on average, as a share of the learning rate: about as far as AdamW moves it."""
EMBEDDING = "embedding"
"""The layer by which a language model tells characters apart."""
_LSTM, _GATES = "lstm", 4


def make_optimizer(learning_rate: float, bfloat16: bool) -> keras.optimizers.Optimizer:
    """Return Muon with clipped gradients; neither biases nor normalisations nor embeddings decay.

    Args:
        bfloat16: whether the network computes in it, and the optimizer then too: numbers of a gradient that are not finite count as 0, since
            oneDNN's kernels for AMX now and then give some in the gradient of a convolution, and would give others the next time.
    """
    optimizer = Muon(learning_rate, bfloat16)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta", EMBEDDING])
    return optimizer


class Muon(keras.optimizers.AdamW):
    """Muon for matrices (Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024), AdamW for the rest.

    Of a matrix's gradients, summed up with momentum, the step has the directions alone: all its singular values are near 1, scaled so that its
    elements move as far as AdamW would move them (Liu et al., "Muon is Scalable for LLM Training", 2025). Kernels of convolutions are matrices
    from all that a filter sees to the filters, those of LSTMs one for each gate. What is not inside the network, its first layer and its
    heads, and what is no matrix, is left to AdamW (Loshchilov & Hutter, ICLR 2019).
    """

    def __init__(self, learning_rate: float, bfloat16: bool):
        """``bfloat16``: directions are found in it, and numbers of a gradient that are not finite are 0."""
        super().__init__(learning_rate, weight_decay=WEIGHT_DECAY, global_clipnorm=CLIP_NORM)
        self._bfloat16 = bfloat16

    def build(self, variables):
        """Make the state of the optimizer for some variables."""
        super().build(variables)
        self._matrices = [_matrices_in(variable) for variable in variables]

    def apply(self, grads, trainable_variables=None):
        """Apply the gradients."""
        if self._bfloat16:
            grads = [ops.nan_to_num(gradient, nan=0.0, posinf=0.0, neginf=0.0) for gradient in grads]
        return super().apply(grads, trainable_variables)

    def update_step(self, gradient, variable, learning_rate):
        """Apply the gradient of one variable."""
        index = self._get_variable_index(variable)
        count, momentum = self._matrices[index], self._momentums[index]
        if not count:
            super().update_step(gradient, variable, learning_rate)
            return
        gradient = ops.cast(gradient, variable.dtype)
        self.assign(momentum, MOMENTUM * momentum + gradient)
        shape = gradient.shape
        # As Nesterov has it: where the next step would lead.
        ahead = ops.reshape(gradient + MOMENTUM * momentum, (-1, count, shape[-1] // count))
        step = orthogonal(ops.transpose(ahead, (1, 0, 2)), "bfloat16" if self._bfloat16 else "float32")
        step = ops.reshape(ops.transpose(step, (1, 0, 2)), shape)
        self.assign_sub(variable, ops.cast(learning_rate, variable.dtype) * step)


def orthogonal(matrices, dtype: str = "float32"):
    """Return matrices, (matrices, rows, columns), with all their singular values near 1, times ``SPREAD`` and the root of the longer side.

    By a Newton-Schulz iteration, of which five steps bring them between 0.7 and 1.2.

    Args:
        dtype: what it is computed in; where the processor knows bfloat16, that takes two thirds of the time, and errs by 3%.
    """
    rows, columns = matrices.shape[1:]
    if rows > columns:
        return ops.transpose(orthogonal(ops.transpose(matrices, (0, 2, 1)), dtype), (0, 2, 1))
    first, third, fifth = ITERATION
    matrices = ops.cast(matrices / (ops.norm(matrices, axis=(1, 2), keepdims=True) + 1e-7), dtype)
    for _ in range(ITERATIONS):
        squares = ops.matmul(matrices, ops.transpose(matrices, (0, 2, 1)))
        matrices = first * matrices + ops.matmul(third * squares + fifth * ops.matmul(squares, squares), matrices)
    return SPREAD * max(rows, columns) ** 0.5 * ops.cast(matrices, "float32")


def _matrices_in(variable: keras.Variable) -> int:
    """Return of how many matrices side by side a variable consists, 0 if it is left to AdamW."""
    path, shape = variable.path, variable.shape
    if len(shape) < 2 or path.split("/")[0] in (HEAD, SHORTCUT, EMBEDDING) or (len(shape) == 4 and shape[2] == 1):
        return 0
    return _GATES if _LSTM in path else 1

"""The optimizer of a training run."""

from __future__ import annotations

import keras
from keras import ops

CLIP_NORM = 5.0
WEIGHT_DECAY = 0.01


def make_optimizer(learning_rate: float, bfloat16: bool) -> keras.optimizers.Optimizer:
    """Return AdamW (Loshchilov & Hutter, ICLR 2019) with clipped gradients; neither biases nor normalisations decay.

    In bfloat16, numbers of a gradient that are not finite count as 0: oneDNN's kernels for AMX now and then give some in the
    gradient of a convolution, and would give others the next time.
    """
    kind = FiniteAdamW if bfloat16 else keras.optimizers.AdamW
    optimizer = kind(learning_rate, weight_decay=WEIGHT_DECAY, global_clipnorm=CLIP_NORM)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


class FiniteAdamW(keras.optimizers.AdamW):
    """AdamW for which numbers of a gradient that are not finite are 0."""

    def apply(self, grads, trainable_variables=None):
        return super().apply([ops.nan_to_num(g, nan=0.0, posinf=0.0, neginf=0.0) for g in grads], trainable_variables)

"""The styles of lines mixed while a network learns, so that it reads those of hands, pens and scans that it was never shown.

After Zhou, Yang, Qiao & Xiang, "Domain Generalization with MixStyle" (2021): what the first layers respond with on average
over a picture, and by how much that varies, tells of its style and hardly of its text.
"""

from __future__ import annotations

import keras
from keras import ops

OFTEN = 0.5
"""The share of lines that get a part of another's style."""
SHAPE = 0.3
"""Of the beta distribution by which the parts are drawn: mostly nearly all of the one or of the other."""
FARTHEST = 2.5
"""By how much the responses of a line are stretched at most, or shrunk."""


class MixedStyles(keras.layers.Layer):
    """Give some of the pictures of a batch a part of another's style, in training alone.

    Takes and returns (batch, height, width, channels); of each channel of a picture, its mean and its standard deviation over
    the picture are moved towards those of another one of the batch.
    """

    def __init__(self, seed: int, **settings):
        super().__init__(**settings)
        self.seeds = keras.random.SeedGenerator(seed)

    def call(self, pictures, training=False):
        """Return the pictures, as they are unless in training."""
        if not training:
            return pictures
        responses = ops.cast(pictures, "float32")
        mean, variance = ops.moments(responses, (1, 2), keepdims=True)
        mean, spread = ops.stop_gradient(mean), ops.stop_gradient(ops.sqrt(variance + 1e-5))
        count = ops.shape(pictures)[0]
        other = keras.random.shuffle(ops.arange(count), seed=self.seeds)
        own = keras.random.beta((count, 1, 1, 1), SHAPE, SHAPE, seed=self.seeds)
        own = ops.where(keras.random.uniform((count, 1, 1, 1), seed=self.seeds) < OFTEN, own, 1.0)
        mixed_mean, mixed_spread = (own * part + (1 - own) * ops.take(part, other, 0) for part in (mean, spread))
        stretch = ops.clip(mixed_spread / spread, 1 / FARTHEST, FARTHEST)
        return pictures * ops.cast(stretch, pictures.dtype) + ops.cast(mixed_mean - mean * stretch, pictures.dtype)

    def compute_output_shape(self, shape):
        """Return the shape, which stays."""
        return shape

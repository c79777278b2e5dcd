"""The CTC loss (Graves et al., 2006)."""

from __future__ import annotations

import keras
from keras import ops

from htrtool.core.charset import BLANK


def ctc_loss(labels, label_lengths, logits, frame_lengths):
    """Return the CTC loss of each line, (batch,).

    What lies beyond a line's label length or frame length counts for nothing, neither as blanks nor as characters.

    Args:
        labels: classes, int (batch, characters), padded with anything.
        label_lengths: int (batch,).
        logits: float (batch, frames, classes).
        frame_lengths: int (batch,), of which there must be enough for the label: see ``align.frames_needed``.
    """
    if keras.backend.backend() == "tensorflow":
        # The native kernel takes sparse labels; keras.ops.ctc_loss is a loop over the frames in the graph and takes
        # half of the training step on a CPU.
        import tensorflow as tf

        mask = tf.sequence_mask(label_lengths, tf.shape(labels)[1])
        sparse = tf.SparseTensor(tf.where(mask), tf.boolean_mask(labels, mask), tf.shape(labels, tf.int64))
        return tf.nn.ctc_loss(
            sparse,
            tf.transpose(logits, [1, 0, 2]),
            None,
            frame_lengths,
            logits_time_major=True,
            blank_index=BLANK,
        )
    return ops.ctc_loss(labels, logits, label_lengths, frame_lengths, mask_index=BLANK)

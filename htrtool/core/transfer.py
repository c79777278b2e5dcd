"""A trained network's weights into a new one, whose charset may differ."""

from __future__ import annotations

import keras
import numpy as np

from htrtool.core.charset import BLANK, Charset
from htrtool.core.network import HEAD, SHORTCUT


def transfer(old: keras.Model, old_charset: Charset, new: keras.Model, new_charset: Charset) -> None:
    """Copy the weights of ``old`` into ``new``, a network of the same spec.

    The classes of characters that both know keep what they learned; those that only the new charset has keep their
    fresh weights, with a bias as low as the rarest known class, so that they don't get in the way of the others.
    """
    columns = [(BLANK, BLANK)]
    columns += [
        (old_charset.encode(character)[0], new_charset.encode(character)[0])
        for character in new_charset.characters
        if character in old_charset
    ]
    source, target = (np.array(side) for side in zip(*columns))
    for old_layer, new_layer in zip(old.layers, new.layers):
        weights = old_layer.get_weights()
        if new_layer.name in (HEAD, SHORTCUT):
            kernel, bias = new_layer.get_weights()
            bias[:] = weights[1].min()
            kernel[..., target] = weights[0][..., source]
            bias[target] = weights[1][source]
            weights = [kernel, bias]
        new_layer.set_weights(weights)

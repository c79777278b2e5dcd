"""Networks with weights drawn at random, as the tests of what becomes of trained ones take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from htrtool.core.charset import Charset

if TYPE_CHECKING:
    from htrtool.core.training.transfer import Trained

HEIGHT = 16


def drawn_network(spec: str, characters: str = "abc", seed: int = 1) -> Trained:
    """Make a network of a spec for lines ``HEIGHT`` pixels high, its normalisations as uneven as after training."""
    from htrtool.core.training.network import build_network
    from htrtool.core.training.transfer import Trained

    charset = Charset(tuple(characters))
    network = build_network(spec, HEIGHT, charset.classes, seed)
    rng = np.random.default_rng(seed)
    for layer in network.layers:
        if "norm" in layer.name:
            layer.set_weights([rng.uniform(0.5, 1.5, weights.shape) for weights in layer.get_weights()])
    return Trained(network, spec, charset)

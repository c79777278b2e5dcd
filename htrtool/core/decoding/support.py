"""How far the other texts that a search leaves bear out each character of the best."""

from __future__ import annotations

from typing import Sequence

import numpy as np
from rapidfuzz.distance import Levenshtein


def support(found: Sequence[tuple[str, float]]) -> np.ndarray:
    """Return the share of all texts, each by its weight, that have a character of the best where the best has it.

    Characters' posterior probabilities over a list of the best texts, as in Wessel et al., "Confidence Measures for Large
    Vocabulary Continuous Speech Recognition", 2001.

    Args:
        found: the texts with the logarithms of their weights, best first.

    Returns:
        float (characters of the best,), 0 to 1.
    """
    (best, most), *_ = found
    weights = np.exp([score - most for _, score in found])
    weights /= weights.sum()
    shares = np.full(len(best), weights[0])
    for (text, _), weight in zip(found[1:], weights[1:]):
        for operation in Levenshtein.opcodes(best, text):
            if operation.tag == "equal":
                shares[operation.src_start : operation.src_end] += weight
    return np.minimum(shares, 1.0)

"""How far the other texts that a search leaves bear out the best: each of its characters, and each of its words.

Posterior probabilities over a list of the best texts, as in Wessel et al., "Confidence Measures for Large Vocabulary
Continuous Speech Recognition", 2001.
"""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np
from rapidfuzz.distance import Levenshtein


class Support(NamedTuple):
    """The share of all texts, each by its weight, that have what the best has where the best has it, 0 to 1.

    ``characters`` is float (characters,), ``words`` float (words,): of words that no other text writes, parts or joins otherwise.
    """

    characters: np.ndarray
    words: np.ndarray


def support(found: Sequence[tuple[str, float]]) -> Support:
    """Return how far texts bear out the best of them.

    Args:
        found: the texts with the logarithms of their weights, best first.
    """
    (best, most), *others = found
    weights = np.exp([score - most for _, score in found])
    weights /= weights.sum()
    # With a space at each end every word stands between two.
    padded = f" {best} "
    ends = np.cumsum([len(word) + 1 for word in best.split()])
    starts = np.append(0, ends[:-1])
    characters, words = np.full(len(padded), weights[0]), np.full(len(ends), weights[0])
    for (text, _), weight in zip(others, weights[1:]):
        for operation in Levenshtein.opcodes(padded, f" {text} "):
            if operation.tag == "equal":
                first, last = operation.src_start, operation.src_end
                characters[first:last] += weight
                words[(first <= starts) & (ends < last)] += weight
    return Support(np.minimum(characters[1:-1], 1.0), np.minimum(words, 1.0))

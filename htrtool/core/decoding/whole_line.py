"""The choice among the texts that a search leaves, by a model that looks at whole lines.

The last pass over a list of the best texts, as recurrent models are used in recognition of speech (Mikolov et al.,
"Extensions of Recurrent Neural Network Language Model", 2011).
"""

from __future__ import annotations

from typing import Sequence

import numpy as np

from htrtool.core.lm.recurrent import RecurrentLM

MARGIN = 1.5
"""How far behind the best a text may be, in nats, to be looked at."""
WEIGHT = 0.15
"""What the model's logarithms count beside all that was known before."""
BONUS = 0.4
"""What each character is worth, in nats, since a language model would rather have few."""


def reconsidered(found: Sequence[tuple[str, float]], model: RecurrentLM, language: str) -> list[tuple[str, float]]:
    """Return texts of a line with new scores, best first; those far behind stay there.

    Args:
        found: the texts with the logarithms of their weights so far, best first.
        language: what they are in; ``""`` if that is not clear.
    """
    count = sum(score >= found[0][1] - MARGIN for _, score in found)
    if count == 1:
        return list(found)
    texts, before = zip(*found[:count])
    lengths = np.array([len(text) + 1 for text in texts])
    costs = np.array([each.sum() for each in model.costs(texts, language)])
    scores = np.array(before) + BONUS * lengths - WEIGHT * costs
    near = [(texts[place], float(scores[place])) for place in np.argsort(-scores, kind="stable")]
    last = min(scores) - before[-1]
    return near + [(text, float(score + last)) for text, score in found[count:]]

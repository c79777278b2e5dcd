"""How to train when nothing is said: from nothing, from a model on many lines, or from a model on one hand's few.

Three things hold a model that learns a hand back from forgetting the others: lines in many hands that are shown again
(rehearsal; Robins, "Catastrophic Forgetting, Rehearsal and Pseudorehearsal", 1995), the mean of the weights before and
after, which keeps most of both (Wortsman et al., "Robust Fine-Tuning of Zero-Shot Models", 2022), and an end that comes
before the lines are known by heart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

FEW = 1000
"""So many lines or fewer are taken for a hand to learn, given a model to go on from."""

KEPT = 0.5
"""The share of a model's weights that stays when it learns a hand."""

MANY = 300
"""So many lines of a hand or more make larger batches."""


@dataclass(frozen=True)
class Plan:
    """Settings of a training run.

    ``replayed`` lines in other hands are shown again in each epoch, and of the weights that it starts with the share
    ``kept``, 0 to 1, stays in the new ones.
    """

    epochs: int
    patience: int
    batch_size: int
    learning_rate: float
    replayed: int = 0
    kept: float = 0.0


def plan_for(lines: int, from_model: bool, **given: float | None) -> Plan:
    """Return the plan for so many lines, 1 or more, from nothing or from a trained model; what is given and not None wins."""
    return replace(_planned(lines, from_model), **{name: value for name, value in given.items() if value is not None})


def _planned(lines: int, from_model: bool) -> Plan:
    if from_model and lines <= FEW:
        epochs = min(max(round(210 / math.sqrt(lines)), 10), 50)
        return Plan(epochs, 0, 8 if lines < MANY else 16, 1e-3, min(max(lines, 50), 150), KEPT)
    return Plan(40, 10, min(32, max(4, lines // 40)), 5e-4 if from_model else 1.5e-3)

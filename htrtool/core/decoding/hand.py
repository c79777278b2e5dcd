"""A document's hand, learned from its lines as they were read, for a second reading of those that are not sure.

A network takes one letter for another again and again in a hand that it does not know, and a language model mends that in
most words but not in all. So a linear layer behind the network's output learns from what was read, as one learns a speaker from
a first pass in recognition of speech (Li and Sim, "Comparison of Discriminative Input and Output Transformations for Speaker
Adaptation in the Hybrid NN/HMM Systems", 2010).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Sequence

import numpy as np

from htrtool.core.charset import BLANK
from htrtool.core.decoding.align import align
from htrtool.core.decoding.decode import softmax

UNSURE = 0.97
"""Lines that are read with less confidence are read again."""
STEPS, RATE = 20, 0.03
"""How many steps are learned, and how far each goes at most: those of Adam (Kingma and Ba, 2015), over all frames at once."""
MOMENTS, EPSILON = (0.9, 0.999), 3.0
"""Adam's constants; such an epsilon, in frames, lets what few frames tell change little."""
LOWEST = 1e-6
"""Probabilities below this tell nothing."""
PLAYS = 0.01
"""Classes that are read nowhere and never more probable than this stay as they are."""
CLEARLY_BLANK = 0.99
"""Frames that are blank, and more surely so than this, teach nothing."""
MOST_LOOKS = 200
"""Of more looks than this so many are learned from."""


class Known(NamedTuple):
    """What was read in one look at a line: (frames, classes) of probabilities, the class of each character, and how sure each
    is, 0 to 1.
    """

    probabilities: np.ndarray
    labels: list[int]
    sure: np.ndarray


@dataclass(frozen=True)
class Hand:
    """How a network is to be understood in a hand.

    ``classes``, int (n,), are those that mean something else than usual; ``weights``, float32 (n + 1, n), is what the logarithms
    of their probabilities, and 1, add to those logarithms.
    """

    classes: np.ndarray
    weights: np.ndarray

    def understood(self, probabilities: np.ndarray) -> np.ndarray:
        """Return (frames, classes) of probabilities as they are to be understood."""
        logits = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
        logits[:, self.classes] += _evidence(probabilities, self.classes) @ self.weights
        return softmax(logits)


def learn_hand(document: Sequence[Known]) -> Hand | None:
    """Learn a hand from what was read of a document, each character for as much as it is sure; None if that was nothing."""
    count = min(len(document), MOST_LOOKS)
    lessons = [_lesson(document[place * len(document) // count]) for place in range(count)]
    if not any(lessons):
        return None
    frames, targets, weights = map(np.concatenate, zip(*filter(None, lessons)))
    classes = np.union1d(np.flatnonzero(frames.max(axis=0) > PLAYS), targets)
    places, rows = np.searchsorted(classes, targets), np.arange(len(targets))
    evidence = _evidence(frames, classes)
    before = np.log(np.maximum(frames[:, classes], LOWEST))
    layer = np.zeros((len(classes) + 1, len(classes)), np.float32)
    mean, square = np.zeros_like(layer), np.zeros_like(layer)
    for step in range(1, STEPS + 1):
        errors = softmax(before + evidence @ layer)
        errors[rows, places] -= 1
        gradient = evidence.T @ (errors * weights[:, None])
        mean += (1 - MOMENTS[0]) * (gradient - mean)
        square += (1 - MOMENTS[1]) * (gradient**2 - square)
        unbiased = [moment / (1 - share**step) for moment, share in zip((mean, square), MOMENTS)]
        layer -= RATE * unbiased[0] / (np.sqrt(unbiased[1]) + EPSILON)
    return Hand(classes, layer)


def _lesson(known: Known) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Return the frames of a look that teach something, their classes by what was read, and how sure these are."""
    probabilities, labels, sure = known
    found = align(probabilities, labels)
    if found is None:
        return None
    targets = np.full(len(probabilities), BLANK)
    for label, first, last in zip(labels, found.first, found.last):
        targets[first : last + 1] = label
    weights = np.interp(np.arange(len(targets)), found.peaks, sure).astype(np.float32)
    telling = (targets != BLANK) | (probabilities[:, BLANK] <= CLEARLY_BLANK)
    return probabilities[telling], targets[telling], weights[telling]


def _evidence(probabilities: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    """Return what the probabilities of some classes tell, 0 to 1 each, and a 1: float32 (frames, classes + 1)."""
    logarithms = np.log(np.maximum(probabilities[:, classes], LOWEST))
    return np.pad(1 - logarithms / np.log(LOWEST), ((0, 0), (0, 1)), constant_values=1).astype(np.float32)

"""CTC frames to text: the best path (Graves et al., "Connectionist Temporal Classification", 2006)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from htrtool.core.charset import BLANK, Charset


class Decoded(NamedTuple):
    """A text and the frame in which each of its characters is most probable."""

    text: str
    frames: np.ndarray


def softmax(logits: np.ndarray) -> np.ndarray:
    """Turn logits, (…, classes), into probabilities of the same shape."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def best_path(probabilities: np.ndarray, charset: Charset) -> Decoded:
    """Read the most probable class of each frame: runs of one class are one character, blanks part equal ones.

    Spaces at the ends are dropped and runs of spaces folded into one.

    Args:
        probabilities: (frames, classes), or logits, of which the order alone counts.

    Returns:
        The text, and int (characters,) the frame of each character.
    """
    best = probabilities.argmax(axis=-1)
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    ends = np.append(starts[1:], len(best))
    characters, frames = [], []
    for start, end in zip(starts, ends):
        label = best[start]
        if label == BLANK:
            continue
        character = charset.characters[label - 1]
        if character == " " and (not characters or characters[-1] == " "):
            continue
        characters.append(character)
        frames.append(start + int(probabilities[start:end, label].argmax()))
    if characters and characters[-1] == " ":
        characters.pop()
        frames.pop()
    return Decoded("".join(characters), np.array(frames, int))

"""Where the characters of a known text stand in a line: forced alignment by the frames of a recogniser."""

from __future__ import annotations

from typing import NamedTuple, Sequence

import numpy as np

from htrtool.core.charset import BLANK
from htrtool.core.compiled.library import address, library

LOWEST = 1e-12
"""Probabilities below this count as this, so that a frame that is sure of something else forbids nothing."""
SCALED_EVERY = 8
"""After how many frames weights are scaled: in so few none of those relative to a blank leaves the range of floats."""


class Alignment(NamedTuple):
    """Frames of each character of a text: ``first`` and ``last`` inclusive, int (characters,), and how well each fits.

    ``peaks``, int (characters,), is the frame in which a character is most probable, ``fits``, float (characters,),
    its probability there, 0 to 1; ``log_likelihood`` that of the whole path in nats.
    """

    first: np.ndarray
    last: np.ndarray
    peaks: np.ndarray
    fits: np.ndarray
    log_likelihood: float


def align(probabilities: np.ndarray, label: list[int]) -> Alignment | None:
    """Align a label with the frames of a line.

    The best path through the label's states and the blanks between them (Viterbi on the CTC topology of Graves et al.,
    "Connectionist Temporal Classification", 2006).

    Args:
        probabilities: (frames, classes), each row adding up to 1.
        label: the class of each character.

    Returns:
        None if the label is empty or has more characters than the frames can spell.
    """
    frames, count = len(probabilities), len(label)
    if not count or frames < frames_needed(label):
        return None
    scores, steps = _viterbi(probabilities, label)
    state = len(scores) - 1 if scores[-1] >= scores[-2] else len(scores) - 2
    log_likelihood = float(scores[state])
    path = np.empty(frames, int)
    for frame in range(frames - 1, -1, -1):
        path[frame] = state
        state -= int(steps[frame, state])
    characters = np.arange(count)
    first = np.searchsorted(path, 2 * characters + 1, "left")
    last = np.searchsorted(path, 2 * characters + 1, "right") - 1
    own = probabilities[:, label]
    peaks = np.array([a + int(own[a : b + 1, i].argmax()) for i, (a, b) in enumerate(zip(first, last))])
    return Alignment(first, last, peaks, own[peaks, characters], log_likelihood)


def prefix_log_likelihoods(probabilities: np.ndarray, label: list[int]) -> np.ndarray:
    """Return how well all frames of a line fit each beginning of a label.

    Args:
        probabilities, label: as for :func:`align`.

    Returns:
        float (characters + 1,): for 0, 1, … characters the log-likelihood of the best path, in nats; -inf where the
        frames can't spell so many.
    """
    scores, _ = _viterbi(probabilities, label)
    return np.append(scores[0], np.maximum(scores[1::2], scores[2::2]))


def log_likelihoods(probabilities: np.ndarray, labels: Sequence[list[int]]) -> np.ndarray:
    """Return how well the frames of a line fit each of some labels, over all paths.

    The forward recursion of Graves et al. (2006), relative to the blank and scaled now and then.

    Args:
        probabilities: (frames, classes), each row adding up to 1.
        labels: of each text the class of each character.

    Returns:
        float (labels,), in nats; some -700 lower than the most likely where the frames can't spell so many characters.
    """
    counts = np.array([len(label) for label in labels], np.int64)
    emitted = np.maximum(probabilities, LOWEST).astype(np.float64)
    # Behind the end of a shorter label stands a class that never occurs.
    classes = np.full((len(labels), counts.max(initial=0)), emitted.shape[1])
    for row, label in zip(classes, labels):
        row[: len(label)] = label
    odds = np.ascontiguousarray(emitted / emitted[:, BLANK, None])
    highest, ends = _fits_in_python(odds, classes, counts) if library() is None else _fits_compiled(odds, classes, counts)
    scales = np.log(emitted[:, BLANK]).sum() + np.log(highest).sum(axis=0)
    return scales + np.log(np.maximum(ends, np.finfo(float).tiny))


def _fits_compiled(odds: np.ndarray, classes: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what :func:`_fits_in_python` does."""
    (frames, of_frame), (texts, characters) = odds.shape, classes.shape
    highest, ends, room = np.empty((frames // SCALED_EVERY, texts)), np.empty(texts), np.empty(2 * characters + 1)
    library().htr_fits(
        address(odds), frames, of_frame, address(classes), address(counts), texts, characters, SCALED_EVERY,
        address(highest), address(ends), address(room),
    )  # fmt: skip
    return highest, ends


def _fits_in_python(odds: np.ndarray, classes: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return by what the weights of some texts were divided now and then, and what they are in the end.

    Args:
        odds: float (frames, classes), the probabilities divided by those of the blank.
        classes: int (texts, characters), the labels.
        counts: int (texts,), their lengths.

    Returns:
        (frames / ``SCALED_EVERY``, texts) and (texts,).
    """
    texts, classes = np.arange(len(classes)), classes.T
    odds = np.hstack([odds, np.zeros((len(odds), 1))])[:, classes]
    skips = (classes[1:] != classes[:-1]).astype(float)
    # The weights of the blanks before each character and behind the last, and of the characters.
    blanks, characters = np.zeros((len(classes) + 1, len(texts))), np.zeros(classes.shape)
    blanks[0] = 1
    scales = []
    entered, skipped = np.empty_like(characters), np.empty_like(characters[1:])
    for frame, factors in enumerate(odds, start=1):
        np.add(characters, blanks[:-1], out=entered)
        np.multiply(characters[:-1], skips, out=skipped)
        entered[1:] += skipped
        blanks[1:] += characters
        np.multiply(entered, factors, out=characters)
        if frame % SCALED_EVERY == 0:
            highest = np.maximum(blanks.max(axis=0), characters.max(axis=0, initial=0))
            blanks /= highest
            characters /= highest
            scales.append(highest)
    ends = blanks[counts, texts]
    if len(classes):
        ends = ends + np.where(counts, characters[counts - 1, texts], 0)
    return np.array(scales).reshape(len(scales), len(texts)), ends


def frames_needed(label: list[int]) -> int:
    """Return the least number of frames that can spell a label: one a character, one more between equal ones."""
    return len(label) + sum(a == b for a, b in zip(label, label[1:]))


def _viterbi(probabilities: np.ndarray, label: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores of the states in the last frame, and how many states back the best path to each came from."""
    states = np.full(2 * len(label) + 1, BLANK)
    states[1::2] = label
    skips = np.zeros(len(states), bool)
    skips[3::2] = states[3::2] != states[1:-2:2]
    emitted = np.ascontiguousarray(np.log(np.maximum(probabilities[:, states], LOWEST)), float)
    return _paths_in_python(emitted, skips) if library() is None else _paths_compiled(emitted, skips)


def _paths_compiled(emitted: np.ndarray, skips: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what :func:`_paths_in_python` does."""
    frames, states = emitted.shape
    scores, steps, room = np.empty(states), np.empty((frames, states), np.int8), np.empty(states)
    library().htr_paths(
        address(emitted), address(skips), frames, states, address(scores), address(steps), address(room)
    )  # fmt: skip
    return scores, steps


def _paths_in_python(emitted: np.ndarray, skips: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores of the states in the last frame, and how many states back the best path to each came from.

    Args:
        emitted: float64 (frames, states), what each state scores in each frame.
        skips: bool (states,), whether a path may come from two states back.
    """
    scores = np.full(len(skips), -np.inf)
    scores[:2] = emitted[0, :2]
    steps = np.zeros(emitted.shape, np.int8)
    choices = np.full((3, len(skips)), -np.inf)
    for frame in range(1, len(emitted)):
        choices[0] = scores
        choices[1, 1:] = scores[:-1]
        choices[2, 2:] = np.where(skips[2:], scores[:-2], -np.inf)
        steps[frame] = choices.argmax(axis=0)
        scores = choices.max(axis=0) + emitted[frame]
    return scores, steps

"""Forced alignment: the frames of each character of a known text; how likely texts are."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from htrtool.core.charset import BLANK
from htrtool.core.decoding.align import align, log_likelihoods

CLASSES = 6


def frames_of(path: list[int], certainty: float = 0.9) -> np.ndarray:
    """Return probabilities, (frames, classes), whose best path is ``path``."""
    probabilities = np.full((len(path), CLASSES), (1 - certainty) / (CLASSES - 1))
    probabilities[np.arange(len(path)), path] = certainty
    return probabilities


def spelt(path) -> tuple[int, ...]:
    return tuple(c for c, before in zip(path, (BLANK, *path)) if c != before and c != BLANK)


def test_each_character_gets_its_frames():
    found = align(frames_of([0, 2, 2, 0, 3, 1, 1, 1, 0, 1]), [2, 3, 1, 1])
    assert found.first.tolist() == [1, 4, 5, 9] and found.last.tolist() == [2, 4, 7, 9]
    assert all(found.first <= found.peaks) and all(found.peaks <= found.last)
    np.testing.assert_allclose(found.fits, 0.9)


def test_a_letter_that_the_reader_did_not_see_gets_a_frame_and_a_low_fit():
    found = align(frames_of([0, 2, 0, 0, 3, 0]), [2, 4, 3])
    assert found.first.tolist()[0] == 1 and found.first.tolist()[2] == 4
    assert 1 < found.first[1] < 4 and found.fits[1] < 0.1 < 0.8 < min(found.fits[0], found.fits[2])


def test_a_label_that_the_frames_can_t_spell_has_no_alignment():
    assert align(frames_of([1, 0]), [1, 1]) is None
    assert align(frames_of([1, 0, 1]), [1, 1]) is not None
    assert align(frames_of([1, 0, 1]), []) is None


@settings(max_examples=60, deadline=None)
@given(
    label=st.lists(st.integers(1, CLASSES - 1), min_size=1, max_size=8),
    spare=st.integers(0, 20),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_path_spells_the_label_and_is_as_likely_as_told(label, spare, seed):
    frames = len(label) + sum(a == b for a, b in zip(label, label[1:])) + spare
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(CLASSES), frames)
    found = align(probabilities, label)
    path = np.full(frames, BLANK)
    for character, first, last in zip(label, found.first, found.last):
        assert first <= last and (path[first : last + 1] == BLANK).all()
        path[first : last + 1] = character
    assert spelt(path) == tuple(label)
    likelihood = np.log(np.maximum(probabilities[np.arange(frames), path], 1e-12)).sum()
    np.testing.assert_allclose(found.log_likelihood, likelihood)


@settings(max_examples=20, deadline=None)
@given(frames=st.integers(1, 5), seed=st.integers(0, 2**32 - 1))
def test_a_text_is_as_likely_as_all_the_paths_that_spell_it(frames, seed):
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(3), frames)
    paths: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(3), repeat=frames):
        likelihood = probabilities[np.arange(frames), path].prod()
        paths[spelt(path)] = paths.get(spelt(path), 0.0) + likelihood
    labels = [list(label) for label in paths]
    found = log_likelihoods(probabilities, labels)
    np.testing.assert_allclose(np.exp(found), list(paths.values()))
    np.testing.assert_allclose(log_likelihoods(probabilities, labels[-1:]), found[-1:])


def test_a_letter_is_as_likely_in_many_frames_as_all_places_where_it_may_stand():
    probabilities = np.random.default_rng(1).dirichlet([3, 1, 1], 40)
    blank, letter = np.log(probabilities[:, :2]).T
    places = [
        blank[:first].sum() + letter[first : last + 1].sum() + blank[last + 1 :].sum()
        for first, last in itertools.combinations_with_replacement(range(40), 2)
    ]
    found = log_likelihoods(probabilities, [[1], [1, 2] * 9, []])
    np.testing.assert_allclose(found[[0, 2]], [np.logaddexp.reduce(places), blank.sum()])


def test_a_text_that_the_frames_can_t_spell_is_next_to_impossible_and_none_is_too_long():
    probabilities = frames_of([2, 0, 3] * 400)
    likely, unlikely = log_likelihoods(probabilities, [[2, 3] * 400, [2, 3] * 800])
    assert np.isfinite([likely, unlikely]).all() and unlikely < likely - 500

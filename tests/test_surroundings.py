import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_model import draw_line

from htrtool.core.ink import strokes
from htrtool.core.training import surroundings
from htrtool.core.training.surroundings import surround

WORDS = np.hstack([draw_line(word) for word in ("abc", "ab", "cab")])


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    strength=st.floats(0, 3),
    width=st.integers(1, 300),
    height=st.sampled_from([1, 16, 48]),
    tone=st.sampled_from([None, 0, 255]),
)
def test_any_line_stays_a_line_of_its_height(seed, strength, width, height, tone):
    pixels = np.resize(WORDS, (height, width)) if tone is None else np.full((height, width), tone, np.uint8)
    result = surround(pixels, np.random.default_rng(seed), strength)
    assert result.dtype == np.uint8 and result.shape[0] == height and result.shape[1] >= 1


def test_strength_zero_changes_nothing():
    assert surround(WORDS, np.random.default_rng(0), 0) is WORDS


def paper_of(seed):
    return surroundings._Paper(WORDS, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(20))
def test_paper_beside_a_line_is_blank_and_the_line_whole(seed):
    paper = paper_of(seed)
    result = surroundings._with_paper_beside(WORDS, paper)
    added = result.shape[1] - WORDS.shape[1]
    at = [x for x in range(added + 1) if np.array_equal(result[:, x : x + WORDS.shape[1]], WORDS)]
    assert at
    beside = np.delete(result, np.s_[at[0] : at[0] + WORDS.shape[1]], axis=1)
    assert beside.min(initial=255) > 200


@pytest.mark.parametrize("seed", range(20))
def test_a_gap_opens_between_words_only(seed):
    paper = paper_of(seed)
    result = surroundings._with_gap(WORDS, paper)
    assert result.shape[1] > WORDS.shape[1]
    # The columns with ink are the same, in the same order.
    inked = [part[:, strokes(part).any(axis=0)] for part in (WORDS, result)]
    assert np.array_equal(*inked)
    assert letters(result) == letters(WORDS)


def letters(pixels):
    """Return the widths of the runs of columns that hold ink."""
    ink = np.concatenate([[0], strokes(pixels).any(axis=0), [0]]).astype(np.int8)
    return (np.flatnonzero(np.diff(ink) < 0) - np.flatnonzero(np.diff(ink) > 0)).tolist()


def test_a_neighbour_reaches_in_at_one_edge_only():
    for seed in range(20):
        changed = (surroundings._with_neighbour(WORDS, np.random.default_rng(seed)) != WORDS).any(axis=1)
        assert not changed[len(WORDS) // 4 : -len(WORDS) // 4].any()

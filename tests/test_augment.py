import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_model import draw_line

from htrtool.core.training.augment import augment

LINE = draw_line("abcabcabc")


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32), strength=st.floats(0, 3), width=st.integers(1, 300), height=st.sampled_from([16, 48, 64])
)
def test_any_line_stays_a_line_of_its_height(seed, strength, width, height):
    pixels = np.resize(LINE, (height, width))
    result = augment(pixels, np.random.default_rng(seed), strength)
    assert result.dtype == np.uint8 and result.shape[0] == height and result.shape[1] >= 1


def test_the_same_seed_gives_the_same_picture_and_others_differ():
    pictures = [augment(LINE, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert np.array_equal(pictures[0], pictures[1])
    assert pictures[0].shape != pictures[2].shape or not np.array_equal(pictures[0], pictures[2])


def test_strength_zero_changes_nothing():
    assert np.array_equal(augment(LINE, np.random.default_rng(0), 0), LINE)


@pytest.mark.parametrize("seed", range(20))
def test_ink_stays_darker_than_paper(seed):
    result = augment(LINE, np.random.default_rng(seed))
    assert np.percentile(result, 2) + 40 < np.percentile(result, 75)


@pytest.mark.parametrize("seed", range(4))
def test_a_line_longer_than_opencv_counts_is_learned_from_like_others(seed, monkeypatch):
    line = np.resize(LINE, (16, 40_000))
    assert augment(line, np.random.default_rng(seed)).shape[1] > 20_000
    line = line[:, :3_000]
    expected = augment(line, np.random.default_rng(seed))
    monkeypatch.setattr("htrtool.core.training.augment.LONGEST", 2_000)
    monkeypatch.setattr("htrtool.core.training.augment.PIECE", 700)
    in_pieces = augment(line, np.random.default_rng(seed))
    assert np.abs(in_pieces.astype(int) - expected).max() <= 8

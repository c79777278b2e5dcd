"""How far other texts bear out the best."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from htrtool.core.decoding.support import support


def test_what_stands_in_other_texts_too_is_borne_out_by_their_share():
    characters, words = support([("the cat", math.log(0.6)), ("the cot", math.log(0.3)), ("he cat", math.log(0.1))])
    assert characters == pytest.approx([0.9, 1, 1, 1, 1, 0.7, 1]) and words == pytest.approx([0.9, 0.7])


def test_a_word_that_others_part_or_join_is_not_borne_out():
    assert support([("a cat sat", 0.0), ("a c at sat", 0.0)]).words == pytest.approx([1, 0.5, 1])
    assert support([("a cat sat", 0.0), ("acat sat", 0.0)]).words == pytest.approx([0.5, 0.5, 1])
    assert support([("a cat sat", 0.0), ("a cat sat.", 0.0)]).words == pytest.approx([1, 1, 0.5])


@given(texts=st.lists(st.text("ab ", max_size=12).map(lambda text: " ".join(text.split())), min_size=1, max_size=6, unique=True))
def test_shares_are_of_all_characters_and_words_and_no_word_is_surer_than_its_characters(texts):
    characters, words = support([(text, -float(place)) for place, text in enumerate(texts)])
    assert len(characters) == len(texts[0]) and len(words) == len(texts[0].split())
    assert (np.concatenate([characters, words]) <= 1).all() and (np.concatenate([characters, words]) > 0).all()
    start = 0
    for word, share in zip(texts[0].split(), words):
        assert share <= characters[start : start + len(word)].min() + 1e-9
        start += len(word) + 1

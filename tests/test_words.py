"""Where words and characters stand along their line, and how sure they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from read_pages import place

from htrtool.core.words import spread_confidence, words_of

shares = st.floats(0, 1)


@given(st.floats(0.001, 0.999), st.lists(shares, min_size=1, max_size=40))
def test_characters_are_as_sure_as_their_line_on_the_average_and_keep_their_order(conf, probabilities):
    spread = spread_confidence(conf, np.array(probabilities))
    assert spread.mean() == pytest.approx(conf, abs=1e-6)
    assert ((0 <= spread) & (spread <= 1)).all()
    order = np.argsort(probabilities, kind="stable")
    assert (np.diff(spread[order]) >= -1e-12).all()


@given(st.text("ab ", max_size=30).map(str.strip).map(lambda text: " ".join(text.split())), st.data())
def test_words_are_those_of_the_text_and_do_not_overlap(text, data):
    centres = sorted(data.draw(st.lists(shares, min_size=len(text), max_size=len(text))))
    words = words_of(text, centres, np.full(len(text), 0.5))
    assert [word.text for word in words] == text.split()
    glyphs = [glyph for word in words for glyph in word.glyphs]
    assert [glyph.text for glyph in glyphs] == list(text.replace(" ", ""))
    ends = [end for glyph in glyphs for end in (glyph.start, glyph.end)]
    assert ends == sorted(ends) and all(0 <= end <= 1 for end in ends)
    assert all(glyph.start <= centre <= glyph.end for glyph, centre in zip(glyphs, _no_spaces(text, centres)))


def _no_spaces(text, centres):
    return [centre for character, centre in zip(text, centres) if character != " "]


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_part_of_a_line_lies_within_it(start, end):
    start, end = sorted((start, end))
    whole = place(100, 50, 400, 60, slope=0.1)
    part = whole.part(start, end)
    (left, top), (right, bottom) = part.min(axis=0), part.max(axis=0)
    assert left == pytest.approx(100 + 400 * start, abs=1) and right == pytest.approx(100 + 400 * end, abs=1)
    assert top >= 50 and bottom <= 50 + 60 + 40 + 1

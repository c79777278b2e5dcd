"""Where words and characters stand along their line, and how sure they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from read_pages import place, reading

from htrtool.core.page import PageLine
from htrtool.core.words import words_of

shares = st.floats(0, 1)


@given(st.text("ab ", max_size=30).map(str.strip).map(lambda text: " ".join(text.split())), st.data())
def test_words_are_those_of_the_text_and_do_not_overlap(text, data):
    centres = sorted(data.draw(st.lists(shares, min_size=len(text), max_size=len(text))))
    sure = np.linspace(0, 1, len(text))
    of_words = np.linspace(0.2, 0.8, len(text.split()))
    words = words_of(text, centres, sure, of_words)
    assert [word.text for word in words] == text.split()
    glyphs = [glyph for word in words for glyph in word.glyphs]
    assert [word.conf for word in words] == of_words.tolist()
    assert [glyph.conf for glyph in glyphs] == [c for character, c in zip(text, sure) if character != " "]
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


def test_words_stand_where_they_do_in_the_picture_that_was_cut_out_not_in_the_one_that_was_sheared():
    # Shearing has added a fifth of the width at either side.
    wide = PageLine(1, place(0, 0, 300, 40), reading("ab cd"), ends=(0.2, 0.8)).words
    same = PageLine(1, place(0, 0, 300, 40), reading("ab cd")).words
    assert wide[1].start == pytest.approx((same[1].start - 0.2) / 0.6)
    assert wide[0].end == pytest.approx((same[0].end - 0.2) / 0.6)
    assert wide[0].start == 0 and wide[1].end == 1

"""A page's lines get their parts of a plain transcription, whatever its line breaks and however badly they were read."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from htrtool.core.charset import BLANK, Charset
from htrtool.core.layouts.transcript import match_transcript

CHARSET = Charset(" -.abcdefghijklmnopqrstuvwxyzéNB0123456789")
LINES = (
    "it was a dark night in the",
    "village and nobody had seen the",
    "old miller come home. his wife",
    "waited with a candle at the window",
)


def frames_of(text: str, errors: float = 0.0, seed: int = 0) -> np.ndarray:
    """Return the frames of a line that shows ``text``; a share of the characters is read as something else."""
    rng = np.random.default_rng(seed)
    rows = []
    for label in CHARSET.encode(text):
        believed = int(rng.integers(1, CHARSET.classes)) if rng.random() < errors else label
        for best, other in ((believed, label), (BLANK, BLANK)):
            row = np.full(CHARSET.classes, 0.1 / CHARSET.classes)
            row[other] += 0.2
            row[best] += 0.7
            rows.append(row / row.sum())
    return np.array(rows)


def texts(lines, transcription):
    return [match and match.text for match in match_transcript(lines, CHARSET, transcription).matches]


@pytest.mark.parametrize("joint", ["\n", " ", "\n\n  "])
@pytest.mark.parametrize("errors", [0.0, 0.3])
def test_each_line_gets_its_part_with_and_without_line_breaks(joint, errors):
    lines = [frames_of(text, errors, seed) for seed, text in enumerate(LINES)]
    assert texts(lines, joint.join(LINES)) == list(LINES)


def test_lines_that_show_nothing_of_the_text_are_left_out():
    lines = [frames_of(text) for text in ("printed heading", *LINES[:2], "zzz kkk", LINES[2])]
    assert texts(lines, " ".join(LINES[:3])) == [None, *LINES[:2], None, LINES[2]]


def test_text_that_no_line_shows_is_skipped():
    lines = [frames_of(LINES[0]), frames_of(LINES[3])]
    assert texts(lines, "\n".join(LINES)) == [LINES[0], LINES[3]]
    assert match_transcript(lines, CHARSET, "\n".join(LINES)).unshown == [" ".join(LINES[1:3])]


def test_passages_that_stand_apart_are_named_apart():
    lines = [frames_of(LINES[1]), frames_of(LINES[3]), frames_of("zzz kkk")]
    assert match_transcript(lines, CHARSET, "\n".join(LINES)).unshown[:2] == [LINES[0], LINES[2]]


def test_what_only_the_page_has_does_not_stand_for_what_only_the_copy_has():
    lines = [frames_of(text) for text in ("printed heading of the form", "and its number", *LINES)]
    foreign = "lorem ipsum dolor sit amet consectetur adipiscing elit " * 3
    found = match_transcript(lines, CHARSET, "\n".join([*LINES[:2], foreign, *LINES[2:]]))
    assert [match and match.text for match in found.matches] == [None, None, *LINES]
    assert found.unshown == [foreign.strip()]


def test_a_word_broken_between_lines_is_put_together_in_the_text():
    lines = [frames_of("she had bought a candle-"), frames_of("stick and some pep-"), frames_of("per at the fair")]
    found = texts(lines, "she had bought a candlestick and some pepper at the fair")
    assert found == ["she had bought a candle-", "stick and some pep-", "per at the fair"]


def test_words_that_the_copy_breaks_are_put_together_within_a_line():
    lines = [frames_of("she had bought a candlestick and"), frames_of("some well-worn pep-"), frames_of("per at the fair")]
    found = texts(lines, "she had bought a candle-\nstick and some well-\nworn pep-\nper at the fair")
    assert found == ["she had bought a candlestick and", "some well-worn pep-", "per at the fair"]


def test_the_end_of_a_word_may_be_all_of_a_line_or_stand_on_another_page():
    whole = "he took it with the deepest gratitude"
    assert texts([frames_of("he took it with the deepest grati-"), frames_of("tude")], whole) == ["he took it with the deepest grati-", "tude"]
    assert texts([frames_of("he took it with the deepest grati-")], whole) == ["he took it with the deepest grati-"]
    assert texts([frames_of(whole), frames_of("zzz kkk")], whole) == [whole, None]
    assert texts([frames_of(whole, 0.3)], whole) == [whole]


def test_a_name_that_the_copy_breaks_at_its_hyphen_keeps_it():
    row = "they left for New-Bern and"
    assert texts([frames_of(row), frames_of(LINES[3])], f"they left for New-\nBern and\n{LINES[3]}") == [row, LINES[3]]


def test_the_text_stays_as_it_was_typed():
    assert texts([frames_of("a b c"), frames_of("d e f")], "a b “c” d Ω e f") == ["a b “c”", "d Ω e f"]


def test_nothing_to_match():
    assert texts([], "some text") == []
    assert texts([frames_of("abc")], "") == [None]
    assert texts([frames_of("abc")], "quite another text that is far longer than the line") == [None]


@settings(max_examples=20, deadline=None)
@example(words="a aaaaaaaa a a a a aaaaaaaa aaaaa".split(), every=1)
@given(
    words=st.lists(st.text("abcdefgh", min_size=1, max_size=8), min_size=1, max_size=24),
    every=st.integers(1, 6),
)
def test_whatever_the_words_each_is_in_one_line_and_in_order(words, every):
    lines = [" ".join(words[i : i + every]) for i in range(0, len(words), every)]
    found = texts([frames_of(line) for line in lines], " ".join(words))
    assert " ".join(text for text in found if text) == " ".join(words)


def test_rows_that_say_the_same_lose_no_short_one_between_them():
    rows = ["paid to the smith", *["the same as above"] * 6, "a horse", "the same as above", "two cows and a calf"]
    lines = [frames_of(row) for row in ("printed heading of the form", *rows)]
    assert texts(lines, "\n".join(rows)) == [None, *rows]


def test_lines_read_badly_get_the_rows_between_their_neighbours():
    rows = [*LINES, "he came no more", "and she sat by the fire"]
    badly = {place: "".join("z" if at % 2 else c for at, c in enumerate(rows[place])) for place in (1, 2, 5)}
    lines = [frames_of(badly.get(place, text)) for place, text in enumerate(rows)]
    assert texts(lines, " ".join(rows))[1:3] == [None, None], "without rows nothing tells which words are whose"
    assert texts(lines, "\n".join(rows)) == rows
    foreign = [*lines[:1], frames_of("xyz xyz xyz xyz xyz"), frames_of("zzz kkk qqq jjj www"), *lines[3:]]
    assert texts(foreign, "\n".join(rows))[1:3] == [None, None], "as many lines that show something else"


@pytest.mark.parametrize("order", [(3, 0, 1, 2), (1, 2, 3, 0), (2, 3, 0, 1)])
def test_a_passage_typed_elsewhere_is_found(order):
    lines = [frames_of(text, 0.1, seed) for seed, text in enumerate(LINES)]
    found = match_transcript(lines, CHARSET, "\n".join(LINES[place] for place in order))
    assert [match.text for match in found.matches] == list(LINES) and found.unshown == []


@pytest.mark.parametrize("form, count", [("{1}. {0}", 4), ("{0} ({1})", 4), ("{0}", 0)])
def test_numbers_that_count_the_rows_are_in_no_text_unless_they_are_on_the_page(form, count):
    rows = [form.format(row, number) for number, row in enumerate(LINES, 9)]
    found = match_transcript([frames_of(row) for row in LINES], CHARSET, "\n".join(rows))
    assert [match.text for match in found.matches] == list(LINES) and (found.numbers, found.unshown) == (count, [])
    rows = [f"{number} {row}" for number, row in enumerate(LINES, 9)]
    assert texts([frames_of(row) for row in rows], "\n".join(rows)) == rows


def test_a_word_at_the_end_of_a_row_is_not_lost():
    lines = [frames_of("it was a dark night in xq"), frames_of("kz nobody had seen the")]
    rows = ["it was a dark night in the", "so nobody had seen the"]
    assert texts(lines, "\n".join(rows)) == rows

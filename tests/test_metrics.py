"""The rates: worked examples, and the laws that edit distances and intervals obey."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from htrtool.core.scoring.metrics import (
    character_error_rate,
    confusions,
    count,
    error_rates,
    normalise,
    resample,
    score,
    score_each,
)
from htrtool.core.scoring.rates import COUNTS, METRICS

texts = st.text("abc é", max_size=12)


def scores_of(*pairs, documents=None):
    return {item.metric: item for item in score(np.array([count(*pair) for pair in pairs]), documents)}


def test_a_worked_example():
    scores = scores_of(("the cat sat", "the bat sat"), ("hello", "ello"))
    assert (scores["cer"].errors, scores["cer"].total) == (2, 16)
    assert scores["cer"].value == pytest.approx(2 / 16)
    assert (scores["wer"].errors, scores["wer"].total) == (2, 4)
    assert scores["line_accuracy"].value == 0
    # One letter lost at the front: only the second l of hello still stands where it was.
    assert scores["chars_in_place"].value == pytest.approx((10 + 1) / 16)


def test_chars_in_place_and_lines_exact_are_those_of_the_notebook():
    """Compare with the loop that the notebook runs: equal characters by position, and whole labels equal."""
    labels, predictions = ["ANNA", "BOB", "CLARA"], ["ANA", "BOB", "CLARAX"]
    correct = sum(a == b for label, read in zip(labels, predictions) for a, b in zip(label, read))
    scores = scores_of(*zip(labels, predictions))
    assert scores["chars_in_place"].value == pytest.approx(correct / sum(map(len, labels)))
    assert scores["lines_exact"].value == pytest.approx(1 / 3)


def test_missing_lines_are_deleted_and_surplus_ones_inserted():
    scores = scores_of(("abcd", "abcd"), ("ef", None), (None, "xyz"))
    assert (scores["cer"].errors, scores["cer"].total) == (5, 6)
    assert (scores["missing_lines"].errors, scores["surplus_lines"].errors) == (1, 1)
    assert scores["line_accuracy"].value == pytest.approx(1 / 3)
    assert scores["lines_exact"].value == pytest.approx(1 / 2)


def test_an_empty_line_read_is_not_a_missing_one():
    scores = scores_of(("", ""), ("ab", ""))
    assert scores["missing_lines"].errors == 0
    assert scores["lines_exact"].value == 0.5


def test_nothing_to_read_has_no_rate():
    assert np.isnan(scores_of(("", "x"))["cer"].value)
    assert all(np.isnan(item.value) for item in score(np.zeros((0, len(COUNTS)), int)))


@given(texts, texts)
def test_rates_obey_the_laws_of_edit_distance(truth, read):
    counts = dict(zip(COUNTS, count(truth, read)))
    assert abs(len(truth) - len(read)) <= counts["char_errors"] <= max(len(truth), len(read))
    assert (counts["char_errors"] == 0) == (truth == read) == bool(counts["exact"])
    assert counts["char_errors"] == count(read, truth)[1]
    assert counts["in_place"] <= len(truth)
    expected = counts["char_errors"] / len(truth) if truth else float(read != "")
    assert character_error_rate(truth, read) == pytest.approx(expected)


@given(st.lists(st.tuples(texts, texts), min_size=1))
def test_confusions_are_as_many_as_the_edits(pairs):
    found = confusions(pairs)
    assert found.total() == sum(count(*pair)[COUNTS.index("char_errors")] for pair in pairs)
    assert all(truth != read for truth, read in found)


@given(st.lists(st.tuples(texts, texts), min_size=1))
def test_rates_of_a_corpus_weigh_its_lines_by_length(pairs):
    cer, _ = error_rates(pairs)
    total = sum(len(truth) for truth, _ in pairs)
    errors = sum(count(truth, read)[1] for truth, read in pairs)
    assert cer == pytest.approx(errors / total) if total else np.isnan(cer)


@given(st.text())
def test_normalising_twice_is_normalising_once(text):
    for settings in ({}, {"ignore_case": True}, {"ignore_accents": True}, {"ignore_punctuation": True}):
        once = normalise(text, **settings)
        assert normalise(once, **settings) == once


@pytest.mark.parametrize(
    "settings, text, expected",
    [
        ({}, "  e\u0301te\u0301\t l'an ", "été l'an"),
        ({"ignore_case": True}, "STRASSE Straße", "strasse strasse"),
        ({"ignore_accents": True}, "Été Ångström", "Ete Angstrom"),
        ({"ignore_punctuation": True}, "«Oui», dit-il: 3 + 4.", "Oui ditil 3 + 4"),
        ({"plain": True}, "‘ſo’ — “yes”", "'so' - \"yes\""),
    ],
)
def test_each_normalisation_does_what_it_says(settings, text, expected):
    assert normalise(text, **settings) == expected


def test_intervals_hold_the_value_and_are_the_same_each_time():
    generator = np.random.default_rng(5)
    counts = np.array([count("abcdefghij", "abcdefghij"[: generator.integers(5, 11)]) for _ in range(200)])
    documents = [f"d{index // 5}" for index in range(200)]
    first, second = score(counts, documents), score(counts, documents)
    assert [str(item) for item in first] == [str(item) for item in second]
    cer = first[0]
    assert cer.low < cer.value < cer.high


def test_lines_of_one_document_count_as_one_so_the_interval_is_wider():
    good, bad = count("abcd", "abcd"), count("abcd", "xxxx")
    counts = np.array([good, bad] * 1 + [good] * 49 + [bad] * 49)
    by_document = score(counts, [f"d{index % 2}" if index < 2 else f"d{index >= 51}" for index in range(100)])[0]
    by_line = score(counts, range(100))[0]
    assert by_document.high - by_document.low > 3 * (by_line.high - by_line.low)


def test_the_interval_of_a_mean_is_the_one_of_the_textbook():
    """For lines of equal length the rate is a mean, whose interval is ± 1.96 standard errors."""
    generator = np.random.default_rng(2)
    wrong = generator.integers(0, 11, 1000)
    counts = np.array([count("a" * 10, "b" * n + "a" * (10 - n)) for n in wrong])
    cer = score(counts, range(1000))[0]
    half = 1.96 * (wrong / 10).std() / np.sqrt(1000)
    assert cer.high - cer.low == pytest.approx(2 * half, rel=0.1)


def test_one_document_or_none_has_no_interval():
    counts = np.array([count("ab", "ab"), count("ab", "a")])
    for documents in (None, ["d", "d"]):
        assert np.isnan(score(counts, documents)[0].low)


def test_a_drawing_keeps_the_number_of_documents():
    counts = np.zeros((50, len(COUNTS)), int)
    counts[:, COUNTS.index("lines")] = 1
    drawn = resample(counts, range(50))
    assert (drawn[:, COUNTS.index("lines")] == 50).all()


def test_documents_must_be_as_many_as_lines():
    with pytest.raises(ValueError, match="document for each of 1 lines"):
        score(np.array([count("a", "a")]), ["a", "b"])


def test_every_metric_explains_itself():
    assert all(len(metric.meaning) > 20 for metric in METRICS.values())


def test_many_groups_are_scored_at_once_as_each_is_alone():
    pairs = [("abc", "abd"), ("de", None), (None, "f"), ("g h", "g h"), ("", "x")]
    counts, groups = np.array([count(*pair) for pair in pairs]), ["b", "a", "b", "c", "empty"]
    scored = dict(score_each(counts, groups))
    assert list(scored) == ["b", "a", "c", "empty"]
    for name, scores in scored.items():
        alone = score(counts[[group == name for group in groups]])
        np.testing.assert_equal([vars(item) for item in scores], [vars(item) for item in alone])

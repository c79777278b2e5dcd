"""A document's hand, learned from what was read of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_model import write_tiny_model

from htrtool.core.charset import Charset
from htrtool.core.decoding.hand import Known, learn_hand
from htrtool.core.decoding.looks import Look
from htrtool.core.lm.ngram_training import LanguageText, train_languages
from htrtool.core.lm.page_language import Languages
from htrtool.core.reader import Context, Draft, Reader

CHARSET = Charset("abcdefgh ")
LIKE_G = {"d": 0.6, "g": 0.35}


def seen(text: str, charset: Charset = CHARSET, **looks_like: dict[str, float]) -> np.ndarray:
    """Return frames that show a text, a blank after each character; ``looks_like`` tells what a character looks like in this hand."""
    rows = np.full((2 * len(text), charset.classes), 1e-4, np.float32)
    rows[1::2, 0] = 1
    for row, character in zip(rows[::2], text):
        for other, share in looks_like.get(character, {character: 1}).items():
            row[charset.encode(other)[0]] = share
    return rows / rows.sum(axis=1, keepdims=True)


def known(text: str, sure: float = 0.9, **looks_like: dict[str, float]) -> Known:
    return Known(seen(text, **looks_like), CHARSET.encode(text), np.full(len(text), sure))


def share(hand, probabilities: np.ndarray, character: str) -> float:
    """Return how probable a character is in the first of some frames, as they are to be understood."""
    return float(hand.understood(probabilities)[0, CHARSET.encode(character)[0]])


def test_what_a_letter_looks_like_is_learned_and_others_stay_as_they_were():
    hand = learn_hand([known(text, g=LIKE_G) for text in ("bag", "gage", "head", "dad")])
    assert share(hand, seen("g", g=LIKE_G), "g") > 0.6
    for character in "abdeh":
        assert share(hand, seen(character), character) > 0.9
    # It was never met, neither was what is like it.
    assert share(hand, seen("c", c={"c": 0.6, "f": 0.39}), "c") == pytest.approx(0.6, abs=0.05)


def test_what_is_surely_read_teaches_more():
    sure, unsure = ([known(text, sure, **{text: LIKE_G})] * 3 for text, sure in (("g", 0.9), ("d", 0.3)))
    assert share(learn_hand(sure + unsure), seen("g", g=LIKE_G), "g") > share(learn_hand(unsure), seen("g", g=LIKE_G), "g")
    assert share(learn_hand(sure + unsure), seen("g", g=LIKE_G), "g") > 0.5


def test_nothing_is_learned_from_nothing():
    blank = np.zeros((5, CHARSET.classes), np.float32)
    blank[:, 0] = 1
    assert learn_hand([]) is None
    assert learn_hand([Known(blank, [], np.zeros(0)), Known(blank[:1], [1, 2], np.ones(2))]) is None


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_what_is_understood_adds_up_to_one_and_does_not_hang_on_the_last_digit(seed):
    rng = np.random.default_rng(seed)
    document = [
        Known(rng.dirichlet(np.full(CHARSET.classes, 0.1), 12).astype(np.float32), rng.integers(1, 9, 4).tolist(), rng.random(4))
        for _ in range(3)
    ]
    nearly = [look._replace(probabilities=look.probabilities * np.float32(1 + 1e-6)) for look in document]
    hand, other = learn_hand(document), learn_hand(nearly)
    understood = hand.understood(document[0].probabilities)
    np.testing.assert_allclose(understood.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(other.understood(document[0].probabilities), understood, atol=1e-3)


def test_unsure_lines_of_a_document_are_read_again_by_its_hand(tmp_path):
    reader = Reader(write_tiny_model(tmp_path / "tiny.onnx"))
    languages = Languages(train_languages([LanguageText("", "bag gage cage bed beg " * 50)]))
    reader.decode_with(languages)
    charset, context = reader.info.charset, Context("", False)

    def draft(text: str) -> Draft:
        looks = [Look(100, seen(text, charset, g=LIKE_G))]
        return Draft(looks, context, reader.read(looks, context))

    # Where the language model knows no better, a letter is read as what it looks like.
    document = [*map(draft, ("bag gage cage", "bag gage bag cage", "bed", "beg"))]
    assert [line.reading.text for line in document] == ["bag gage cage", "bag gage bag cage", "bed", "bed"]
    reader.decode_with(languages, looks=None)
    *others, last = reader.with_its_hand(document)
    assert [line.reading.text for line in others] == ["bag gage cage", "bag gage bag cage", "bed"]
    assert last.reading.text == "beg"
    (alone,) = reader.with_its_hand(document[-1:])
    assert alone.reading.text == "bed"

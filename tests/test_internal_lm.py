"""What a network expects of a text by itself: counted, kept with the model, and taken out again in decoding."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_model import write_tiny_model

from htrtool.core.charset import BLANK, Charset
from htrtool.core.decoding.beam import BeamSearch
from htrtool.core.errors import InputError, ModelError
from htrtool.core.lm.internal_lm import InternalLM
from htrtool.core.lm.ngram import STEP
from htrtool.core.lm.ngram_training import train_ngram
from htrtool.core.reader import Reader

CHARSET = Charset(" abcd01")
ENGLISH = train_ngram([("ab ac ad\n" * 20, 1.0)])


def chance(model: InternalLM, pair: str) -> float:
    row, column = model.charset.encode(pair)
    return float(np.exp(-STEP * model.costs[row, column]))


@given(
    st.lists(st.text("ab ", min_size=1, max_size=30), max_size=9),
    st.lists(st.text("abcd 01", min_size=1, max_size=30), max_size=9),
)
def test_what_may_come_after_a_character_adds_up_to_one(earlier, later):
    before = InternalLM.fit(earlier, Charset("ab "))
    for model in (before, InternalLM.fit(later, CHARSET), InternalLM.fit(later, CHARSET, before)):
        for first in model.charset.characters:
            # All figures are one.
            total = sum(chance(model, first + second) for second in model.charset.characters if second != "1")
            assert total == pytest.approx(1, abs=0.05)


def test_pairs_are_counted_beside_what_was_known_before():
    before = InternalLM.fit(["ab"] * 1000, CHARSET)
    few, many = (InternalLM.fit(["ac"] * count, CHARSET, before) for count in (10, 1000))
    assert chance(few, "ab") > 0.8 and chance(many, "ac") > 0.8
    assert chance(InternalLM.fit(["a0"] * 1000, CHARSET), "a1") > 0.8


def test_pairs_that_never_occur_seem_no_rarer_after_many_trainings():
    texts = ["ab cd"] * 1000
    once = again = InternalLM.fit(texts, CHARSET)
    for _ in range(5):
        again = InternalLM.fit(texts, CHARSET, again)
    assert chance(again, "ad") > 0.5 * chance(once, "ad")


@pytest.mark.parametrize("characters", [" abcd01", "abcd01"])
def test_each_character_of_a_line_costs_what_comes_before_it_makes_of_it(characters):
    charset = Charset(characters)
    model = InternalLM.fit(["abab"] * 1000, charset)
    assert len(model.surprises("")) == 0
    costs = model.surprises("abda")
    assert costs[0] < 0.1 and costs[1] < 0.7 and costs[2] > 5
    assert model.surprises("ab1").tolist() == model.surprises("ab0").tolist()


def test_it_comes_back_from_text_and_what_is_no_such_text_is_refused():
    model = InternalLM.fit(["abc d"], CHARSET)
    again = InternalLM.of(model.to_json(), CHARSET)
    np.testing.assert_array_equal(again.costs, model.costs)
    assert InternalLM.of("", CHARSET) is None
    for text, charset in ((model.to_json(), Charset("ab")), ("###", CHARSET), ("aaaa", CHARSET)):
        with pytest.raises(InputError, match="pairs"):
            InternalLM.of(text, charset)


def test_a_model_whose_pairs_are_broken_is_refused(tmp_path):
    pytest.importorskip("onnx")
    with pytest.raises(ModelError, match="tiny.onnx.*pairs"):
        Reader(write_tiny_model(tmp_path / "tiny.onnx", internal_lm="###"))


def test_what_the_network_expects_anyway_counts_less():
    used_to = InternalLM.fit(["ab ab ab ac ad"] * 200, CHARSET)
    frames = np.full((4, CHARSET.classes), 1e-5)
    frames[1::2, BLANK] = 1
    frames[0, CHARSET.encode("a")] = 1
    # It hardly sees more of the b that it has seen so often here than of the c.
    frames[2, CHARSET.encode("bc")] = 0.52, 0.47
    frames /= frames.sum(1, keepdims=True)
    texts = {
        internal: [candidate.text for candidate in BeamSearch(CHARSET, ENGLISH, internal=internal).decode(frames, 2)]
        for internal in (None, used_to)
    }
    assert texts == {None: ["ab", "ac"], used_to: ["ac", "ab"]}
    for internal in texts:
        # The search and the weighing of texts by several looks say the same.
        search = BeamSearch(CHARSET, ENGLISH, internal=internal)
        best, other = search.decode(frames, 2)
        seen = np.log(search.softened(frames)[2, CHARSET.encode(best.text[1] + other.text[1])])
        assert best.score - other.score == pytest.approx(
            search.prior(best.text) - search.prior(other.text) + seen[0] - seen[1], abs=0.01
        )
    assert [c.text for c in BeamSearch(CHARSET, None, internal=used_to).decode(frames, 1)] == ["ab"]

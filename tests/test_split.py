from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from htrtool.core.errors import InputError
from htrtool.core.split import Split

documents = st.lists(st.text(), max_size=30)


@given(documents, documents)
def test_new_documents_move_none(before, added):
    split = Split.parse("train=80,val=10,test=10")
    first = {document: split.part_of(document) for document in before}
    both = {document: split.part_of(document) for document in added + before}
    assert all(both[document] == part for document, part in first.items())


@given(st.text(), st.floats(0, 100), st.floats(0, 100))
def test_a_larger_first_part_loses_no_document(document, a, b):
    a, b = sorted((a, b))
    smaller, larger = (Split((("train", share), ("val", 100 - share))) for share in (a, b))
    assert smaller.part_of(document) == "val" or larger.part_of(document) == "train"


def test_the_shares_come_out_about_right():
    split = Split.parse("train=90,val=10")
    counts = Counter(split.part_of(f"page {number}") for number in range(5000))
    assert 400 < counts["val"] < 600


def test_the_same_everywhere():
    split = Split.parse("train=50,val=50")
    assert "".join(split.part_of(f"doc{n}")[0] for n in range(12)) == "vttvttvvvttv"
    assert split.part_of("e\u0301") == split.part_of("\u00e9")


def test_a_part_of_nothing_gets_nothing():
    assert {Split.parse("train=100,val=0").part_of(str(n)) for n in range(200)} == {"train"}


@pytest.mark.parametrize("text", ["", "train", "train=90", "train=x,val=10", "train=90,val=20", "train=50,train=50", "a/b=100", "=100", "train=110,val=-10", "train=nan,val=100"])
def test_a_bad_split_is_refused_with_an_example(text):
    with pytest.raises(InputError, match="train=90,val=10"):
        Split.parse(text)

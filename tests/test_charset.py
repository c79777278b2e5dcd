import pytest
from hypothesis import given
from hypothesis import strategies as st

from htrtool.core.charset import BLANK, LATIN, Charset
from htrtool.core.errors import InputError


@given(st.text(alphabet=LATIN))
def test_classes_tell_the_characters_of_a_text(text):
    charset = Charset(LATIN)
    assert "".join(charset.characters[index - 1] for index in charset.encode(text)) == text


@given(st.lists(st.text(alphabet="abcé "), min_size=1))
def test_charset_of_texts_encodes_them_and_never_as_blank(texts):
    charset = Charset.of_texts(texts)
    for text in texts:
        assert BLANK not in charset.encode(text)
    assert charset == Charset.of_texts(reversed(texts))


def test_decomposed_letters_are_one_character():
    assert Charset.of_texts(["e\u0301"]).characters == ("é",)


def test_unknown_characters_are_named():
    with pytest.raises(InputError, match="'ß'.*'Straße'"):
        Charset("Strae").encode("Straße")


def test_a_charset_has_every_character_once():
    with pytest.raises(InputError, match="different single characters"):
        Charset("abca")

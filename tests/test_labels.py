import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from htrtool.core.labels import capitals, has_markup, has_unread, plain, without_markup

tricky = st.text(st.sampled_from("ab ſẛ̣̇¬^–—’“”…\u00a0\u00ad\u200b\u2000\u212a\u1fef\t\n[]<>{}|#X_⟦⟧é\u0301"), max_size=12)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("L’année “1946” – été…", "L'année \"1946\" - été..."),
        ("attentive¬", "attentive-"),
        ("soft hy\u00adphen at the end\u00ad", "soft hyphen at the end-"),
        ("1^er  M^r\u00a0X \n", "1er Mr X"),
        ("désintéresſés", "désintéressés"),
        ("e\u0301te\u0301", "été"),
        ("e^\u0301", "é"),
        ("\ufeffa\u200bb", "ab"),
        ("«ok» 5° €", "«ok» 5° €"),
    ],
)
def test_plain(text, expected):
    assert plain(text) == expected


@given(st.text() | tricky)
def test_plain_is_plain_already(text):
    once = plain(text)
    assert plain(once) == once
    assert unicodedata.is_normalized("NFC", once)


@pytest.mark.parametrize(
    "text", ["un >fondateu< footballeur", ">< mort", "Wes<>tphalie", "⟦elle descend⟧", "1er [???]", "à # FLAGORNER", "⋎ exploité", "¥", "le XXX mai", "de|puis", "____", "{x}", "[sic]"]
)
def test_markup_is_seen(text):
    assert has_markup(text)


@pytest.mark.parametrize("text", ["classée #17 dans", "room # 5", "¥ 500", "500¥", "a > b", "x < y", "rue 5 | rue 6", "R&B/Hip-Hop", "snake_case", "XX", "le xxx mai", "exxon", "plain"])
def test_ordinary_signs_are_no_markup(text):
    assert not has_markup(text)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("un >fondateu< footballeur", "un fondateu footballeur"),
        ("l'eau, ⟦elle descend⟧, l'affection", "l'eau, elle descend, l'affection"),
        ("veut sur la musique ‸ et que", "veut sur la musique et que"),
        ("[[nested] marks]", "nested marks"),
        ("|vérifie de|puis", "vérifie depuis"),
        ('la <unclear reason="faded">mai<del>s</del>on</unclear> est<lb/>', "la maison est"),
        ('un <gap reason="illegible"/> jour', None),
        ("un mott [sic] ici [!]", "un mott ici"),
        ("the end [fol. 2r] of it[page 2]", "the end of it"),
        ("a [pagan] rite", "a pagan rite"),
        ("and [2 words illegible] home", None),
        ("et (illisible) puis", None),
        ("un <maison> jour", "un maison jour"),
        ("Wes<>tphalie", None),
        ("au 1er [???]", None),
        ("plain", "plain"),
    ],
)
def test_markup_is_stripped_where_the_text_is_known(text, expected):
    assert without_markup(text) == expected


@given(tricky)
def test_stripped_text_has_no_markup(text):
    stripped = without_markup(text)
    if has_unread(text):
        assert stripped is None
    assert stripped is None or not has_markup(stripped)


def test_capitals_are_latin_letters():
    assert capitals("5 µm, élève, Straße") == "5 µM, ÉLÈVE, STRASSE"

"""Recurrent language models: the passages that they learn from, trained, asked, and used to choose among texts."""

import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from likes import Likes

from htrtool.core.decoding.whole_line import MARGIN, reconsidered
from htrtool.core.errors import InputError, ModelError
from htrtool.core.lm.ngram import load_models
from htrtool.core.lm.ngram_training import LanguageText
from htrtool.core.lm.passages import LENGTH, WIDTHS, Passages
from htrtool.core.lm.recurrent import LINE_END, MEMBER, RecurrentLM, Symbols
from htrtool.core.modelfile import SHIPPED

ROWS = ["12 cats, 7 dogs", "the dog ate the hat", "Dr. N. Mat, 1905"]
PROSE = "the cat sat on the mat and the dog ate the hat, since no one was there who would have told it to stop. "


def written(symbols, passage):
    """Return what a passage says after its head of two symbols."""
    characters = {symbols.encode(character)[0]: character for character in symbols.characters + LINE_END}
    return "".join(characters[symbol] for symbol in passage[2:])


def test_passages_are_lines_of_the_texts_as_they_stand_or_wrapped():
    lines, prose = "\n".join(ROWS * 40), "\n".join([PROSE] * 40)
    passages = Passages([LanguageText("en", lines)])
    for passage in passages.batch(20, np.random.default_rng(1)):
        assert len(passage) == LENGTH + 1
        *whole, _ = written(passages.symbols, passage).split(LINE_END)
        assert len(whole) > 5 and set(whole) <= {row.translate(str.maketrans("12579", "00000")) for row in ROWS}
    passages = Passages([LanguageText("en", prose)])
    for passage in passages.batch(20, np.random.default_rng(1)):
        text = written(passages.symbols, passage)
        assert max(map(len, text.split(LINE_END))) <= WIDTHS[1]
        assert " ".join(text.split()) in PROSE * 5


def test_passages_tell_their_language_mostly_and_that_of_little_text_is_drawn_oftener_than_its_share():
    passages = Passages([LanguageText("en", PROSE * 100), LanguageText("fr", "le chat dort " * 100)])
    tags = [int(passage[0]) for passage in passages.batch(400, np.random.default_rng(2))]
    untold, english, french = (tags.count(passages.symbols.beginning(language)[0]) for language in ("", "en", "fr"))
    assert untold + english + french == 400 and 80 < untold < 160
    assert 0.15 < french / (english + french) < 0.4
    assert (passages.batch(3, np.random.default_rng(5)) == passages.batch(3, np.random.default_rng(5))).all()
    with pytest.raises(InputError, match="received none"):
        Passages([LanguageText("en", "\n \n")])


def test_characters_that_a_model_does_not_know_stand_for_what_they_look_like():
    symbols = Symbols("0aeos’ ", ["en"])
    assert symbols.encode("7åø") == symbols.encode("0ao")
    assert symbols.encode("ſ") == symbols.encode("s") and symbols.encode("ж") == symbols.encode("λ") == [0]
    again = Symbols.from_json(symbols.to_json())
    assert again.encode("sea 0") == symbols.encode("sea 0") and again.beginning("en") == symbols.beginning("en")
    assert symbols.beginning("xx") == symbols.beginning("")


@pytest.fixture(scope="module")
def trained():
    pytest.importorskip("tensorflow")
    from htrtool.core.lm.recurrent_training import train_recurrent

    rows = []
    texts = [LanguageText("en", "the cat sat on the mat\n" * 300), LanguageText("fr", "le chat dort sur la table\n" * 300)]
    return train_recurrent(texts, 60, None, 1, False, rows.append, units=48), rows


def test_a_model_expects_what_it_learned_in_the_language_that_it_is_told(trained):
    content, rows = trained
    model = RecurrentLM(content, "a.lm")

    def cost(text, language):
        return model.costs([text], language)[0].sum()

    assert float(rows[-1]["loss"]) < 1.0
    english, french = "the cat sat on the mat", "le chat dort sur la table"
    assert cost(english, "en") < cost("teh tac sta no het mta", "en") - 20
    assert cost(english, "en") < cost(english, "fr")
    assert cost(french, "fr") < cost(french, "en")
    # Beside a longer line a short one costs the same, whatever was asked before.
    beside, _ = RecurrentLM(content, "a.lm").costs(["the cat", english + " " + french], "en")
    assert len(beside) == len("the cat") + 1 and cost("the cat", "en") == beside.sum()


def test_a_model_is_kept_with_others_in_one_file(trained, tmp_path, run_htr):
    (tmp_path / "en_a.txt").write_text(PROSE * 30)
    done = run_htr("train", "-q", "--lm", "a", "--epochs", "1", "en_a.txt", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.splitlines()[0] == b"step\tseconds\tcharacters\tloss", done.stderr
    model = RecurrentLM.load(tmp_path / "a.lm")
    assert [len(costs) for costs in model.costs(["the cat", ""], "en")] == [8, 1] and load_models(tmp_path / "a.lm")[""].size
    assert run_htr("train", "-q", "--lm", "b", "en_a.txt", cwd=tmp_path).returncode == 0
    assert RecurrentLM.load(tmp_path / "b.lm") is None
    for content in (b"no model", trained[0][:2000]):
        with zipfile.ZipFile(tmp_path / "c.lm", "w") as archive:
            archive.writestr(MEMBER, content)
        with pytest.raises(ModelError, match="c.lm"):
            RecurrentLM.load(tmp_path / "c.lm")
    done = run_htr("train", "--lm", "a", "--seed", "3", "en_a.txt", cwd=tmp_path)
    assert done.returncode == 2 and b"--epochs or --minutes" in done.stderr


def test_the_shipped_model_knows_whole_lines_in_the_languages_that_it_tells():
    model = RecurrentLM.load(SHIPPED / "latin.lm")
    for language, right, wrong in (
        ("en", "I have not seen her since Sunday", "I have not seen hen since Sundry"),
        ("fr", "je vous prie de croire à mes sentiments", "je vous prix de cuire à mes sentimens"),
        ("", "the letter of the 12th was received", "the latter of the 12th vas recieved"),
    ):
        costs = [each.sum() for each in model.costs([right, wrong], language)]
        assert costs[0] < costs[1] - 3
    assert (SHIPPED / "latin.lm").stat().st_size <= 10_000_000


@given(scores=st.lists(st.floats(-30, 0), min_size=1, max_size=8), cost=st.floats(0, 100))
def test_no_text_far_behind_is_chosen_and_the_order_is_that_of_the_scores(scores, cost):
    found = [(f"{place:03}", score) for place, score in enumerate(sorted(scores, reverse=True))]
    chosen = reconsidered(found, Likes(found[-1][0], cost), "en")
    assert [score for _, score in chosen] == sorted((score for _, score in chosen), reverse=True)
    near = sum(score >= found[0][1] - MARGIN for _, score in found)
    assert {text for text, _ in chosen[:near]} == {text for text, _ in found[:near]}
    assert [text for text, _ in chosen[near:]] == [text for text, _ in found[near:]]


def test_a_text_is_chosen_that_the_model_expects_if_it_is_not_far_behind():
    found = [("teh cat", -1.0), ("the cat", -1.2 - MARGIN / 2), ("tbe cat", -1.2 - MARGIN)]
    assert [text for text, _ in reconsidered(found, Likes("the cat", 20.0), "en")][0] == "the cat"
    assert [text for text, _ in reconsidered(found, Likes("the cat", 1.0), "en")][0] == "teh cat"
    assert [text for text, _ in reconsidered(found, Likes("tbe cat", 1000.0), "en")][0] == "teh cat"

"""Language models: made from text, asked, and used to decode."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from likes import Likes
from processes import run_module
from tars import sample_of, tar_of
from tiny_model import draw_line, write_tiny_model

from htrtool.core.charset import BLANK, Charset
from htrtool.core.decoding.beam import BeamSearch
from htrtool.core.decoding.decode import best_path, softmax
from htrtool.core.decoding.looks import MANY, Look
from htrtool.core.errors import InputError, ModelError
from htrtool.core.language import load_language
from htrtool.core.lm.lexicon import Lexicon
from htrtool.core.lm.mixture import Mixture
from htrtool.core.lm.ngram import CAPITALS, STEP, NGram, doubtful_cost, load_models, save_models
from htrtool.core.lm.ngram_training import LanguageText, train_languages, train_ngram
from htrtool.core.lm.page_language import Languages
from htrtool.core.reader import CLEAR, Context, Reader
from htrtool.core.samples import encode_png
from htrtool.core.tables import read_table
from htrtool.core.text_names import text_name

TEXT = "the cat sat on the mat and the dog ate the hat; 12 cats, 7 dogs, 1905. " * 20
CHARSET = Charset(" .,;0123456789acdeghmnost")


@pytest.fixture(scope="module")
def model():
    return train_ngram([(TEXT, 1.0)])


def frames(text, charset=CHARSET, **doubts):
    """Return frames that read as ``text``; ``doubts`` tell of a place, as ``at3``, its characters and probabilities."""
    rows = np.full((2 * len(text), charset.classes), 1e-5)
    rows[1::2, BLANK] = 1
    for place, character in enumerate(text):
        for other, share in doubts.get(f"at{place}", {character: 1}).items():
            rows[2 * place, charset.encode(other)[0]] = share
    return rows / rows.sum(axis=1, keepdims=True)


def read(probabilities, language, **options):
    return BeamSearch(CHARSET, language).decode(probabilities, **options)


@pytest.mark.parametrize("before", ["", "the ", "cat s", "zzz", "19"])
def test_the_probabilities_of_all_characters_add_up_to_one(model, before):
    state = model.start
    for character in before:
        state = model.step(state, model.symbol(character))[1]
    total = sum(math.exp(-STEP * model.step(state, symbol)[0]) for symbol in range(len(model.characters) + 1))
    assert total == pytest.approx(1, abs=0.06)


def test_what_the_text_says_is_cheaper_and_figures_cost_alike(model):
    assert model.costs("the cat").sum() < model.costs("teh cta").sum()
    assert model.costs("1905").tolist() == model.costs("7777").tolist()
    assert np.isfinite(model.costs("Ж ☃")).all()


def test_a_letter_that_the_texts_lacked_costs_like_the_one_that_it_looks_like(model):
    # A long s is an s, since texts are made plain; with a sign to it a letter is a rarer one, but no stranger.
    plain, long, dotted, foreign = (model.costs(f"the hou{letter}e").sum() for letter in "sſśж")
    assert long == plain < dotted < foreign


def test_a_smaller_model_has_fewer_ngrams_and_still_knows_every_character():
    small = train_ngram([(TEXT, 1.0)], nodes=60)
    assert small.size <= 60 and small.characters == train_ngram([(TEXT, 1.0)]).characters
    with pytest.raises(InputError, match="expected text"):
        train_ngram([("  ", 1.0)])


def test_a_model_comes_back_from_its_file(model, tmp_path):
    with open(tmp_path / "a.lm", "wb") as stream:
        save_models({"en": model, "": MIXED[1]}, stream)
    loaded = load_models(tmp_path / "a.lm")
    assert list(loaded) == ["en", ""]
    assert loaded["en"].costs(TEXT).tolist() == model.costs(TEXT).tolist()
    assert loaded[""].costs(TEXT).tolist() == MIXED[1].costs(TEXT).tolist()
    content = bytearray((tmp_path / "a.lm").read_bytes())
    content[len(content) // 3] ^= 0xFF
    for broken in (b"no model", content, content[: len(content) // 2]):
        (tmp_path / "b.lm").write_bytes(broken)
        with pytest.raises(ModelError, match="expected a language model"):
            load_models(tmp_path / "b.lm")


@pytest.mark.parametrize("children", [[1, 0, 5], [1] * 200], ids=["children of none", "a chain without end"])
def test_what_is_no_trie_is_refused_before_anything_walks_it(tmp_path, children):
    nodes = np.ones(sum(children) + 1, np.uint8)
    broken = NGram("a", np.ones(2, np.uint8), np.array([1], np.uint8), np.ones(2, np.uint8), np.ones(1, np.uint8))
    broken.parts = {"symbols": nodes, "children": np.array(children, np.uint8), "costs": nodes, "backoffs": np.ones(len(children), np.uint8)}
    with open(tmp_path / "a.lm", "wb") as stream:
        save_models({"": broken}, stream)
    with pytest.raises(ModelError, match="its n-grams are no trie"):
        load_models(tmp_path / "a.lm")


def test_the_model_decides_where_the_network_doubts(model):
    doubtful = frames("the cot", at5={"o": 0.55, "a": 0.45})
    assert best_path(doubtful, CHARSET).text == "the cot" and read(doubtful, model)[0].text == "the cat"
    sure = frames("the cot", at5={"o": 0.9998, "a": 0.0002})
    assert read(sure, model)[0].text == "the cot"
    number = frames("1906", at3={"6": 0.51, "5": 0.49})
    assert read(number, model)[0].text == "1906"


@pytest.mark.parametrize(("width", "looks", "text"), [(1, 1, "bead"), (16, 1, "head"), (1, MANY, "head")])
def test_a_wider_beam_and_that_of_a_hard_line_follow_what_only_the_rest_of_a_word_tells(tmp_path, width, looks, text):
    reader = Reader(write_tiny_model(tmp_path / "tiny.onnx"))
    doubtful = frames("head", reader.info.charset, at0={"b": 0.7, "h": 0.3})
    reader.decode_with(Languages({"": train_ngram([("bad cab, dead head " * 50, 1.0)])}), width)
    assert reader.read([Look(len(doubtful), doubtful) for _ in range(looks)], Context("", False)).text == text


def test_a_line_goes_on_where_the_one_before_ended_if_that_was_read_clearly(tmp_path):
    reader = Reader(write_tiny_model(tmp_path / "tiny.onnx"))
    reader.decode_with(Languages({"": train_ngram([("cage beg cage beg a dad bed " * 50, 1.0)])}))
    charset = reader.info.charset
    first, second = frames("dad", charset), frames("beg", charset, at2={"d": 0.5, "g": 0.5})

    def texts(*lines):
        return [draft.reading.text for draft in reader.begun([[Look(100, seen)] for seen in lines], [Context("", False)] * 2)]

    assert texts(first, second) == ["dad", "bed"] and texts(second) == ["beg"]
    clear = reader.read([Look(100, first)], Context("", False))
    assert Context("", False).following(clear).before == "dad"
    assert Context("", False, "a").following(clear._replace(conf=CLEAR - 0.1)).before == ""


def test_all_ways_to_a_text_count():
    # Blanks are the most probable path, but three paths say c.
    half = np.full((2, CHARSET.classes), 1e-9)
    half[:, BLANK], half[:, CHARSET.encode("c")[0]] = 0.6, 0.4
    assert best_path(half, CHARSET).text == "" and read(half, None)[0].text == "c"


def test_alternatives_come_in_order():
    found = read(frames("the cot", at5={"o": 0.55, "a": 0.45}), None, nbest=5)
    assert [c.text for c in found[:2]] == ["the cot", "the cat"] and len({c.text for c in found}) == len(found)
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 30), st.integers(0, 2**32 - 1))
def test_characters_stand_in_frames_of_their_own_in_order(model, count, seed):
    logits = np.random.default_rng(seed).normal(0, 4, (count, CHARSET.classes))
    text, places, _ = read(softmax(logits) if count else logits, model)[0]
    assert len(text) == len(places) and (np.diff(places) > 0).all() and ((0 <= places) & (places < count)).all()
    assert text == " ".join(text.split())


def test_a_lexicon_prefers_its_words_and_forces_none(model):
    doubtful = frames("the cot", at5={"o": 0.6, "a": 0.4})
    lexicon = Lexicon(model, ["cot"])
    assert read(doubtful, model)[0].text == "the cat" and read(doubtful, lexicon)[0].text == "the cot"
    assert read(frames("the cat"), lexicon)[0].text == "the cat"
    begun = frames("the cots", at5={"o": 0.1, "a": 0.9})
    assert read(begun, lexicon)[0].text == "the cats"


def cost_with(lexicon: Lexicon, text: str) -> float:
    """Return what a text costs with the words, in nats."""
    state, total = lexicon.start, 0
    for character in text:
        cost, state = lexicon.step(state, lexicon.model.symbol(character))
        total += cost
    return STEP * total


@pytest.mark.parametrize("before", ["", "the ", "co", "cot", "cote", "cot, ", "zzz", "19"])
def test_with_a_lexicon_too_the_probabilities_add_up_to_one(model, before):
    lexicon = Lexicon(model, ["cot", "cotta", "cat", "home-made"])
    state = lexicon.start
    for character in before:
        state = lexicon.step(state, model.symbol(character))[1]
    total = sum(math.exp(-STEP * lexicon.step(state, symbol)[0]) for symbol in range(len(model.characters) + 1))
    # A little more after a whole word: what can follow it costs little, whatever it is.
    assert 0.9 < total < (2.5 if before == "cot" else 1.1)


@given(st.lists(st.text("acdeghmnost", min_size=1, max_size=8), max_size=30), st.text("acdeghmnost ,", max_size=30))
@settings(deadline=None)
def test_a_listed_word_costs_no_more_than_the_list_is_long_and_any_other_little_more_than_without(model, words, text):
    lexicon = Lexicon(model, words)
    pieces = [piece for piece in text.replace(",", " ").split(" ") if piece]
    assert cost_with(lexicon, text + " ") <= model.costs(text + " ").sum() + 0.5 * len(pieces) + STEP * len(text)
    for word in words[:1]:
        assert cost_with(lexicon, word) <= math.log(len(set(words)) / 0.3) + STEP * len(word)


def test_the_shipped_model_helps_latin_letters_only():
    latin = Charset(" abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    shipped = load_language("auto", None, latin).models[""]
    assert shipped.costs("the house").sum() < shipped.costs("hte huose").sum()
    assert load_language("auto", None, Charset(" αβγδ")) is None and load_language("none", None, latin) is None


def htr(*arguments) -> subprocess.CompletedProcess:
    return run_module("htrtool", *arguments, text=True)


def test_a_users_own_text_becomes_a_model(tmp_path):
    (tmp_path / "a.txt").write_text("bad cab, dead cab, bag of cabbage " * 50)
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe")
    done = htr("train", "--lm", tmp_path / "mine", tmp_path / "a.txt", tmp_path / "b.txt")
    assert done.returncode == 1 and "b.txt: expected plain text in UTF-8" in done.stderr and not done.stdout
    tiny = write_tiny_model(tmp_path / "tiny.onnx")
    (tmp_path / "line.png").write_bytes(encode_png(draw_line("bad cab")))
    # The tiny model can't read letters that are stretched.
    done = htr("read", "-m", tiny, "--lm", tmp_path / "mine.lm", "--mode", "line", "--nbest", 2, "--looks", 1, tmp_path / "line.png")
    rows = list(read_table(done.stdout.splitlines(True), "read"))
    assert (rows[0]["rank"], rows[0]["text"]) == ("1", "bad cab"), done.stderr
    done = htr("read", "-m", tiny, "--mode", "line", "--nbest", 2, "-f", "jsonl", tmp_path / "line.png")
    row = json.loads(done.stdout.splitlines()[0])
    assert row["text"] == "bad cab" and all(other["conf"] <= row["conf"] for other in row["alternatives"])


def test_bad_names_are_told(tmp_path):
    tiny = write_tiny_model(tmp_path / "tiny.onnx")
    (tmp_path / "line.png").write_bytes(encode_png(draw_line("bad")))
    done = htr("read", "-m", tiny, "--lm", "klingon", tmp_path / "line.png")
    assert done.returncode and "klingon" in done.stderr and "latin" in done.stderr and "Traceback" not in done.stderr
    done = htr("read", "-m", tiny, "--lexicon", tmp_path / "none.txt", tmp_path / "line.png")
    assert done.returncode and "none.txt" in done.stderr and "Traceback" not in done.stderr
    (tmp_path / "my letters").mkdir()
    done = htr("train", "--lm", tmp_path / "mine", tmp_path / "my letters")
    assert done.returncode and "received a folder: give its files, such as" in done.stderr and "my letters'/*.txt" in done.stderr


def test_the_confidence_is_fitted_by_one_command(tmp_path):
    pytest.importorskip("onnx")
    tiny = write_tiny_model(tmp_path / "tiny.onnx")
    lines = enumerate(["abc", "cab", "bca", "aab"] * 6)
    (tmp_path / "lines.tar").write_bytes(tar_of(sample_of(f"page{number}/1", draw_line(shown), "hhh") for number, shown in lines))
    (tmp_path / "line.png").write_bytes(encode_png(draw_line("bad")))
    # One look: a line that has become unsure would be read again at other widths, and differently by so small a network.
    read = "read", "-m", tiny, "--looks", 1, "--mode", "line", "-f", "jsonl", tmp_path / "line.png"
    before = json.loads(htr(*read).stdout)
    done = htr("train", "--calibrate", tiny, tmp_path / "lines.tar")
    assert done.returncode == 0 and "24 lines" in done.stderr, done.stderr
    after = json.loads(htr(*read).stdout)
    assert after["text"] == before["text"] and after["conf"] < 0.5 < before["conf"]
    parts = enumerate(["val"] * 24 + ["train"] * 26)
    (tmp_path / "split.tar").write_bytes(tar_of(sample_of(f"page/{number}", draw_line("abc"), "abc", {"split": part}) for number, part in parts))
    done = htr("train", "--calibrate", tiny, tmp_path / "split.tar")
    assert "fitted to 24 lines" in done.stderr and "left out 26 samples not marked val, as others are: page/24" in done.stderr
    whole = (tmp_path / "lines.tar").read_bytes()
    (tmp_path / "lines.tar").write_bytes(whole.replace(b"IHDR", b"IHDX", 1))
    done = htr("train", "--calibrate", tiny, tmp_path / "lines.tar")
    assert done.returncode == 1 and "page0/1" in done.stderr and "23 lines" in done.stderr
    (tmp_path / "few.tar").write_bytes(tar_of([sample_of("page/1", draw_line("abc"), "abc")]))
    written = tiny.read_bytes()
    done = htr("train", "--calibrate", tiny, tmp_path / "few.tar")
    assert done.returncode == 3 and "20 lines or more" in done.stderr and "received 1" in done.stderr
    (tmp_path / "tiny.keras").write_bytes(b"no zip")
    done = htr("train", "--calibrate", tiny, tmp_path / "lines.tar")
    assert done.returncode == 4 and "tiny.keras: expected a .keras file" in done.stderr.splitlines()[-1]
    assert tiny.read_bytes() == written


MIXED = [train_ngram([(TEXT, 1.0)]), train_ngram([("a bad cab, 12 décades " * 3, 1.0)])]


@given(st.text("acdes ,1", min_size=1, max_size=40))
@settings(deadline=None)
def test_a_mixture_holds_probable_what_lies_between_its_models(text):
    mixed = Mixture(MIXED)
    states, state = [model.start for model in MIXED], mixed.start
    for character in text:
        costs = []
        for index, model in enumerate(MIXED):
            cost, states[index] = model.step(states[index], model.symbol(character))
            costs.append(cost)
        cost, state = mixed.step(state, mixed.symbol(character))
        assert state.inner == tuple(states)
        assert min(costs) - 1 <= cost <= max(costs) + 1
    assert mixed.costs(text)[-1] == cost * STEP


def test_the_model_that_did_well_on_the_last_characters_counts_most_in_a_mixture():
    mixed = Mixture(MIXED)
    own, other = MIXED[1].costs("a bad cab")[-3:].sum(), MIXED[0].costs("a bad cab")[-3:].sum()
    evenly = -np.log((np.exp(-own) + np.exp(-other)) / 2)
    assert own < other
    assert mixed.costs("a bad cab")[-3:].sum() < min(evenly, own + 0.5)


def test_a_small_model_hardly_changes_what_a_large_one_holds_of_other_texts():
    small = train_ngram([("the dog ate", 1.0)])
    known, mixed = MIXED[0].costs("the cat sat").sum(), Mixture([MIXED[0], small]).costs("the cat sat").sum()
    assert known < mixed < known + 0.05 * len("the cat sat")
    assert Mixture([MIXED[0], MIXED[0]]).costs("the cat sat").sum() == pytest.approx(known, abs=STEP)


def test_a_small_model_says_little_of_what_it_does_not_know():
    small = train_ngram([("ab ba ab ba aab", 1.0)])
    latin = Charset(" abcdefghijklmnopqrstuvwxyz€;")
    mixed = Mixture([MIXED[0], small], latin)
    before = mixed.costs("a bad €")
    symbols = dict(zip(" " + "".join(latin.characters[1:]), mixed.symbols_of(latin)[1:]))
    assert small.costs("€") < MIXED[0].costs("€") + 3
    # All that the small model does not know together is as probable as it holds them: each much less.
    unknown = [mixed.step(mixed.start, symbols[c])[0] * STEP for c in symbols if c not in MIXED[0].characters + "ab"]
    assert np.exp(-np.array(unknown)).sum() < np.exp(-small.costs("€")[0]) + np.exp(-MIXED[0].costs("€")[0])
    assert (mixed.costs("a bad €") == before).all(), "what was read before must not matter"


def test_the_words_of_a_lexicon_are_known_in_capitals_too(tmp_path):
    (tmp_path / "names.txt").write_text("Ozymbek\n", encoding="utf-8")
    latin = Charset(" abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    models = load_language("auto", str(tmp_path / "names.txt"), latin).models
    for language, name in (("en", "Ozymbek"), ("capitals", "OZYMBEK")):
        known = models[language]
        assert cost_with(known, name) < 3 < known.costs(name).sum()


def test_a_language_model_is_no_lexicon():
    with pytest.raises(InputError, match="give it to --lm"):
        load_language("auto", "mine.lm", Charset(" abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))


def test_a_lexicon_may_come_from_standard_input_once():
    note = Path(__file__).parent / "samples" / "note.jpg"
    read = [sys.executable, "-m", "htrtool", "read", "-f", "txt", "--lexicon", "-"]
    done = subprocess.run([*read, note], input="Novak\npotatoes\n", capture_output=True, text=True)
    assert done.returncode == 0 and "Novak" in done.stdout, done.stderr
    for names in (["-"], ["--files-from", "-"]):
        done = subprocess.run([*read, *names], input="", capture_output=True, text=True)
        assert done.returncode == 2 and "can be read only once" in done.stderr
    done = htr("read", "--lexicon", "none.txt", note)
    assert done.returncode == 3 and done.stderr.startswith("htr read: none.txt: can't read it: ")


def test_language_models_with_a_plus_between_are_mixed(tmp_path):
    with open(tmp_path / "a+b.lm", "wb") as stream:
        save_models({"": train_ngram([(TEXT, 1.0)])}, stream)
    latin = Charset(" abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    (single,) = load_language(str(tmp_path / "a+b.lm"), None, latin).models.values()
    assert isinstance(single, NGram)
    (tmp_path / "c.lm").write_bytes((tmp_path / "a+b.lm").read_bytes())
    mixed = load_language(f"auto+{tmp_path / 'c.lm'}", None, latin).models
    assert list(mixed) == list(load_language("auto", None, latin).models) and "fr" in mixed
    assert all(isinstance(model, Mixture) and model.models[1].size == single.size for model in mixed.values())
    assert isinstance(load_language(f"none+{tmp_path / 'c.lm'}", None, latin).models[""], NGram)


ENGLISH, FRENCH = "the cat and the dog sat on the mat. ", "le chat et le chien sont sur le tapis. "


def test_a_page_is_in_the_language_in_which_it_costs_least_if_that_is_clear():
    models = train_languages([LanguageText("en", ENGLISH * 50), LanguageText("fr", FRENCH * 50), LanguageText("", "1905 " * 50)])
    assert list(models) == ["", "en", "fr", "capitals"]
    languages = Languages(models)
    assert languages.of(["thc dog sat"]) == ["en"] and languages.of(["1905", "le chiem", "est"]) == ["fr"] * 3
    assert languages.of(["1905"]) == languages.of(["xqzy kk"]) == [""] and languages.of([]) == []
    assert models["fr"].costs("1905").sum() < models["fr"].costs("the ").sum() < models["fr"].costs("xqzy").sum()
    assert list(train_languages([LanguageText("en", ENGLISH)])) == list(train_languages([LanguageText("", ENGLISH)])) == [""]


def test_a_line_can_be_in_another_language_than_its_page_if_it_is_clear():
    languages = Languages(train_languages([LanguageText("en", ENGLISH * 50), LanguageText("fr", FRENCH * 50)]))
    page = [*["the dog and the cat"] * 5, "le chat et le chien sont sur", "at"]
    assert languages.of(page) == [*["en"] * 5, "fr", "en"] and languages.of(["at"]) == [""]


def test_what_misread_text_costs_in_each_language_is_known_and_kept(tmp_path):
    models = train_languages([LanguageText("en", ENGLISH * 50), LanguageText("fr", FRENCH * 50)])
    assert models["en"].misread != models["fr"].misread and models["en"].misread > doubtful_cost(models["en"].costs(ENGLISH)) / len(ENGLISH)
    with open(tmp_path / "a.lm", "wb") as stream:
        save_models(models, stream)
    loaded = load_models(tmp_path / "a.lm")
    assert {name: round(model.misread, 4) for name, model in models.items()} == {name: model.misread for name, model in loaded.items()}
    single = train_ngram([(TEXT, 1.0)])
    for name, model in models.items():
        assert Mixture([model, single]).misread == Mixture([model]).misread == model.misread
    # Whichever costs less in misread text would else be what such text is taken for.
    models["fr"].misread = models["en"].misread + 1
    assert Languages(models).of(["xqzy kk"]) == ["fr"]


def test_a_language_of_which_there_is_no_text_is_none():
    others = [LanguageText("fr", " \n"), LanguageText("", FRENCH * 50)]
    assert list(train_languages([LanguageText("en", ""), *others])) == [""]
    assert list(train_languages([LanguageText("en", ENGLISH), LanguageText("it", ""), *others])) == [""]


def test_words_alone_teach_their_own_language_which_must_be_clearer(tmp_path):
    sentences = [LanguageText("en", ENGLISH * 50), LanguageText("fr", FRENCH * 50)]
    words = LanguageText("it", "gatto cane sopra tappeto sono della quando nella " * 50, is_words=True)
    models, before = train_languages([*sentences, words]), train_languages(sentences)
    for language, model in before.items():
        assert model.costs("quando il gatto").tolist() == models[language].costs("quando il gatto").tolist()
    with open(tmp_path / "it.lm", "wb") as stream:
        save_models(models, stream)
    models = load_models(tmp_path / "it.lm")
    assert [language for language, model in models.items() if model.of_words] == ["it"]
    page = ["quando nella", "sopra della", "gatto cane sono"]
    assert Languages(models).of(page) == ["it"] * 3 and Languages(models).of(["sono"]) == [""]
    assert Languages(models).of(["le chat et le"]) == ["fr"] and Languages({"it": models["it"], "": models[""]}).of(["x"]) == ["it"]


def test_a_file_of_words_is_told_by_its_name():
    for name, expected in (("it_words.txt", True), ("it_words_of_dante.txt", True), ("it_wordsworth.txt", False), ("words.txt", False)):
        assert text_name(name).is_words == expected
    names = ("fr_letters.txt", "la_forms_names.txt", "my_diary.txt", "to_mother.txt", "letters.txt")
    assert [text_name(name).language for name in names] == ["fr", "la", "", "", ""]


def test_lines_in_capitals_are_read_with_a_model_of_capitals():
    models = train_languages([LanguageText("en", ENGLISH * 50), LanguageText("fr", FRENCH * 50)])
    assert models["capitals"].costs("THE CAT").sum() < models["en"].costs("THE CAT").sum()
    page = ["THE DOG", "the cat sat on the mat and", "thE DoG sat", "the USA"]
    assert Languages(models).of(page) == ["capitals", "en", "en", "en"]
    assert Languages(models).of(["THE DoG", "ThE CAT SaT", "on The MAT"]) == ["capitals"] * 3
    assert Languages({"": models[""]}).of(["THE DOG"]) == [""]


def test_a_recurrent_model_chooses_among_texts_that_are_near_and_judges_them(tmp_path):
    reader = Reader(write_tiny_model(tmp_path / "tiny.onnx"))
    models = train_languages([LanguageText("en", "bad cab, dead head " * 50), LanguageText("fr", "bag gage, bagage " * 50)])
    doubtful = frames("bad", reader.info.charset, at2={"d": 0.5, "g": 0.5})
    sure = frames("bad", reader.info.charset, at2={"d": 1 - 1e-6, "g": 1e-6})
    confidences = []
    for liked in ("bad", "bag"):
        reader.decode_with(Languages(models, Likes(liked, cost=36.0, least=0.4)))
        read = {language: reader.read([Look(100, doubtful)], Context(language, False)) for language in ("en", "fr", CAPITALS)}
        assert read["en"].text == read["fr"].text == liked
        assert reader.read([Look(100, sure)], Context("en", False)).text == "bad"
        confidences.append(reader.costs("bad", "en").mean())
    assert confidences[0] < confidences[1]
    reader.decode_with(Languages(models))
    assert read[CAPITALS].text == reader.read([Look(100, doubtful)], Context(CAPITALS, False)).text


def test_languages_with_little_text_count_for_more_in_the_model_of_all():
    models = train_languages([LanguageText("en", ENGLISH * 500), LanguageText("fr", FRENCH * 50)])
    alike = train_ngram([(ENGLISH * 500, 1.0), (FRENCH * 50, 1.0)])
    assert models[""].costs(FRENCH).sum() < alike.costs(FRENCH).sum()


def test_a_page_is_read_in_its_language(tmp_path):
    english, french = "bad cab, dead head", "bag gage, bagage"
    reader = Reader(write_tiny_model(tmp_path / "tiny.onnx"))
    reader.decode_with(Languages(train_languages([LanguageText("en", f"{english} " * 50), LanguageText("fr", f"{french} " * 50)])))
    charset = reader.info.charset
    doubtful = frames("bad", charset, at2={"d": 0.5, "g": 0.5})
    for other, expected in ((english, "bad"), (french, "bag")):
        page = [[Look(100, seen)] for seen in (doubtful, frames(other.replace(",", ""), charset))]
        contexts = reader.contexts(page)
        texts = [reader.read(looks, context).text for looks, context in zip(page, contexts)]
        assert texts == [expected, other.replace(",", "")]

"""What is compiled finds what Python finds, to the bit."""

import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from htrtool.core.charset import Charset
from htrtool.core.compiled import library as compiled
from htrtool.core.decoding import align
from htrtool.core.decoding.beam import BeamSearch
from htrtool.core.decoding.search import search, search_in_python
from htrtool.core.lm import ngram
from htrtool.core.lm.internal_lm import InternalLM
from htrtool.core.lm.ngram import CharacterModel
from htrtool.core.lm.ngram_training import train_ngram

TEXT = "the cat sat on the mat and the dog ate the hat; 12 cats, 7 dogs, 1905. " * 20
# Some characters that the model lacks: one of them stands for its base letter, one for nothing.
CHARSETS = [Charset(" .,;0123456789acdeghmnostå§"), Charset("acdeghmnost")]
LEAST = 0.003

needs_compiled = pytest.mark.skipif(
    compiled.library() is None, reason="the package was installed without a C compiler, so that nothing is compiled"
)


@pytest.fixture(scope="module")
def model():
    return train_ngram([(TEXT, 1.0)])


def frames_of(search_of_line, rng, frames, classes):
    """Return frames of which some are sure, some doubtful, and some sure of a blank."""
    sharpness = rng.choice([0.03, 0.3, 2.0])
    probabilities = rng.dirichlet(np.full(classes, sharpness), frames)
    probabilities[rng.random(frames) < 0.2] = np.eye(classes)[0]
    return search_of_line._frames(probabilities.astype(rng.choice(["float32", "float64"])))


@needs_compiled
@pytest.mark.parametrize("charset", CHARSETS, ids=["spaces", "no spaces"])
@pytest.mark.parametrize("with_model", [True, False])
@settings(max_examples=60, deadline=None)
@given(frames=st.integers(0, 60), width=st.integers(1, 60), seed=st.integers(0, 2**32 - 1))
def test_a_search_finds_the_same_texts_with_the_same_weights(model, charset, with_model, frames, width, seed):
    known = model if with_model else None
    internal = InternalLM.fit([TEXT[:70].replace(" ", "") if " " not in charset else TEXT[:70]], CHARSETS[0])
    searching = BeamSearch(charset, known, width, internal if charset == CHARSETS[0] else None)
    line = frames_of(searching, np.random.default_rng(seed), frames, charset.classes)
    start = searching._after("the")
    found = search(line, searching._knowledge, start, width, LEAST)
    assert found == search_in_python(line, searching._knowledge, start, width, LEAST)
    assert 1 <= len(found) <= width


@needs_compiled
@settings(max_examples=60, deadline=None)
@given(text=st.text(st.sampled_from("thecatdog 1905.åΩ"), max_size=40))
def test_a_model_goes_on_after_characters_alike(model, text):
    symbols = [model.symbol(character) for character in text]
    costs, state = model.walk(model.start, symbols)
    of_python, state_in_python = CharacterModel.walk(model, model.start, symbols)
    assert costs.tolist() == of_python.tolist() and state == state_in_python


@needs_compiled
@settings(max_examples=60, deadline=None)
@given(frames=st.integers(1, 40), lengths=st.lists(st.integers(0, 30), max_size=5), seed=st.integers(0, 2**32 - 1))
def test_texts_fit_a_line_alike(frames, lengths, seed):
    rng = np.random.default_rng(seed)
    odds = rng.exponential(1, (frames, 6))
    classes = np.full((len(lengths), max(lengths, default=0)), 6)
    for row, length in zip(classes, lengths):
        row[:length] = rng.integers(1, 6, length)
    counts = np.array(lengths, np.int64)
    for found, of_python in zip(align._fits_compiled(odds, classes, counts), align._fits_in_python(odds, classes, counts)):
        assert found.shape == of_python.shape and (found == of_python).all()


@needs_compiled
@settings(max_examples=60, deadline=None)
@given(frames=st.integers(1, 40), label=st.lists(st.integers(1, 3), max_size=20), seed=st.integers(0, 2**32 - 1))
def test_a_label_s_best_paths_are_the_same(frames, label, seed):
    # Few values, so that several paths are equally good.
    emitted = np.log(np.random.default_rng(seed).integers(1, 4, (frames, 2 * len(label) + 1)) / 4)
    skips = np.zeros(emitted.shape[1], bool)
    skips[3::2] = np.diff(label) != 0
    for found, of_python in zip(align._paths_compiled(emitted, skips), align._paths_in_python(emitted, skips)):
        assert (found == of_python).all()


@needs_compiled
def test_threads_search_with_one_model_at_once():
    model = train_ngram([(TEXT, 1.0)])
    searching = BeamSearch(CHARSETS[0], model, 16)
    rng = np.random.default_rng(1)
    lines = [frames_of(searching, rng, 60, CHARSETS[0].classes) for _ in range(40)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda line: search(line, searching._knowledge, model.start, 16, LEAST), lines))
    assert found == [search_in_python(line, searching._knowledge, model.start, 16, LEAST) for line in lines]


def test_the_source_says_what_python_says():
    source = compiled.SOURCE.read_text(encoding="utf-8")
    defined = {name: int(number) for name, number in re.findall(r"#define (\w+) (\d+)", source)}
    assert defined == {"VERSION": compiled.VERSION, "UNSEEN": ngram.UNSEEN, "RARE": ngram.RARE, "ROOT": ngram.ROOT}


def test_a_library_of_another_version_is_passed_over(monkeypatch):
    monkeypatch.setattr(compiled, "VERSION", -1)
    assert compiled.loaded_library.__wrapped__() is None
    monkeypatch.setattr(compiled, "LIBRARY", compiled.LIBRARY.with_name("none.so"))
    assert compiled.loaded_library.__wrapped__() is None


def test_what_is_compiled_can_be_left_out(model):
    probabilities = np.random.default_rng(1).dirichlet(np.full(CHARSETS[0].classes, 0.1), 30)
    found = BeamSearch(CHARSETS[0], model).decode(probabilities, 4)
    with compiled.left_out():
        assert compiled.library() is None
        without = BeamSearch(CHARSETS[0], model).decode(probabilities, 4)
    assert [(text, score) for text, _, score in found] == [(text, score) for text, _, score in without]

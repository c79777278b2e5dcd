"""CTC frames to text, and confidences that mean something."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from htrtool.core.charset import BLANK, Charset
from htrtool.core.decoding.block_letters import in_block_letters, in_capitals
from htrtool.core.decoding.calibration import Calibration, expected_calibration_error
from htrtool.core.decoding.confidence import (
    CHARACTER_FEATURES,
    FEATURES,
    LINE_FEATURES,
    WORD_FEATURES,
    Confidence,
    Seen,
    departure,
    line_features,
)
from htrtool.core.decoding.decode import best_path, softmax
from htrtool.core.decoding.support import support
from htrtool.core.errors import InputError

CHARSET = Charset(" abc")
A, B, C, SPACE = 2, 3, 4, 1


def frames(*classes, sure=0.9):
    probabilities = np.full((len(classes), CHARSET.classes), (1 - sure) / (CHARSET.classes - 1))
    probabilities[np.arange(len(classes)), classes] = sure
    return probabilities


@pytest.mark.parametrize(
    "classes, text",
    [
        ([], ""),
        ([BLANK, BLANK], ""),
        ([A, A, BLANK, A, B], "aab"),
        ([A, B, B, A], "aba"),
        ([SPACE, A, SPACE, BLANK, SPACE, B, SPACE], "a b"),
        ([SPACE, BLANK], ""),
    ],
)
def test_best_path(classes, text):
    decoded = best_path(frames(*classes).reshape(len(classes), CHARSET.classes), CHARSET)
    assert decoded.text == text and len(decoded.frames) == len(text)


def test_a_character_stands_where_it_is_surest():
    probabilities = frames(BLANK, A, A, A, BLANK, B)
    probabilities[2, A] = 0.97
    assert best_path(probabilities, CHARSET).frames.tolist() == [2, 5]


@given(st.text("abc", max_size=12), st.lists(st.integers(1, 3), min_size=12, max_size=12))
def test_any_text_spelt_in_frames_is_read_back(text, repeats):
    classes = [BLANK]
    for character, count in zip(text, repeats):
        classes += [CHARSET.encode(character)[0]] * count + [BLANK]
    assert best_path(frames(*classes), CHARSET).text == text


def test_softmax_bears_large_logits():
    assert np.allclose(softmax(np.array([[1000.0, 0.0], [-1000.0, -1000.0]])), [[1, 0], [0.5, 0.5]])


@given(st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_features_are_finite_whatever_the_frames(count, seed):
    logits = np.random.default_rng(seed).normal(0, 8, (count, CHARSET.classes))
    features = line_features(softmax(logits)) if count else line_features(np.zeros((0, CHARSET.classes)))
    assert features.shape == (len(FEATURES),) and np.isfinite(features).all()


def seen(probabilities, text, places, *others):
    return Seen(probabilities, text, places, CHARSET.encode(text), np.zeros(len(text)), support([(text, 0.0), *others]))


def judged(probabilities, confidence=Confidence.default()):
    return confidence.judge(seen(probabilities, *best_path(probabilities, CHARSET)))


def test_characters_and_words_are_judged_too():
    probabilities = frames(A, BLANK, B, SPACE, C, BLANK)
    probabilities[2] = frames(B, sure=0.4)
    sure = judged(probabilities)
    assert len(sure.characters) == 4 and sure.characters.argmin() == 1
    assert len(sure.words) == 2 and sure.words[0] < sure.words[1]
    nothing = judged(frames(BLANK))
    assert len(nothing.characters) == len(nothing.words) == 0 and 0 <= nothing.line <= 1


def test_what_was_fitted_on_fewer_features_still_holds():
    features, accuracies = lines_of_a_boastful_network(50)
    fitted = Calibration.fit(FEATURES, features, accuracies)
    more = np.hstack([features, np.ones((len(features), len(LINE_FEATURES) - len(FEATURES)))])
    again = Calibration.from_json(fitted.to_json(), LINE_FEATURES)
    assert again.features == LINE_FEATURES and np.allclose(again.predict(more), fitted.predict(features))


@given(st.lists(st.integers(0, 4), max_size=30), st.text("abc ", max_size=12))
def test_a_text_departs_from_the_frames_by_the_characters_that_they_do_not_spell(classes, text):
    probabilities = frames(*classes).reshape(len(classes), CHARSET.classes)
    spelt = [label for label, before in zip(classes, [BLANK, *classes]) if label not in (before, BLANK)]
    labels = CHARSET.encode(text)
    assert departure(probabilities, spelt) == 0
    assert 0 <= departure(probabilities, labels) * max(1, len(labels)) <= max(len(labels), len(spelt))
    assert departure(probabilities, [*spelt, A]) == pytest.approx(1 / (len(spelt) + 1))


def test_a_line_that_departs_from_what_was_seen_can_be_held_less_sure():
    probabilities = frames(A, BLANK, B)
    usual = Confidence.default()
    wary = Confidence(usual.character, usual.word, Calibration.of(LINE_FEATURES, 3.0, departure=-2.0))
    as_seen, otherwise = (wary.judge(seen(probabilities, text, np.array([0, 2]))) for text in ("ab", "cb"))
    assert otherwise.line < as_seen.line - 0.05


def test_what_other_texts_do_not_bear_out_can_be_held_less_sure():
    usual = Confidence.default()
    wary = Confidence(
        Calibration.of(CHARACTER_FEATURES, 2.5, log=3.0, unsupported=-0.5),
        Calibration.of(WORD_FEATURES, -3.0, lowest=0.5, unsupported=-0.3),
        usual.line,
    )
    probabilities = frames(A, BLANK, B, SPACE, C, SPACE, A)
    sure = wary.judge(seen(probabilities, "ab c a", np.array([0, 2, 3, 4, 5, 6]), ("ac c a", -0.5)))
    assert sure.characters[1] < sure.characters[0] - 0.05 and sure.words[0] < sure.words[1] - 0.05
    sure = wary.judge(seen(probabilities, "ab c a", np.array([0, 2, 3, 4, 5, 6]), ("abc a", -0.5)))
    assert sure.characters[2] < sure.characters.min(where=np.arange(6) != 2, initial=1) and max(sure.words[:2]) < sure.words[2] - 0.05


def test_the_same_character_can_be_held_less_sure_in_an_unclear_line():
    usual = Confidence.default()
    wary = Confidence(
        Calibration.of(CHARACTER_FEATURES, 0.0, log=3.0, line_margin=1.0, clear_runner_up=-0.5),
        Calibration.of(WORD_FEATURES, 0.0, clear_lowest=1.0),
        usual.line,
    )
    clear = frames(A, BLANK, SPACE, BLANK, B, BLANK, C, sure=0.95)
    unclear = frames(A, BLANK, SPACE, BLANK, B, BLANK, C, sure=0.6)
    unclear[0] = clear[0]
    in_clear, in_unclear = (wary.judge(seen(probabilities, "a bc", np.array([0, 2, 4, 6]))) for probabilities in (clear, unclear))
    assert in_unclear.characters[0] < in_clear.characters[0] - 0.05 and in_unclear.words[0] < in_clear.words[0] - 0.05


def test_a_word_of_many_unsure_characters_is_less_sure_than_one_of_few():
    usual = Confidence.default()
    judging = Confidence(usual.character, Calibration.of(WORD_FEATURES, 0.0, chance=1.0), usual.line)
    sure = judging.judge(seen(frames(A, BLANK, SPACE, A, B, C, BLANK, A, B, sure=0.8), "a abcab", np.array([0, 2, 3, 4, 5, 7, 8])))
    assert sure.words[1] < sure.words[0] - 0.1


def test_a_surer_line_is_given_more_confidence():
    confidences = [
        judged(frames(A, BLANK, B, sure=sure)).line for sure in (0.4, 0.7, 0.99)
    ]
    assert confidences == sorted(confidences) and confidences[0] < 0.7 < 0.9 < confidences[-1] <= 1


def lines_of_a_boastful_network(count=3000, seed=1):
    """Lines whose probabilities are too high: a character given p is right with p²."""
    random = np.random.default_rng(seed)
    features, accuracies = [], []
    for _ in range(count):
        length = random.integers(5, 40)
        sure = np.clip(random.beta(8, 2) + random.normal(0, 0.05, length), 0.3, 0.999)
        classes = np.empty(2 * length, int)
        classes[::2], classes[1::2] = random.integers(1, CHARSET.classes, length), BLANK
        probabilities = frames(*classes)
        for index, p in enumerate(sure):
            probabilities[2 * index] = (1 - p) / (CHARSET.classes - 1)
            probabilities[2 * index, classes[2 * index]] = p
        features.append(line_features(probabilities))
        accuracies.append((random.random(length) < sure**2).mean())
    return np.array(features), np.array(accuracies)


def test_calibration_learns_what_confidence_is_worth():
    features, accuracies = lines_of_a_boastful_network()
    fitted = Calibration.fit(FEATURES, features[:2000], accuracies[:2000])
    confidences = fitted.predict(features[2000:])
    assert ((0 <= confidences) & (confidences <= 1)).all()
    error = expected_calibration_error(confidences, accuracies[2000:])
    boast = np.exp(features[2000:, FEATURES.index("mean_log")])
    assert error < 0.02 < expected_calibration_error(boast, accuracies[2000:])
    again = Calibration.from_json(json.loads(json.dumps(fitted.to_json())), FEATURES)
    assert np.array_equal(again.predict(features), fitted.predict(features))


@pytest.mark.parametrize("accuracy", [0.0, 1.0])
def test_calibration_bears_lines_that_are_all_right_or_all_wrong(accuracy):
    features, _ = lines_of_a_boastful_network(20)
    confidences = Calibration.fit(FEATURES, features, np.full(20, accuracy)).predict(features)
    assert np.abs(confidences - accuracy).max() < 0.1


def test_calibration_on_other_features_is_refused():
    with pytest.raises(InputError, match="expected a calibration on the features"):
        Calibration.from_json({"features": ["x"]}, FEATURES)
    with pytest.raises(InputError, match="received another"):
        Calibration.from_json({"features": list(FEATURES)}, FEATURES)
    with pytest.raises(InputError, match="expected features of shape"):
        Calibration.fit(FEATURES, np.zeros((0, len(FEATURES))), np.zeros(0))


def test_calibration_error():
    assert expected_calibration_error([0.95, 0.85], [0.95, 0.85]) == pytest.approx(0)
    assert expected_calibration_error([1.0, 1.0], [0.5, 1.0]) == pytest.approx(0.25)
    assert expected_calibration_error([], []) == 0


@pytest.mark.parametrize("page, expected", [
    (["WItHin A SHort timE sHE wAs"], [True]),
    (["EMERALD CITy, HEr SilvER SHOeS TiNKLING", "And Kansas"], [True, True]),
    (["WItHin A SHort timE", *["as prose is written by most people"] * 5], [False] * 6),
    (["que cet itinéraire KANTON-FORT", "AUTREMENT DIT en abréviation LA CROISIERE"], [False, False]),
    (["Mrs McLean, of London"], [False]),
    (["A LETTER IN CAPITALS", "1905", ""], [False, False, False]),
    ([], []),
])
def test_block_letters_are_told_by_words_of_mixed_case(page, expected):
    assert in_block_letters(page) == expected


def test_small_letters_give_what_they_have_to_their_capitals():
    charset = Charset("aAbß1é É")
    frames = np.random.default_rng(0).dirichlet(np.ones(charset.classes), 5)
    folded = in_capitals(frames, charset)
    np.testing.assert_allclose(folded.sum(axis=1), 1)
    small, capital = (charset.encode(text) for text in ("aé", "AÉ"))
    np.testing.assert_allclose(folded[:, capital], frames[:, small] + frames[:, capital])
    others = [0, *charset.encode("bß1 ")]
    assert not folded[:, small].any() and (folded[:, others] == frames[:, others]).all()

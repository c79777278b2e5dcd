"""Training beside a language model: which texts are rivals, and that fewer errors are to be expected after it."""

import numpy as np
import pytest

from htrtool.core.charset import BLANK, Charset
from htrtool.core.decoding.align import frames_needed
from htrtool.core.lm.ngram_training import train_ngram
from htrtool.core.lm.page_language import Languages

CHARSET = Charset(" acehmnost")
LEARNED = Languages({"": train_ngram([("the cat sat on the mat " * 20, 1.0)])})
OTHER = Languages({"": train_ngram([("so each man ate the one hot oat " * 20, 1.0)])})


@pytest.fixture(scope="module")
def risk():
    from htrtool.core.training.risk import Risk

    return Risk([LEARNED], CHARSET, None)


def batch(*lines, frames=30):
    """Return logits that are unsure of (text, rival) lines, character by character, and the labels of the texts."""
    logits = np.full((len(lines), frames, CHARSET.classes), -6.0, np.float32)
    logits[:, :, BLANK] = 6
    for row, (text, rival) in zip(logits, lines):
        for place, (own, other) in enumerate(zip(CHARSET.encode(text), CHARSET.encode(rival))):
            row[2 * place, [BLANK, own, other]] = -6, 3, 3
    lengths = np.array([len(text) for text, _ in lines], np.int32)
    labels = np.zeros((len(lines), lengths.max()), np.int32)
    for row, (text, _) in zip(labels, lines):
        row[: len(text)] = CHARSET.encode(text)
    return logits, labels, lengths, np.full(len(lines), frames, np.int32)


def texts_of(rivals, line):
    from htrtool.core.training.risk import IMPOSSIBLE

    labels = [label[:length] for label, length in zip(rivals.labels[line], rivals.lengths[line])]
    texts = ["".join(CHARSET.characters[at - 1] for at in label) for label in labels]
    return [text for text, prior in zip(texts, rivals.priors[line]) if prior > IMPOSSIBLE]


def test_a_line_s_own_text_comes_first_and_its_rivals_are_what_the_frames_leave(risk):
    rivals = risk.rivals(*batch(("cat", "hat"), ("on", "on")))
    own, *others = texts_of(rivals, 0)
    assert own == "cat" and others[0] == "hat" and len(set(others)) == len(others)
    assert rivals.errors[0, 0] == 0 and rivals.errors[0, 1] == 1
    assert texts_of(rivals, 1)[0] == "on"
    # What the frames are sure of has no rivals that would count.
    assert rivals.priors[0, 0] > rivals.priors[0, 1]


def test_what_a_loss_can_t_take_is_no_rival(risk):
    logits, labels, lengths, frames = batch(("cat", "hat"), ("", ""))
    rivals = risk.rivals(logits, labels, lengths, frames)
    assert texts_of(rivals, 1) == [] and (rivals.lengths[1] == 0).all()
    # Of frames that say nothing the empty text is likely.
    assert "" not in texts_of(risk.rivals(np.zeros_like(logits), labels, lengths, frames), 0)
    few = np.array([5, 5], np.int32)
    for text in texts_of(risk.rivals(logits, labels, lengths, few), 0):
        assert 0 < frames_needed(CHARSET.encode(text)) <= 5


def test_a_line_is_read_beside_the_model_to_which_its_text_is_strangest():
    from htrtool.core.training.risk import Risk

    both = Risk([LEARNED, OTHER], CHARSET, None)
    for text, stranger in (("the cat sat", OTHER), ("each man ate", LEARNED)):
        alone = Risk([stranger], CHARSET, None)
        one = batch((text, text), frames=40)
        assert both.rivals(*one).priors[0, 0] == alone.rivals(*one).priors[0, 0]


def test_fewer_errors_are_expected_after_steps_down_its_gradient(risk):
    import tensorflow as tf

    logits, labels, lengths, frames = batch(("cat", "mat"), ("on the", "an tho"))
    variable = tf.Variable(logits)
    expected = []
    for _ in range(10):
        with tf.GradientTape() as tape:
            errors = risk.expected_errors(variable, labels, lengths, frames)
            total = tf.reduce_sum(errors)
        expected.append(errors.numpy())
        variable.assign_sub(2 * tape.gradient(total, variable))
    assert (expected[0] > 0.1).all() and (expected[-1] < 0.5 * expected[0]).all()


def test_where_there_is_no_rival_no_error_is_expected_and_no_gradient_flows(risk):
    import tensorflow as tf

    logits, labels, lengths, frames = batch(("cat", "cat"))
    variable = tf.Variable(50 * logits)
    with tf.GradientTape() as tape:
        errors = risk.expected_errors(variable, labels, lengths, frames)
    assert errors.numpy()[0] == pytest.approx(0, abs=1e-6)
    assert np.abs(tape.gradient(errors, variable).numpy()).max() < 1e-6

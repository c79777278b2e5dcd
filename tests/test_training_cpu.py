"""Layers that are faster on a CPU compute what Keras's do."""

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")
import keras  # noqa: E402

from htrtool.core.training.cpu import speed_up  # noqa: E402
from htrtool.core.training.network import build_network  # noqa: E402
from htrtool.core.training.optimizer import make_optimizer  # noqa: E402

SPEC = "c16:3x3/2x2 r12/2x1 max lstm7 lstm5 rlstm5"

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow" or bool(tf.config.list_physical_devices("GPU")),
    reason="only TensorFlow on a CPU takes these layers",
)


def networks(bfloat16=False):
    plain, fast = (build_network(SPEC, 16, 9, seed=3, bfloat16=bfloat16) for _ in range(2))
    speed_up(fast, bfloat16)
    return plain, fast


def lines(width=600):
    return np.random.default_rng(1).random((4, 16, width, 1)).astype(np.float32)


def outputs_and_gradients(network, x):
    with tf.GradientTape() as tape:
        outputs = network(x, training=True)
        loss = sum(tf.reduce_sum(tf.sin(3 * output)) for output in outputs)
    return outputs, tape.gradient(loss, [v.value for v in network.trainable_variables])


def test_outputs_gradients_and_statistics_of_a_step_are_those_of_keras():
    plain, fast = networks()
    (wanted, wanted_gradients), (outputs, gradients) = (outputs_and_gradients(n, lines()) for n in (plain, fast))
    for ours, theirs in zip(outputs, wanted):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
    for variable, ours, theirs in zip(plain.trainable_variables, gradients, wanted_gradients):
        scale = max(1.0, float(np.abs(theirs).max()))
        np.testing.assert_allclose(ours / scale, theirs / scale, atol=1e-4, err_msg=variable.path)
    for ours, theirs in zip(fast.non_trainable_variables, plain.non_trainable_variables):
        if "moving" not in theirs.path:
            continue
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5, err_msg=theirs.path)


def test_in_bfloat16_a_step_is_that_of_keras_but_for_rounding():
    plain, fast = networks(bfloat16=True)
    (wanted, wanted_gradients), (outputs, gradients) = (outputs_and_gradients(n, lines()) for n in (plain, fast))
    for ours, theirs in zip(outputs, wanted):
        np.testing.assert_allclose(ours, theirs, atol=0.1)
    for ours, theirs in zip(gradients, wanted_gradients):
        ours, theirs = np.ravel(ours), np.ravel(theirs)
        assert ours @ theirs > 0.99 * np.linalg.norm(ours) * np.linalg.norm(theirs)


def test_any_number_of_frames_is_read_as_keras_reads_it():
    plain, fast = networks()
    for width in (2, 3, 38, 101):
        for ours, theirs in zip(fast.predict_on_batch(lines(width)), plain.predict_on_batch(lines(width))):
            np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_a_saved_network_is_plain_keras(tmp_path):
    plain, fast = networks()
    fast.save(tmp_path / "fast.keras")
    loaded = keras.saving.load_model(tmp_path / "fast.keras", safe_mode=True)
    for ours, theirs in zip(loaded.predict_on_batch(lines()), plain.predict_on_batch(lines())):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_in_bfloat16_numbers_that_are_not_finite_leave_the_weights_alone():
    weights = keras.Variable([1.0, 2.0, 3.0])
    optimizer = make_optimizer(0.1, bfloat16=True)
    optimizer.build([weights])
    optimizer.apply([tf.constant([np.nan, 1.0, np.inf])])
    first, second, third = weights.numpy()
    assert np.allclose([first, third], [1, 3], atol=0.01) and second < 1.95

"""How far and where to a step of training moves the weights of a network."""

import numpy as np
import pytest

pytest.importorskip("tensorflow")
import keras  # noqa: E402
from keras import ops  # noqa: E402

from htrtool.core.training.network import build_network  # noqa: E402
from htrtool.core.training.optimizer import CLIP_NORM, SPREAD, WEIGHT_DECAY, make_optimizer, orthogonal  # noqa: E402

RATE = 0.1


@pytest.fixture(scope="module")
def network():
    return build_network("c16/2x2 c16/2x2 r24/2x1 max lstm8", 16, 9, seed=3)


def stepped(network, gradients, optimizer=None):
    """Return by how much a step moves each variable, by its path, and put the weights back."""
    variables, before = network.trainable_variables, network.get_weights()
    optimizer = optimizer or make_optimizer(RATE, bfloat16=False)
    # Weights that shrink by themselves would hide where the gradients lead.
    optimizer.weight_decay = None
    optimizer.build(variables)
    old = values(variables)
    optimizer.apply([ops.convert_to_tensor(gradient) for gradient in gradients])
    moved = {variable.path: new - value for variable, new, value in zip(variables, values(variables), old)}
    network.set_weights(before)
    return moved


def values(variables):
    return [ops.convert_to_numpy(variable).copy() for variable in variables]


def random_gradients(network, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=variable.shape).astype(np.float32) for variable in network.trainable_variables]


@pytest.mark.parametrize("shape", [(1, 30, 70), (4, 224, 56), (3, 5, 5), (1, 1, 9)])
def test_a_step_has_directions_only(shape):
    matrices = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    # One direction that outweighs all others by far.
    matrices[:, :, 0] *= 30
    found, of_less = (ops.convert_to_numpy(orthogonal(ops.convert_to_tensor(scale * matrices))) for scale in (1, 1e-3))
    longest = SPREAD * max(shape[1:]) ** 0.5
    lengths = np.linalg.svd(found / longest, compute_uv=False)
    assert lengths.max() < 1.25 and np.median(lengths) > 0.6
    np.testing.assert_allclose(of_less, found, atol=0.02 * longest)


def test_all_weights_inside_move_about_as_far_as_adam_would_move_them(network):
    for path, moved in stepped(network, random_gradients(network)).items():
        spread = np.sqrt((moved**2).mean()) / RATE
        inside = path.endswith("kernel") and path.split("/")[0] not in ("c_0", "head", "shortcut")
        assert (0.05 < spread < 0.25) if inside else spread == pytest.approx(1, abs=0.05), path


def test_each_gate_of_an_lstm_has_directions_of_its_own(network):
    gradients = random_gradients(network)
    whole = stepped(network, gradients)
    for variable, gradient in zip(network.trainable_variables, gradients):
        if "lstm" in variable.path and gradient.ndim == 2:
            # Of the forget gate next to nothing is asked, and the others are not led elsewhere by it.
            gradient[:, 8:16] *= 1e-4
    changed = stepped(network, gradients)
    for path, moved in whole.items():
        if "lstm" in path and moved.ndim == 2:
            np.testing.assert_allclose(changed[path], moved, atol=0.02 * RATE)


def test_the_first_layer_and_the_heads_are_left_to_adamw(network):
    gradients = random_gradients(network)
    adamw = stepped(network, gradients, keras.optimizers.AdamW(RATE, weight_decay=WEIGHT_DECAY, global_clipnorm=CLIP_NORM))
    for path, moved in stepped(network, gradients).items():
        if path.split("/")[0] in ("c_0", "head", "shortcut") or not path.endswith("kernel"):
            np.testing.assert_allclose(moved, adamw[path], atol=1e-6)


def test_in_bfloat16_a_number_that_is_not_finite_spoils_no_matrix():
    weights = keras.Variable(np.eye(4, dtype=np.float32), name="kernel")
    optimizer = make_optimizer(RATE, bfloat16=True)
    optimizer.build([weights])
    gradient = np.random.default_rng(2).normal(size=(4, 4)).astype(np.float32)
    gradient[0, 0], gradient[2, 1] = np.nan, np.inf
    optimizer.apply([ops.convert_to_tensor(gradient)])
    assert np.isfinite(ops.convert_to_numpy(weights)).all()

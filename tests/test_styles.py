"""Styles of lines mixed in training: only there, and of style only."""

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from htrtool.core.training.network import build_network  # noqa: E402
from htrtool.core.training.styles import FARTHEST, MixedStyles  # noqa: E402

SPEC = "c16/2x2 c16/2x2 r24/2x1 max lstm8"


@pytest.mark.parametrize("bfloat16", [False, True])
def test_reading_is_the_same_and_training_is_not(bfloat16):
    plain, mixing = (build_network(SPEC, 16, 9, 3, bfloat16, mix) for mix in (False, True))
    lines = np.random.default_rng(0).random((4, 16, 64, 1), np.float32)
    assert np.array_equal(plain.predict_on_batch(lines)[0], mixing.predict_on_batch(lines)[0])
    assert len(plain.get_weights()) == len(mixing.get_weights())
    learned = [np.array(network(lines, training=True)[0]) for network in (plain, mixing)]
    assert np.abs(learned[0] - learned[1]).max() > 1e-3


def test_a_picture_keeps_its_shapes_and_takes_a_part_of_another_s_style():
    rng = np.random.default_rng(1)
    pictures = (rng.random((16, 6, 40, 3)) * rng.uniform(0.5, 2, (16, 1, 1, 3)) + rng.uniform(-1, 1, (16, 1, 1, 3))).astype(np.float32)
    layer = MixedStyles(seed=5)
    mixed = np.array(layer(pictures, training=True))
    changed = 0
    for before, after in zip(pictures.reshape(16, -1, 3), mixed.reshape(16, -1, 3)):
        for channel in range(3):
            assert np.corrcoef(before[:, channel], after[:, channel])[0, 1] > 0.999
            assert 1 / FARTHEST < after[:, channel].std() / before[:, channel].std() < FARTHEST * 1.001
        changed += not np.allclose(before, after, atol=1e-4)
    assert 2 <= changed <= 14
    # Between pictures that are alike there is nothing to mix.
    alike = np.repeat(pictures[:1], 16, axis=0)
    assert np.allclose(layer(alike, training=True), alike, atol=1e-4)

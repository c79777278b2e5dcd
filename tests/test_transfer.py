"""A network that has grown reads as the one that it came from, until it is trained on."""

import itertools

import numpy as np
import pytest
from networks import drawn_network

from htrtool.core.errors import InputError

SMALL = "c4:4x4/2x2 r6/2x1 max drop.1 lstm5 lstm5 drop.2"


@pytest.mark.parametrize(
    "spec",
    [
        SMALL,
        "c7:4x4/2x2 r6/2x1 max lstm5 lstm5",
        "c4:4x4/2x2 r4 r9/2x1 r9 r9 max lstm5 lstm5 drop.5",
        "c5:4x4/2x2 r8/2x1 max lstm9 lstm6",
        "c4:4x4/2x2 r6/2x1 max lstm5 rlstm5 lstm7 rlstm7 drop.2",
    ],
)
def test_a_grown_network_reads_at_first_as_before(spec):
    from htrtool.core.training.transfer import transfer

    old, new = drawn_network(SMALL), drawn_network(spec, seed=2)
    transfer(old, new)
    lines = np.random.default_rng(3).random((2, 16, 40, 1), dtype=np.float32)
    for before, after in zip(old.network.predict(lines, verbose=0), new.network.predict(lines, verbose=0)):
        np.testing.assert_allclose(after, before, atol=1e-5)


def test_each_size_grows_into_the_next():
    from htrtool.core.training.spec import SIZES
    from htrtool.core.training.transfer import match_blocks

    for smaller, larger in itertools.pairwise(SIZES.values()):
        assert None in {old for old, _ in match_blocks(smaller, larger)}


def test_what_is_new_in_a_grown_network_learns():
    import keras

    from htrtool.core.training.transfer import transfer

    old, new = drawn_network(SMALL), drawn_network("c5:4x4/2x2 r8/2x1 r8 max lstm9 lstm6 rlstm6", seed=2)
    transfer(old, new)
    start = new.network.get_weights()
    lines = np.random.default_rng(3).random((2, 16, 40, 1), dtype=np.float32)
    new.network.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
    targets = [np.ones_like(logits) for logits in new.network.predict(lines, verbose=0)]
    new.network.fit(lines, targets, epochs=4, verbose=0)
    assert all(np.any(now != before) for now, before in zip(new.network.get_weights(), start))


def test_classes_find_their_characters_in_another_charset():
    from htrtool.core.training.transfer import transfer

    old, new = drawn_network(SMALL), drawn_network("c4:4x4/2x2 r6/2x1 max lstm7 lstm5", "xcba", seed=2)
    transfer(old, new)
    lines = np.random.default_rng(3).random((1, 16, 40, 1), dtype=np.float32)
    before, after = old.network.predict(lines, verbose=0)[0], new.network.predict(lines, verbose=0)[0]
    for character in "abc":
        np.testing.assert_allclose(
            after[..., new.charset.encode(character)[0]], before[..., old.charset.encode(character)[0]], atol=1e-5
        )


@pytest.mark.parametrize(
    "spec",
    [
        "c3:4x4/2x2 r6/2x1 max lstm5 lstm5",
        "c4:4x4/2x2 r6/2x1 max lstm5",
        "c4:4x4/2x2 r6/2x1 max lstm5 lstm5 lstm5",
        "c4/2x2 r6/2x1 max lstm5 lstm5",
        "c4:4x4/2x2 r6/2x1 r8 max lstm5 lstm5",
    ],
)
def test_what_does_not_grow_from_the_parent_is_refused(spec):
    from htrtool.core.training.transfer import match_blocks

    with pytest.raises(InputError, match="expected a network that grows"):
        match_blocks(SMALL, spec)


def test_a_residual_lstm_is_as_wide_as_what_it_is_added_to():
    from htrtool.core.training.network import build_network

    with pytest.raises(InputError, match="expected rlstm5"):
        build_network("c4:4x4/2x2 max lstm5 rlstm6", 16, 4)

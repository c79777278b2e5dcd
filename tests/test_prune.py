"""A pruned network reads as the one that it came from as far as what is left allows."""

import numpy as np
import pytest
from networks import drawn_network

from htrtool.core.errors import InputError

WIDE = "c4:4x4/2x2 r6/2x1 r6 max drop.1 lstm8 lstm6 drop.2"


def _batches():
    rng = np.random.default_rng(4)
    return [(rng.random((8, 16, width, 1), dtype=np.float32), np.full(8, 0.75)) for width in (64, 128)]


def _trained(spec=WIDE, idle=()):
    """Make a network, in which only some units of the layers named are alive."""
    trained = drawn_network(spec)
    for name, alive in idle:
        layer = trained.network.get_layer(name)
        weights = layer.get_weights()
        if name.startswith("lstm"):
            # Without a cell's candidate a unit's state stays zero.
            units = weights[1].shape[0]
            for value in weights:
                value[..., 2 * units + alive : 3 * units] = 0
        else:
            weights[0][:, :, alive:] = 0
        layer.set_weights(weights)
    return trained


def _difference(one, other) -> float:
    lines = _batches()[1][0]
    return max(
        float(np.abs(a - b).max())
        for a, b in zip(one.network.predict_on_batch(lines), other.network.predict_on_batch(lines))
    )


@pytest.mark.parametrize(
    "spec, idle",
    [
        (WIDE.replace("r6/", "r6:3/"), [("r_1_second", 3)]),
        (WIDE.replace("r6 ", "r6:2 "), [("r_2_second", 2)]),
        (WIDE.replace("lstm8", "lstm5"), [("lstm_5", 5)]),
        (WIDE.replace("lstm6", "lstm3"), [("lstm_6", 3)]),
        (
            "c4:4x4/2x2 r6:3/2x1 r6:2 max drop.1 lstm5 lstm3 drop.2",
            [("r_1_second", 3), ("r_2_second", 2), ("lstm_5", 5), ("lstm_6", 3)],
        ),
    ],
)
def test_what_does_nothing_goes_and_nothing_changes(spec, idle):
    from htrtool.core.training.prune import prune

    old = _trained(idle=idle)
    new = prune(old, spec, _batches())
    assert new.network.count_params() < old.network.count_params()
    assert _difference(old, new) < 1e-4


def test_a_residual_lstm_stays_as_it_is_behind_what_is_pruned():
    from htrtool.core.training.prune import prune

    deep = WIDE.replace("lstm6", "lstm6 rlstm6")
    old = _trained(deep, idle=[("r_1_second", 3), ("lstm_5", 5)])
    new = prune(old, deep.replace("r6/", "r6:3/").replace("lstm8", "lstm5"), _batches())
    assert _difference(old, new) < 1e-4


def test_a_unit_that_says_what_another_says_goes_and_the_other_speaks_for_both():
    from htrtool.core.training.prune import prune

    old = _trained()
    head, lstm = old.network.get_layer("head"), old.network.get_layer("lstm_6")
    weights = lstm.get_weights()
    for place in (0, 1, 2):
        for gate in range(4):
            weights[place][..., 6 * gate + 1] = weights[place][..., 6 * gate]
    lstm.set_weights(weights)
    kernel, bias = head.get_weights()
    # It is heard less than all others, and of the other direction the last not at all.
    kernel[[0, 2, 3, 4, 5]] *= 10
    kernel[6 + 5] = 0
    weights[1][1] = 0
    weights[4][5] = 0
    lstm.set_weights(weights)
    head.set_weights([kernel, bias])
    new = prune(old, WIDE.replace("lstm6", "lstm5"), _batches())
    silenced = _trained()
    silenced.network.set_weights(old.network.get_weights())
    kernel[1] = 0
    silenced.network.get_layer("head").set_weights([kernel, bias])
    assert _difference(old, new) < 0.2 * _difference(old, silenced)


def test_pruning_is_fitted_to_the_lines():
    from htrtool.core.training.prune import prune

    old = _trained()
    spec = WIDE.replace("r6/", "r6:4/").replace("lstm8", "lstm6")
    fitted = prune(old, spec, _batches())
    blank = [(np.zeros_like(lines), covered) for lines, covered in _batches()]
    assert _difference(old, fitted) < _difference(old, prune(old, spec, blank))


@pytest.mark.parametrize(
    "new, narrow",
    [
        (WIDE, WIDE),
        (WIDE.replace("lstm8", "lstm4").replace("drop.1 ", ""), WIDE.replace("lstm8", "lstm4")),
        ("c4:4x4/2x2 r6:2/2x1 r6 r6 max lstm9 lstm3", "c4:4x4/2x2 r6:2/2x1 r6 max drop.1 lstm8 lstm3 drop.2"),
    ],
)
def test_a_network_may_be_narrower_here_and_grow_there(new, narrow):
    from htrtool.core.training.prune import narrowed

    assert narrowed(WIDE, new) == narrow


def test_a_spec_says_the_same_when_it_is_written_out():
    from htrtool.core.training.spec import SIZES, parse_spec

    for spec in (*SIZES.values(), "c32:4x4/2x2 r64:5x5:16/2x1 r64:8 max drop.05 lstm160 rlstm160"):
        assert " ".join(map(str, parse_spec(spec))) == spec


def test_what_is_no_pruning_is_refused():
    from htrtool.core.training.prune import narrowed

    with pytest.raises(InputError, match="expected a network that grows"):
        narrowed(WIDE, WIDE.replace("c4", "c3"))

"""How a model is trained when nothing is said: for a hand's few lines and for many, from a model and from nothing."""

from __future__ import annotations

import pytest

from htrtool.core.training.plan import FEW, KEPT, MANY, Plan, plan_for


def test_only_few_lines_and_a_model_are_taken_for_a_hand_to_learn():
    assert plan_for(FEW, True) == Plan(10, 0, 16, 1e-3, replayed=150, kept=KEPT)
    assert plan_for(FEW + 1, True) == Plan(40, 10, 25, 5e-4)
    assert plan_for(FEW, False) == Plan(40, 10, 25, 1.5e-3)


@pytest.mark.parametrize("lines, batch_size", [(1, 8), (MANY - 1, 8), (MANY, 16)])
def test_many_lines_of_a_hand_make_larger_batches(lines, batch_size):
    plan = plan_for(lines, True)
    assert (plan.batch_size, plan.kept) == (batch_size, KEPT)


@pytest.mark.parametrize("lines, epochs, replayed", [(1, 50, 50), (17, 50, 50), (50, 30, 50), (100, 21, 100), (440, 10, 150)])
def test_the_fewer_lines_of_a_hand_the_more_often_they_are_shown_and_the_fewer_others(lines, epochs, replayed):
    plan = plan_for(lines, True)
    assert (plan.epochs, plan.replayed) == (epochs, replayed)


@pytest.mark.parametrize("lines, batch_size", [(1, 4), (199, 4), (200, 5), (1280, 32), (100_000, 32)])
def test_a_batch_is_a_fortieth_of_the_lines_within_bounds(lines, batch_size):
    assert plan_for(lines, False).batch_size == batch_size


def test_what_is_given_wins_even_if_it_is_nought():
    told = {"epochs": 3, "patience": 7, "batch_size": 2, "learning_rate": 0.1, "replayed": 0, "kept": 0.0}
    assert plan_for(50, True, **told) == Plan(**told)
    assert plan_for(50, True, epochs=3, patience=None).patience == 0

"""When a training run ends, and how fast it learns until then; no Keras is needed for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from htrtool.core.training.schedule import WARM_UP, Progress, Settings, is_best, learning_rate, share_done, stalled

SETTINGS = Settings(epochs=10, learning_rate=0.002, patience=3)


def test_a_run_is_done_by_its_epochs_or_its_minutes_whichever_ends_first():
    half_way, in_minutes = Progress(step=50, seconds=90), replace(SETTINGS, minutes=2)
    assert share_done(SETTINGS, half_way, 10) == 0.5
    assert share_done(in_minutes, half_way, 10) == 0.75
    assert share_done(in_minutes, Progress(step=90, seconds=90), 10) == 0.9
    assert share_done(in_minutes, Progress(step=1, seconds=500), 10) == 1
    assert share_done(SETTINGS, Progress(step=100, seconds=1e6), 10) == 1


def test_the_rate_warms_up_and_falls_as_a_cosine_to_a_hundredth():
    def rate(done: float) -> float:
        return learning_rate(SETTINGS, done) / SETTINGS.learning_rate

    assert rate(0) == pytest.approx(0.02) and rate(WARM_UP / 2) == pytest.approx(0.5) and rate(WARM_UP) == pytest.approx(1)
    assert rate((1 + WARM_UP) / 2) == pytest.approx(0.505) and rate(1) == pytest.approx(0.01)
    falling = [rate(done) for done in (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)]
    assert falling == sorted(falling, reverse=True) and falling[0] > 0.99 and falling[-1] < 0.02


def test_a_run_has_stalled_once_its_best_epoch_is_its_patience_ago():
    assert not stalled(SETTINGS, Progress(epoch=6, best_epoch=4)) and stalled(SETTINGS, Progress(epoch=7, best_epoch=4))
    assert not stalled(SETTINGS, Progress(epoch=3))
    assert not stalled(replace(SETTINGS, patience=0), Progress(epoch=900, best_epoch=1))


def test_where_next_to_nothing_is_read_the_loss_tells_which_epoch_is_better():
    blanks, reading = Progress(best_cer=0.95, best_loss=3), Progress(best_cer=0.5, best_loss=2)
    assert is_best(Progress(), 1, 5) and is_best(blanks, 1, 2.9) and not is_best(blanks, 0.92, 3.1)
    assert is_best(blanks, 0.89, 9) and is_best(reading, 0.49, 9) and is_best(reading, 0.5, 1.9)
    assert not is_best(reading, 0.51, 1) and not is_best(reading, 0.5, 2)

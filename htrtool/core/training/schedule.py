"""When a run is done, how fast it learns until then, and which epoch is its best."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

WARM_UP = 0.03
# Above this CER next to nothing is read yet: on CTC's plateau of blanks only the loss tells better epochs from worse.
HARDLY_READ = 0.9
# Settings that a resumed run may be told otherwise.
MAY_CHANGE = ("epochs", "minutes", "patience", "bfloat16")


@dataclass
class Settings:
    """What a training run is told; a resumed run must be told the same but for what ``MAY_CHANGE``."""

    spec: str = "small"
    batch_size: int = 32
    learning_rate: float = 1e-3
    epochs: int = 40
    minutes: float = 0
    patience: int = 10
    augmentation: float = 1.0
    short_first: bool = True
    seed: int = 0
    bfloat16: bool = False
    parent: str = ""
    replayed: int = 0
    kept: float = 0.0
    mix_styles: bool = False
    beside: str = ""


@dataclass
class Progress:
    """Where a run stands; with the variables, all that a checkpoint holds."""

    epoch: int = 0
    step_in_epoch: int = 0
    step: int = 0
    samples: int = 0
    seconds: float = 0.0
    loss_sum: float = 0.0
    averaged: int = 0
    best_cer: float = math.inf
    best_loss: float = math.inf
    best_epoch: int = 0
    rows: list[dict] = field(default_factory=list)


def share_done(settings: Settings, progress: Progress, steps_per_epoch: int) -> float:
    """Return how much of the budget is used, 0..1, by epochs or by minutes, whichever ends first."""
    by_epochs = progress.step / max(1, settings.epochs * steps_per_epoch)
    by_minutes = progress.seconds / (60 * settings.minutes) if settings.minutes else 0
    return min(1.0, max(by_epochs, by_minutes))


def learning_rate(settings: Settings, done: float) -> float:
    """Return the rate of the next step where the share ``done`` is used: linear warm-up, then a cosine down to a hundredth."""
    if done < WARM_UP:
        return settings.learning_rate * max(done / WARM_UP, 0.02)
    fall = (done - WARM_UP) / (1 - WARM_UP)
    return settings.learning_rate * (0.01 + 0.99 * (1 + math.cos(math.pi * fall)) / 2)


def stalled(settings: Settings, progress: Progress) -> bool:
    """Return whether none of the last ``patience`` epochs was better on the lines kept aside than one before them."""
    return bool(settings.patience and progress.best_epoch and progress.epoch - progress.best_epoch >= settings.patience)


def is_best(progress: Progress, cer: float, loss: float) -> bool:
    """Return whether an epoch of such scores on the lines kept aside is better than all before it."""
    return (min(cer, HARDLY_READ), loss) < (min(progress.best_cer, HARDLY_READ), progress.best_loss)

"""The training loop: weight averaging, checkpoints, exact resume, early stop."""

from __future__ import annotations

import math
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterator

# TensorFlow reads these when it is imported, which Keras does.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Without AVX-512, TensorFlow leaves oneDNN out unless told, with which a step takes a fifth less time.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
import numpy as np
from keras import ops

from htrtool.core.charset import Charset
from htrtool.core.decoding.decode import best_path
from htrtool.core.errors import DivergedError, InputError
from htrtool.core.scoring.metrics import error_rates
from htrtool.core.training.checkpoint import lacking, read_checkpoint, what_is_kept, write_checkpoint
from htrtool.core.training.ctc import ctc_loss
from htrtool.core.training.dataset import READING_STEP, Batch, BatchMaker, LineStore, Loader, epoch_order, reading_order
from htrtool.core.training.optimizer import make_optimizer
from htrtool.core.training.schedule import MAY_CHANGE, Progress, Settings, is_best, learning_rate, share_done, stalled
from htrtool.core.training.spec import stride_of

if TYPE_CHECKING:
    from htrtool.core.training.risk import Risk

SHORTCUT_WEIGHT = 0.1
# Steps between two updates of the averaged weights; fewer where an epoch has few.
AVERAGE_EVERY = 10
AVERAGE_DECAY = 0.99


class CtcTrainer(keras.Model):
    """The network under its CTC loss, so that every Keras backend trains it with its own compiled step.

    ``risk`` is what the errors to expect are told by, if they count too.
    """

    def __init__(self, network: keras.Model, risk: Risk | None = None):
        super().__init__()
        self.network, self.risk = network, risk

    def call(self, lines, training=None):
        return self.network(lines, training=training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Return the loss per character: the head's, and a little of the shortcut's, and the errors to expect."""
        characters = ops.sum(ops.cast(y["label_lengths"], "float32"))
        losses = [
            ops.sum(ctc_loss(y["labels"], y["label_lengths"], logits, y["frame_lengths"])) / characters
            for logits in y_pred
        ]
        loss = losses[0] + SHORTCUT_WEIGHT * losses[1]
        if self.risk is not None:
            from htrtool.core.training.risk import WEIGHT

            errors = self.risk.expected_errors(y_pred[0], y["labels"], y["label_lengths"], y["frame_lengths"])
            loss += WEIGHT * ops.sum(errors) / characters
        return loss


class Training:
    """One run: make it, ``resume`` it where there is a checkpoint, and iterate over ``epochs``.

    ``pitch`` is the width to which lines are brought now and then, ``parent`` the metadata of the model that it began with, ``risk``
    tells the errors to expect, if these count too.
    """

    def __init__(
        self,
        network: keras.Model,
        charset: Charset,
        train: LineStore,
        val: LineStore,
        settings: Settings,
        checkpoint: Path,
        checkpoint_seconds: float = 60,
        jobs: int = 1,
        on_step: Callable[[Progress, int], None] | None = None,
        pitch: float = 0.0,
        parent: str = "",
        risk: Risk | None = None,
    ):
        self.network, self.charset, self.train, self.val = network, charset, train, val
        self.settings, self.checkpoint, self.checkpoint_seconds = settings, checkpoint, checkpoint_seconds
        self.jobs, self.on_step, self.pitch, self.parent = jobs, on_step, pitch, parent
        self.progress = Progress()
        self.steps_per_epoch = math.ceil(len(train) / settings.batch_size)
        self.trainer = CtcTrainer(network, risk)
        if keras.backend.backend() == "tensorflow":
            from htrtool.core.training.cpu import speed_up

            speed_up(network, settings.bfloat16)
        self.optimizer = make_optimizer(settings.learning_rate, settings.bfloat16)
        self.trainer.compile(
            optimizer=self.optimizer, jit_compile="auto" if keras.backend.backend() == "jax" else False
        )
        self.optimizer.build(network.trainable_variables)
        self.average = self.weights()
        # In the checkpoint too: the files that they came from may be the very ones that this run replaces.
        self.start = self.weights() if settings.kept else []
        self.best: list[np.ndarray] | None = None
        self._saved_at = self._started = time.monotonic()

    def epochs(self) -> Iterator[dict]:
        """Train, yielding a row of the table of epochs after each; the row is saved before it is yielded.

        Raises:
            DivergedError: the loss is no longer a number; the last good checkpoint, if there is one, is kept.
        """
        settings, progress = self.settings, self.progress
        maker = BatchMaker(
            self.train, self.charset, stride_of(settings.spec), settings.augmentation, settings.seed, pitch=self.pitch
        )
        loader = Loader(maker, self.jobs)
        try:
            while progress.epoch < settings.epochs and self._share_done() < 1 and not stalled(settings, progress):
                short_first = settings.short_first and progress.epoch == 0
                order = epoch_order(
                    self.train, settings.batch_size, settings.seed, progress.epoch, short_first
                )[progress.step_in_epoch :]
                self._started = time.monotonic() - progress.seconds
                for batch in loader.batches(order, progress.epoch):
                    self._step(batch)
                    if self.on_step:
                        self.on_step(progress, self.steps_per_epoch)
                    if time.monotonic() - self._saved_at > self.checkpoint_seconds:
                        self.save()
                    if settings.minutes and progress.seconds > 60 * settings.minutes:
                        break
                yield self._end_epoch()
        finally:
            loader.close()

    def _share_done(self) -> float:
        return share_done(self.settings, self.progress, self.steps_per_epoch)

    def _step(self, batch) -> None:
        progress = self.progress
        self.optimizer.learning_rate.assign(learning_rate(self.settings, self._share_done()))
        self.trainer.reset_metrics()
        loss = self.trainer.train_on_batch(
            batch.lines,
            {
                "labels": batch.labels,
                "label_lengths": batch.label_lengths,
                "frame_lengths": batch.frame_lengths,
            },
        )
        loss = float(loss)
        if not math.isfinite(loss):
            raise DivergedError(
                f"the loss became {loss} at step {progress.step}{what_is_kept(self.checkpoint)}: start again with a "
                f"smaller --learning-rate (now {self.settings.learning_rate:g})",
                str(self.checkpoint),
            )
        progress.step += 1
        progress.step_in_epoch += 1
        progress.samples += len(batch.lines)
        progress.loss_sum += loss
        progress.seconds = time.monotonic() - self._started
        if progress.step % min(AVERAGE_EVERY, max(1, self.steps_per_epoch // 4)) == 0:
            progress.averaged += 1
            decay = min(AVERAGE_DECAY, progress.averaged / (progress.averaged + 9))
            for average, value in zip(self.average, self.weights()):
                average += (1 - decay) * (value - average)

    def _end_epoch(self) -> dict:
        progress = self.progress
        current = self.weights()
        self._assign(self.average)
        scores = self.validate()
        progress.epoch += 1
        row = {
            "epoch": progress.epoch,
            "step": progress.step,
            "samples": progress.samples,
            "seconds": round(progress.seconds, 1),
            "lr": f"{learning_rate(self.settings, self._share_done()):.3g}",
            "loss": round(progress.loss_sum / max(1, progress.step_in_epoch), 4),
        } | {name: round(score, 4) for name, score in scores.items()}
        if not scores or is_best(progress, scores["val_cer"], scores["val_loss"]):
            progress.best_cer, progress.best_loss = scores.get("val_cer", 0), scores.get("val_loss", 0)
            progress.best_epoch = progress.epoch
            self.best = [average.copy() for average in self.average]
        self._assign(current)
        progress.rows.append(row)
        progress.step_in_epoch, progress.loss_sum = 0, 0.0
        self.save()
        return row

    def validate(self) -> dict[str, float]:
        """Return loss, CER and WER of the network as it stands on the lines kept aside; nothing where there are none."""
        if not len(self.val):
            return {}
        lines = [(truth, read, nll) for _, truth, read, nll in self.read_kept_aside()]
        cer, wer = error_rates((truth, read) for truth, read, _ in lines)
        labelled = [(len(truth), nll) for truth, _, nll in lines if nll is not None]
        loss = sum(nll for _, nll in labelled) / sum(length for length, _ in labelled)
        return {"val_loss": loss, "val_cer": cer, "val_wer": wer}

    def read_kept_aside(self) -> Iterator[tuple[np.ndarray, str, str, float | None]]:
        """Yield (logits, truth, text read, loss) of each line kept aside, in the order of their widths.

        The loss is None where the network cannot write the truth.
        """
        maker = BatchMaker(self.val, self.charset, stride_of(self.settings.spec), 0, 0, READING_STEP)
        order = reading_order(self.val, self.settings.batch_size)
        loader = Loader(maker, 1)
        try:
            for indices, batch in zip(order, loader.batches(order, 0)):
                logits = self.network.predict_on_batch(batch.lines)[0]
                losses = _losses(batch, logits)
                for index, frames, length, loss in zip(indices, logits, batch.frame_lengths, losses):
                    frames = frames[:length]
                    yield frames, self.val.texts[index], best_path(frames, self.charset).text, loss
        finally:
            loader.close()

    def use_best(self) -> None:
        """Put the best averaged weights into the network."""
        self._assign(self.best if self.best is not None else self.average)

    def use_average(self) -> None:
        """Put the averaged weights into the network, mixed with the share ``kept`` of those that it started with."""
        kept = self.settings.kept
        self._assign([average + kept * (old - average) for average, old in zip(self.average, self.start)])

    def weights(self) -> list[np.ndarray]:
        """Return a copy of the network's weights and of the statistics of its layers, as they stand."""
        return [np.array(v) for v in map(ops.convert_to_numpy, self._float_variables())]

    # Checkpoints

    def _float_variables(self) -> list:
        return [v for v in self.network.variables if "float" in str(v.dtype)]

    def _assign(self, values: list[np.ndarray]) -> None:
        for variable, value in zip(self._float_variables(), values):
            variable.assign(value)

    def _variables(self) -> list:
        return list(self.network.variables) + list(self.optimizer.variables)

    def save(self) -> None:
        """Write the checkpoint.

        Raises:
            DivergedError: the weights are no longer numbers.
        """
        arrays = {f"v{i}": np.array(ops.convert_to_numpy(v)) for i, v in enumerate(self._variables())}
        arrays |= {f"a{i}": value for i, value in enumerate(self.average)}
        arrays |= {f"b{i}": value for i, value in enumerate(self.best or [])}
        arrays |= {f"s{i}": value for i, value in enumerate(self.start)}
        told = {"settings": asdict(self.settings), "progress": asdict(self.progress), "data": self.train.fingerprint()}
        told |= {"kept_aside": self.val.fingerprint(), "charset": "".join(self.charset.characters), "parent": self.parent}
        write_checkpoint(self.checkpoint, told, arrays)
        self._saved_at = time.monotonic()

    def resume(self) -> None:
        """Go on from the checkpoint: weights, optimizer, schedule, random state and place in the data.

        Raises:
            InputError: the checkpoint is of other data or other settings, or lacks something.
        """
        told, arrays = read_checkpoint(self.checkpoint)
        for name, value in asdict(self.settings).items():
            if name not in MAY_CHANGE and told["settings"].get(name, value) != value:
                raise InputError(
                    f"expected the settings that the run began with, {name} {told['settings'][name]!r}, received "
                    f"{value!r}",
                    str(self.checkpoint),
                )
        stores = {"data": self.train.fingerprint(), "kept_aside": self.val.fingerprint()}
        if any(told.get(name, fingerprint) != fingerprint for name, fingerprint in stores.items()):
            raise InputError(
                "expected the data that the run began with, received other samples, or others are kept aside",
                str(self.checkpoint),
            )
        variables = self._variables()
        needed = [*(f"v{i}" for i in range(len(variables))), *(f"a{i}" for i in range(len(self.average)))]
        if any(name not in arrays for name in needed):
            raise lacking("some of the network's weights", self.checkpoint)
        for index, variable in enumerate(variables):
            variable.assign(arrays[f"v{index}"])
        self.average = [arrays[f"a{i}"] for i in range(len(self.average))]
        self.best = [arrays[f"b{i}"] for i in range(len(self.average))] if "b0" in arrays else None
        if self.start and "s0" not in arrays:
            raise InputError(
                "expected the weights that the run began with, which earlier versions left out: remove it to begin anew",
                str(self.checkpoint),
            )
        self.start = [arrays[f"s{i}"] for i in range(len(self.start))]
        try:
            self.progress = Progress(**told["progress"])
        except TypeError:
            raise lacking("a progress that it knows", self.checkpoint) from None


def _losses(batch: Batch, logits: np.ndarray) -> list[float | None]:
    """Return the CTC loss of each line of a batch, None where it has no label; ``logits`` are (batch, frames, classes)."""
    losses: list[float | None] = [None] * len(logits)
    (labelled,) = np.nonzero(batch.label_lengths)
    if len(labelled):
        labels, label_lengths, frame_lengths = (
            part[labelled] for part in (batch.labels, batch.label_lengths, batch.frame_lengths)
        )
        found = ctc_loss(labels, label_lengths, ops.convert_to_tensor(logits[labelled]), frame_lengths)
        for row, loss in zip(labelled, ops.convert_to_numpy(found)):
            losses[row] = float(loss)
    return losses

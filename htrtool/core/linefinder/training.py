"""Training the line finder: samples without end from annotated pages, a fixed number of steps, Keras and ONNX out."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import Callable, Sequence

import keras
import numpy as np

from htrtool.core.errors import ModelError
from htrtool.core.files import replacing
from htrtool.core.linefinder.export import export_network, save_network
from htrtool.core.linefinder.maps import MAPS
from htrtool.core.linefinder.network import WIDTHS, build_network
from htrtool.core.linefinder.samples import make_sample
from htrtool.core.linefinder.truth import PageTruth
from htrtool.core.modelfile import Target

PEAK_RATE = 4e-3
TUNING_RATE = 1.5e-3
ROW_STEPS = 20
WARM_UP = 60
# Wrong answers cost more where there is little to find.
POSITIVE_WEIGHTS = (2.0, 1.0, 3.0)
DICE_WEIGHT = 0.5
TURN_WEIGHT = 0.2


@dataclass(frozen=True)
class Settings:
    """How to train: ``batch`` crops a step, ``bfloat16`` computes in that."""

    steps: int = 2500
    batch: int = 4
    seed: int = 1
    bfloat16: bool = False


class Batches(keras.utils.PyDataset):
    """The batches of a run; batch ``i`` depends on the pages, the seed and ``i`` alone."""

    def __init__(self, pages: Sequence[PageTruth], settings: Settings):
        super().__init__(workers=1, max_queue_size=4)
        self._pages, self._settings = pages, settings
        groups = Counter(page.group for page in pages)
        # A set of many pages is seen more often than a small one, but not in proportion.
        shares = np.array([groups[page.group] ** -0.4 for page in pages])
        self._shares = shares / shares.sum()

    def __len__(self) -> int:
        return self._settings.steps

    def __getitem__(self, index: int):
        rng = np.random.default_rng((self._settings.seed, index))
        chosen = rng.choice(len(self._pages), self._settings.batch, p=self._shares)
        samples = [make_sample(self._pages[i], rng) for i in chosen]
        page, maps, turn = (np.stack([getattr(s, name) for s in samples]) for name in ("page", "maps", "turn"))
        return page, (maps, turn)


def maps_loss(wanted, logits):
    """Return the weighted cross entropy of the maps plus a dice loss of each.

    Args:
        wanted: (crops, height, width, maps + 1), 0 to 1, the weights last.
        logits: (crops, height, width, maps).
    """
    ops = keras.ops
    wanted, logits = ops.cast(wanted, "float32"), ops.cast(logits, "float32")
    weight, wanted = wanted[..., -1:], wanted[..., :-1]
    costs = ops.binary_crossentropy(wanted, logits, from_logits=True)
    factors = 1 + (ops.convert_to_tensor(POSITIVE_WEIGHTS) - 1) * wanted
    entropy = ops.sum(weight * factors * costs) / ops.maximum(ops.sum(weight), 1)
    found = ops.sigmoid(logits) * weight
    wanted = wanted * weight
    both = ops.sum(found * wanted, (0, 1, 2))
    dice = 1 - (2 * both + 50) / (ops.sum(found * found + wanted * wanted, (0, 1, 2)) + 50)
    return entropy + DICE_WEIGHT * ops.sum(dice)


def turn_loss(wanted, logits):
    """Return the cross entropy of what patches show.

    Args:
        wanted: (crops, rows, columns, kinds + 1), one of the kinds 1, the weights last.
        logits: (crops, rows, columns, kinds).
    """
    ops = keras.ops
    weight, wanted = wanted[..., -1], wanted[..., :-1]
    costs = ops.categorical_crossentropy(wanted, logits, from_logits=True)
    return TURN_WEIGHT * ops.sum(weight * costs) / ops.maximum(ops.sum(weight), 1)


def train(
    pages: Sequence[PageTruth], settings: Settings, on_row: Callable[[dict], None], parent: str | None = None
) -> keras.Model:
    """Train a network.

    Args:
        on_row: called every ``ROW_STEPS`` steps with ``step``, ``seconds``, ``loss``, ``maps_loss`` and ``turn_loss``, the
            means since the last row.
        parent: the ``.keras`` file of the network to go on from; without it the weights are drawn.

    Raises:
        ModelError: the parent is no network that was trained here.
    """
    keras.utils.set_random_seed(settings.seed)
    before = keras.config.dtype_policy()
    if settings.bfloat16:
        keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = build_network(seed=settings.seed)
    finally:
        keras.config.set_dtype_policy(before)
    if parent:
        adopt(network, parent)
    peak, warm_up = PEAK_RATE if parent is None else TUNING_RATE, min(WARM_UP, settings.steps // 4)
    rate = keras.optimizers.schedules.CosineDecay(
        peak / 10, settings.steps - warm_up, warmup_target=peak, warmup_steps=warm_up, alpha=0.003
    )
    network.compile(keras.optimizers.AdamW(rate, weight_decay=1e-4, clipnorm=1.0), [maps_loss, turn_loss])
    start, before_row = time.monotonic(), {}

    def report(batch: int, logs: dict) -> None:
        step = batch + 1
        if step % ROW_STEPS and step != settings.steps:
            return
        # Keras gives the mean since the first step; that of the steps since the last row follows from two of them.
        sums = {name: float(value) * step for name, value in logs.items()}
        count = step - before_row.get("step", 0)
        losses = {name: f"{(total - before_row.get(name, 0.0)) / count:.4f}" for name, total in sums.items()}
        on_row({"step": step, "seconds": round(time.monotonic() - start)} | losses)
        before_row.update(sums, step=step)

    told = keras.callbacks.LambdaCallback(on_train_batch_end=report)
    network.fit(Batches(pages, settings), epochs=1, verbose=0, callbacks=[told], shuffle=False)
    return network


def adopt(network: keras.Model, file: str) -> None:
    """Take over the weights of a ``.keras`` file.

    Raises:
        ModelError: it is no network of this shape.
    """
    try:
        network.set_weights(keras.saving.load_model(file, compile=False, safe_mode=True).get_weights())
    except (ValueError, TypeError, OSError) as error:
        raise ModelError(f"expected a .keras file written by htrtool.train_lines ({error})", file) from None


def write_model(
    network: keras.Model, target: Target, settings: Settings, sources: dict[str, int], licence: str, parent: str | None
) -> None:
    """Write ``NAME.keras``, ``NAME.onnx`` and the card ``NAME.md``."""
    about = {
        "widths": list(WIDTHS),
        "licence": licence,
        "training": {"steps": settings.steps, "batch": settings.batch, "seed": settings.seed, "pages": sources},
    }
    save_network(network, target.file(".keras"))
    export_network(target.file(".keras"), target.file(".onnx"), about)
    with replacing(target.file(".md")) as stream:
        stream.write(card(target.stem.name, network.count_params(), settings, sources, licence, parent).encode())


def card(
    name: str, parameters: int, settings: Settings, sources: dict[str, int], licence: str, parent: str | None
) -> str:
    """Return the card of a network as Markdown."""
    pages = ", ".join(f"{group} ({count})" for group, count in sorted(sources.items()))
    return f"""# {name}

A network that finds the lines of a page for `htr read`, trained with `python -m htrtool.train_lines`.

- Network: U-Net of widths {", ".join(map(str, WIDTHS))}, {parameters:,} parameters
- Maps: {", ".join(MAPS)}, at half of the scale at which it sees the page; and how the page is turned
- Trained on {sum(sources.values())} pages: {pages}
- {settings.steps} steps of {settings.batch} crops, seed {settings.seed}{f", from {parent}" if parent else ""}
- Licence: {licence or "not stated"}
"""

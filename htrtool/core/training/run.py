"""One training run from samples to model files: the network and its charset chosen, trained, calibrated and written."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterator, Sequence

import keras
import numpy as np

from htrtool.core.charset import LATIN, Charset
from htrtool.core.errors import InputError
from htrtool.core.files import replacing
from htrtool.core.language import load_language
from htrtool.core.lm.internal_lm import InternalLM
from htrtool.core.modelfile import ModelInfo, Target
from htrtool.core.scoring.metrics import error_rates
from htrtool.core.text_files import read_utf8
from htrtool.core.training.calibrating import FEWEST, KnownLine, calibrate
from htrtool.core.training.card import card
from htrtool.core.training.checkpoint import read_told
from htrtool.core.training.corpus import Corpus, restrict
from htrtool.core.training.dataset import BatchMaker, LineStore, beyond, writable
from htrtool.core.training.export import export_onnx, load_keras, save_keras
from htrtool.core.training.loop import Training
from htrtool.core.training.network import build_network, copy_weights
from htrtool.core.training.prune import narrowed, prune
from htrtool.core.training.replay import add_replay
from htrtool.core.training.schedule import Progress, Settings
from htrtool.core.training.spec import SIZES, stride_of
from htrtool.core.training.transfer import Trained, transfer

if TYPE_CHECKING:
    from htrtool.core.training.risk import Risk

KEPT_ASIDE = 0.1
EXAMPLES, EXAMPLES_A_BATCH = 256, 16
"""On how many lines a network is pruned."""


def choose_charset(which: str | None, texts: list[str], parent: ModelInfo | None) -> Charset:
    """Return the charset of a new model.

    Args:
        which: ``data``, ``keep``, ``grow``, ``latin`` or the name of a file whose characters it shall have; None
            means ``grow`` where there is a parent, else ``data``.

    Raises:
        InputError: ``keep`` or ``grow`` without a parent, or the file can't be read.
    """
    of_data = Charset.of_texts(texts)
    which = which or ("grow" if parent else "data")
    if which == "data":
        return of_data
    if which == "latin":
        return Charset(LATIN)
    if which in ("keep", "grow"):
        if parent is None:
            raise InputError(f"--charset {which} needs a model to go on from: give --from MODEL")
        known = parent.charset.characters
        return Charset(known + tuple(c for c in of_data.characters if c not in known and which == "grow"))
    try:
        content = read_utf8(which)
    except InputError as error:
        raise InputError(f"expected data, keep, grow, latin or a file of characters; {error.args[0]}", which) from None
    return Charset.of_texts([*content.splitlines(), " "])


def _charset_of_run(
    which: str | None, texts: list[str], parent: ModelInfo | None, told: dict | None, checkpoint: Path
) -> Charset:
    """Return the charset of a run, as :func:`choose_charset` does: the one it began with, if its checkpoint ``told``.

    Raises:
        InputError: another one is asked for.
    """
    if told is None:
        return choose_charset(which, texts, parent)
    charset = Charset(told["charset"])
    if which and choose_charset(which, texts, parent) != charset:
        raise InputError("expected the charset that the run began with, received another", str(checkpoint))
    return charset


def examples(store: LineStore, charset: Charset, stride: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return batches of lines drawn from a store, as :func:`htrtool.core.training.prune.prune` takes them."""
    chosen = np.random.default_rng(seed).permutation(len(store))[:EXAMPLES]
    maker = BatchMaker(store, charset, stride, 0, seed)
    batches = []
    for part in np.array_split(sorted(chosen, key=store.widths.__getitem__), -(-len(chosen) // EXAMPLES_A_BATCH)):
        batch = maker.batch(list(map(int, part)), 0)
        batches.append((batch.lines, np.minimum(1, batch.frame_lengths * stride / batch.lines.shape[2])))
    return batches


def _parts(corpus: Corpus, charset: Charset, stride: int) -> Iterator[tuple[LineStore, LineStore]]:
    """Yield the lines to train on and those kept aside, then other ways to part them that a run may have begun with."""
    if not len(corpus.kept_aside):
        yield corpus.lines.split_documents(KEPT_ASIDE)
        yield corpus.lines.split_lines(KEPT_ASIDE)
        return
    yield corpus.lines, corpus.kept_aside
    yield corpus.lines, corpus.kept_aside.keep(writable(corpus.kept_aside, beyond(corpus.kept_aside, charset, stride)))


def _parted(corpus: Corpus, charset: Charset, stride: int, told: dict | None) -> tuple[LineStore, LineStore]:
    """Return the lines to train on and those kept aside, as the run began with them if its checkpoint ``told``."""
    parts = _parts(corpus, charset, stride)
    usual = next(parts)
    if told is None:
        return usual
    began_with = (part for part in itertools.chain([usual], parts) if part[1].fingerprint() == told.get("kept_aside"))
    return next(began_with, usual)


def _inherit(parent: tuple[Path, ModelInfo], new: Trained, lines: LineStore, seed: int) -> None:
    """Give a new network what a model has learned, pruned to it with the help of some lines where it is narrower."""
    path, info = parent
    old = Trained(load_keras(path)[0], info.spec, info.charset)
    if (narrow := narrowed(old.spec, new.spec)) != old.spec:
        old = prune(old, narrow, examples(lines, new.charset, stride_of(new.spec), seed))
    transfer(old, new)


def _pitch(lines: LineStore, height: int) -> float:
    """Return the usual width of lines by their characters, in their height."""
    return round(float(np.median([width / max(len(text), 1) for width, text in zip(lines.widths, lines.texts)])) / height, 3)


def _internal_lm(texts: list[str], charset: Charset, parent: ModelInfo | None) -> str:
    """Return what a network expects of a text once it has learned some lines, as a model's metadata hold it."""
    if parent is None:
        return InternalLM.fit(texts, charset).to_json()
    # What a parent expects that does not say so is not to be had from the few lines that may come now.
    known = InternalLM.of(parent.internal_lm, parent.charset)
    return InternalLM.fit(texts, charset, known).to_json() if known else ""


def _risk(beside: Sequence[str], charset: Charset, internal_lm: str) -> Risk | None:
    """Return what tells the errors to expect in reading beside language models of these names; None of none.

    Raises:
        InputError: one has not the letters of the charset.
        ModelError: there is no such language model, or it is broken.
    """
    if not beside:
        return None
    from htrtool.core.training.risk import Risk

    loaded = [load_language(name, None, charset) for name in beside]
    for name, languages in zip(beside, loaded):
        if languages is None:
            raise InputError("expected a language model of texts in the model's characters, received one of others, or none", name)
    return Risk(loaded, charset, InternalLM.of(internal_lm, charset))


def known_parent(parent: tuple[Path, ModelInfo], target: Target) -> tuple[Path, ModelInfo]:
    """Return the model that a run to resume began with, as that was then: the run may have been replacing it when it was stopped.

    Raises:
        InputError: there is no checkpoint, or it is broken.
    """
    path, _ = parent
    own, checkpoint = target.file(".keras"), target.file(".checkpoint")
    if not (own.exists() and own.samefile(path)):
        return parent
    told = read_told(checkpoint).get("parent")
    return (path, ModelInfo.from_json(told, str(checkpoint))) if told else parent


@dataclass
class Run:
    """A run that is ready: its training, what its model will say of itself, and where that goes."""

    training: Training
    info: ModelInfo
    target: Target

    @classmethod
    def prepare(
        cls,
        corpus: Corpus,
        target: Target,
        settings: Settings,
        parent: tuple[Path, ModelInfo] | None,
        charset: str | None,
        licence: str,
        resume: bool,
        checkpoint_seconds: float,
        jobs: int,
        on_step: Callable[[Progress, int], None] | None,
        beside: Sequence[str] = (),
    ) -> Run:
        """Choose the charset, build the network, and load weights: none, the parent's, or the checkpoint's.

        Args:
            beside: the names of language models beside which the network is to read.

        Raises:
            InputError: the options don't fit together, or the checkpoint is of another run.
        """
        checkpoint, known = target.file(".checkpoint"), parent[1] if parent else None
        told = read_told(checkpoint) if resume else None
        characters = _charset_of_run(charset, corpus.lines.texts, known, told, checkpoint)
        spec = SIZES.get(settings.spec, settings.spec)
        stride = stride_of(spec)
        settings = replace(settings, spec=spec)
        restrict(corpus, characters, stride)
        corpus.lines, corpus.kept_aside = _parted(corpus, characters, stride, told)
        internal_lm = _internal_lm(corpus.lines.texts, characters, known)
        counted = {"lines": len(corpus.lines), "documents": len(set(corpus.lines.documents))}
        counted["sources"] = dict(corpus.sources())
        if parent and settings.replayed:
            counted["replayed"] = add_replay(
                corpus.lines, parent[0], corpus.recipe, characters, stride, settings.replayed
            )
        keras.utils.set_random_seed(settings.seed)
        network = build_network(
            spec, corpus.recipe.height, characters.classes, settings.seed, settings.bfloat16, settings.mix_styles
        )
        if parent and not resume:
            _inherit(parent, Trained(network, spec, characters), corpus.lines, settings.seed)
        pitch = known.pitch if known else _pitch(corpus.lines, corpus.recipe.height)
        # A hand is learned a little better as wide as it is written.
        towards = 0.0 if settings.replayed else pitch
        training = Training(
            network, characters, corpus.lines, corpus.kept_aside, settings, checkpoint, checkpoint_seconds, jobs, on_step, towards,
            known.to_json() if known else "", _risk(beside, characters, internal_lm),
        )  # fmt: skip
        if resume:
            training.resume()
        info = ModelInfo(
            name=target.stem.name,
            charset=characters,
            recipe=corpus.recipe,
            spec=spec,
            stride=stride,
            licence=licence or (known.licence if known else ""),
            internal_lm=internal_lm,
            calibration=known.calibration if known else {},
            pitch=pitch,
            training=counted
            | {
                "parameters": network.count_params(),
                "seed": settings.seed,
                "from": known.name if known else "",
            },
        )
        return cls(training, info, target)

    def shared_documents(self) -> int:
        """Return how many documents have lines kept aside and others that are trained on."""
        return len(set(self.training.train.documents) & set(self.training.val.documents))

    def finish(self, with_onnx: bool = True) -> None:
        """Take the best weights, and write the model's files; the checkpoint goes.

        Args:
            with_onnx: write the file to read with too, and fit the confidence, which takes that file.

        Raises:
            DependencyError: there is no TensorFlow to write ONNX; ``NAME.keras`` and the card are there.
        """
        training = self.training
        averages = bool(training.settings.kept)
        if averages:
            training.use_average()
        else:
            training.use_best()
        self.info.training |= {"epochs": training.progress.epoch, "seconds": round(training.progress.seconds)}
        fits = with_onnx and (len(training.val) >= FEWEST or (len(training.val) > 0 and not self.info.calibration))
        if len(training.val):
            self._measure()
            uses = {"to choose the epoch": not averages, "to fit the confidence": fits}
            self.info.scores["used"] = [use for use, used in uses.items() if used]
        # Trained in bfloat16 or not, it reads in float32.
        network = build_network(self.info.spec, self.info.recipe.height, self.info.charset.classes)
        copy_weights(training.network, network)
        save_keras(network, self.info, self.target.file(".keras"))
        with replacing(self.target.file(".md")) as stream:
            stream.write(card(self.info, training.progress.rows).encode())
        if with_onnx:
            export_onnx(self.target.file(".keras"), self.target.file(".onnx"))
        if fits:
            self.info, _ = calibrate(self.target.file(".onnx"), self._kept_aside())
        training.checkpoint.unlink(missing_ok=True)

    def _kept_aside(self) -> Iterator[KnownLine]:
        val = self.training.val
        maker = BatchMaker(val, self.info.charset, self.info.stride, 0, 0)
        for index, (text, document) in enumerate(zip(val.texts, val.documents)):
            yield KnownLine(maker.line(index, 0), text, document)

    def _measure(self) -> None:
        pairs = [(truth, read) for _, truth, read, _ in self.training.read_kept_aside()]
        cer, wer = error_rates(pairs)
        self.info.scores = {
            "lines": len(pairs),
            "documents": len(set(self.training.val.documents)),
            "trained_on_too": self.shared_documents(),
            "cer": round(cer, 4),
            "wer": round(wer, 4),
        }

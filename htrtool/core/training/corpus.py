"""The samples that a training run is given: gathered, checked, split, and what is left out counted by reason."""

from __future__ import annotations

import itertools
import sys
import unicodedata
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable, Iterable, Iterator

from htrtool.core.charset import Charset
from htrtool.core.collect import Maker, collect
from htrtool.core.errors import HtrError, InputError, unreadable
from htrtool.core.files import inode_of
from htrtool.core.folders import files_below
from htrtool.core.layouts.base import Found, LeftOut
from htrtool.core.layouts.finder import GIVEN_TWICE, Finder
from htrtool.core.line_network import MAX_ASPECT
from htrtool.core.names import printable_name
from htrtool.core.prepare import prepare
from htrtool.core.recipe import DEFAULT_RECIPE, Recipe
from htrtool.core.sample_stream import read_samples
from htrtool.core.samples import Sample, encode_png
from htrtool.core.session import usable_cpus
from htrtool.core.split import TEST, VAL
from htrtool.core.suffixes import is_tar_name
from htrtool.core.training.dataset import LineStore, beyond, writable


@dataclass
class Corpus:
    """Labelled lines, the recipe that their pictures were prepared with, and the lines left out, by reason.

    ``beyond_reach`` are those of the lines kept aside that can only be read with errors, by reason.
    """

    lines: LineStore
    kept_aside: LineStore
    recipe: Recipe
    left_out: dict[str, list[str]] = field(default_factory=dict)
    beyond_reach: dict[str, list[str]] = field(default_factory=dict)

    def sources(self) -> Counter[str]:
        """Return how many lines to train on are of each set, the first folder of their keys."""
        return Counter(printable_name(key.partition("/")[0]) if "/" in key else "." for key in self.lines.keys)

    def runs_right_to_left(self) -> bool:
        """Tell whether most letters of the texts are of scripts that are written from right to left."""
        kinds = Counter(map(unicodedata.bidirectional, itertools.chain.from_iterable(self.lines.texts)))
        return kinds["R"] + kinds["AL"] > kinds["L"]

    def leave_out(self, reason: str, key: str) -> None:
        """Remember that the sample ``key`` is not used, and why."""
        self.left_out.setdefault(reason, []).append(key)

    def keep_aside(self, other: Corpus) -> None:
        """Take another corpus' lines as those kept aside, in place of any that this one has, and do not train on them.

        Raises:
            InputError: they were prepared in another way, or are all that there is.
        """
        if other.recipe != self.recipe:
            raise InputError(
                f"expected the lines kept aside to be prepared like the others, {self.recipe.to_json()}, received "
                f"{other.recipe.to_json()}"
            )
        for key in self.kept_aside.keys:
            self.leave_out(f"marked {VAL}, since others were given to be kept aside", key)
        pictures, lines = set(other.lines.digests), set(_names_and_sizes(other.lines))
        # Of other names where folders were given otherwise, and other pictures where they were written otherwise.
        both = [digest in pictures or line in lines for digest, line in zip(self.lines.digests, _names_and_sizes(self.lines))]
        if any(both):
            for key in itertools.compress(self.lines.keys, both):
                self.leave_out("also given to be kept aside", key)
            if all(both):
                raise InputError(f"expected lines to train on besides those that are kept aside, received the same {len(both)}")
            self.lines = self.lines.keep([index for index, is_aside in enumerate(both) if not is_aside])
        self.kept_aside = other.lines
        for reason, keys in other.left_out.items():
            for key in keys:
                self.leave_out(reason, key)


def gather(
    samples: Iterable[Sample | LeftOut],
    parent: Recipe | None = None,
    by_split: bool = True,
    height: int | None = None,
) -> Corpus:
    """Spool labelled samples for training, and remember what is left out.

    Pictures that ``htr prep`` prepared are taken as they are, but for their height; others are prepared here.

    Args:
        parent: the recipe of the model to go on from, which gives the height, and prepares what is not prepared yet;
            None takes the first sample's.
        by_split: keep those aside whose JSON says split ``val``, and leave out those of ``test``; otherwise all are taken
            alike.
        height: that of the lines in pixels, if it is not to be the parent's or the first sample's.

    Raises:
        InputError: samples were prepared in different ways, or there is none with a text.
    """
    corpus = None
    left_out: dict[str, list[str]] = {}
    for sample in samples:
        if isinstance(sample, LeftOut):
            left_out.setdefault(sample.reason, []).extend([sample.name] * sample.count)
            continue
        try:
            told = Recipe.from_json(sample.meta["recipe"]) if "recipe" in sample.meta else None
        except InputError as error:
            left_out.setdefault(f"prepared in an unknown way ({error.args[0]})", []).append(sample.key)
            continue
        if corpus is None:
            recipe = told or parent or DEFAULT_RECIPE
            recipe = replace(recipe, height=height or (parent or recipe).height)
            corpus = Corpus(LineStore(recipe.height), LineStore(recipe.height), recipe, left_out=left_out)
        if told is not None and replace(told, height=recipe.height) != recipe:
            raise InputError(
                f"expected all samples to be prepared alike, {recipe.to_json()}, received {told.to_json()}: prepare "
                "them again with one recipe",
                sample.key,
            )
        # A stream that htr prep did not write may have line ends and tabs in its texts.
        sample.text = " ".join((sample.text or "").split())
        if not sample.text:
            corpus.leave_out("without text", sample.key)
            continue
        part = sample.meta.get("split") if by_split else None
        if part == TEST:
            corpus.leave_out(f"marked {TEST}", sample.key)
            continue
        try:
            pixels = sample.pixels()
            if pixels.shape[1] > MAX_ASPECT * pixels.shape[0]:
                corpus.leave_out(f"more than {MAX_ASPECT} times as wide as they are high", sample.key)
                continue
            if told is None:
                sample.image = encode_png(prepare(pixels, recipe))
            (corpus.kept_aside if part == VAL else corpus.lines).add(sample)
        except InputError as error:
            corpus.leave_out(f"broken ({error.args[0]})", sample.key)
            continue
    if corpus is None or not len(corpus.lines):
        if corpus is not None and len(corpus.kept_aside):
            left_out[f"marked {VAL}"] = corpus.kept_aside.keys
        use = "to train on" if by_split else "to keep aside"
        raise InputError(f"expected samples with a text {use}, received none{_told(left_out)}")
    return corpus


def restrict(corpus: Corpus, charset: Charset, stride: int) -> None:
    """Leave out the lines to train on with characters that have no class, and those too narrow for their text.

    Kept aside, such lines stay, for what a model cannot write it reads wrong.

    Raises:
        InputError: nothing is left to learn from, or nothing that is kept aside can be read.
    """
    found = beyond(corpus.lines, charset, stride)
    for reason, indices in found.items():
        for index in indices:
            corpus.leave_out(reason, corpus.lines.keys[index])
    corpus.lines = corpus.lines.keep(writable(corpus.lines, found))
    if not len(corpus.lines):
        raise InputError(f"expected lines that the network can learn from, received none{_told(corpus.left_out)}")
    aside = corpus.kept_aside
    found = beyond(aside, charset, stride)
    corpus.beyond_reach = {reason: [aside.keys[index] for index in indices] for reason, indices in found.items()}
    if len(aside) and not writable(aside, found):
        raise InputError(f"expected lines to keep aside that the network can read, received none{_told(corpus.beyond_reach)}")


def _names_and_sizes(store: LineStore) -> Iterator[tuple[str, str, int]]:
    return zip(store.keys, store.texts, store.widths)


def _told(left_out: dict[str, list[str]]) -> str:
    told = ", ".join(f"{len(keys)} {reason}" for reason, keys in left_out.items())
    return told and f": {told}"


def labelled_samples(
    names: Iterable[str], report: Callable[[HtrError], None], recipe: Recipe | None = None
) -> Iterator[Sample | LeftOut]:
    """Yield the samples of each name: '-' or a tar, a stream; a folder, the tars anywhere in it and what else is in a layout that prep
    knows. What several names lead to is taken once, but a tar as often as it is given itself.

    Args:
        report: called with what is wrong with an input or a sample; the others are still yielded.
        recipe: how to prepare pictures that are in no stream; None for ``DEFAULT_RECIPE``.
    """
    passed_over: dict[tuple[int, int], str] = {}
    finder = Finder(without=passed_over)
    for name in names:
        if name == "-":
            yield from _reported(read_samples(sys.stdin.buffer, name, report), name, report)
            continue
        tars = [Path(name)] if is_tar_name(name) else _tars_below(Path(name))
        for tar in tars:
            if tar != Path(name) and inode_of(tar) in passed_over:
                yield LeftOut(str(tar), GIVEN_TWICE)
                continue
            passed_over[inode_of(tar)] = ""
            yield from _reported(_samples_in(tar, report), str(tar), report)
        if not is_tar_name(name):
            made = _prepared(finder.find(name), report, recipe or DEFAULT_RECIPE, may_be_empty=bool(tars))
            yield from _reported(made, name, report)


def _reported(
    samples: Iterable[Sample | LeftOut], source: str, report: Callable[[HtrError], None]
) -> Iterator[Sample | LeftOut]:
    """Yield samples; if reading them fails, tell of it and yield no more."""
    try:
        yield from samples
    except InputError as error:
        report(error)
    except OSError as error:
        report(unreadable(error, source))


def _samples_in(tar: Path, report: Callable[[HtrError], None]) -> Iterator[Sample | LeftOut]:
    with open(tar, "rb") as stream:
        yield from read_samples(stream, str(tar), report)


def _tars_below(top: Path) -> list[Path]:
    return [file for file in files_below(top) if is_tar_name(file.name)]


def _prepared(
    found: Iterable[Found], report: Callable[[HtrError], None], recipe: Recipe, may_be_empty: bool
) -> Iterator[Sample | LeftOut]:
    """Prepare what is found in a source; there need be nothing where it has tars."""
    try:
        for made in collect(found, Maker(recipe), usable_cpus()):
            if isinstance(made, InputError):
                report(made)
            else:
                yield made
    except InputError:
        if not may_be_empty:
            raise

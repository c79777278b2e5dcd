"""What ``htr prep`` says of the samples that it has made, and of where they go."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from htrtool.core.counted import counted
from htrtool.messages import Messages

if TYPE_CHECKING:
    from htrtool.core.collect import Maker
    from htrtool.core.tally import Tally


def warn_of_form(output: str, to_pairs: bool, maker: Maker, messages: Messages) -> None:
    """Warn of an output that may be meant to be of another form, or that can't tell how its pictures were prepared."""
    from htrtool.core.recipe import DEFAULT_RECIPE
    from htrtool.core.suffixes import is_tar_name

    if maker.split is None and not (to_pairs or os.path.exists(output) or is_tar_name(output)):
        messages.warning(f"{output} is written as a tar: give {output}/ for a folder of pictures and texts")
    if to_pairs and maker.recipe != DEFAULT_RECIPE:
        messages.warning(
            "pictures in a folder do not say how they were prepared, and htr train prepares them once more: for training "
            "write a tar, -o FILE.tar"
        )


def tell(tally: Tally, messages: Messages) -> None:
    """Tell what was taken and what was left out, and warn of what may be wrong with it."""
    without = f", {tally.untranscribed} of them without transcription" if tally.untranscribed else ""
    messages.note(f"{tally.taken} taken{without}")
    if tally.kept:
        messages.note(f"{tally.kept} kept as they are: another transcription is there already")
    for reason, count in tally.reasons():
        messages.note(f"{count} left out: {reason}")
    if messages.problems:
        messages.note(f"{messages.problems} could not be used, named above")
    if tally.marked:
        messages.warning(
            f"{counted(tally.marked, 'transcription seems', 'transcriptions seem')} to hold editorial markup: --markup drop or strip deals with it"
        )
    if tally.unnamed:
        messages.warning(f"--document matches nothing in the keys of {counted(tally.unnamed, 'sample')}, whose documents are found without it")
    if tally.maker.split is None or not tally.taken:
        return
    for name, share in tally.maker.split.parts:
        count = len(tally.documents.get(name, ()))
        messages.note(f"{name}: {counted(count, 'document')}")
        if share and not count:
            messages.warning(f"no document fell to {name}: --document names them if they are not told apart well; '(.*)/' takes pages, or folders of lines")


def tell_parted(tally: Tally, messages: Messages) -> None:
    """Warn of samples written as pictures that a mark, which these do not bear, keeps from training."""
    from htrtool.core.split import TEST, VAL

    if tally.parted:
        messages.warning(
            f"{counted(tally.parted, 'sample is', 'samples are')} marked {VAL} or {TEST}, which pictures in a folder do not tell, so that "
            "htr train would train on them: write a tar, -o FILE.tar"
        )

"""What ``htr prep --synth`` writes with and writes: fonts, real hands and texts, opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

from htrtool.core.counted import counted
from htrtool.messages import Messages

if TYPE_CHECKING:
    from htrtool.commands.prep_options import SynthesisOptions
    from htrtool.core.collect import Maker
    from htrtool.core.samples import Sample
    from htrtool.core.synth import Hands
    from htrtool.core.synth.stream import Run


def run_of(synthesis: SynthesisOptions, operands: list[str], model: str, maker: Maker, messages: Messages) -> Run:
    """Open the fonts, hands and texts of a synthesis; what is left out or can't be used is told."""
    from htrtool.core.synth import Faces, Scribes, Texts
    from htrtool.core.synth.stream import Run

    faces = Faces(synthesis.fonts) if synthesis.fonts else None
    for font, reason in faces.left_out.items() if faces else ():
        messages.note(f"the font {font} is left out: {reason}")
    texts = Texts(operands, synthesis.languages, on_error=messages.problem)
    hands = hands_of(synthesis, model, messages) if synthesis.hands else None
    scribes = Scribes(faces, hands, synthesis.hands_share / 100)
    return Run(scribes, texts, maker, synthesis.count, synthesis.seed)


def hands_of(synthesis: SynthesisOptions, model: str, messages: Messages) -> Hands:
    """Take the lines of real hands apart; how many there are is told."""
    from htrtool.core.modelfile import find_model
    from htrtool.core.reader import Reader
    from htrtool.core.recipe import Recipe
    from htrtool.core.samples import Sample
    from htrtool.core.session import usable_cpus
    from htrtool.core.split import TEST, VAL
    from htrtool.core.synth import Hands
    from htrtool.core.synth.specimens import gather_specimens
    from htrtool.core.training.corpus import labelled_samples

    reader = Reader(find_model(model), usable_cpus())
    kept_aside = 0

    def to_learn() -> Iterator[Sample]:
        nonlocal kept_aside
        # As they lean, for slants are what tells hands apart.
        for sample in labelled_samples(synthesis.hands, messages.problem, Recipe()):
            if not isinstance(sample, Sample):
                continue
            if sample.meta.get("split") in (VAL, TEST):
                kept_aside += 1
            else:
                yield sample

    try:
        with messages.counting() as step:
            hands = Hands.of(gather_specimens(to_learn(), reader, messages.problem, step))
    finally:
        if kept_aside:
            messages.warning(
                f"left out {counted(kept_aside, 'line')} marked {VAL} or {TEST}, whose hands are not to be learned: "
                "htr prep --split train=100 marks them otherwise"
            )
    messages.note(f"{counted(len(hands), 'hand')} to write with, from {counted(hands.specimens, 'line')}")
    return hands

"""Lines of text rendered as handwriting: training samples without end, from fonts and texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from htrtool.core.synth.faces import Faces
from htrtool.core.synth.hands import Hands
from htrtool.core.synth.lines import write_line
from htrtool.core.synth.pages import WrittenLine, synthesise_page
from htrtool.core.synth.scribes import Scribes
from htrtool.core.synth.texts import Texts, lines_of_text

__all__ = ["Faces", "Hands", "WrittenLine", "Scribes", "Texts", "lines_of_text", "synthesise", "synthesise_page", "write_line"]

BLOCK = 25_000
"""Lines of a run within which those of one font make a document, by which samples are split for training."""

LONGEST = 400
"""Characters beyond which a text is no line."""


def synthesise(
    texts: Iterable[tuple[str, str]], scribes: Scribes, seed: int, start: int = 0, step: int = 1, height: int = 64
) -> Iterator[tuple[np.ndarray, str, dict]]:
    """Write texts as lines of handwriting.

    The sample of text ``i`` depends on ``seed`` and ``i`` alone: with ``start`` and ``step`` and the texts to
    match, several workers make between them what one would make.

    Args:
        texts: text and language of the lines ``start``, ``start + step``, ...
        height: rows of each line.

    Yields:
        pixels, (height, width) uint8; the text as it reads (capitals for a font that has no others); and what
        is known of it. Texts that no font or hand can show, or of more than :data:`LONGEST` characters, are left out.
    """
    for number, (text, language) in enumerate(texts):
        index = start + number * step
        rng = np.random.default_rng((seed, index, 1))
        text = " ".join(text.split())
        drawn = scribes.draw(text, rng, seed, index) if 0 < len(text) <= LONGEST else None
        if drawn is None:
            continue
        face, label = drawn
        # What is set from a real hand goes to the side of a split on which that hand's own lines are.
        of = {"hand": face.name, "document": face.name} if face.own_pen else {"font": face.name}
        meta = {"synthetic": True, "document": f"synth/{face.name}/{index // BLOCK}"} | of
        yield write_line(label, face, rng, height), label, meta | ({"language": language} if language else {})

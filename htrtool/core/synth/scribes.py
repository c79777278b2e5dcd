"""Who writes a line: a font or a real hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from htrtool.core.errors import InputError
from htrtool.core.synth.faces import Face, Faces
from htrtool.core.synth.hands import Hands, Script


@dataclass
class Scribes:
    """Fonts, real hands or both; ``share``, 0..1, of the lines that go to the hands where there are both.

    Raises:
        InputError: there are neither.
    """

    faces: Faces | None = None
    hands: Hands | None = None
    share: float = 0.5

    def __post_init__(self):
        if self.faces is None and self.hands is None:
            raise InputError("expected fonts or hands to write with, received neither")

    def draw(self, text: str, rng: np.random.Generator, seed: int, line: int) -> tuple[Face | Script, str] | None:
        """Draw who writes ``text`` as line ``line`` of the run ``seed``, and return the text as it will read.

        None if nobody has its characters.
        """
        if self.hands is not None and (self.faces is None or rng.random() < self.share):
            if (script := self.hands.draw(text, rng, seed, line)) is not None:
                return script, text
        return self.faces.draw(text, rng) if self.faces is not None else None

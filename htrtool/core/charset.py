"""Characters to classes and back. Class 0 is the CTC blank."""

from __future__ import annotations

import unicodedata
from typing import Iterable, Sequence

from htrtool.core.errors import InputError

BLANK = 0
LATIN = "".join(map(chr, range(0x20, 0x7F))) + "¡£§ª«°±²³·º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõö÷øùúûüýÿŒœŸ€"


class Charset:
    """An ordered set of characters; the class of the first is 1, since 0 is the CTC blank."""

    def __init__(self, characters: Iterable[str]):
        self.characters = tuple(characters)
        self._class_of = {character: index for index, character in enumerate(self.characters, start=1)}
        if len(self._class_of) != len(self.characters) or any(len(c) != 1 for c in self.characters):
            raise InputError(f"expected a charset of different single characters, received {''.join(self.characters)!r}")

    @classmethod
    def of_texts(cls, texts: Iterable[str]) -> Charset:
        """Collect the characters that occur in ``texts``, in code point order."""
        return cls(sorted(set().union(*(unicodedata.normalize("NFC", text) for text in texts))))

    @property
    def classes(self) -> int:
        """The number of classes, the blank included."""
        return len(self.characters) + 1

    def __contains__(self, character: str) -> bool:
        return character in self._class_of

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Charset) and self.characters == other.characters

    def __hash__(self) -> int:
        return hash(self.characters)

    def unknown(self, text: str) -> set[str]:
        """Return the characters of ``text`` that have no class."""
        return set(text) - self._class_of.keys()

    def encode(self, text: Sequence[str]) -> list[int]:
        """Return the class of each character of ``text``.

        Raises:
            InputError: a character has no class.
        """
        if unknown := self.unknown(text):
            raise InputError(f"expected characters of the model's charset, received {''.join(sorted(unknown))!r} in {text!r}")
        return [self._class_of[character] for character in text]

    def shared(self, other: Charset) -> tuple[list[int], list[int]]:
        """Return the classes of the characters that both charsets have, here and in the other."""
        characters = [character for character in other.characters if character in self]
        return self.encode(characters), other.encode(characters)

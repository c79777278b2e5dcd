"""A recurrent language model: how probable a whole line is to an LSTM that has read it character by character.

An n-gram model sees five characters back, this one the whole line (Mikolov et al., "Recurrent Neural Network Based
Language Model", 2010). It is too slow to be asked during a search, but chooses among the few texts that a search leaves.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Sequence

import numpy as np

from htrtool.core.errors import BROKEN_ARCHIVE, ModelError
from htrtool.core.labels import plain
from htrtool.core.lm.ngram import FIGURE, base_letter
from htrtool.core.session import open_session

LINE_END = "\n"
METADATA_KEY = "htr.recurrent"
MEMBER = "recurrent.onnx"
"""What it is called in a file of language models."""
INPUTS, OUTPUT = ("symbols", "following"), "costs"
_UNKNOWN, _END, _FIRST = 0, 1, 2
_REMEMBERED = 2_000


class Symbols:
    """What a recurrent model calls characters and languages: 0 stands for all characters that it does not know, 1 for the end
    of a line, 2 for a language that is not told; then come the languages, then the characters.

    All figures share one symbol. A character that is not known stands for what it looks like, as in an n-gram model.
    """

    def __init__(self, characters: str, languages: Sequence[str]):
        self.characters, self.languages = characters, list(languages)
        self._tags = {language: _FIRST + place for place, language in enumerate(["", *languages])}
        first = _FIRST + len(self._tags)
        self._symbol_of = {character: first + place for place, character in enumerate(characters)} | {LINE_END: _END}
        self.count = first + len(characters)

    def beginning(self, language: str) -> list[int]:
        """Return the symbols that stand before a line in a language."""
        return [self._tags.get(language, _FIRST), _END]

    def encode(self, text: str) -> list[int]:
        """Return the symbols of a text."""
        return [self._symbol_of[c] if c in self._symbol_of else self._learned(c) for c in text]

    def _learned(self, character: str) -> int:
        alike = FIGURE if character.isdecimal() else plain(character)
        if alike not in self._symbol_of:
            alike = base_letter(character)
        return self._symbol_of.setdefault(character, self._symbol_of.get(alike, _UNKNOWN))

    def to_json(self) -> str:
        """Return them as text."""
        return json.dumps({"characters": self.characters, "languages": self.languages}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Symbols:
        """Make again what ``to_json`` wrote.

        Raises:
            ValueError: the text is something else.
        """
        data = json.loads(text)
        if not isinstance(data, dict) or not isinstance(data.get("characters"), str) or not isinstance(data.get("languages"), list):
            raise ValueError("its characters or languages are missing")
        return cls(data["characters"], data["languages"])


class RecurrentLM:
    """A recurrent model, ready to be asked. Calls from several threads at once are fine.

    Args:
        content: the ONNX file.
        source: the file that errors name.

    Raises:
        ModelError: it is broken or no model of this kind.
    """

    def __init__(self, content: bytes, source: str):
        self._session = open_session(content, 1, source)
        try:
            self._symbols = Symbols.from_json(self._session.get_modelmeta().custom_metadata_map[METADATA_KEY])
        except (KeyError, ValueError) as error:
            raise ModelError(f"expected a recurrent language model made by htr train --lm ({error})", source) from None
        self._known: dict[tuple[str, str], np.ndarray] = {}

    def costs(self, texts: Sequence[str], language: str) -> list[np.ndarray]:
        """Return what each character of some lines costs, and last the end of the line, in nats: float (characters + 1,) each.

        Args:
            language: what they are in; ``""`` if that is not clear.
        """
        if len(self._known) > _REMEMBERED:
            self._known = {}
        # A line's best text is asked about again when it is judged. Another thread may begin a new memory meanwhile.
        known = self._known
        if new := [text for text in dict.fromkeys(texts) if (language, text) not in known]:
            known.update(zip([(language, text) for text in new], self._asked(new, language)))
        return [known[language, text] for text in texts]

    def _asked(self, texts: Sequence[str], language: str) -> list[np.ndarray]:
        """Return the costs of lines that the network is to read first, all at once."""
        beginning = self._symbols.beginning(language)
        lines = np.full((len(beginning) + 1 + max(map(len, texts)), len(texts)), _END, np.int32)
        for column, text in zip(lines.T, texts):
            column[: len(beginning)] = beginning
            column[len(beginning) : len(beginning) + len(text)] = self._symbols.encode(text)
        (costs,) = self._session.run([OUTPUT], dict(zip(INPUTS, (lines[:-1], lines[1:]))))
        # What stands at the head is given.
        first = len(beginning) - 1
        return [column[first : first + len(text) + 1] for column, text in zip(costs.T, texts)]

    @classmethod
    def load(cls, path: Path) -> RecurrentLM | None:
        """Return the model in a file of language models, or None if there is none in it.

        Raises:
            ModelError: the file is broken.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                if MEMBER not in archive.namelist():
                    return None
                content = archive.read(MEMBER)
        except BROKEN_ARCHIVE as error:
            raise ModelError(f"expected a language model made by htr train --lm ({error})", str(path)) from None
        return cls(content, str(path))

"""What the name of a text file tells: ``en_letters.txt`` is English prose, ``fr_forms_names.txt`` a list in French.

``it_words.txt`` holds Italian words in no order that means anything.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

_NAME = re.compile(r"^(?P<language>[a-z]{2})_(?P<forms>forms_)?(?P<words>words[_.])?")


class TextName(NamedTuple):
    """A text's language, ``""`` if it is not told, and whether it is a list or mere words rather than prose."""

    language: str
    is_list: bool
    is_words: bool


def text_name(path: str | Path) -> TextName:
    """Return what the name of a file tells of its text."""
    name = _NAME.match(Path(path).name)
    return TextName(name["language"], bool(name["forms"]), bool(name["words"])) if name else TextName("", False, False)

"""What the name of a text file tells: ``en_letters.txt`` is English prose, ``fr_forms_names.txt`` a list in French."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

_NAME = re.compile(r"^(?P<language>[a-z]{2})_(?P<forms>forms_)?")


class TextName(NamedTuple):
    """A text's language, ``""`` if it is not told, and whether it is a list rather than prose."""

    language: str
    is_list: bool


def text_name(path: str | Path) -> TextName:
    """Return what the name of a file tells of its text."""
    name = _NAME.match(Path(path).name)
    return TextName(name["language"], bool(name["forms"])) if name else TextName("", False)

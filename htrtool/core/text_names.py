"""What the name of a text file tells: ``en_letters.txt`` is English prose, ``fr_forms_names.txt`` a list in French.

``it_words.txt`` holds Italian words in no order that means anything.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

# Of ISO 639-1, the languages that are mostly written with Latin letters but for such as begin names of other texts: "my_diary.txt".
LANGUAGES = (
    "af ay br bs ca co cs cy da de en eo es et eu fi fo fr fy ga gd gl gn gv ha hr hu ia ig is it kl kw la lb lt lv mg mi ms mt "
    "nb nl nn no ny oc pl pt qu rm ro sc sk sl sm so sq sr sv sw tl tn tr uz vi wa wo xh yo zu"
).split()
_NAME = re.compile(rf"^(?P<language>{'|'.join(LANGUAGES)})_(?P<forms>forms_)?(?P<words>words[_.])?")


class TextName(NamedTuple):
    """A text's language, ``""`` if it is not told, and whether it is a list or mere words rather than prose."""

    language: str
    is_list: bool
    is_words: bool


def text_name(path: str | Path) -> TextName:
    """Return what the name of a file tells of its text."""
    name = _NAME.match(Path(path).name)
    return TextName(name["language"], bool(name["forms"]), bool(name["words"])) if name else TextName("", False, False)

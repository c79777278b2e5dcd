"""Of several annotations of a page, which is taken: it may be kept as PAGE and as ALTO, or once as read and once as corrected."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable, Sequence

from htrtool.core.documents.xml_in import is_alto
from htrtool.core.layouts import iam
from htrtool.core.layouts.base import LeftOut
from htrtool.core.layouts.pairs import stem_of
from htrtool.core.layouts.table import TABLE_SUFFIXES
from htrtool.core.suffixes import is_image, is_pdf_name

GIVEN_TWICE = "given twice"
OTHER_ANNOTATION = "another annotation of a page that was taken"


@dataclass
class Annotations:
    """The annotations that are taken, by the page of the image that each is of."""

    _taken: dict[tuple[str, int | None], Path] = field(default_factory=dict, repr=False)

    def refusal(self, path: Path, image: Path, index: int | None, is_blank: bool = False) -> LeftOut | None:
        """Return why an annotation is left out, since one of the same page was taken; else take it and return None.

        Args:
            path: the annotation.
            image: the image that it is of.
            index: which of the image's pages, if that is told.
            is_blank: it has nothing of what is looked for, and so does not stand in the way of another.
        """
        page = os.path.realpath(image), index
        if taken := self._taken.get(page):
            # Of one name, in folders of their own, are those that one page was exported as; of others, one may be a reading.
            reason = GIVEN_TWICE if os.path.samefile(taken, path) else OTHER_ANNOTATION
            return LeftOut(f"{path} beside {taken}", reason, by_name=taken.stem != path.stem)
        if not is_blank:
            self._taken[page] = path
        return None


def named_like_pictures_first(names: Sequence[str]) -> list[str]:
    """Return the names in a folder with those first that pictures there have: of several annotations that is taken."""
    pictured = {stem_of(name) for name in names if is_image(name)}
    return sorted(names, key=lambda name: stem_of(name) not in pictured)


def in_turn(sources: Iterable[str]) -> list[str]:
    """Return sources in the order in which to look at them: tables first, PAGE before ALTO, in which less is told, and pictures last.

    Which of them are annotated is known from tables and XML, which a shell's ``*`` gives after them.
    """

    def turn(source: str) -> int:
        if source.lower().endswith(TABLE_SUFFIXES) or os.path.basename(source) in iam.TABLES and iam.is_table(Path(source)):
            return -1
        if source == "-" or is_image(source) or is_pdf_name(source) or source.lower().endswith(".txt"):
            return 2
        return int(source.lower().endswith(".xml") and os.path.isfile(source) and is_alto(Path(source)))

    return sorted(sources, key=turn)

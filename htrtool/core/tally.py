"""How many samples were made, and why others were left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from htrtool.core.collect import Maker
from htrtool.core.labels import has_markup
from htrtool.core.layouts.base import LeftOut
from htrtool.core.samples import Sample
from htrtool.core.split import TEST, VAL


@dataclass
class Tally:
    """Counts of what a maker made.

    ``taken`` is all samples, ``kept`` what stayed as another's work instead, ``untranscribed`` those without text, ``marked`` those whose text seems to hold editorial
    markup that the maker was told to keep, ``unnamed`` those in whose key no document was found as the maker was told to; ``parted`` those
    that a mark, not the maker, keeps from training; ``left_out`` counts by reason, ``documents`` holds those of each part.
    """

    maker: Maker
    taken: int = 0
    kept: int = 0
    untranscribed: int = 0
    marked: int = 0
    unnamed: int = 0
    parted: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    documents: dict[str, set[str]] = field(default_factory=dict)

    def add(self, made: Sample | LeftOut) -> None:
        """Count one."""
        if isinstance(made, LeftOut):
            self.left_out[made.reason] += made.count
            return
        self.taken += 1
        if made.text is None:
            self.untranscribed += 1
        elif self.maker.markup == "keep" and not made.meta.get("synthetic") and has_markup(made.text):
            self.marked += 1
        self.unnamed += made.is_unnamed
        if self.maker.split is None:
            self.parted += made.meta.get("split") in (VAL, TEST)
        else:
            self.documents.setdefault(made.meta["split"], set()).add(made.document)

    def reasons(self) -> list[tuple[str, int]]:
        """Return the reasons for which something was left out and how often, the most frequent first."""
        return sorted(self.left_out.items(), key=lambda item: (-item[1], item[0]))

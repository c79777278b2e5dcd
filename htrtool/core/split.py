"""Documents into parts such as train and val: by the hash of their names, so that new data moves none."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from htrtool.core.errors import InputError

VAL, TEST = "val", "test"
"""Of the parts, that which is kept aside from training, and that which is not to be seen before the end."""
_NAME = re.compile(r"[\w-]+")


def place_of(document: str) -> float:
    """Return the place of a document in all splits, from 0 up to 1: the hash of its name."""
    name = unicodedata.normalize("NFC", document).encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest()) / 2**64


def parse_shares(text: str, what: str, example: str) -> tuple[tuple[str, float], ...]:
    """Parse names and their shares in percent, such as ``train=90,val=10``.

    Args:
        what: what the names stand for, and ``example`` how they are written, for the message.

    Raises:
        InputError: it is not of that form, a name comes twice, or the shares don't add up to 100.
    """
    wanted = f"expected {what} and percentages such as {example}"
    shares = []
    for item in text.split(","):
        name, equals, share = (piece.strip() for piece in item.partition("="))
        try:
            value = float(share)
        except ValueError:
            value = -1.0
        if not equals or not _NAME.fullmatch(name) or not 0 <= value <= 100:
            raise InputError(f"{wanted}, received {text!r}")
        if name in dict(shares):
            raise InputError(f"{wanted}, received {name!r} twice")
        shares.append((name, value))
    total = sum(share for _, share in shares)
    if abs(total - 100) > 1e-6:
        raise InputError(f"{wanted} that add up to 100, received {text!r}: {total:g}")
    return tuple(shares)


@dataclass(frozen=True)
class Split:
    """Parts and their shares in percent, in the order in which they were given."""

    parts: tuple[tuple[str, float], ...]

    @classmethod
    def parse(cls, text: str) -> Split:
        """Parse ``train=90,val=10``.

        Raises:
            InputError: it is not of that form, a name comes twice, or the shares don't add up to 100.
        """
        return cls(parse_shares(text, "parts", "train=90,val=10"))

    @property
    def names(self) -> list[str]:
        """The names of the parts."""
        return [name for name, _ in self.parts]

    def part_of(self, document: str) -> str:
        """Return the part that a document belongs to; it depends on nothing but the document's name."""
        place = 100 * place_of(document)
        bound = 0.0
        for part, share in self.parts:
            bound += share
            if place < bound:
                return part
        return next(part for part, share in reversed(self.parts) if share)

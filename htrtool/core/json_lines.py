"""JSON lines: an object a line, as ``htr read -f jsonl`` writes them."""

from __future__ import annotations

import json
from typing import Iterable, Iterator

from htrtool.core.errors import InputError


def objects_in(lines: Iterable[str], source: str) -> Iterator[tuple[int, dict]]:
    """Yield the objects of a text with the numbers of their lines; empty lines and a byte order mark are borne.

    Raises:
        InputError: a line holds something else.
    """
    for number, line in enumerate(lines, 1):
        line = line.removeprefix("\ufeff")
        if not line.strip():
            continue
        try:
            found = json.loads(line)
            if not isinstance(found, dict):
                raise ValueError
        except (ValueError, RecursionError):
            raise InputError(f"row {number}: expected a JSON object, found {line[:60].rstrip()!r}", source) from None
        yield number, found

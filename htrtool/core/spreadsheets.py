"""What spreadsheets and other programs do to tables: quotes around cells, and names of columns in a form of their own."""

from __future__ import annotations

import re
from typing import Iterable, Iterator

NAMED_DELIMITER = re.compile(r"sep=(.)\s*$", re.IGNORECASE)
"""How a spreadsheet tells, before the header, what parts the cells."""
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


def folded(name: str) -> str:
    """Return the name of a column as it is compared: ``File Name`` is ``file_name``."""
    return re.sub(r"\W+", "_", name.strip().casefold())


def unquoted(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines of a TSV without the quotes that another program put around cells: all of them, or those with quotes in them.

    Ours has none, so that a cell which merely begins and ends with one keeps both.
    """
    all_quoted = None
    for line in lines:
        content = line.rstrip("\r\n")
        if all_quoted is None:
            all_quoted = all(map(_QUOTED.fullmatch, content.removeprefix("\ufeff").split("\t")))
        if '"' in content:
            cells = (_unquoted(cell, all_quoted) for cell in content.removeprefix("\ufeff").split("\t"))
            line = "\t".join(cells) + line[len(content) :]
        yield line


def _unquoted(cell: str, whatever_is_in_it: bool) -> str:
    if _QUOTED.fullmatch(cell) and (whatever_is_in_it or '""' in cell[1:-1]):
        return cell[1:-1].replace('""', '"')
    return cell

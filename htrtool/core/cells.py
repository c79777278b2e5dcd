"""Numbers in the cells of a table."""

from __future__ import annotations

import re
from typing import Mapping

from htrtool.core.errors import InputError

_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")


def number_in(row: Mapping[str, str], column: str, number: int, source: str) -> float:
    """Return the number in a cell of a row, not-a-number if it is empty.

    Raises:
        InputError: it is neither; the message gives the row's ``number``.
    """
    cell = row[column].strip()
    try:
        return float(cell) if cell else float("nan")
    except ValueError:
        raise _unfit(row, column, number, source, "a number") from None


def whole_number_in(row: Mapping[str, str], column: str, number: int, source: str) -> int | None:
    """Return the whole number in a cell of a row, which a spreadsheet may have written as 3.0; None if it is empty.

    Raises:
        InputError: it is neither.
    """
    cell = row[column].strip()
    try:
        value = float(cell) if cell else None
    except ValueError:
        value = float("nan")
    if value is not None and not value.is_integer():
        raise _unfit(row, column, number, source, "a whole number")
    return value if value is None else int(value)


def page_in(row: Mapping[str, str], column: str) -> int | str | None:
    """Return the page in a cell of a row: its number, or else its label, as an archive numbers leaves, 12r and 12v; None if it is empty."""
    cell = row[column].strip()
    try:
        value = float(cell)
    except ValueError:
        return cell or None
    return int(value) if value.is_integer() else cell


def share_in(row: Mapping[str, str], column: str, number: int, source: str) -> float | None:
    """Return the number from 0 to 1 in a cell of a row, None if it is empty.

    Raises:
        InputError: it is neither.
    """
    if not row[column].strip():
        return None
    try:
        share = float(row[column])
    except ValueError:
        share = float("nan")
    if not 0 <= share <= 1:
        raise _unfit(row, column, number, source, "a number from 0 to 1")
    return share


def _unfit(row: Mapping[str, str], column: str, number: int, source: str, wanted: str) -> InputError:
    found = row[column]
    # As a spreadsheet saves numbers in most languages of the continent; 1,234 may be a thousand.
    remedy = ""
    if _DECIMAL_COMMA.fullmatch(found.strip()):
        remedy = f": write {found.strip().replace(',', '.')}, as a spreadsheet does whose language is set to English"
    return InputError(f"row {number}, column {column}: expected {wanted}, found {found!r}{remedy}", source)

"""The IAM Handwriting Database: ``lines.txt`` or ``words.txt`` with the folders of pictures.

https://fki.tic.heia-fr.ch/databases/iam-handwriting-database; U. Marti and H. Bunke, The IAM-database, IJDAR 5 (2002).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Iterator

from htrtool.core.errors import InputError, unreadable
from htrtool.core.layouts.base import Found, LeftOut, key_of, picture_entry

TABLES = ("lines.txt", "words.txt")
_ID = re.compile(r"[a-z]\d\d-\d{3}[a-z]*-\d\d(-\d\d)?")


def is_table(path: Path) -> bool:
    """Tell whether a file is IAM's table of lines or words, by its first row."""
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            for row in file:
                if row.strip() and not row.startswith("#"):
                    fields = row.split(maxsplit=8)
                    return len(fields) >= 8 and _ID.fullmatch(fields[0]) is not None and fields[1] in ("ok", "err")
    except OSError:
        pass
    return False


def table_in(folder: Path) -> Path | None:
    """Return IAM's table in a folder, in its ``ascii``, or above it; of lines rather than of words.

    The table above counts only for the folder that it is of: ``lines.txt`` for ``lines``.
    """
    for name in TABLES:
        for place in (folder / name, folder / "ascii" / name):
            if place.is_file() and is_table(place):
                return place
    own = folder.resolve().name + ".txt"
    if own in TABLES:
        for place in (folder / ".." / own, folder / ".." / "ascii" / own):
            if place.is_file() and is_table(place):
                return place.resolve()
    return None


def in_table(table: Path, prefix: str) -> Iterator[Found]:
    """Yield the lines or words of an IAM table.

    ``|`` is a space. A line whose words could not be told apart (``err``) is whole and is taken, with that noted; a
    word of that kind may be cut anywhere and is left out. The writer is that of ``forms.txt``, if there.
    """
    words = table.name.startswith("words")
    folders = _folders(table, "words" if words else "lines")
    writers = _writers(table)
    try:
        with open(table, encoding="utf-8-sig", errors="strict") as file:
            for number, row in enumerate(file, 1):
                if row.startswith("#") or not row.strip():
                    continue
                fields = row.rstrip("\n").split(" ", 8)
                if len(fields) < 9 or not _ID.fullmatch(fields[0]):
                    wanted = f"expected nine fields as in IAM's {table.name}"
                    yield InputError(f"{wanted}, received {row.strip()!r}", f"{table}:{number}")
                    continue
                yield _found(fields, words, folders, writers, prefix)
    except OSError as error:
        yield unreadable(error, table)
    except UnicodeDecodeError:
        yield InputError("expected UTF-8 text; convert it with iconv -f ENCODING -t UTF-8", str(table))


def _found(fields: list[str], words: bool, folders: list[Path], writers: dict[str, str], prefix: str) -> Found:
    name, status = fields[0], fields[1]
    if words and status != "ok":
        return LeftOut(name, "IAM word with uncertain cut (err)")
    form = "-".join(name.split("-")[:2])
    path = next((path for folder in folders for path in _places(folder, form, name) if os.path.isfile(path)), None)
    if path is None:
        return LeftOut(name, "no image for the row")
    box = fields[3:7] if words else fields[4:8]
    meta = {"document": form, "language": "en", "segmentation": status}
    if all(value.lstrip("-").isdigit() for value in box):
        meta["box"] = [int(value) for value in box]
    if form in writers:
        meta["writer"] = writers[form]
    return picture_entry(path, key_of(prefix, form, name), fields[8].replace("|", " ").strip(), meta)


def _folders(table: Path, kind: str) -> list[Path]:
    bases = (table.parent, table.parent.parent)
    return [folder for base in bases for folder in (base / kind, base) if folder.is_dir()]


def _places(folder: Path, form: str, name: str) -> tuple[Path, ...]:
    return (folder / form.split("-")[0] / form / f"{name}.png", folder / form / f"{name}.png", folder / f"{name}.png")


def _writers(table: Path) -> dict[str, str]:
    above = table.parent.parent
    for place in (table.parent / "forms.txt", above / "ascii" / "forms.txt", above / "forms.txt"):
        if place.is_file():
            with open(place, encoding="utf-8-sig", errors="replace") as file:
                rows = (row.split() for row in file if not row.startswith("#"))
                return {row[0]: row[1] for row in rows if len(row) > 1}
    return {}

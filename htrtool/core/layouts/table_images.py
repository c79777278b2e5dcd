"""The images that the rows of a table name, found beside it or below."""

from __future__ import annotations

import functools
import itertools
import os
import re
import unicodedata
from pathlib import Path
from typing import Callable, Iterable, Iterator

from htrtool.core.suffixes import image_names
from htrtool.core.tables import unescape


def _parts_of(name: str) -> tuple[str, ...]:
    """Return the folders and the name of an image, without what would lead out of where it is looked for."""
    path = Path(name.strip().replace("\\", "/"))
    return tuple(part for part in path.parts if part not in ("/", "..")) or ("_",)


def _forms_of(name: str) -> list[str]:
    """Return a name as it stands, and with its accents put together and taken apart, since a Mac may have done either to the files."""
    return list(dict.fromkeys((name, *(unicodedata.normalize(form, name) for form in ("NFC", "NFD")))))


class NamedImages:
    """Finds images by the names that a table gives; holds folders only, so that a table may have any length.

    Of a name with folders in it these are found beside the table or below, as many of them as there are, at least one; where
    no name's are, the last part will do if but one image has it.

    Args:
        table: the table's file.
        names: yields all names that it gives, which may have to be looked through once.
    """

    def __init__(self, table: Path, names: Callable[[], Iterable[str]]):
        self._names = names
        self._base = table.parent
        self._words = set(re.findall(r"[a-z0-9]+", table.stem.lower()))
        self._below: list[Path] | None = None
        self._places: dict[tuple[str, ...], Path] = {}

    def find(self, name: str) -> Path | None:
        """Return the image of a name, None if there is none, or if it can't be told which it is."""
        return next(filter(None, map(self._find, _forms_of(name))), None)

    def _find(self, name: str) -> Path | None:
        for path in (unescape(name), name.replace("\\", "/")):
            if candidate := self._file(self._base / path):
                return candidate
        parts = _parts_of(name)
        if candidate := self._in_named_folder(parts):
            return candidate
        found = self._below_table(Path(parts[-1]))
        if len(parts) == 1:
            return next(found, None)
        several = list(itertools.islice(found, 2))
        return several[0] if len(several) == 1 and not self.folders_are_there else None

    @functools.cached_property
    def folders_are_there(self) -> bool:
        """Whether any of the table's names leads to an image together with a folder of it."""
        return any(self._in_named_folder(_parts_of(form)) for name in self._names() if name.strip() for form in _forms_of(name))

    def _in_named_folder(self, parts: tuple[str, ...]) -> Path | None:
        *folders, name = parts
        place = self._places.get(tuple(folders))
        if place is None or (found := self._file(place / name)) is None:
            tails = (Path(*parts[begin:]) for begin in range(len(folders)))
            found = next((path for tail in tails for path in self._below_table(tail)), None)
        if found is not None:
            self._places[tuple(folders)] = found.parent
        return found

    def _below_table(self, name: Path) -> Iterator[Path]:
        if self._below is None:
            folders = (Path(folder) for folder, _, _ in os.walk(self._base))
            self._below = sorted(folders, key=lambda folder: (-self._shared(folder), len(folder.parts), folder))
        return filter(None, (self._file(folder / name) for folder in self._below))

    def _shared(self, folder: Path) -> int:
        words = re.findall(r"[a-z0-9]+", str(folder.relative_to(self._base)).lower())
        return len(self._words.intersection(words))

    @staticmethod
    def _file(path: Path) -> Path | None:
        if os.path.isfile(path):
            return path
        if path.suffix:
            return None
        return next((place for place in map(path.with_name, image_names(path.name)) if os.path.isfile(place)), None)

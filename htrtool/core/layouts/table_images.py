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
    """Finds images by the names that a table gives, of which it holds folders only, so that a table may have any length.

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
        self._in_folders: dict[tuple[str, ...], list[Path]] = {}
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
        found = self._anywhere(parts[-1])
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
            tails = (tuple(folders[begin:]) for begin in range(len(folders)))
            places = (place for tail in tails for place in self._called(tail))
            found = next(filter(None, (self._file(place / name) for place in places)), None)
        if found is not None:
            self._places[tuple(folders)] = found.parent
        return found

    @functools.cached_property
    def _below(self) -> tuple[list[Path], dict[str, list[int]]]:
        """The folders below the table, those first that share words with its name, and which of them have something of a name in them."""
        walked = [(Path(folder), inside + files) for folder, inside, files in os.walk(self._base)]
        walked.sort(key=lambda entry: (-self._shared(entry[0]), len(entry[0].parts), entry[0]))
        having: dict[str, list[int]] = {}
        for index, (_, names) in enumerate(walked):
            for name in names:
                having.setdefault(name, []).append(index)
        return [folder for folder, _ in walked], having

    def _called(self, called: tuple[str, ...]) -> list[Path]:
        """Return the folders below the table whose paths end like this."""
        if called not in self._in_folders:
            folders, having = self._below
            places = (folders[index].joinpath(*called) for index in having.get(called[0], ()))
            self._in_folders[called] = list(filter(os.path.isdir, places))
        return self._in_folders[called]

    def _anywhere(self, name: str) -> Iterator[Path]:
        """Yield the images of a name in all folders below the table."""
        folders, having = self._below
        names = [name] if Path(name).suffix else [name, *image_names(name)]
        found = sorted({index for each in names for index in having.get(each, ())})
        return filter(None, (self._file(folders[index] / name) for index in found))

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

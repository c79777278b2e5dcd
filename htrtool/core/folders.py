"""Folders and what is in them, walked through in a fixed order."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, Iterable, Iterator

from htrtool.core.errors import unreadable


def folders_below(
    top: Path,
    unwanted: Callable[[Path], object] = lambda folder: None,
    closed: Callable[[OSError], object] = lambda error: None,
) -> Iterator[tuple[Path, list[str]]]:
    """Yield a folder and those below it, sorted, each with the names of its files; hidden ones are passed over.

    ``unwanted`` tells of a folder why it is passed over too, None if it is not; ``closed`` is told of one that can't be opened.
    """
    seen = set()
    for here, folders, names in os.walk(top, onerror=closed, followlinks=True):
        # A link that leads back up would be followed for ever.
        real = os.path.realpath(here)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and unwanted(Path(here, name)) is None
        )
        yield Path(here), sorted(name for name in names if not name.startswith("."))


def refuse_closed(error: OSError) -> None:
    """Raise what was wrong with a folder that can't be opened, for :func:`folders_below`: whoever needs all that is in it."""
    raise unreadable(error, error.filename) from None


def files_below(top: Path, closed: Callable[[OSError], object] = lambda error: None) -> Iterator[Path]:
    """Yield the files in a folder and those below it, but hidden ones and those in hidden folders; for ``closed`` see :func:`folders_below`."""
    return (folder / name for folder, names in folders_below(top, closed=closed) for name in names)


def visible(paths: Iterable[Path]) -> Iterator[Path]:
    """Pass on paths but those whose names begin with a dot, such as what macOS leaves beside each file on other disks."""
    return (path for path in paths if not path.name.startswith("."))

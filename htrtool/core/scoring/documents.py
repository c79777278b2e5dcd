"""What the documents of a test set are, which a bootstrap draws."""

from __future__ import annotations

import posixpath
from collections import Counter
from typing import Iterable, Sequence

from htrtool.core.scoring.joining import Pair


def documents_are(pairs: Sequence[Pair]) -> str:
    """Return what a document is: ``as given``, where the truth has a column that names them; else the ``page``, where files
    have several lines, as pages do; else the ``folder``; else, if there is but one folder, the ``file``.
    """
    if any(pair.truth and pair.truth.document for pair in pairs):
        return "as given"
    files = Counter(pair.file for pair in pairs)
    several = sum(times > 1 for times in files.values())
    if several * 2 > len(files) or len({_folder(file) for file in files}) < 2:
        return "page" if len({(pair.file, pair.page or 1) for pair in pairs}) > len(files) else "file"
    return "folder"


def documents_of(pairs: Iterable[Pair], kind: str) -> list[str]:
    """Return the name of the document of each pair, where a document is what :func:`documents_are` says."""
    if kind == "as given":
        pairs = list(pairs)
        own = {pair.file: pair.truth.document for pair in pairs if pair.truth and pair.truth.document}
        return [(pair.truth and pair.truth.document) or own.get(pair.file) or _folder(pair.file) for pair in pairs]
    name_of = {
        "page": lambda pair: f"{pair.file}#page={pair.page or 1}",
        "folder": lambda pair: _folder(pair.file),
        "file": lambda pair: pair.file,
    }[kind]
    return [name_of(pair) for pair in pairs]


def _folder(file: str) -> str:
    return posixpath.dirname(file.replace("\\", "/"))

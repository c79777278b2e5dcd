"""Names of files on two sides, the truth and what was read, and which mean the same file."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections import Counter
from typing import Iterable, Sequence

from htrtool.core.documents.xml_image import XML_FOLDERS
from htrtool.core.names import printable_name

_ARCHIVE = re.compile(r"^(?:.*?\.(?:tar|tar\.gz|tgz|wds)|-)/", re.IGNORECASE)
_OF_PICTURE = r"\.(?:png|jpe?g|jp2|tiff?|webp|heic|heif|avif|bmp|gif|p[bgnp]m|pdf)"
_SUFFIX = re.compile(rf"(?:{_OF_PICTURE})?(?:\.(?:gt|pred))?\.(?:txt|xml)$|(?:\.(?:gt|pred))?{_OF_PICTURE}$", re.IGNORECASE)


def match_files(wanted: Iterable[str], given: Iterable[str]) -> dict[str, str]:
    """Say which of the names ``given`` means which of those ``wanted``.

    The same name comes first; then the same path once ``./``, the archive that holds a sample, the suffix and a folder that
    is kept for XML are set aside; then as many of the last folders and the name as it takes, if no other file on either side has
    the same.

    Returns:
        From names given to names wanted; each is used once at most.
    """
    wanted, given = list(dict.fromkeys(wanted)), list(dict.fromkeys(given))
    matches = {name: name for name in set(wanted) & set(given)}
    if len(matches) == min(len(wanted), len(given)):
        return matches
    # Of files that differ in nothing else, the suffix tells, then the folder that XML is kept in.
    kinds = [{name: _path(name, suffix) for name in (*wanted, *given)} for suffix in (True, False)]
    kinds.append({name: _beside_xml(path) for name, path in kinds[-1].items()})
    deepest = max((len(path) for path in kinds[0].values()), default=0)
    taken = set(matches.values())
    tails = (_tail(paths, depth) for depth in range(deepest, 0, -1) for paths in kinds)
    for form_of in (*(paths.get for paths in kinds), *tails):
        if len(matches) == min(len(wanted), len(given)):
            break
        by_form = _unique(form_of, wanted)
        for form, name in _unique(form_of, given).items():
            other = by_form.get(form)
            if form and other is not None and name not in matches and other not in taken:
                matches[name] = other
                taken.add(other)
    return matches


def _path(name: str, suffix: bool) -> tuple[str, ...]:
    # JSON and XML hold a name that is no UTF-8 as far as it can be printed.
    name = unicodedata.normalize("NFC", printable_name(name)).replace("\\", "/")
    inside = _ARCHIVE.sub("", name)
    stem = inside if suffix else _SUFFIX.sub("", inside) or inside
    parts = [part for part in posixpath.normpath(stem).split("/") if part not in ("", ".", "..")]
    # As in the keys of samples, whose names hold no dot.
    return (*parts[:-1], parts[-1].replace(".", "_")) if parts else ()


def _beside_xml(path: tuple[str, ...]) -> tuple[str, ...]:
    """Return a path without the folder that XML is kept in, beside that of the images."""
    return (*path[:-2], path[-1]) if len(path) > 1 and path[-2] in XML_FOLDERS else path


def _tail(paths: dict[str, tuple[str, ...]], depth: int):
    return lambda name: paths[name][-depth:] if len(paths[name]) >= depth else ()


def _unique(form_of, names: Sequence[str]) -> dict[tuple[str, ...], str]:
    forms = {name: form_of(name) for name in names}
    times = Counter(forms.values())
    return {value: name for name, value in forms.items() if times[value] == 1}

"""A picture and its transcription beside it, by their names."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Collection, Iterator

from htrtool.core.suffixes import image_names, is_image, is_pdf_name

# ocropus and Calamari keep several forms of a line side by side; the one nearest to the scan comes first.
FORMS = ("", ".raw", ".nrm", ".bin")
GT = ".gt.txt"
TEXT_SUFFIXES = (GT, ".txt", ".GT.TXT", ".TXT")


def stem_of(name: str) -> str:
    """Return a file name without its suffix, and without the mark of an ocropus form."""
    stem = _without_suffix(name)
    for form in FORMS[1:]:
        if stem.lower().endswith(form) and len(stem) > len(form):
            return stem[: -len(form)]
    return stem


def transcription_of(image: Path, names: Collection[str]) -> Path | None:
    """Return the transcription of an image among the names in its folder, None if it has none.

    It is named like the image, with or without the mark of a form; else for all of its name, as ``x.gif.gt.txt``.
    """
    for stem in (_without_suffix(image.name), stem_of(image.name), image.name):
        for suffix in TEXT_SUFFIXES:
            if name := _first_there((stem + suffix,), names):
                return image.with_name(name)
    return None


def image_of(transcription: Path, names: Collection[str]) -> Path | None:
    """Return the image that a ``.txt`` is the transcription of, among the names in its folder, None if there is none."""
    stem = next((transcription.name[: -len(suffix)] for suffix in TEXT_SUFFIXES if transcription.name.endswith(suffix)), "")
    candidates = [name for form in FORMS for name in image_names(stem + form)] if stem else []
    name = _first_there((*candidates, *([stem] if is_image(stem) else [])), names)
    return transcription.with_name(name) if name else None


def without_picture(names: list[str]) -> Iterator[str]:
    """Yield the transcriptions ``.gt.txt`` among the file names of a folder that are of no picture, PDF or XML there."""
    others = [name for name in names if is_image(name) or is_pdf_name(name) or name.lower().endswith(".xml")]
    stems = {_composed(stem) for name in others for stem in (_without_suffix(name), stem_of(name), name)}
    yield from (name for name in names if name.lower().endswith(GT) and _composed(name[: -len(GT)]) not in stems)


def best_forms(names: list[str]) -> Iterator[tuple[str, bool]]:
    """Yield the images among file names, and whether each is the best form there is of its line."""
    best: dict[str, str] = {}
    images = [name for name in names if is_image(name)]
    for name in images:
        stem = stem_of(name)
        if stem not in best or _form_of(name) < _form_of(best[stem]):
            best[stem] = name
    yield from ((name, best[stem_of(name)] == name) for name in images)


def _form_of(name: str) -> int:
    """Return the place of an image in ``FORMS``: 0 for a plain one."""
    stem = _without_suffix(name).lower()
    return next((place for place, form in enumerate(FORMS) if form and stem.endswith(form)), 0)


def _without_suffix(name: str) -> str:
    return name.rpartition(".")[0] or name


def _first_there(wanted: Collection[str], names: Collection[str]) -> str | None:
    """Return the first of the names wanted that is there; a Mac may have taken the letters of one name apart, and not those of the other."""
    spelled = (form for name in wanted for form in ((name,) if name.isascii() else (name, _composed(name), unicodedata.normalize("NFD", name))))
    return next((form for form in spelled if form in names), None)


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)

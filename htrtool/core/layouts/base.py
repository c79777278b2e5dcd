"""What the layouts of training data have in common, and the two plainest: a line a file, and a stream of samples."""

from __future__ import annotations

import functools
import os
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Callable, Iterable, Iterator

import numpy as np

from htrtool.core.errors import InputError, unreadable
from htrtool.core.pictures import IMAGE_SUFFIXES
from htrtool.core.samples import Sample, document_of, read_samples
from htrtool.core.text_files import read_utf8

if TYPE_CHECKING:
    from htrtool.core.layouts.page import PageCutter
    from htrtool.core.pages import PageSource

TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
# ocropus and Calamari keep several forms of a line side by side; the one nearest to the scan comes first.
FORMS = ("", ".raw", ".nrm", ".bin")
GT = ".gt.txt"
TEXT_SUFFIXES = (GT, ".txt", ".GT.TXT", ".TXT")
FROM_STREAM = "stdin"
"""The key of what comes from standard input, which has no name."""
NO_TEXT = "no transcription"
NO_PICTURE = "no picture"
SEVERAL_LINES = "several lines of text for one picture: if it is a page, --lines cuts it into lines"
OTHER_FORM = "another form of a line that was taken"
SEVERAL_PAGES = "several pages: --lines cuts them into lines"


@dataclass
class Line:
    """A line cut out but not yet prepared: gray pixels, (height, width) uint8, and what is known of it."""

    key: str
    pixels: np.ndarray
    text: str | None = None
    meta: dict = field(default_factory=dict)


@dataclass
class Entry:
    """One thing to load, a picture or a page; ``load`` gives its lines and may run in another thread.

    ``text`` is the transcription where it is known before loading, so that what is left out for its text need not be
    decoded; ``image`` is the page that the lines are cut from, of several that of an ``index``; ``is_blank`` says that none of
    these has a text. What ``load`` can't
    make a line of, it gives as :class:`LeftOut` or :class:`~htrtool.core.errors.InputError`.
    """

    name: str
    load: Callable[[], Iterable[Line | LeftOut | InputError]]
    text: str | None = None
    image: Path | None = None
    index: int | None = None
    is_blank: bool = False


@dataclass
class LeftOut:
    """Something that was found and is not taken, by design: the counts tell how many and why.

    ``by_name`` says that one wants to know which, too.
    """

    name: str
    reason: str
    count: int = 1
    by_name: bool = False


Found = Entry | LeftOut | InputError


def is_image(name: str | Path) -> bool:
    """Tell whether a file name is that of an image."""
    return str(name).lower().endswith(IMAGE_SUFFIXES)


def is_pdf_name(name: str | Path) -> bool:
    """Tell whether a file name is that of a PDF."""
    return str(name).lower().endswith(".pdf")


def is_tar_name(name: str | Path) -> bool:
    """Tell whether a file name is that of a tar."""
    return str(name).lower().endswith(TAR_SUFFIXES)


def stem_of(name: str) -> str:
    """Return a file name without its suffix, and without the mark of an ocropus form."""
    stem = name.rpartition(".")[0] or name
    for form in FORMS[1:]:
        if stem.lower().endswith(form) and len(stem) > len(form):
            return stem[: -len(form)]
    return stem


def form_of(name: str) -> int:
    """Return the place of an image in ``FORMS``: 0 for a plain one."""
    stem = name.rpartition(".")[0].lower()
    return next((place for place, form in enumerate(FORMS) if form and stem.endswith(form)), 0)


def key_of(*parts: str) -> str:
    """Join folders and a name to the key of a sample, whose last part may hold no dot."""
    pieces = _downwards("/".join(str(part).replace(os.sep, "/") for part in parts))
    name = unicodedata.normalize("NFC", pieces.pop()).replace(".", "_").strip("_") or "_"
    return "/".join([*(unicodedata.normalize("NFC", piece) for piece in pieces), name])


def _downwards(path: str) -> list[str]:
    """Return the folders and the name of a path, without what would lead out of where it is put."""
    return [piece for piece in path.split("/") if piece not in ("", ".", "..")] or ["_"]


def load_image(path: str | Path) -> np.ndarray:
    """Load one picture as gray pixels, (height, width) uint8; of several pages the first.

    Raises:
        InputError: it is missing, broken, or of no kind that is read.
    """
    return first_page(path).load()


def first_page(path: str | Path) -> PageSource:
    """Return the first page of a picture, which tells how many there are.

    Raises:
        InputError: it is missing, or of no kind that is read.
    """
    from htrtool.core.pages import page_sources

    return next(iter(page_sources(str(path))))


def read_text(path: Path) -> str:
    """Read a transcription.

    Raises:
        InputError: it can't be read, or is not UTF-8.
    """
    return unicodedata.normalize("NFC", read_utf8(path).strip("\r\n"))


def picture_entry(path: Path, key: str, text: str | None, meta: dict) -> Entry:
    """Return the entry of a picture that holds one line."""
    meta = {"source": str(path), **meta}

    def load() -> list[Line | LeftOut]:
        page = first_page(path)
        return [LeftOut(str(path), SEVERAL_PAGES) if page.pages > 1 else Line(key, page.load(), text, meta)]

    return Entry(str(path), load, text)


def transcription_of(folder: Path, stem: str, names: set[str]) -> Path | None:
    """Return the transcription of an image with this stem among the files of its folder."""
    for suffix in TEXT_SUFFIXES:
        # A Mac may have taken the letters of one name apart, and not those of the other.
        for form in (stem, *(unicodedata.normalize(form, stem) for form in ("NFC", "NFD"))):
            if form + suffix in names:
                return folder / (form + suffix)
    return None


def without_picture(names: list[str]) -> Iterator[str]:
    """Yield the transcriptions ``.gt.txt`` among the file names of a folder that are of no picture, PDF or XML there."""
    others = [name for name in names if is_image(name) or is_pdf_name(name) or name.lower().endswith(".xml")]
    # A Mac may have taken the letters of one name apart, and not those of the other.
    stems = {unicodedata.normalize("NFC", stem) for name in others for stem in (name.rpartition(".")[0], stem_of(name))}
    yield from (name for name in names if name.lower().endswith(GT) and unicodedata.normalize("NFC", name[: -len(GT)]) not in stems)


def best_forms(names: list[str]) -> Iterator[tuple[str, bool]]:
    """Yield the images among file names, and whether each is the best form there is of its line."""
    best: dict[str, str] = {}
    images = [name for name in names if is_image(name)]
    for name in images:
        stem = stem_of(name)
        if stem not in best or form_of(name) < form_of(best[stem]):
            best[stem] = name
    yield from ((name, best[stem_of(name)] == name) for name in images)


def in_stream(stream: IO[bytes], name: str, cutter: PageCutter | None = None) -> Iterator[Found]:
    """Yield the samples of a tar stream; a stream that breaks off gives an error after what came before.

    With a ``cutter``, those without transcription may be pages, and are cut; lines of one document that come one after the
    other are one entry then.
    """
    errors: list[InputError] = []
    together: list[Sample] = []

    def gathered() -> Iterator[Entry]:
        if together:
            yield Entry(f"{name}/{together[0].key}", functools.partial(cutter.of_samples, together[:], name))
            together.clear()

    try:
        for sample in read_samples(stream, name, on_error=errors.append):
            is_cut = cutter is not None and sample.text is None
            if errors or not (is_cut and cutter.are_read_together(together, sample)):
                yield from gathered()
            yield from errors
            errors.clear()
            if is_cut:
                together.append(sample)
            else:
                yield Entry(f"{name}/{sample.key}", functools.partial(_sample_lines, sample, name), sample.text)
        yield from gathered()
        yield from errors
    except InputError as error:
        yield from gathered()
        yield error


def _sample_lines(sample: Sample, stream: str) -> list[Line]:
    return [sample_line(sample, stream)]


def sample_line(sample: Sample, stream: str) -> Line:
    """Return a sample as a line; ``stream`` names what it is from.

    Raises:
        InputError: its picture is broken.
    """
    key = sample_key(sample)
    source = f"{stream}/{sample.key}"
    meta = {"source": source, "document": key.rpartition("/")[0] or document_of(key)} | sample.meta
    try:
        return Line(key, sample.pixels(), sample.text, meta)
    except InputError as error:
        raise error.at(source) from None


def sample_key(sample: Sample) -> str:
    """Return a sample's key without what would lead out of where it is put."""
    return "/".join(_downwards(sample.key))


def in_tar(path: Path, cutter: PageCutter | None = None) -> Iterator[Found]:
    """Yield the samples of a tar file, see :func:`in_stream`."""
    try:
        with open(path, "rb") as stream:
            yield from in_stream(stream, str(path), cutter)
    except OSError as error:
        yield unreadable(error, path)

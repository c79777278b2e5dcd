"""Any input as gray pages, lazily: pictures, many-paged TIFF, PDF and sample streams, by content and not by name."""

from __future__ import annotations

import contextlib
import functools
import io
import mmap
import os
import shlex
import stat
import threading
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Callable, Iterator

import numpy as np
from PIL import Image

from htrtool.core.errors import BROKEN_PICTURE, InputError, unreadable
from htrtool.core.joined import may_hold_several, parts_of
from htrtool.core.kinds import is_pdf, is_tar, is_xml, peeked
from htrtool.core.names import may_be_name
from htrtool.core.oneline import LONGEST_PAGE
from htrtool.core.other_forms import pages_among
from htrtool.core.pictures import FORMATS, HEAD, frames_of, load_picture, open_picture
from htrtool.core.sample_stream import read_samples
from htrtool.core.samples import Sample, document_of
from htrtool.core.suffixes import is_image, is_pdf_name

if TYPE_CHECKING:
    from htrtool.core.cut import Cut

LARGE = 20_000_000
DEFAULT_DPI = 300

# One large page in memory at a time, whatever the number of threads.
_large_page = threading.Lock()


@dataclass(frozen=True)
class Original:
    """The file that a page is from, as it is: a function that opens it, and the page's index in it.

    ``page`` is its number among the file's pages, which in a TIFF that has smaller forms of them is not one more.
    """

    opened: Callable[[], IO[bytes]]
    index: int = 0
    is_pdf: bool = False
    page: int = 1


@dataclass(frozen=True)
class PageSource:
    """A page that can be loaded.

    ``file`` is the operand as given, or ``OPERAND/KEY`` for a sample; ``page`` counts from 1, ``pages`` is how many the
    file has; ``is_line`` says that the picture is known to hold one line; ``load`` decodes it to (height, width) uint8,
    dark ink on light paper; without it the source only says what page it was. ``size`` is (width, height) in pixels
    where it is known beforehand. ``image`` is the path of the picture, if it has one.

    Where the lines are known beforehand, ``cut`` cuts them out of the pixels and yields them with their numbers; it
    appends to the list that it is given what can't be cut. ``document`` is then the ALTO or PAGE file. ``prepared`` is
    the recipe with which the picture was prepared, if it is a sample that tells one. ``of_document`` is what it is of if it
    holds one line: the document of the sample, or what the picture's name tells.
    """

    file: str
    page: int
    load: Callable[[], np.ndarray] | None = None
    is_line: bool = False
    size: tuple[int, int] | None = None
    pages: int = 1
    original: Original | None = None
    image: str | None = None
    cut: Callable[[np.ndarray, list], Iterator[tuple[int, Cut]]] | None = None
    document: Any = None
    prepared: Any = None
    of_document: str = ""

    def room(self):
        """Return a context in which to load the page and work on it, so that large pages don't add up in memory."""
        large = self.size is not None and self.size[0] * self.size[1] > LARGE
        return _large_page if large else contextlib.nullcontext()


def page_sources(operand: str, dpi: float = DEFAULT_DPI) -> Iterator[PageSource]:
    """Yield the pages of one input.

    Args:
        operand: a path, or ``-`` for standard input.
        dpi: the resolution at which the pages of a PDF are drawn.

    Raises:
        InputError: the input is missing, a folder, empty, or of no kind that is read. What is wrong with a single
            page or sample is raised by its ``load``.
    """
    if operand == "-":
        # An object of its own over descriptor 0: sys.stdin could not be closed at exit while a thread waits in it.
        with open(0, "rb", closefd=False) as stream:
            yield from stream_sources(stream, operand, dpi)
        return
    if not operand:
        raise InputError("expected the name of a file, received '', as that of a variable which is not set is: give an image's")
    if not may_be_name(operand):
        raise InputError("expected the name of a file, received one with characters that no file's name has here", operand)
    try:
        mode = os.stat(operand).st_mode
        if stat.S_ISDIR(mode):
            raise InputError(
                f"expected a file, received a folder: give its images, such as {shlex.quote(operand.rstrip('/'))}/*{_usual_suffix(operand)}",
                operand,
            )
        with open(operand, "rb") as stream:
            if stat.S_ISREG(mode):
                yield from _of_file(stream, operand, dpi)
            else:
                yield from stream_sources(stream, operand, dpi)
    except OSError as error:
        raise unreadable(error, operand) from None


def _usual_suffix(folder: str) -> str:
    """Return the suffix that most of a folder's pictures have, .png if it holds none."""
    suffixes = Counter(Path(name).suffix for name in os.listdir(folder) if is_image(name) or is_pdf_name(name))
    return next((suffix for suffix, _ in suffixes.most_common(1)), ".png")


def _of_file(stream: IO[bytes], operand: str, dpi: float) -> Iterator[PageSource]:
    head = stream.read(HEAD)
    stream.seek(0)
    if is_tar(head):
        yield from _of_samples(stream, operand)
    elif is_xml(head):
        yield from _of_xml(stream.read(), operand, Path(operand).parent, dpi)
    else:
        yield from picture_sources(operand, dpi)


def stream_sources(stream: IO[bytes], operand: str, dpi: float = DEFAULT_DPI) -> Iterator[PageSource]:
    """Yield the pages of a stream that is read from its beginning to its end, as :func:`page_sources` does."""
    head, stream = peeked(stream)
    if is_tar(head):
        yield from _of_samples(stream, operand)
        return
    content = stream.read()
    if is_pdf(head):
        yield from _of_pdf(content, operand, dpi)
    elif is_xml(head):
        yield from _of_xml(content, operand, Path(), dpi)
    else:
        yield from _of_parts([functools.partial(io.BytesIO, content[start:end]) for start, end in parts_of(content)], operand)


def _of_xml(content: bytes, operand: str, folder: Path, dpi: float) -> Iterator[PageSource]:
    # Imported here: it takes the time to load an XML library, and pictures are what is mostly read.
    from htrtool.core.documents.source import xml_sources

    yield from xml_sources(content, operand, folder, dpi)


def _of_samples(stream: IO[bytes], operand: str) -> Iterator[PageSource]:
    errors: list[InputError] = []

    def failed() -> Iterator[PageSource]:
        while errors:
            yield PageSource(operand, 1, failing(errors.pop(0)), is_line=True)

    for sample in read_samples(stream, operand, errors.append):
        yield from failed()
        yield sample_source(sample, f"{operand}/{sample.key}")
    yield from failed()


def sample_source(sample: Sample, name: str) -> PageSource:
    """Return the picture of a sample as a page, or a line if it was prepared as one or looks like one; its ``load`` tells if it is broken."""
    opened = functools.partial(io.BytesIO, sample.image)
    prepared = sample.meta.get("recipe")
    return PageSource(
        name,
        1,
        functools.partial(load_picture, opened, name),
        is_line=bool(prepared) or not _may_be_page(sample.image),
        original=Original(opened),
        prepared=prepared,
        of_document=f"{name.removesuffix(sample.key)}{sample.document}",
    )


# Of a picture in a tar, what it must be higher than, in pixels, to be looked at as a page: mostly they are lines.
HIGHEST_LINE = 256


def _may_be_page(content: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            width, height = picture.size
    except BROKEN_PICTURE:
        return False
    return height > HIGHEST_LINE and width < LONGEST_PAGE * height


def failing(error: InputError) -> Callable[[], np.ndarray]:
    """Return the ``load`` of a page that is known to be of no use."""

    def load() -> np.ndarray:
        raise error

    return load


def _of_pdf(content: Path | bytes, operand: str, dpi: float) -> Iterator[PageSource]:
    from htrtool.core.joined_pdfs import pdfs_in, pdfs_of
    from htrtool.core.pdf_pages import pdf_sources

    is_path = isinstance(content, Path)
    places = pdfs_of(content) if is_path else pdfs_in(content)
    parts = [content]
    if len(places) > 1:
        whole = content.read_bytes() if is_path else content
        parts = [whole[start:end] for start, end in places]
    yield from _of_each([functools.partial(pdf_sources, part, operand, dpi) for part in parts], operand)


def picture_sources(path: str, dpi: float = DEFAULT_DPI) -> Iterator[PageSource]:
    """Yield the pages of a picture or PDF.

    Raises:
        InputError: it can't be read, or is neither.
    """
    try:
        with open(path, "rb") as stream:
            head = stream.read(HEAD)
    except OSError as error:
        raise unreadable(error, path) from None
    if is_pdf(head):
        pages = _of_pdf(Path(path), path, dpi)
    else:
        pages = _of_parts(_parts_of_file(path) if may_hold_several(head) else [functools.partial(open, path, "rb")], path)
    of_document = document_of(os.path.splitext(path)[0])
    for page in pages:
        yield replace(page, image=path, of_document=of_document)


def _parts_of_file(path: str) -> list[Callable[[], IO[bytes]]]:
    """Return what opens each of the pictures that stand one after the other in a file."""
    with open(path, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        places = pages_among(content, parts_of(content))
    # A file of one is opened as such, so that no more of it is read than is needed.
    return [functools.partial(_part, path, *place) for place in places] if len(places) > 1 else [functools.partial(open, path, "rb")]


def _part(path: str, start: int, end: int) -> IO[bytes]:
    with open(path, "rb") as stream:
        stream.seek(start)
        return io.BytesIO(stream.read(end - start))


def _of_parts(parts: list[Callable[[], IO[bytes]]], name: str) -> Iterator[PageSource]:
    """Yield the pages of pictures that stand one after the other in an input, mostly of one alone."""
    yield from _of_each([functools.partial(_of_picture, part, name) for part in parts], name)


def _of_each(parts: list[Callable[[], Iterator[PageSource]]], name: str) -> Iterator[PageSource]:
    """Yield the pages of all parts of an input as those of one; mostly there is one part, of several any may be broken."""
    if len(parts) == 1:
        yield from parts[0]()
        return
    pages: list[PageSource] = []
    for pages_of in parts:
        try:
            pages += pages_of()
        except InputError as error:
            pages.append(PageSource(name, 1, failing(error)))
    for number, page in enumerate(pages, 1):
        yield replace(page, page=number, pages=len(pages), original=page.original and replace(page.original, page=number))


def _of_picture(opened: Callable[[], IO[bytes]], name: str) -> Iterator[PageSource]:
    """Yield the pages of a picture."""
    try:
        with opened() as stream, open_picture(stream, name) as image:
            size = image.size
            frames, failure = frames_of(image)
    except BROKEN_PICTURE as error:
        raise InputError(f"the image is broken ({error})", name) from None
    count = len(frames) + (failure is not None)
    for number, index in enumerate(frames, 1):
        # The pages of a TIFF may differ in size; the first one's is taken as a hint, and each is checked when loaded.
        load = functools.partial(load_picture, opened, name, index)
        yield PageSource(name, number, load, size=size, pages=count, original=Original(opened, index, page=number))
    if failure is not None:
        error = InputError(f"the image is broken or breaks off after page {len(frames)} ({failure})", name)
        yield PageSource(name, count, failing(error), pages=count)

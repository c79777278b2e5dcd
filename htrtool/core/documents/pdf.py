"""Searchable PDF out: each page as it was, and over it, invisible, the words that were read.

pikepdf (qpdf) does the writing: it keeps the pages of a PDF as they are, and joins files without reading them into
memory, which therefore does not grow with the number of pages.
"""

from __future__ import annotations

import errno
import io
import itertools
import os
import shutil
import tempfile
from typing import IO

import numpy as np
from pikepdf import AccessMode, Array, Job, Name, PasswordError, Pdf, PdfError
from pikepdf import Page as PdfPage

from htrtool.core.documents.pdf_image import add_picture
from htrtool.core.documents.pdf_invisible import remove_invisible
from htrtool.core.documents.pdf_text import LayerFont, text_layer
from htrtool.core.errors import InputError, OutputError, unreadable
from htrtool.core.page import Page
from htrtool.core.pages import DEFAULT_DPI, PageSource

# Pages made of pictures are put away in a file when there are so many.
PAGES_IN_MEMORY = 16
# The mark of a content stream that holds a text layer of ours.
LAYER = "/HtrTextLayer"
END = b"%%EOF"


class _Part(io.RawIOBase):
    """A file that remembers the error of a full disk, which qpdf, told of it in the midst of its writing, would not survive."""

    def __init__(self, file: IO[bytes]):
        self.error: OSError | None = None
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, content) -> int:
        if self.error is None:
            try:
                self._file.write(content)
            except OSError as error:
                self.error = error
        return memoryview(content).nbytes


class SearchablePdf:
    """A PDF to which pages are added one by one; a context.

    All pages of a PDF come along when its first one is added. The first input, if it is a PDF, also gives the document
    its outline and the like.

    Attributes:
        pages: the number of pages with a text layer so far.
    """

    def __init__(self, dpi: float = DEFAULT_DPI):
        """Begin without pages; ``dpi`` is the resolution of pictures that do not tell theirs."""
        self.pages = 0
        self._dpi = dpi
        self._folder = tempfile.TemporaryDirectory(prefix="htr-")
        self._parts: list[str] = []
        # What pages are being added to, and of a PDF its file, its name and first page, and the indices of the pages added.
        self._part: Pdf | None = None
        self._font: LayerFont | None = None
        self._file: IO[bytes] | None = None
        self._name: tuple[str, int] | None = None
        self._added: set[int] = set()

    def __enter__(self) -> SearchablePdf:
        return self

    def __exit__(self, *_) -> None:
        self._close()
        self._folder.cleanup()

    def add(self, page: Page) -> None:
        """Add a page that was read.

        Raises:
            InputError: its file, which could be drawn, can't be copied, or can't be opened any more.
            OutputError: there is no room for temporary files.
        """
        try:
            self._add(page)
        except OSError as error:
            raise unreadable(error, page.source.file) from None
        except (PdfError, TypeError, ValueError) as error:
            raise InputError(f"it can't be copied ({error})", page.source.file) from None

    def _add(self, page: Page) -> None:
        source, original = page.source, page.source.original
        # Of PDFs that stand one after the other in a file the first page is another one.
        name = (source.image or source.file, original.page - original.index) if original.is_pdf else None
        if self._part is not None and (name != self._name or (name is not None and original.index in self._added)):
            self._put_away()
        if self._part is None:
            self._begin(source, name)
        if original.is_pdf:
            self._added.add(original.index)
            target = self._part.pages[original.index]
            matrix = _displayed(target, page.size)
        else:
            target, matrix = add_picture(self._part, original, page.size, self._dpi)
        add_text(target, page, self._font, matrix)
        self.pages += 1
        if not original.is_pdf and len(self._part.pages) == PAGES_IN_MEMORY:
            self._put_away()

    def save(self, stream: IO[bytes]) -> None:
        """Write the document, which must have pages, to a binary stream.

        Raises:
            OSError: there is no room for it.
            OutputError: there is no room for temporary files.
        """
        if self._part is not None:
            self._put_away()
        joined, *others = self._parts
        if others:
            joined = os.path.join(self._folder.name, "joined.pdf")
            options = ["--deterministic-id", "--no-warn", "--warning-exit-0"]
            Job(["qpdf", *options, self._parts[0], "--pages", ".", *others, "--", joined]).run()
        with open(joined, "rb") as file:
            # qpdf does not tell if the disk was full.
            file.seek(-min(len(END) + 2, os.path.getsize(joined)), os.SEEK_END)
            if END not in file.read():
                raise _no_room(self._folder.name, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
            file.seek(0)
            shutil.copyfileobj(file, stream)

    def _begin(self, source: PageSource, name: tuple[str, int] | None) -> None:
        self._name, self._added = name, set()
        if name is None:
            self._part = Pdf.new()
        else:
            self._file = source.original.opened()
            try:
                # What is mapped into memory would count as used.
                self._part = Pdf.open(self._file, access_mode=AccessMode.stream)
            except PdfError:
                self._close()
                raise
        self._font = LayerFont(self._part)

    def _put_away(self) -> None:
        self._font.finish()
        self._parts.append(os.path.join(self._folder.name, f"{len(self._parts)}.pdf"))
        try:
            with open(self._parts[-1], "wb") as file:
                part = _Part(file)
                self._part.save(part, deterministic_id=True)
            if part.error is not None:
                raise part.error
        except OSError as error:
            raise _no_room(self._folder.name, error) from None
        self._close()

    def _close(self) -> None:
        for opened in (self._part, self._file):
            if opened is not None:
                opened.close()
        self._part = self._file = self._font = None


def _no_room(folder: str, error: OSError) -> OutputError:
    return OutputError(f"temporary files can't be written: {error.strerror}: name another folder in TMPDIR", os.path.dirname(folder))


def add_text(target: PdfPage, page: Page, font: LayerFont, matrix: np.ndarray) -> None:
    """Put the invisible words over a page.

    Args:
        matrix: (2, 3), from pixels of the page that was read to the page's own units.
    """
    _remove_layer(target)
    remove_invisible(target)
    fonts = target.resources.get("/Font", {})
    name = next(name for number in itertools.count(1) if (name := Name(f"/HtrText{number}")) not in fonts)
    target.add_resource(font.object, Name.Font, name=name)
    # What the page itself draws may leave behind another system of coordinates.
    target.contents_add(b"q\n", prepend=True)
    target.contents_add(b"\nQ\n")
    target.contents_add(text_layer(page, font, name, matrix))
    target.obj.Contents[-1][LAYER] = True


def is_foreign(path: str) -> bool:
    """Tell whether a file is a PDF with pages, on none of which there are words that we put over it; a pipe or device is none."""
    if not os.path.isfile(path):
        return False
    try:
        with Pdf.open(path) as pdf:
            contents = [page.obj.get("/Contents") for page in pdf.pages]
            parts = [part for content in contents for part in (content if isinstance(content, Array) else [content])]
            return bool(contents) and not any(part is not None and LAYER in part for part in parts)
    except PasswordError:
        return True
    except (PdfError, OSError):
        return False


def _remove_layer(target: PdfPage) -> None:
    """Remove the words that were put over a page at an earlier time."""
    contents = target.obj.get("/Contents")
    if isinstance(contents, Array):
        target.obj.Contents = Array([part for part in contents if LAYER not in part])


def _turned(page: PdfPage) -> int:
    """Return by how many degrees a page is turned where PDFium draws it: it counts whole quarters, and no number as none."""
    try:
        return int(float(page.obj.get("/Rotate", 0)) / 90) % 4 * 90
    except (TypeError, ValueError):
        return 0


def _displayed(page: PdfPage, size: tuple[int, int]) -> np.ndarray:
    """Return the matrix, (2, 3), from pixels of a page as PDFium draws it to its own units."""
    crop, media = ([float(value) for value in box] for box in (page.cropbox, page.mediabox))
    left, right = max(min(crop[::2]), min(media[::2])), min(max(crop[::2]), max(media[::2]))
    bottom, top = max(min(crop[1::2]), min(media[1::2])), min(max(crop[1::2]), max(media[1::2]))
    width, height = right - left, top - bottom
    turned = _turned(page)
    across, down = ((width, height) if turned in (0, 180) else (height, width)) / np.array(size)
    return {
        0: np.array([[across, 0, left], [0, -down, top]]),
        90: np.array([[0, down, left], [across, 0, bottom]]),
        180: np.array([[-across, 0, right], [0, down, bottom]]),
        270: np.array([[0, -down, right], [-across, 0, top]]),
    }[turned]

"""Searchable PDF out: each page as it was, and over it, invisible, the words that were read.

pikepdf (qpdf) does the writing, since it copies the pages of a PDF as they are and reads what it copies only when it
saves, so that memory does not grow with the number of pages.
"""

from __future__ import annotations

import tempfile
from typing import IO

import numpy as np
from pikepdf import Page as PdfPage
from pikepdf import Pdf, PdfError

from htrtool.core.documents.pdf_image import add_picture
from htrtool.core.documents.pdf_text import LayerFont, text_layer
from htrtool.core.errors import InputError
from htrtool.core.pages import DEFAULT_DPI, PageSource
from htrtool.core.pipeline import Page

# Pages made of pictures are put away in a file when there are so many.
PAGES_IN_MEMORY = 16


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
        self._document: Pdf | None = None
        self._fonts: list[LayerFont] = []
        self._pictures: Pdf | None = None
        self._font: LayerFont | None = None
        self._open: list[Pdf] = []
        self._files: list[IO[bytes]] = []
        # Of the PDF whose pages are being added: its name, the last page's index, and where its pages begin.
        self._name, self._last, self._start = None, -1, 0

    def __enter__(self) -> SearchablePdf:
        return self

    def __exit__(self, *_) -> None:
        for pdf in self._open:
            pdf.close()
        for file in self._files:
            file.close()

    def add(self, page: Page) -> None:
        """Add a page that was read.

        Raises:
            InputError: its file, which could be drawn, can't be copied.
        """
        original = page.source.original
        if original.is_pdf:
            target = self._page_of_pdf(page.source)
            add_text(target, page, self._font, _displayed(target, page.size))
        else:
            self._name = None
            if self._pictures is None:
                self._pictures = Pdf.new()
                self._font = LayerFont(self._pictures)
            target, matrix = add_picture(self._pictures, original, page.size, self._dpi)
            add_text(target, page, self._font, matrix)
            if len(self._pictures.pages) == PAGES_IN_MEMORY:
                self._put_away()
        self.pages += 1

    def save(self, stream: IO[bytes]) -> None:
        """Write the document to a binary stream."""
        self._put_away()
        for font in self._fonts:
            font.finish()
        self._document.save(stream, deterministic_id=True)

    def _page_of_pdf(self, source: PageSource) -> PdfPage:
        name, index = source.image or source.file, source.original.index
        if name != self._name or index <= self._last:
            self._put_away()
            try:
                file = source.original.opened()
                self._files.append(file)
                pdf = Pdf.open(file)
                self._start = self._append(pdf)
            except PdfError as error:
                raise InputError(f"it can't be copied ({error})", source.file) from None
            self._font = LayerFont(self._document)
            self._fonts.append(self._font)
        self._name, self._last = name, index
        return self._document.pages[self._start + index]

    def _append(self, pdf: Pdf) -> int:
        """Append a document and return how many pages there were before."""
        self._open.append(pdf)
        if self._document is None:
            self._document = pdf
            return 0
        start = len(self._document.pages)
        self._document.pages.extend(pdf.pages)
        return start

    def _put_away(self) -> None:
        if self._pictures is None:
            return
        self._font.finish()
        file = tempfile.TemporaryFile(prefix="htr-")
        self._files.append(file)
        self._pictures.save(file)
        self._pictures.close()
        self._pictures = None
        file.seek(0)
        self._append(Pdf.open(file))


def add_text(target: PdfPage, page: Page, font: LayerFont, matrix: np.ndarray) -> None:
    """Put the invisible words over a page.

    Args:
        matrix: (2, 3), from pixels of the page that was read to the page's own units.
    """
    name = target.add_resource(font.object, "/Font", prefix="Htr")
    # What the page itself draws may leave behind another system of coordinates.
    target.contents_add(b"q\n", prepend=True)
    target.contents_add(b"\nQ\n" + text_layer(page, font, str(name), matrix))


def _displayed(page: PdfPage, size: tuple[int, int]) -> np.ndarray:
    """Return the matrix, (2, 3), from pixels of a page as PDFium draws it to its own units."""
    crop, media = ([float(value) for value in box] for box in (page.cropbox, page.mediabox))
    left, right = max(min(crop[::2]), min(media[::2])), min(max(crop[::2]), max(media[::2]))
    bottom, top = max(min(crop[1::2]), min(media[1::2])), min(max(crop[1::2]), max(media[1::2]))
    width, height = right - left, top - bottom
    turned = int(page.obj.get("/Rotate", 0)) % 360
    across, down = ((width, height) if turned in (0, 180) else (height, width)) / np.array(size)
    return {
        0: np.array([[across, 0, left], [0, -down, top]]),
        90: np.array([[0, down, left], [across, 0, bottom]]),
        180: np.array([[-across, 0, right], [0, down, bottom]]),
        270: np.array([[0, -down, right], [-across, 0, top]]),
    }[turned]

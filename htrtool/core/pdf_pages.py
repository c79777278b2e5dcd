"""The pages of a PDF as gray pictures, drawn by PDFium."""

from __future__ import annotations

import atexit
import functools
import io
import threading
import weakref
from pathlib import Path
from typing import Iterator

import numpy as np
import pypdfium2
from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

from htrtool.core.errors import InputError
from htrtool.core.gray import dark_on_light
from htrtool.core.pages import Original, PageSource
from htrtool.core.pictures import breaks_off, check_size

NO_PAGES = "expected a PDF with pages, received one without"

# PDFium may be called by one thread at a time; by the same one again, where the collector of garbage closes a document.
_pdfium = threading.RLock()


class _Document:
    """An open PDF, which is closed when none of its pages is needed any more."""

    def __init__(self, content: Path | bytes):
        self.opened = pypdfium2.PdfDocument(content)
        self.close = weakref.finalize(self, _close, self.opened)
        _open_documents.add(self)


_open_documents: weakref.WeakSet[_Document] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """Close what is still open, as where a run is stopped: pypdfium2, whose turn is next, would tell the user of it."""
    for document in list(_open_documents):
        document.close()


def _close(opened: pypdfium2.PdfDocument) -> None:
    with _pdfium:
        opened.close()


def pdf_sources(content: Path | bytes, name: str, dpi: float) -> Iterator[PageSource]:
    """Yield the pages of a PDF, each drawn at a resolution when it is loaded.

    Args:
        content: its path, or all of it.
        name: what it is called in messages.
        dpi: pixels an inch.

    Raises:
        InputError: it is broken, encrypted, or has no page.
    """
    with _pdfium:
        try:
            document = _Document(content)
            sizes = [_size(document.opened, index) for index in range(len(document.opened))]
        except pypdfium2.PdfiumError as error:
            if _has_no_pages(content):
                raise InputError(NO_PAGES, name) from None
            if "password" in str(error).lower():
                raise InputError("the PDF is encrypted: decrypt it first, as with qpdf --decrypt", name) from None
            raise InputError(f"expected a PDF, received one that is broken ({error})", name) from None
    if not sizes:
        raise InputError(NO_PAGES, name)
    is_path = isinstance(content, Path)
    opened = functools.partial(open, content, "rb") if is_path else functools.partial(io.BytesIO, content)
    for index, page_size in enumerate(sizes):
        size = page_size and (round(page_size[0] * dpi / 72), round(page_size[1] * dpi / 72))
        load = functools.partial(_draw, document, index, size, dpi, name)
        original = Original(opened, index, is_pdf=True, page=index + 1)
        yield PageSource(name, index + 1, load, size=size, pages=len(sizes), original=original)


def _size(opened: pypdfium2.PdfDocument, index: int) -> tuple[float, float] | None:
    """Return the width and height of a page in points, None where it is so broken that there is none."""
    try:
        return opened.get_page_size(index)
    except pypdfium2.PdfiumError:
        return None


def _has_no_pages(content: Path | bytes) -> bool:
    """Tell whether a PDF is whole but has no pages: PDFium does not load it, and says what was wrong with the one before."""
    import pikepdf

    try:
        with pikepdf.open(content if isinstance(content, Path) else io.BytesIO(content)) as document:
            return not document.pages
    except (pikepdf.PdfError, pikepdf.PasswordError, OSError):
        return False


def _is_broken(picture: pypdfium2.PdfObject) -> bool:
    """Tell whether a picture can't be decoded, which PDFium passes over in silence when it draws a page."""
    try:
        bitmap = picture.get_bitmap()
    except pypdfium2.PdfiumError:
        return True
    # PDFium's own memory, of which nothing is used: to free it is no matter to warn of.
    bitmap.warn_on_close = False
    bitmap.close()
    return False


def _breaks_off(picture: pypdfium2.PdfObject) -> bool:
    """Tell whether a picture is a JPEG that breaks off, of which PDFium draws what there is in silence."""
    return "DCTDecode" in picture.get_filters(skip_simple=True) and breaks_off(bytes(picture.get_data(decode_simple=True)))


def _draw(document: _Document, index: int, size: tuple[int, int] | None, dpi: float, name: str) -> np.ndarray:
    if size is None:
        raise InputError("expected a page, received something else at its place in the PDF", name)
    check_size(*size, name, "give a lower --dpi")
    with _pdfium:
        try:
            page = document.opened[index]
            bitmap = page.render(scale=dpi / 72, grayscale=True)
            gray = np.array(bitmap.to_numpy())
            bitmap.close()
            pictures = list(page.get_objects([FPDF_PAGEOBJ_IMAGE]))
            broken = any(map(_breaks_off, pictures)) or gray.min() == gray.max() and any(map(_is_broken, pictures))
            page.close()
        except pypdfium2.PdfiumError as error:
            raise InputError(f"it can't be drawn ({error})", name) from None
        except MemoryError:
            raise InputError(f"there is too little memory to draw it at {dpi:g} dpi: give a lower --dpi", name) from None
    if broken:
        raise InputError("its picture is broken or breaks off", name)
    return dark_on_light(gray.reshape(gray.shape[:2]))

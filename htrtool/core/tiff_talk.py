"""What libtiff says of a page: it would go to standard error, without the name of the file, and tells of damage that Pillow passes over."""

from __future__ import annotations

import contextlib
import ctypes
import sys
import threading
from pathlib import Path
from typing import Callable, Iterator

import PIL

_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
_LONGEST = 500
# Fax data in two dimensions, where each row is told by the one above: from where one is broken all is lost.
_OF_GROUP_4 = "Fax4Decode"
# The name that Pillow gives every file.
_NAME = "tempfile.tif"

_heard = threading.local()
_lock = threading.Lock()
_handlers: list[Callable | None] = []


@contextlib.contextmanager
def overheard() -> Iterator[list[str]]:
    """Collect what libtiff says of errors in this thread; where it can't be asked, that goes to standard error as ever."""
    with _lock:
        if not _handlers:
            _handlers.extend(_listen())
    _heard.said = said = []
    try:
        yield said
    finally:
        _heard.said = None


def of_lost_rows(said: list[str]) -> str | None:
    """Return what was said of a page that was decoded though all from some row on is lost; None if nothing was."""
    return next((each for each in said if each.startswith(_OF_GROUP_4)), None)


def _listen() -> tuple[Callable, Callable | None]:
    """Have libtiff tell its errors to a handler; return that, to be kept, and the one that it had, which other threads go on with."""
    vsnprintf = before = None

    @_HANDLER
    def handler(module: bytes | None, form: bytes, values: int) -> None:
        said = getattr(_heard, "said", None)
        if said is None:
            if before:
                before(module, form, values)
            return
        text = ctypes.create_string_buffer(_LONGEST)
        vsnprintf(text, _LONGEST, form, values)
        where = (module or b"").decode("ascii", "replace")
        said.append(("" if where == _NAME else f"{where}: ") + text.value.decode("utf-8", "replace"))

    # Where it is a part of Pillow itself it can't be reached.
    with contextlib.suppress(OSError, AttributeError, TypeError):
        vsnprintf = ctypes.CDLL(None).vsnprintf
        vsnprintf.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_void_p]
        if path := _library():
            set_handler = ctypes.CDLL(path).TIFFSetErrorHandler
            set_handler.restype = ctypes.c_void_p
            before = (address := set_handler(handler)) and _HANDLER(address)
    return handler, before


def _library() -> str | None:
    """Return the path of the libtiff that Pillow has loaded."""
    if sys.platform == "darwin":
        return next(map(str, Path(PIL.__file__).parent.glob(".dylibs/libtiff*")), None)
    maps = Path("/proc/self/maps").read_text(errors="surrogateescape").splitlines()
    return next((line.split(maxsplit=5)[5] for line in maps if "/libtiff" in line), None)

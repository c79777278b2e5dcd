"""What can go wrong, told so that the user can mend it."""

import os
import struct
import zipfile
import zlib
from typing import Self

BROKEN_ARCHIVE = (OSError, EOFError, KeyError, ValueError, NotImplementedError, zipfile.BadZipFile, zlib.error)
"""What reading a zip archive raises, and what is in it, if it is broken or another than was expected."""
BROKEN_PICTURE = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, EOFError, ArithmeticError, RuntimeError, struct.error,
    MemoryError,
)  # fmt: skip
"""What Pillow's decoders and those of HEIC and AVIF raise on bytes that are not as they should be."""


class HtrError(Exception):
    """The base of every error that htr raises on purpose.

    The message says what was expected, what came and how to mend it. ``source`` is the file
    (or stream) at fault, without which the message must stand on its own; ``command`` the one that met it.
    """

    command = "htr"

    def __init__(self, message: str, source: str | None = None):
        super().__init__(message)
        self.source = source

    def __str__(self) -> str:
        message = super().__str__()
        return f"{self.source}: {message}" if self.source else message

    def at(self, source: str) -> Self:
        """Return the same error, said of a ``source``."""
        return type(self)(self.args[0], source)


class InputError(HtrError):
    """An input can't be used: missing, broken, or of a kind that is not read."""


class OutputError(HtrError):
    """An output can't be written where it was wanted."""


class ModelError(HtrError):
    """A model is missing, broken, or not one of ours."""


class DependencyError(HtrError):
    """An optional package that a command needs is not installed."""


class DivergedError(HtrError):
    """Training lost its way: the loss is no longer a number."""


def unreadable(error: OSError, source: str | os.PathLike[str]) -> InputError:
    """Return what the system said when an input was to be read, as an error of that input."""
    if isinstance(error, IsADirectoryError):
        return InputError("expected a file, received a folder: give the files in it", str(source))
    return InputError(f"can't read it: {error.strerror or error}", str(source))


def of_input(error: Exception, source: str) -> InputError:
    """Return what was raised while an input was worked on as an error of that input, so that the others are still worked on.

    Args:
        source: the input, for errors that do not name it.

    Raises:
        HtrError: it is of something else, such as a model, without which nothing can be worked on.
    """
    if isinstance(error, InputError):
        return error
    if isinstance(error, HtrError):
        raise error
    if isinstance(error, MemoryError):
        return InputError("there is too little memory to read it", source)
    # Without an import of OpenCV, which the command line starts without.
    if type(error).__module__ == "cv2":
        return InputError(f"expected a picture that OpenCV can work on, it says: {' '.join(str(error).split())}", source)
    story = " ".join(f"{type(error).__name__}: {error}".split())
    return InputError(f"expected an input that can be read, met an error of htr's own, which please report with the file: {story}", source)

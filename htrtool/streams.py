"""The standard streams: all there, stdout kept for data and written whole, stderr kept from the talk of libraries."""

from __future__ import annotations

import contextlib
import io
import os
import select
import sys
import tempfile
from typing import IO, Iterator


class WholeWriter(io.FileIO):
    """An unbuffered file that takes all that it is given, where the system may take a part and let the rest wait or fail."""

    def write(self, content) -> int:
        """Write bytes, all of them, and return their number.

        Raises:
            OSError: there is no room for the rest, or no reader.
        """
        left = memoryview(content).cast("B")
        while left:
            written = super().write(left)
            if written is None:
                # A pipe that is set not to block is full.
                select.select([], [self], [])
            left = left[written or 0 :]
        return memoryview(content).nbytes


class Heedless(WholeWriter):
    """An unbuffered file that drops what it can't take."""

    def write(self, content) -> int:
        """Write bytes, as many as go, and return the number of all."""
        with contextlib.suppress(OSError):
            super().write(content)
        return memoryview(content).nbytes


class UntilClosed(WholeWriter):
    """An unbuffered file that drops what nobody reads any more."""

    def write(self, content) -> int:
        """Write bytes, as many as are still read, and return the number of all.

        Raises:
            OSError: there is no room for the rest.
        """
        with contextlib.suppress(BrokenPipeError):
            super().write(content)
        return memoryview(content).nbytes


def spare_stderr() -> None:
    """Let a standard error that can't be written, on a full disk or a pipe without a reader, disturb nothing but the messages."""
    sys.stderr = io.TextIOWrapper(Heedless(2, "wb", closefd=False), sys.stderr.encoding, sys.stderr.errors, line_buffering=True)


def protect_stdout(by_the_way: bool = False) -> IO[bytes]:
    """Keep standard output for data: return it as a binary stream, and send what libraries print to stderr.

    Args:
        by_the_way: the data is not what the command is for, which goes on without a reader.
    """
    sys.stdout.flush()
    data = (UntilClosed if by_the_way else WholeWriter)(os.dup(1), "wb")
    os.dup2(2, 1)
    return data


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep what libraries write to standard error while they are imported from the user, unless that fails: by itself, not for a signal."""
    # TensorFlow would go on talking once it is there.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    with tempfile.TemporaryFile() as kept, Heedless(os.dup(2), "wb") as stderr:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except Exception:
            kept.seek(0)
            stderr.write(kept.read())
            raise
        finally:
            os.dup2(stderr.fileno(), 2)


def open_missing() -> None:
    """Open the standard streams that were closed, as by ``>&-``, on the null device: standard output so that writing to it fails."""
    for descriptor, (name, mode, way) in enumerate(
        (("stdin", "r", os.O_RDONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY))
    ):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, way)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
            setattr(sys, name, os.fdopen(descriptor, mode))

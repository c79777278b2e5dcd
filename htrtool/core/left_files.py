"""What runs that were killed have left behind: files that were to take the place of others, and never will."""

from __future__ import annotations

import contextlib
import os
import time
from functools import lru_cache
from pathlib import Path

PREFIX, SUFFIX = ".htr-", ".part"
"""How files are named that are to take the place of others."""
LEFT = 24 * 3600
"""For how many seconds nothing was written into one that is removed."""


def hold(descriptor: int) -> None:
    """Mark an open file as one that is written: as long as it is open, :func:`remove_left` leaves it, and only so long."""
    with contextlib.suppress(OSError, ImportError):
        _lock(descriptor)


@lru_cache(maxsize=1024)
def remove_left(folder: Path) -> None:
    """Remove files that nobody writes any more from a folder, once in a run: of this user, and a day old or more.

    Where it can't be told whether one is still written, it stays.
    """
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(PREFIX) and name.endswith(SUFFIX):
                _remove_if_left(os.path.join(folder, name))


def _remove_if_left(file: str) -> None:
    with contextlib.suppress(OSError):
        status = os.lstat(file)
        if status.st_uid != os.getuid() or time.time() - status.st_mtime < LEFT:
            return
        # Some file systems lock only what may be written.
        descriptor = os.open(file, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            _lock(descriptor)
            os.unlink(file)
        finally:
            os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Lock an open file, which the system frees when its process ends, however that is.

    Raises:
        OSError: another process has locked it, or the file system knows no locks.
        ImportError: the system knows none.
    """
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

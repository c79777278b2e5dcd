"""Output files that are whole or not there at all, and which names are those of one file."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import IO, Iterator

from htrtool.core.errors import OutputError
from htrtool.core.left_files import PREFIX, SUFFIX, hold, remove_left

_OPEN = re.compile(r"/(?:dev|proc/self)/fd/(\d{1,9})|/dev/(stdout|stderr)")
_OPEN_STREAMS = {"stdout": 1, "stderr": 2}


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[IO[bytes]]:
    """Open a new file that takes the place of ``path`` when the block ends without an error.

    The content is written beside the target and renamed, so that an interrupted run leaves the old file whole.
    A target that is no regular file (a pipe, ``/dev/null``), or that is open already (``/dev/fd/3``), is written directly;
    a symbolic link is followed. Into one that can't be replaced the content is copied at the end; where its folder may not
    be written to, it is kept among temporary files until then. What runs that were killed have left beside it is removed.

    Raises:
        OutputError: the folder is missing, or neither it nor the file may be written to.
        OSError: from what is written, where there is no room for it; it names ``path``.
    """
    target = _target_of(path)
    try:
        if target.is_dir():
            raise IsADirectoryError(0, "expected a file name, received a folder")
        direct = _opened(_direct(target), path) if is_special(target) else None
        if direct is None:
            # A folder may be closed of which a file may be written.
            beside = _may_write(target.parent) or not _may_write(target)
            if beside:
                remove_left(target.parent)
            descriptor, name = tempfile.mkstemp(SUFFIX, PREFIX, target.parent if beside else None)
            hold(descriptor)
    except OSError as error:
        raise OutputError(f"can't write: {error.strerror}", str(path)) from None
    if direct is not None:
        with direct:
            yield direct
        return
    try:
        with _opened(descriptor, path) as stream:
            yield stream
        os.chmod(name, _mode_for(target))
        try:
            os.replace(name, target)
        except OSError:
            _copy_over(name, target, str(path))
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


class _Named(io.FileIO):
    """An unbuffered file whose errors name the one that it is to be."""

    def __init__(self, descriptor: int, named: str):
        super().__init__(descriptor, "wb")
        self._named = named

    def write(self, content) -> int | None:
        """Write bytes, and return how many were taken.

        Raises:
            OSError: there is no room for them, or no reader.
        """
        try:
            return super().write(content)
        except OSError as error:
            error.filename = self._named
            raise


def _opened(descriptor: int, named: str | os.PathLike) -> IO[bytes]:
    return io.BufferedWriter(_Named(descriptor, str(named)))


def _copy_over(name: str, target: Path, told: str) -> None:
    """Write the content of a file into another, which can't be replaced: it is mounted by itself, or its folder keeps it."""
    try:
        shutil.copyfile(name, target)
        os.unlink(name)
    except OSError as error:
        raise OutputError(f"can't write: {error.strerror}", told) from None


def _target_of(path: str | os.PathLike) -> Path:
    """Return the file that a name leads to; a pipe or device keeps its name, since what a link in /dev/fd says of one is none."""
    return Path(path if is_special(path) else os.path.realpath(path))


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK)


def is_special(path: str | os.PathLike) -> bool:
    """Tell whether a name is that of a pipe, a device or an open file, which what is written goes to at once."""
    return _descriptor_in(path) is not None or os.path.exists(path) and not os.path.isfile(path)


def _descriptor_in(path: str | os.PathLike) -> int | None:
    """Return the descriptor of the open file that a name like ``/dev/fd/3`` means, None of any other name."""
    found = _OPEN.fullmatch(str(path))
    return found and int(found[1] or _OPEN_STREAMS[found[2]])


def _direct(target: Path) -> int:
    """Return a new descriptor of a pipe, a device or an open file."""
    # Opened anew it would be emptied, and written from its beginning.
    descriptor = _descriptor_in(target)
    return os.open(target, os.O_WRONLY | os.O_TRUNC) if descriptor is None else os.dup(descriptor)


def check_replaceable(path: str | os.PathLike) -> None:
    """Check that :func:`replacing` can write a file, before there is anything to write.

    Raises:
        OutputError: its folder is missing, neither that nor the file may be written to, or it is a folder itself.
    """
    target = _target_of(path)
    if (descriptor := _descriptor_in(target)) is not None:
        if inode_of(descriptor) is None:
            raise OutputError(f"can't write: {os.strerror(errno.EBADF)}", str(path))
        return
    reason = None
    if os.path.isdir(target) or str(path).endswith("/"):
        reason = "expected a file name, received a folder"
    elif not os.path.isdir(target.parent):
        reason = os.strerror(errno.ENOENT)
    elif not _may_write(target) and (is_special(target) or not _may_write(target.parent)):
        reason = os.strerror(errno.EACCES)
    if reason:
        raise OutputError(f"can't write: {reason}", str(path))


def same_file(one: str | os.PathLike, other: str | os.PathLike) -> bool:
    """Tell whether two names are those of one file, which is there."""
    return os.path.isfile(one) and os.path.isfile(other) and os.path.samefile(one, other)


def inode_of(file: str | Path | int) -> tuple[int, int] | None:
    """Return the device and inode by which a file, given by its name or descriptor, is told from others; None if there is none."""
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _mode_for(target: Path) -> int:
    """Return the permissions that ``target`` has or, if it is new, would get from ``open``."""
    if os.path.exists(target):
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def check_folder(folder: Path) -> None:
    """Check that files can be written into a folder that is there or can be made, before there is anything to write.

    Raises:
        OutputError: they can't.
    """
    there = next(place for place in (folder, *folder.absolute().parents) if os.path.exists(place))
    try:
        with tempfile.TemporaryDirectory(prefix=".htr-", dir=there):
            pass
    except OSError as error:
        raise OutputError(f"can't write into the folder: {error.strerror}", str(folder)) from None


@contextlib.contextmanager
def making_folder(folder: Path) -> Iterator[None]:
    """Make a folder and those above it, of which those that are empty go again if the block ends with an error.

    Raises:
        OutputError: that is not possible.
    """
    missing = [place for place in (folder, *folder.parents) if not os.path.exists(place)]
    try:
        made_folder(folder)
        yield
    except BaseException:
        for place in missing:
            with contextlib.suppress(OSError):
                place.rmdir()
        raise


def made_folder(folder: Path) -> Path:
    """Make a folder and those above it.

    Raises:
        OutputError: that is not possible.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"can't make the folder: {error.strerror}", str(folder)) from None
    return folder

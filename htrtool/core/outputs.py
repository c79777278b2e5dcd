"""Where samples are written to: a stream, a file, or a folder with a file for each part of a split."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import IO, Callable, Iterator

from htrtool.core.errors import InputError
from htrtool.core.files import replacing
from htrtool.core.samples import Sample, SampleWriter
from htrtool.core.split import Split


@contextlib.contextmanager
def sample_output(output: IO[bytes] | str, split: Split | None = None) -> Iterator[Callable[[Sample], None]]:
    """Give a function that writes a sample to where it belongs.

    Args:
        output: a binary stream, closed at the end; a file; or, with a split and a name that does not end with
            ``.tar``, a folder, in which ``PART.tar`` is written for each part. Files are replaced when all is written.
        split: the parts, named by each sample's ``split``.

    Raises:
        InputError: the file can't be written, or the folder not be made.
    """
    with contextlib.ExitStack() as stack:

        def writer(opened: contextlib.AbstractContextManager[IO[bytes]]) -> SampleWriter:
            return stack.enter_context(SampleWriter(stack.enter_context(opened)))

        if not isinstance(output, str):
            yield writer(contextlib.closing(output)).write
        elif split is None or output.endswith(".tar"):
            yield writer(replacing(output)).write
        else:
            folder = Path(output)
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise InputError(f"can't make the folder: {error.strerror}", output) from None
            writers = {name: writer(replacing(folder / f"{name}.tar")) for name in split.names}
            yield lambda sample: writers[sample.meta["split"]].write(sample)

"""What ``htr read`` writes: rows, documents and a PDF, as they are read."""

from __future__ import annotations

import contextlib
import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

from htrtool.commands.read_usage import DOCUMENTS, names_folder, refuse_foreign
from htrtool.core.errors import InputError
from htrtool.messages import Messages
from htrtool.streams import protect_stdout


def destination(output: str | None, form: str) -> AbstractContextManager[IO[bytes]]:
    """Return what opens the file or stream that is written, checked before there is anything to write.

    Raises:
        OutputError: the file can't be written.
    """
    from htrtool.core.files import check_replaceable, replacing

    if output in (None, "-"):
        return contextlib.closing(protect_stdout())
    if form not in DOCUMENTS or not names_folder(output):
        check_replaceable(output)
    if form == "pdf":
        refuse_foreign(output)
    return replacing(output)


def write_rows(pipeline, opened, step, form, output: str | None, messages: Messages) -> int:
    """Write lines as they are read, in a :class:`htrtool.core.rows.RowForm`, and return their number.

    Raises:
        InputError: there is no page to read, so that a file that was there is kept.
    """
    from htrtool.core.files import is_special
    from htrtool.core.rows import row_writer
    from htrtool.core.tables import as_text

    count = 0
    with opened as stream:
        text = as_text(stream)
        write = row_writer(form, text)
        for page, line in pipeline.lines():
            write(page, line)
            count += 1
            step()
        text.detach()
        if output not in (None, "-") and not is_special(output) and messages.problems and not pipeline.pages:
            raise InputError("nothing could be read, so nothing is written", output)
    return count


def write_documents(
    pipeline, opened, step, form: str, output: str | None, operands: list[str], model: str, messages: Messages
) -> int:
    """Write pages as they are read, to a folder or, a single one, to ``opened``; return the number of their lines."""
    from htrtool.core.documents.origin import marked
    from htrtool.core.documents.output import documents_of, only, write_in_folder
    from htrtool.core.files import is_special

    tally = Counted(pipeline.whole_pages(), step)
    if names_folder(output):
        write_in_folder(documents_of(tally, form, model, output), output, form, operands, messages.problem)
    elif (found := only(documents_of(tally, form, model, os.path.dirname(output or "") or "."))) is not None:
        place = None if output in (None, "-") or is_special(output) else Path(output)
        with opened as stream:
            stream.write(marked(found.content, place, found.source.file, found.is_whole))
    return tally.lines


def write_pdf(pipeline, opened, step, dpi: float, messages: Messages) -> int:
    """Write all pages into one PDF, if there is any, and return the number of their lines.

    Raises:
        InputError: none of the pages that there are could be written.
    """
    from htrtool.core.documents.pdf import SearchablePdf

    tally = Counted(pipeline.whole_pages(), step)
    with SearchablePdf(dpi) as document:
        for page in tally:
            try:
                document.add(page)
            except InputError as error:
                messages.problem(error)
        if document.pages:
            with opened as stream:
                document.save(stream)
        elif messages.problems:
            raise InputError("no page could be written, so there is no PDF")
        else:
            messages.warning("there is no page to write, so no PDF is written")
    return tally.lines


class Counted:
    """Pages, one after the other, while their lines are counted."""

    def __init__(self, pages, step):
        self.lines = 0
        self._pages, self._step = pages, step

    def __iter__(self):
        for page in self._pages:
            self.lines += len(page.lines)
            self._step(len(page.lines))
            yield page

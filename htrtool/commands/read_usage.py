"""What ``htr read`` is to write, and which options contradict that or one another."""

from __future__ import annotations

import os
import sys

import click
from click.core import ParameterSource

from htrtool.messages import Messages

ROWS = ("tsv", "txt", "jsonl")
DOCUMENTS = ("alto", "page", "hocr")
TABLE_SUFFIXES = (".tsv", ".tab")
FORM_OF = {".txt": "txt", ".jsonl": "jsonl", ".pdf": "pdf", ".hocr": "hocr", ".html": "hocr", ".xhtml": "hocr"}


def form_for(form: str, output: str | None, messages: Messages) -> str:
    """Return the format to write: as told, else as the output's name tells; one that tells of another is refused."""
    from htrtool.core.suffixes import is_image

    told = click.get_current_context().get_parameter_source("form") != ParameterSource.DEFAULT
    suffix = os.path.splitext(output or "")[1].lower()
    if suffix and not os.path.isdir(output) and is_image(output):
        raise click.UsageError(f"{output} is named like a picture, which htr read does not write: -o takes one name, that of a table, document or folder")
    named = "tsv" if suffix in TABLE_SUFFIXES else FORM_OF.get(suffix)
    if told and form in DOCUMENTS and named not in (None, *DOCUMENTS) and not os.path.isdir(output):
        raise click.UsageError(f"{output} is named like a file of -f {named}, and -f {form} would make it a folder: give one of them, or {output}/")
    if told or output in (None, "-") or os.path.isdir(output):
        return form
    if suffix in (".xml", ".alto"):
        raise click.UsageError(f"{output} may be ALTO or PAGE XML: give -f alto or -f page")
    if suffix not in ("", *TABLE_SUFFIXES, *FORM_OF):
        messages.warning(f"{output} gets a table with tabs: name it .tsv, for other programs, or say with -f what it shall be")
    return FORM_OF.get(suffix, form)


def refuse_foreign(output: str) -> None:
    """Refuse to replace a PDF that is none of ours, as one of ``-o *.pdf`` would be."""
    from htrtool.core.documents.pdf import is_foreign

    if is_foreign(output):
        raise click.UsageError(f"{output} is a PDF that htr did not write: -o takes one name, of a file that may be replaced")


def check_usage(
    operands: list[str],
    form: str,
    output: str | None,
    per_word: bool,
    outlines: bool,
    no_header: bool,
    nbest: int,
    skip_existing: bool,
) -> None:
    """Refuse options that contradict one another."""
    if no_header and form != "tsv":
        raise click.UsageError("--no-header is for -f tsv: the other formats have no header")
    if outlines and form != "tsv":
        raise click.UsageError("--outlines is for -f tsv: -f jsonl and documents have outlines in them, -f txt has room for none")
    if per_word and form not in ("tsv", "jsonl"):
        raise click.UsageError("--per-word is for -f tsv and jsonl: documents have words in them, -f txt is the text alone")
    if nbest > 1 and (form not in ("tsv", "jsonl") or per_word):
        raise click.UsageError("--nbest is for lines in -f tsv and jsonl: elsewhere there is room for one reading")
    if form in DOCUMENTS and len(operands) > 1 and not names_folder(output):
        raise click.UsageError(f"-f {form} holds a page a file: give a folder for several inputs, -o DIR")
    if skip_existing and not (form in DOCUMENTS and names_folder(output)):
        raise click.UsageError("--skip-existing is for documents in a folder: give -f alto, page or hocr, and -o DIR")
    if form == "pdf" and output in (None, "-") and sys.stdout.isatty():
        raise click.UsageError("a PDF is not written to a terminal: give -o FILE, or pipe it on")


def names_folder(output: str | None) -> bool:
    """Tell whether documents go to a folder."""
    from htrtool.core.documents.output import is_document_folder

    return output not in (None, "-") and is_document_folder(output)

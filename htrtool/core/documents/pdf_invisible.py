"""Invisible words of other programs, taken off a page of a PDF: of two layers of words searching and copying make a muddle."""

from __future__ import annotations

import contextlib

import pikepdf
from pikepdf import Name, Object, Operator, PdfError
from pikepdf import Page as PdfPage

INVISIBLE = 3
"""The mode of text that is neither filled nor stroked (ISO 32000-1, 9.3.6)."""
MODES = "Tr"
SHOWING = ("Tj", "TJ", "'", '"')
DEEPEST = 3
"""How far forms are looked for within forms."""


def remove_invisible(page: PdfPage) -> None:
    """Take text that is not shown off a page and off its forms; what is drawn stays as it is, and what can't be understood."""
    with contextlib.suppress(PdfError, TypeError, ValueError):
        if _has_modes(page):
            shown = _shown(page)
            page.contents_coalesce()
            page.obj.Contents.write(shown)
        _clear_forms(page.obj.get("/Resources"), DEEPEST)


def _clear_forms(resources: Object | None, depth: int) -> None:
    if resources is None or not depth:
        return
    for drawn in (resources.get("/XObject") or {}).values():
        if isinstance(drawn, pikepdf.Stream) and drawn.get("/Subtype") == Name.Form:
            if _has_modes(drawn):
                drawn.write(_shown(drawn))
            _clear_forms(drawn.get("/Resources"), depth - 1)


def _has_modes(content: PdfPage | Object) -> bool:
    return any(_mode(operands) == INVISIBLE for operands, _ in pikepdf.parse_content_stream(content, MODES))


def _mode(operands) -> int:
    return int(operands[0]) if len(operands) else 0


def _shown(content: PdfPage | Object) -> bytes:
    """Return what a page or form draws, without the text that it does not show."""
    mode, modes, kept = 0, [], []
    for instruction in pikepdf.parse_content_stream(content):
        operator = str(instruction.operator)
        if operator == "q":
            modes.append(mode)
        elif operator == "Q" and modes:
            mode = modes.pop()
        elif operator == MODES:
            mode = _mode(instruction.operands)
        if mode != INVISIBLE or operator not in SHOWING:
            kept.append(instruction)
        elif operator in ("'", '"'):
            # These go to the next line first, where what is shown may go on.
            kept.append(([], Operator("T*")))
    return pikepdf.unparse_content_stream(kept)

"""Transcriptions as labels: one form for characters that handwriting does not tell apart, and editorial markup."""

from __future__ import annotations

import re
import unicodedata

_PLAIN = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛ʼ′", "'"),
        **dict.fromkeys("“”„‟″", '"'),
        **dict.fromkeys("‐‑‒–—―─−", "-"),
        **dict.fromkeys("\u200b\u2060\ufeff", ""),
        "…": "...",
        "ſ": "s",
        "ẛ": "ṡ",
        "¬": "-",
        "^": "",
    }
)
_WITHOUT_CAPITAL = "µ"
_SOFT_HYPHEN = re.compile("\u00ad+(?=\\s*$)")

# What an editor writes for what he could not read: the picture shows ink that the text does not give.
_UNREAD = re.compile(
    r"""
      <\s*> | >\s*<                    # struck out beyond reading
    | \[[\s?.…]*\] | \(\s*\?+\s*\)     # [?], [...], []
    | \[[^\[\]]*(?i:illeg|illis|ileg[ií]|unleserl|onlees|indéchiff|unclear|unread|torn|signature|stamp|crossed|struck)[^\[\]]*\]
    | \((?i:illegible|illisible|unleserlich|ilegible|ilegível|illeggibile|onleesbaar)\W*\)
    | (?<!\w)X{3,}(?!\w) | (?<!\w)x{4,}(?!\w)
    | <(?:gap|unclear|damage|illegible)\b[^<>]*/>
    | (?<!\S)\#(?!\S)(?!\s+\d)           # but not of "room # 5"
    | _{2,} | \{\s*\} | ⟦\s*⟧
    | (?<!\d)(?<!\d\s)¥(?!\s?\d)       # a signature, not yens
    """,
    re.VERBOSE,
)
# Of TEI: an element around text, and one without, such as <lb/>; an editor's remark, which is not on the page.
_ELEMENT = re.compile(r"<([A-Za-z][\w.:-]*)(?:\s[^<>]*)?>((?:(?!</?\1\b).)*)</\1\s*>")
_NOT_WRITTEN = re.compile(
    r"<[A-Za-z][\w.:-]*(?:\s[^<>]*)?/>|\s*\[(?:(?i:sic|page|pp?\.|fol\.?|folio|recto|verso|blank)(?![^\W\d])[^\[\]]*|!)\]"
)
# Marks around or beside what the text does give.
_MARKS = re.compile(r"(?:>([^<>]*)<|<([^<>]*)>|⟦([^⟦⟧]*)⟧|\[([^\[\]]*)\]|\{([^{}]*)\})|[⋎‸⎀⟦⟧]|(?<=\S)\||\|(?=\S)")


def plain(text: str) -> str:
    """Return ``text`` with one form for characters that handwriting does not tell apart.

    Curly quotes, long dashes and ``…`` become plain, ``ſ`` s and ``¬`` (a hyphen at the line's end) ``-``; ``^``
    (superscript follows) and invisible characters go; runs of white space, no-break ones too, become one space, and
    none stays at the ends. The result is NFC, and plain itself.
    """
    text = unicodedata.normalize("NFC", text)
    text = _SOFT_HYPHEN.sub("-", text).replace("\u00ad", "").translate(_PLAIN)
    return " ".join(unicodedata.normalize("NFC", text).split())


def capitals(text: str) -> str:
    """Return ``text`` in capitals, but for characters whose capital is of another script, as that of µ is."""
    return _WITHOUT_CAPITAL.join(part.upper() for part in text.split(_WITHOUT_CAPITAL))


def has_markup(text: str) -> bool:
    """Tell whether ``text`` holds editorial markup: struck-out, unread, supplied or inserted passages.

    The signs are ``>x<``, ``<x>``, ``⟦x⟧``, ``[x]``, ``{x}``, ``⋎ ‸ ⎀``, ``|`` within a word, and those of
    :func:`has_unread`.
    """
    return bool(_UNREAD.search(text) or _MARKS.search(text))


def has_unread(text: str) -> bool:
    """Tell whether ``text`` leaves out what its picture shows: ``<>``, ``[?]``, ``XXX``, ``#``, ``¥``, ``__``."""
    return bool(_UNREAD.search(text))


def without_markup(text: str) -> str | None:
    """Return ``text`` without the signs of editorial markup, the tags of TEI too, what they enclose kept; ``[sic]`` goes.

    None if a passage is unread, since no text is known then for what the picture shows.
    """
    if has_unread(text):
        return None
    for marks, kept in ((_ELEMENT, r"\2"), (_NOT_WRITTEN, ""), (_MARKS, lambda match: "".join(filter(None, match.groups())))):
        before = None
        while before != text:
            before, text = text, marks.sub(kept, text)
    return None if has_unread(text) else " ".join(text.split())

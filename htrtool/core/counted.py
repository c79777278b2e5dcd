"""Numbers of things as people write them."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with what it counts, ``1 line`` or ``2 lines``; ``plural`` is for nouns that take no ``s``, or for more than a noun."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"

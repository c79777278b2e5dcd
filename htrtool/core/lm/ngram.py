"""A character n-gram model as an automaton: how probable a character is after those before it.

The n-grams form a trie; what the trie lacks is estimated from the next shorter context, as in the backoff models of
Katz (1987). All figures share one symbol, since no text tells one number from another. A character that the texts lacked
stands for what it looks like: ``ſ`` for ``s``, since texts are made plain, ``å`` for an ``a`` that is rare. All others share a symbol.
"""

from __future__ import annotations

import json
import threading
import unicodedata
import zipfile
from array import array
from bisect import bisect_right
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Callable, Mapping, Sequence

import numpy as np

from htrtool.core.charset import Charset
from htrtool.core.compiled.library import Trie, address, library
from htrtool.core.errors import BROKEN_ARCHIVE, ModelError
from htrtool.core.labels import plain

SUFFIX = ".lm"
CAPITALS = "capitals"
"""What the model of texts in capitals is called among those of languages."""
STEP = 1 / 16
"""The unit of costs, in nats: what a model stores are whole numbers of it, 0 to 255."""
UNKNOWN, ROOT = 0, 0
FIGURE, FIGURES = "0", "0123456789"
MISREAD = 0.3
"""The chance that a character is taken to have been misread, where a language is found by what was read."""
UNSEEN, RARE = 128, 48
"""In ``STEP``, what a character costs that the model does not know, and what one costs besides that stands for its base letter."""
_BASES = dict(zip("łŁđĐøØæÆœŒßıħĦŋŊðÐþÞ", "lLdDoOaAoOsihHnNdDpP"))
_PARTS = ("symbols", "children", "costs", "backoffs")
_HEAD = "htr.json"
_REMEMBERED = 200_000
_MOST_SYMBOLS = 255
_MOST_LEVELS = 32


def base_letter(character: str) -> str:
    """Return the letter that a character is without what distinguishes it, such as ``a`` for ``å`` and ``o`` for ``ø``."""
    return _BASES.get(character) or unicodedata.normalize("NFD", character)[0]


class CharacterModel:
    """What goes on one character after another, from the state ``start`` by ``step``, as all language models here do."""

    of_words = False
    """Whether it learned its language from words alone, not from sentences."""
    misread = 0.0
    """What a character costs, as :func:`doubtful_cost` has it, in text of any language that was misread, in nats; 0 if that is not known."""

    def costs(self, text: str) -> np.ndarray:
        """Return what each character of a line costs, in nats: float (characters,)."""
        return STEP * self.walk(self.start, [self.symbol(character) for character in text])[0]

    def walk(self, state: Any, symbols: Sequence[Any]) -> tuple[np.ndarray, Any]:
        """Return what each of some symbols costs from a state on, int (symbols,), in ``STEP``, and the state after them."""
        costs = []
        for symbol in symbols:
            cost, state = self.step(state, symbol)
            costs.append(cost)
        return np.array(costs, np.int32), state


def doubtful_cost(costs: np.ndarray) -> float:
    """Return what a text costs, in nats, of which any character may be another one, given what each costs as it stands.

    What was misread costs much in any language, and then tells nothing more.

    Args:
        costs: float (characters,), in nats.
    """
    return float(-np.log(MISREAD + (1 - MISREAD) * np.exp(-costs)).sum())


class NGram(CharacterModel):
    """A model, ready to be asked; states are nodes of its trie.

    Args:
        characters: the characters of the symbols 1, 2, …; 0 stands for all others.
        symbols: uint8 (nodes,), the last symbol of each node. The root, which has none, is node 0; nodes stand level
            by level, the children of one node together.
        children: uint8 (inner nodes,), how many children each node has; the nodes beyond have none.
        costs: uint8 (nodes,), minus the logarithm of the last symbol's probability after the others, in ``STEP``.
        backoffs: uint8 (inner nodes,), the cost of leaving a node for the next shorter context, in ``STEP``.
        of_words, misread: see :class:`CharacterModel`.
    """

    def __init__(
        self,
        characters: str,
        symbols: np.ndarray,
        children: np.ndarray,
        costs: np.ndarray,
        backoffs: np.ndarray,
        of_words: bool = False,
        misread: float = 0.0,
    ):
        self.characters, self.of_words, self.misread = characters, of_words, misread
        self.parts = dict(zip(_PARTS, (symbols, children, costs, backoffs)))
        self._symbol_of = {character: symbol for symbol, character in enumerate(characters, start=1)}
        # Of the symbols beyond those of the characters, each a base letter with something to it, the symbol of that letter.
        self._bases = bytearray(_MOST_SYMBOLS + 1)
        self._stand_ins = 0
        self._numbering = threading.Lock()
        self._inner = len(children)
        self._symbols, self._costs, self._backoffs = symbols.tobytes(), costs.tobytes(), backoffs.tobytes()
        self._first = array("I", np.cumsum(np.append(1, children), dtype=np.uint32).tobytes())
        self._shorter: dict[int, int] = {}
        self._steps: dict[int, tuple[int, int]] = {}
        self.start = self.step(ROOT, self.symbol(" "))[1]

    def symbol(self, character: str) -> int:
        """Return the symbol of a character."""
        symbol = self._symbol_of.get(FIGURE if character.isdecimal() else character)
        if symbol is None:
            with self._numbering:
                symbol = self._symbol_of.setdefault(character, self._stand_in(character))
        return symbol

    def _stand_in(self, character: str) -> int:
        """Return the symbol of a character that the texts lacked."""
        alike = self._symbol_of.get(plain(character))
        if alike is not None:
            return alike
        base = self._symbol_of.get(base_letter(character))
        symbol = len(self.characters) + self._stand_ins + 1
        if base is None or base > len(self.characters) or symbol > _MOST_SYMBOLS:
            return UNKNOWN
        self._bases[symbol] = base
        self._stand_ins += 1
        return symbol

    def symbols_of(self, charset: Charset) -> list[int]:
        """Return the symbol of each class of a charset, the blank's being that of the unknown."""
        return [UNKNOWN, *map(self.symbol, charset.characters)]

    def step(self, state: int, symbol: int) -> tuple[int, int]:
        """Return what ``symbol`` costs in ``state``, in ``STEP``, and the state after it."""
        key = state << 8 | symbol
        known = self._steps.get(key)
        if known is None:
            if len(self._steps) >= _REMEMBERED:
                self._steps = {}
            known = self._steps[key] = self._step(state, symbol)
        return known

    def _step(self, state: int, symbol: int) -> tuple[int, int]:
        first, inner, find, shorter = self._first, self._inner, self._symbols.find, self._shorter
        cost = 0
        if symbol > len(self.characters):
            symbol, cost = self._bases[symbol], RARE
        while (child := find(symbol, first[state], first[state + 1]) if state < inner else 0) <= 0:
            if state == ROOT:
                return cost + UNSEEN, ROOT
            cost += self._backoffs[state]
            state = shorter.get(state) or self._shortened(state)
        cost += self._costs[child]
        # What nothing follows tells no more than what is left of it without its first symbol, and so on.
        while child and (child >= inner or first[child] == first[child + 1]):
            if state == ROOT:
                return cost, ROOT
            state = shorter.get(state) or self._shortened(state)
            child = self._child(state, symbol)
        return cost, child

    def walk(self, state: int, symbols: Sequence[int]) -> tuple[np.ndarray, int]:
        """Return what each of some symbols costs from a state on, int (symbols,), in ``STEP``, and the state after them."""
        compiled = library()
        if compiled is None:
            return super().walk(state, symbols)
        symbols, costs = np.array(symbols, np.int32), np.empty(len(symbols), np.int32)
        return costs, compiled.htr_costs(self.trie, state, address(symbols), len(symbols), address(costs))

    @cached_property
    def trie(self) -> Trie:
        """The model as compiled functions take it, which is gone with this object."""
        parts = (self._symbols, self._costs, self._backoffs, self._bases, self._first)
        self._shorter_by_node = np.full(self._inner, -1, np.int32)
        addresses = [address(np.frombuffer(part, np.uint8)) for part in parts]
        return Trie(*addresses, address(self._shorter_by_node), self._inner, len(self.characters))

    def _child(self, node: int, symbol: int) -> int:
        """Return the child of a node by a symbol, 0 where there is none."""
        if node >= self._inner:
            return 0
        return max(0, self._symbols.find(symbol, self._first[node], self._first[node + 1]))

    def _shortened(self, node: int) -> int:
        """Return the node of the same symbols without the first; that of a single symbol is the root."""
        shorter = self._shorter.get(node)
        if shorter is None:
            parent = bisect_right(self._first, node) - 1
            shorter = self._child(self._shortened(parent), self._symbols[node]) if parent != ROOT else ROOT
            self._shorter[node] = shorter
        return shorter

    @property
    def size(self) -> int:
        """The number of n-grams."""
        return len(self._symbols) - 1

    @classmethod
    def _read(cls, archive: zipfile.ZipFile, folder: str) -> NGram:
        head = json.loads(archive.read(folder + _HEAD))
        parts = [np.frombuffer(archive.read(folder + name), np.uint8) for name in _PARTS]
        symbols, children, costs, backoffs = parts
        if len(symbols) != len(costs) or len(children) != len(backoffs) or children.sum() + 1 != len(symbols):
            raise ValueError("its parts do not fit together")
        if not _is_trie(children):
            raise ValueError("its n-grams are no trie")
        return cls(head["characters"], *parts, bool(head.get("of_words")), float(head.get("misread", 0)))


def _is_trie(children: np.ndarray) -> bool:
    """Tell whether nodes of so many children stand level by level, in no more levels than an n-gram may have characters."""
    first = np.cumsum(np.append(1, children), dtype=np.int64)
    start, end = 0, 1
    for _ in range(_MOST_LEVELS):
        if start >= len(children):
            return True
        start, end = first[start], first[min(end, len(children))]
        if start == end:
            return start >= len(children)
    return False


def save_models(models: Mapping[str, NGram], stream: IO[bytes], others: Mapping[str, bytes] | None = None) -> None:
    """Write the model of each language, that of all under ``""``, as a zip archive with a folder a language.

    Args:
        others: what else to put into the archive, by name.
    """
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for language, model in models.items():
            folder = language and f"{language}/"
            head = {"characters": model.characters} | ({"of_words": True} if model.of_words else {})
            head |= {"misread": round(model.misread, 4)} if model.misread else {}
            archive.writestr(folder + _HEAD, json.dumps(head, ensure_ascii=False))
            for name, part in model.parts.items():
                archive.writestr(folder + name, part.tobytes())
        for name, content in (others or {}).items():
            archive.writestr(name, content)


def load_models(path: Path, fits: Callable[[NGram], bool] = lambda model: True) -> dict[str, NGram]:
    """Read what :func:`save_models` wrote.

    Args:
        fits: asked of the model of all languages; the others are read, and any returned, only if it does.

    Raises:
        ModelError: the file is not one that it wrote.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            folders = [name.removesuffix(_HEAD) for name in archive.namelist() if name.endswith(_HEAD)]
            if "" not in folders:
                raise ValueError(f"there is no {_HEAD} in it")
            whole = NGram._read(archive, "")
            if not fits(whole):
                return {}
            return {folder.rstrip("/"): NGram._read(archive, folder) if folder else whole for folder in folders}
    except (*BROKEN_ARCHIVE, TypeError) as error:
        raise ModelError(f"expected a language model made by htr train --lm ({error})", str(path)) from None

"""The compiled loops of decoding, if there are any: without them the same is computed in Python, slower."""

from __future__ import annotations

import contextlib
import ctypes
from functools import cache
from pathlib import Path
from typing import Iterator

import numpy as np

SOURCE = Path(__file__).with_name("decoding.c")
LIBRARY = Path(__file__).with_name("_decoding.so")
VERSION = 2
"""Of what the functions take and give; a library that was compiled from another source is passed over."""


class Trie(ctypes.Structure):
    """A character n-gram model, as decoding.c has it."""

    _fields_ = [(name, ctypes.c_void_p) for name in ("symbols", "costs", "backoffs", "bases", "first", "shorter")] + [
        ("inner", ctypes.c_int32),
        ("characters", ctypes.c_int32),
    ]


class Knowledge(ctypes.Structure):
    """What a search knows beside the frames, as decoding.c has it."""

    _fields_ = [
        ("trie", ctypes.POINTER(Trie)),
        *((name, ctypes.c_void_p) for name in ("symbols", "worths", "pairs", "surprises")),
        ("classes", ctypes.c_int32),
        ("space", ctypes.c_int32),
    ]


class Frames(ctypes.Structure):
    """The frames of a line that are searched, as decoding.c has it."""

    _fields_ = [(name, ctypes.c_void_p) for name in ("numbers", "ends", "classes", "blanks", "probabilities")] + [
        ("count", ctypes.c_int64)
    ]


def address(array: np.ndarray) -> int:
    """Return where the numbers of an array are, for as long as the array is there.

    Raises:
        ValueError: they do not stand one after the other.
    """
    if not array.flags.c_contiguous:
        raise ValueError("expected an array whose numbers stand one after the other")
    return array.ctypes.data


_left_out = False


def library() -> ctypes.CDLL | None:
    """Return the compiled functions, or None where there are none that fit this version of the package, or they are left out."""
    return None if _left_out else loaded_library()


@contextlib.contextmanager
def left_out() -> Iterator[None]:
    """Let everything be computed in Python meanwhile, in all threads."""
    global _left_out
    before, _left_out = _left_out, True
    try:
        yield
    finally:
        _left_out = before


@cache
def loaded_library() -> ctypes.CDLL | None:
    """Return the compiled functions, or None where there are none that fit this version of the package."""
    try:
        loaded = ctypes.CDLL(str(LIBRARY))
        if loaded.htr_version() != VERSION:
            return None
        number, pointer, double = ctypes.c_int64, ctypes.c_void_p, ctypes.c_double
        small = ctypes.c_int32
        loaded.htr_costs.argtypes = [ctypes.POINTER(Trie), small, pointer, number, pointer]
        loaded.htr_search.argtypes = [
            ctypes.POINTER(Knowledge), ctypes.POINTER(Frames), small, small, double, pointer, pointer, pointer, pointer,
        ]  # fmt: skip
        loaded.htr_fits.argtypes = [pointer, number, number, pointer, pointer, number, number, number, pointer, pointer, pointer]
        loaded.htr_paths.argtypes = [pointer, pointer, number, number, pointer, pointer, pointer]
        loaded.htr_costs.restype = loaded.htr_search.restype = small
        loaded.htr_fits.restype = loaded.htr_paths.restype = None
    except (OSError, AttributeError):
        return None
    return loaded

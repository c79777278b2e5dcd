"""The checkpoint of a training run: what it was told, where it stands, and every array that it needs to go on."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np

from htrtool.core.errors import BROKEN_ARCHIVE, DivergedError, InputError
from htrtool.core.files import replacing

_TOLD = "told"
_EXPECTED = {"settings": dict, "progress": dict, "charset": str}
"""What every checkpoint tells at the least."""


def write_checkpoint(path: Path, told: dict, arrays: dict[str, np.ndarray]) -> None:
    """Write a checkpoint beside the old one and put it in its place, so that a whole one is there at any time.

    Args:
        told: what JSON can hold.
        arrays: of any shape, by name.

    Raises:
        DivergedError: a number is not finite; the old checkpoint, if there is one, is kept.
    """
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise DivergedError(f"the weights are no longer numbers{what_is_kept(path)}", str(path))
    buffer = io.BytesIO()
    np.savez(buffer, **{_TOLD: np.frombuffer(json.dumps(told).encode(), np.uint8)}, **arrays)
    with replacing(path) as stream:
        stream.write(buffer.getbuffer())


def what_is_kept(path: Path) -> str:
    """Return what an error of a run that diverged says of its last checkpoint: nothing where there is none."""
    return "; the last good checkpoint is kept, which --resume goes on from" if path.exists() else ""


def read_checkpoint(path: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """Return what a checkpoint tells and its arrays.

    Raises:
        InputError: there is none, it is broken, or it lacks what every checkpoint tells.
    """
    return _read(path, with_arrays=True)


def read_told(path: Path) -> dict:
    """Return what a checkpoint tells.

    Raises:
        InputError: there is none, it is broken, or it lacks what every checkpoint tells.
    """
    return _read(path, with_arrays=False)[0]


def lacking(what: str, path: Path) -> InputError:
    """Return the error of a checkpoint that does not hold all that a run needs to go on."""
    return InputError(
        f"expected the checkpoint of a run by this version of htr, found one without {what}: resume with the version that "
        "wrote it, or remove it to begin anew",
        str(path),
    )


def _read(path: Path, with_arrays: bool) -> tuple[dict, dict[str, np.ndarray]]:
    try:
        with np.load(path) as archive:
            arrays = {name: archive[name] for name in (archive.files if with_arrays else [_TOLD])}
        told = json.loads(arrays.pop(_TOLD).tobytes())
    except FileNotFoundError:
        raise InputError("expected the checkpoint of a run to resume, found none", str(path)) from None
    except (*BROKEN_ARCHIVE, TypeError) as error:
        raise InputError(f"expected the checkpoint of a run, found a broken one or another file ({error})", str(path)) from None
    for name, kind in _EXPECTED.items():
        if not isinstance(told, dict) or not isinstance(told.get(name), kind):
            raise lacking(f"its {name}", path)
    return told, arrays

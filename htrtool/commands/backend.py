"""What training needs: Keras with one of its backends, what writes ONNX, and a processor that has bfloat16."""

from __future__ import annotations

import contextlib
import os
from typing import Iterator

import click

from htrtool.core.errors import DependencyError
from htrtool.streams import quiet_stderr

BACKENDS = ("tensorflow", "jax", "torch")
"""Those of Keras, as the environment variable KERAS_BACKEND names them."""


def slowdown_in_bfloat16() -> float:
    """Return how many times as long TensorFlow takes in bfloat16 as in float32; 1 where another backend is to train."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return 1
    from htrtool.core.training.cpu import bfloat16_takes

    return bfloat16_takes()


def chosen_backend() -> str:
    """Return the backend of Keras that is to train."""
    return os.environ.get("KERAS_BACKEND") or "tensorflow"


def check_installed() -> str:
    """Check that what training needs is there, without importing it.

    Returns:
        What is lacked for writing ONNX, which only TensorFlow does, where another library trains.

    Raises:
        DependencyError: something is missing; says what to install.
    """
    from importlib.util import find_spec

    backend = chosen_backend()
    if backend not in BACKENDS:
        raise click.UsageError(f"KERAS_BACKEND is one of {', '.join(BACKENDS)}, received {backend!r}")
    missing = [name for name in dict.fromkeys(("keras", "onnx", backend, "tensorflow", "tf2onnx")) if not find_spec(name)]
    if backend != "tensorflow" and missing and set(missing) <= {"tensorflow", "tf2onnx"}:
        return " and ".join(missing)
    if missing:
        packages = ["'htrtool[train]'"] + [backend] * (backend != "tensorflow" and backend in missing)
        raise DependencyError(f"training needs {' and '.join(missing)}: pip install {' '.join(packages)}")
    return ""


@contextlib.contextmanager
def importing_keras() -> Iterator[None]:
    """Keep what libraries write while they are imported from the user.

    Raises:
        DependencyError: one of them is installed, but can't be imported.
    """
    try:
        with quiet_stderr():
            yield
    except ImportError as error:
        raise DependencyError(f"training needs Keras and what it computes with, which can't be imported ({error}): pip install --force-reinstall 'htrtool[train]'") from None

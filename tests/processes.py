"""The program run as a user runs it, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys


def run_module(module: str, *arguments: object, **options) -> subprocess.CompletedProcess:
    """Run ``python -m`` with a module and its arguments; ``options`` are those of ``subprocess.run``."""
    words = (argument if isinstance(argument, (str, bytes, os.PathLike)) else str(argument) for argument in arguments)
    return subprocess.run([sys.executable, "-m", module, *words], capture_output=True, **options)

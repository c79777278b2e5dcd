"""A module of ours run in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import htrtool

# This htrtool, whichever others there are, but nothing else from beside it before what belongs to Python.
_RUN = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); import htrtool; sys.path.pop(0); "
    "runpy.run_module(sys.argv.pop(1), None, '__main__', True)"
)


def module_command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of ours as ``python -m`` does.

    But nothing is imported from the folder that one works in, where a user's ``random.py`` may stand.
    """
    return [sys.executable, "-P", "-c", _RUN, str(Path(htrtool.__file__).parents[1]), module, *arguments]

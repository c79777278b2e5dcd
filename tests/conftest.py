"""What several test files share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    """A model that reads what ``tiny_model.draw_line`` draws."""
    from tiny_model import write_tiny_model

    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.onnx")


@pytest.fixture(scope="session")
def run_htr():
    """Run ``htr`` as a user does: ``run_htr("read", "x.png", input=b"…")`` gives the completed process."""

    def run(*arguments: str | os.PathLike, **options) -> subprocess.CompletedProcess:
        if "input" not in options and "stdin" not in options:
            options["stdin"] = subprocess.DEVNULL
        command = [sys.executable, "-m", "htrtool", *map(os.fspath, arguments)]
        return subprocess.run(command, capture_output=True, timeout=120, **options)

    return run

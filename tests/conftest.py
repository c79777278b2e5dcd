"""What several test files share."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
# Here and in the processes that the tests start it is this checkout that is tested, whatever is installed.
sys.path[:0] = [str(TESTS), str(TESTS.parent)]
os.environ["PYTHONPATH"] = os.pathsep.join([str(TESTS.parent), *filter(None, [os.environ.get("PYTHONPATH")])])

# What a script starts with & ignores Ctrl-C, and so would every process that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
# What nohup starts ignores the end of the terminal.
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    """A model that reads what ``tiny_model.draw_line`` draws."""
    from tiny_model import write_tiny_model

    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.onnx")


@pytest.fixture(scope="session")
def run_htr():
    """Run ``htr`` as a user does: ``run_htr("read", "x.png", input=b"…")`` gives the completed process."""

    from processes import run_module

    def run(*arguments: str | os.PathLike, **options) -> subprocess.CompletedProcess:
        if "input" not in options and "stdin" not in options:
            options["stdin"] = subprocess.DEVNULL
        return run_module("htrtool", *arguments, timeout=120, **options)

    return run


@pytest.fixture(scope="session")
def memory_of():
    """Run a command and return its exit status and the most memory that it held, in kilobytes.

    A small process stands in between, since a child's peak counts that of the process that it was forked from.
    """
    code = (
        "import os, subprocess, sys; process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL); "
        "_, status, usage = os.wait4(process.pid, 0); print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)"
    )

    def run(*command: str | os.PathLike) -> tuple[int, int]:
        if not hasattr(os, "wait4"):
            pytest.skip("needs the memory use of a child")
        done = subprocess.run([sys.executable, "-c", code, *map(os.fspath, command)], capture_output=True, text=True)
        status, kilobytes = map(int, done.stdout.split())
        return status, kilobytes

    return run

"""Compiles decoding.c when the package is built or installed, where there is a C compiler: a hook of hatchling."""

from __future__ import annotations

import os
import shlex
import subprocess
import sysconfig
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import sys_tags

HERE = Path("htrtool", "core", "compiled")
# Contracted to fused operations, sums would differ from those that Python computes.
OPTIONS = ("-O2", "-ffp-contract=off", "-shared", "-fPIC")


class CompileDecoding(BuildHookInterface):
    """Puts the compiled library beside its source, and into the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict) -> None:
        """Compile; where that can't be done, the wheel is of Python alone."""
        folder = Path(self.root, HERE)
        made = folder / "_decoding.so"
        if problem := self._compile(folder / "decoding.c", made):
            self.app.display_warning(f"decoding stays in Python, which is slower: {problem}")
            made.unlink(missing_ok=True)
            return
        build_data["artifacts"].append(str(HERE / made.name))
        build_data["pure_python"] = False
        # It is loaded by ctypes, so that any Python will do.
        platform = next(tag.platform for tag in sys_tags() if "linux_" not in tag.platform or tag.platform.startswith("linux"))
        build_data["tag"] = f"py3-none-{platform}"

    @staticmethod
    def _compile(source: Path, made: Path) -> str:
        """Return why it could not be compiled, an empty text if it was."""
        compiler = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
        unfinished = made.with_suffix(f".{os.getpid()}")
        try:
            done = subprocess.run(
                [*shlex.split(compiler), *OPTIONS, str(source), "-o", str(unfinished)], capture_output=True, text=True
            )
            if done.returncode:
                return done.stderr.strip() or f"{compiler} failed"
            # A library that a running process has loaded stays as it was for it.
            unfinished.replace(made)
        except OSError as error:
            return str(error)
        finally:
            unfinished.unlink(missing_ok=True)
        return ""

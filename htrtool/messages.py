"""Messages to the person at the terminal: all on stderr, none on stdout."""

from __future__ import annotations

import contextlib
import sys
from typing import Callable, Iterator

from htrtool.core.errors import HtrError


class Messages:
    """Write notes, warnings and problems of one command to stderr, and count the problems."""

    def __init__(self, command: str, quiet: bool = False, verbose: bool = False):
        self.command = command
        self.quiet = quiet
        self.verbose = verbose
        self.problems = 0

    def _write(self, text: str) -> None:
        print(f"{self.command}: {text}", file=sys.stderr, flush=True)

    def problem(self, error: HtrError | str) -> None:
        """Report an input that could not be used; the exit status will say so. Never silenced."""
        self.problems += 1
        self._write(str(error))

    def warning(self, text: str) -> None:
        """Report what the user should know but need not mend."""
        if not self.quiet:
            self._write(f"warning: {text}")

    def note(self, text: str) -> None:
        """Report a count or a result that is not data."""
        if not self.quiet:
            self._write(text)

    def detail(self, text: str) -> None:
        """Report what only ``-v`` asks for."""
        if self.verbose:
            self._write(text)

    @property
    def progress(self) -> bool:
        """Whether a progress bar may be drawn: on a terminal, and not silenced."""
        return not self.quiet and sys.stderr.isatty()

    @contextlib.contextmanager
    def counting(self, total: int | None = None, shown: bool = True) -> Iterator[Callable[..., object]]:
        """Count lines on a terminal, of ``total`` if that is known: gives what to call with how many more there are, one by default."""
        if not (shown and self.progress):
            yield lambda lines=1: None
            return
        from tqdm import tqdm

        with tqdm(total=total, unit=" lines", desc=self.command, leave=False) as bar:
            yield bar.update

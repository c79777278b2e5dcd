"""Options that several commands share, as click decorators."""

from __future__ import annotations

import codecs
import functools
import math
import os
import sys
from pathlib import Path
from typing import Callable, Iterable, Sequence

import click
from click.core import ParameterSource

from htrtool.core.bounds import BOUNDS
from htrtool.core.errors import InputError, unreadable
from htrtool.core.files import same_file
from htrtool.core.text_files import refuse_other_kind
from htrtool.messages import Messages


class FiniteRange(click.FloatRange):
    """A float within bounds, which no NaN and no infinity is."""

    def convert(self, value, param, context) -> float:
        number = super().convert(value, param, context)
        if not math.isfinite(number):
            self.fail(f"{value} is no number.", param, context)
        return number


class _Looks(click.ParamType):
    """How often the network looks at a line: a number, or None for ``auto``."""

    name = "auto|N"

    def convert(self, value, param, context) -> int | None:
        return None if value in ("auto", None) else click.IntRange(*BOUNDS["looks"]).convert(value, param, context)


LOOKS = _Looks()
STANDARD_OUTPUT = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
"""Names of the file that is open already, which must not be replaced by another of its name."""


def refuse(names: Iterable[str], reason: str) -> None:
    """End with a usage error if one of these options was given."""
    context = click.get_current_context()
    for option in context.command.params:
        if option.name in names and context.get_parameter_source(option.name) != ParameterSource.DEFAULT:
            raise click.UsageError(f"{option.opts[0]} {reason}")


def with_messages(function: Callable) -> Callable:
    """Add ``-q`` and ``-v`` and pass a ``messages`` argument in their place."""

    @click.option("-q", "--quiet", is_flag=True, help="Print no warnings, counts or progress.")
    @click.option("-v", "--verbose", is_flag=True, help="Explain what is done on standard error.")
    @functools.wraps(function)
    def wrapper(*args, quiet: bool, verbose: bool, **kwargs):
        command = click.get_current_context().command_path
        return function(*args, messages=Messages(command, quiet, verbose), **kwargs)

    return wrapper


def refuse_empty(names: Iterable[str | None], remedy: str = "give a file's or a folder's") -> None:
    """End with a usage error if a name is empty, which paths take for the folder that one is in: all of it would be read."""
    if "" in names:
        raise click.UsageError(f"a name is empty, as that of a variable which is not set is: {remedy}")


def refuse_to_replace(output: str | None, read: Iterable[str | Path], files: Iterable[Path] | None = None) -> None:
    """End with a usage error if one of the ``files`` that ``-o`` writes, by default ``output`` itself, is one of those that are read."""
    if output in (None, "-"):
        return
    # Looked through for each file.
    read = list(read)
    for file in [Path(output)] if files is None else files:
        if any(same_file(file, name) for name in read):
            raise click.UsageError(f"-o {output} would replace {'what' if files is None else f'{file}, which'} is read: name another")


def with_operands(metavar: str, *beside: str) -> Callable:
    """Add operands, ``--files-from`` and ``-0``, and pass the names as ``operands``, a list of strings.

    No operand at all means standard input, ``-``, and says so where that is a terminal. Only one of them, of
    ``--files-from`` and of the parameters ``beside``, which name what else is read, may be standard input, and none may
    be the parameter ``output``. None of them all may be empty.
    """

    def decorate(function: Callable) -> Callable:
        @click.argument("operands", nargs=-1, metavar=f"[{metavar}]...")
        @click.option("--files-from", metavar="FILE", help="Read further operands from FILE, one a line ('-': standard input), once all of it is there.")
        @click.option("-0", "--null", is_flag=True, help="Names in --files-from end with a NUL byte, not a newline.")
        @functools.wraps(function)
        def wrapper(*args, operands: tuple[str, ...], files_from: str | None, null: bool, **kwargs):
            names = list(operands)
            if files_from:
                names += names_in(files_from, null)
            elif null and files_from is None:
                raise click.UsageError("-0 says how names in --files-from end: give --files-from too")
            elif not names:
                names = ["-"]
                tell_of_standard_input()
            if kwargs.get("output") in STANDARD_OUTPUT:
                kwargs["output"] = "-"
            read = [*names, *named_by("files_from", *beside)]
            refuse_empty((*read, kwargs.get("output")), "give a file's, or '-'")
            refuse_to_replace(kwargs.get("output"), read)
            if read.count("-") > 1:
                raise click.UsageError("standard input, '-', can be read only once")
            return function(*args, operands=names, **kwargs)

        return wrapper

    return decorate


def expect_names(operands: Sequence[str], metavar: str) -> None:
    """Raise an error if a list of names had none in it, for a command that can do nothing then.

    Raises:
        InputError: there is none.
    """
    if not operands:
        raise InputError(f"expected the name of a {metavar} in --files-from, found none")


def named_by(*parameters: str) -> list[str]:
    """Return what these parameters of the command were given, none, one or several names each."""
    given = (click.get_current_context().params.get(parameter) for parameter in parameters)
    return [name for value in given if value is not None for name in ([value] if isinstance(value, str) else value)]


def tell_of_standard_input() -> None:
    """Say that standard input is read, where that is a terminal and no operand asked for it."""
    if sys.stdin.isatty():
        print(f"{click.get_current_context().command_path}: reading standard input", file=sys.stderr)


def refuse_pages(content: bytes, file: str) -> None:
    """Check that what should be a list of names is not itself what could be in it: a picture, a PDF, XML or a tar.

    Raises:
        InputError: it is.
    """
    # Only now, since it loads an image library.
    from htrtool.core.kinds import HEAD, kind_of

    if kind := kind_of(content[:HEAD]):
        raise InputError(f"expected a list of names, one a line, received {kind}: give it as an operand, without --files-from", file)


def names_in(file: str, null: bool) -> list[str]:
    """Return the names listed in ``file`` ('-': standard input).

    Raises:
        InputError: the list can't be read, or is no plain text.
    """
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise unreadable(error, file) from None
    refuse_other_kind(content, file)
    refuse_pages(content, file)
    if not null and b"\0" in content:
        raise click.UsageError(f"names in {file} end with NUL bytes: give -0 too")
    content = content.removeprefix(codecs.BOM_UTF8)
    separator = b"\0" if null else b"\n"
    return [os.fsdecode(name.removesuffix(b"\r" if not null else b"")) for name in content.split(separator) if name.strip()]

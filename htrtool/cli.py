"""The ``htr`` command: its subcommands, loaded only when called, exit codes and signals."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import signal
import sys
import tempfile
from typing import IO, Iterator

import click

from htrtool import __version__
from htrtool.core.errors import HtrError
from htrtool.exits import Exit, status_of

COMMANDS = {
    "prep": "Turn pictures and transcriptions into training samples.",
    "train": "Train a model on samples.",
    "read": "Read images of handwriting into a table of lines.",
    "eval": "Score what was read against the truth.",
    "plot": "Draw what the other commands print.",
}

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The ways in which there is no room for what is written."""


class LazyGroup(click.Group):
    """A group that imports a subcommand's module only when that subcommand is called."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        return getattr(importlib.import_module(f"htrtool.commands.{name}"), name)

    def invoke(self, context: click.Context) -> object:
        """Run the subcommand; click itself would leave with status 1 when the reader of a pipe has gone away."""
        try:
            return super().invoke(context)
        except BrokenPipeError:
            return Exit.OK
        except HtrError as error:
            error.command = f"{context.command_path} {context.invoked_subcommand}"
            raise

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="htr", message="%(prog)s %(version)s")
def htr() -> None:
    """Handwriting to text: prepare, train, read, score and plot.

    Every command reads files or standard input and writes data to standard output, so that they can be piped:

    \b
        htr read scans/*.png > out.tsv
        htr prep raw/ | htr train -o mine
        htr eval truth.tsv out.tsv
    """


def protect_stdout() -> IO[bytes]:
    """Keep standard output for data: return it as a binary stream, and send what libraries print to stderr."""
    sys.stdout.flush()
    data = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return data


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep what libraries write to standard error while they are imported from the user, unless that fails."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as kept, os.fdopen(os.dup(2), "wb") as stderr:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            kept.seek(0)
            stderr.write(kept.read())
            raise
        finally:
            os.dup2(stderr.fileno(), 2)


def main() -> None:
    """Run ``htr`` and exit with one of the statuses of :class:`htrtool.exits.Exit`."""
    open_missing()
    # By an exception, so that temporary files go; those are the parent's, and a worker ends at once.
    signal.signal(signal.SIGTERM, stop)
    # What a script starts with & ignores Ctrl-C.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, stop)
    os.register_at_fork(after_in_child=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL))
    try:
        status = htr.main(prog_name="htr", standalone_mode=False)
    except click.exceptions.Abort:
        status = Exit.INTERRUPTED
    except click.ClickException as error:
        error.show()
        status = Exit.USAGE
    except HtrError as error:
        print(f"{error.command}: {error}", file=sys.stderr)
        status = status_of(error)
    except KeyboardInterrupt:
        status = Exit.INTERRUPTED
    except BrokenPipeError:
        status = Exit.OK
    except OSError as error:
        status = unwritten(error)
    leave(int(status or 0))


def stop(number: int, frame) -> None:
    """End for a signal, by an exception; another one, as ``timeout`` sends at once, must not interrupt that."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(Exit.TERMINATED)


def open_missing() -> None:
    """Open the standard streams that were closed, as by ``>&-``, on the null device."""
    for descriptor, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
            setattr(sys, name, os.fdopen(descriptor, mode))


def unwritten(error: OSError) -> Exit:
    """Tell that there was no room for what was to be written, and return the status; any other error is raised."""
    if error.errno not in FULL:
        raise error
    print(f"htr: the output can't be written: {error.strerror}", file=sys.stderr)
    return Exit.UNWRITTEN


def leave(status: int) -> None:
    """Flush and exit; a reader that has gone away is no error."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if not isinstance(error, BrokenPipeError):
            status = unwritten(error)
    sys.exit(status)

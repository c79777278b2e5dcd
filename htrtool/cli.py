"""The ``htr`` command: its subcommands, loaded only when called, exit codes and signals."""

from __future__ import annotations

import errno
import functools
import importlib
import os
import signal
import sys

import click

from htrtool import __version__
from htrtool.core.errors import HtrError
from htrtool.exits import Exit, status_of
from htrtool.streams import open_missing, spare_stderr

COMMANDS = {
    "prep": "Turn pictures and transcriptions into training samples.",
    "train": "Train a model on samples.",
    "read": "Read images of handwriting into a table of lines.",
    "eval": "Score what was read against the truth.",
    "plot": "Draw what the other commands print.",
}

UNWRITABLE = (errno.EBADF, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The ways in which output can't be written: it is closed, or there is no room."""

NO_FOLDER = ("No usable temporary directory", "requires access to a writable cache directory")
"""How Python and Matplotlib say that they have no folder to put files in for a while."""

ENDING = (signal.SIGTERM, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()))
"""The signals that tell to stop: by the end of a job or of the machine, and of the terminal."""


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
        except (HtrError, OSError) as error:
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


def main() -> None:
    """Run ``htr`` and exit with one of the statuses of :class:`htrtool.exits.Exit`."""
    run(htr, "htr")


def run_module(command: click.Command, name: str) -> None:
    """Run a command that is a module of its own, ``python -m htrtool.NAME``, as :func:`main` runs ``htr``."""
    run(command, name, f"python -m htrtool.{name}")


def run(command: click.Command, name: str, usage_name: str | None = None) -> None:
    """Run a command, called ``name`` in its messages, and exit with its status; signals and a full disk are seen to."""
    open_missing()
    spare_stderr()
    # By an exception, so that temporary files go; those are the parent's, and a worker ends at once.
    for each in ENDING:
        # nohup lets the end of the terminal be ignored.
        if signal.getsignal(each) is signal.SIG_DFL:
            signal.signal(each, stop)
            os.register_at_fork(after_in_child=functools.partial(signal.signal, each, signal.SIG_DFL))
    # What a script starts with & ignores Ctrl-C.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, stop)
    try:
        status = command.main(prog_name=usage_name or name, standalone_mode=False)
    except click.exceptions.Abort:
        status = Exit.INTERRUPTED
    except click.ClickException as error:
        error.show()
        status = Exit.USAGE
    except HtrError as error:
        print(f"{_command_of(error, name)}: {error}", file=sys.stderr)
        status = status_of(error)
    except KeyboardInterrupt:
        status = Exit.INTERRUPTED
    except BrokenPipeError:
        status = Exit.OK
    except OSError as error:
        status = unwritten(error, name)
    except MemoryError:
        print(f"{name}: there is too little memory", file=sys.stderr)
        status = Exit.BAD_INPUT
    except Exception:
        # A library that is being loaded may make an error of its own out of the one by which a signal ends us.
        if not _signalled:
            raise
    leave(int(_signalled[0] if _signalled else status or 0), name)


_signalled: list[Exit] = []
"""The status to end with, once a signal has asked for it."""


def stop(number: int, frame) -> None:
    """End for a signal, by an exception; another one, as ``timeout`` sends at once, must not interrupt that."""
    for each in (*ENDING, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    _signalled.append(Exit.INTERRUPTED if number == signal.SIGINT else Exit.TERMINATED)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(Exit.TERMINATED)


def _command_of(error: Exception, name: str) -> str:
    """Return the subcommand in which an error was raised, or else ``name``."""
    return getattr(error, "command", name)


def unwritten(error: OSError, name: str) -> Exit:
    """Tell that what was to be written could not be, and return the status; any other error is raised."""
    name = _command_of(error, name)
    if any(words in str(error) for words in NO_FOLDER):
        print(f"{name}: expected a folder for temporary files that can be written to, found none: name one in TMPDIR", file=sys.stderr)
    elif error.errno in UNWRITABLE:
        file = "" if error.filename is None else f"{error.filename}: "
        print(f"{name}: {file}the output can't be written: {error.strerror}", file=sys.stderr)
    else:
        raise error
    return Exit.UNWRITTEN


def leave(status: int, name: str) -> None:
    """Flush and exit; a reader that has gone away is no error."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if not isinstance(error, BrokenPipeError):
            status = unwritten(error, name)
    sys.exit(status)

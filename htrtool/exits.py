"""The exit statuses of every command."""

import enum

from htrtool.core.errors import DependencyError, DivergedError, HtrError, InputError, ModelError, OutputError


class Exit(enum.IntEnum):
    """What the exit status says; the man pages print this table."""

    OK = 0, "all inputs were done"
    SOME_FAILED = 1, "some inputs could not be used; the others were done"
    USAGE = 2, "the command line is wrong"
    BAD_INPUT = 3, "no input could be used"
    MODEL = 4, "the model is missing, broken, or not one of ours"
    DEPENDENCY = 5, "an optional package is not installed"
    DIVERGED = 6, "training stopped because the loss was no longer a number"
    ABOVE_LIMIT = 7, "the error rate is above the limit that was set"
    UNWRITTEN = 8, "the output could not be written, for example to a full disk"
    INTERRUPTED = 130, "interrupted from the keyboard"
    TERMINATED = 143, "told to stop, by the end of a job, of the terminal or of the machine"

    meaning: str

    def __new__(cls, value: int, meaning: str):
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member


STATUS_OF_ERROR = {
    InputError: Exit.BAD_INPUT,
    OutputError: Exit.UNWRITTEN,
    ModelError: Exit.MODEL,
    DependencyError: Exit.DEPENDENCY,
    DivergedError: Exit.DIVERGED,
}


def status_of(error: HtrError) -> Exit:
    """Return the exit status that an error ends a command with."""
    return next((status for kind, status in STATUS_OF_ERROR.items() if isinstance(error, kind)), Exit.BAD_INPUT)

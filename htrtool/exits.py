"""The exit statuses of every command."""

import enum


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
    TERMINATED = 143, "told to stop, by the end of a job or of the machine"

    meaning: str

    def __new__(cls, value: int, meaning: str):
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

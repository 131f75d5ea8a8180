"""How the command line ends: its exit codes, and one line for each error."""

from __future__ import annotations

import errno

__all__ = [
    "BAD_INPUT",
    "BELOW",
    "FAULT",
    "FINISHED",
    "PARTIAL",
    "UNABLE",
    "USAGE",
    "Stopped",
    "exit_code",
    "message_of",
]

FINISHED = 0
PARTIAL = 1
"""Finished, but samples could not be judged: the same command tries them again."""
USAGE = 2
BAD_INPUT = 3
UNABLE = 4
"""The machine is not able: no sandbox, no image, a full disk."""
BELOW = 5
"""A number that --fail-under asks for was not reached."""
FAULT = 70
"""A fault of codeeval itself: the only ending with a traceback."""


class Stopped(BaseException):
    """A signal ended the command.

    Attributes:
        signal: Its number.
    """

    def __init__(self, signal: int, message: str = "") -> None:
        super().__init__(message)
        self.signal = signal


def exit_code(error: BaseException) -> int | None:
    """Return the exit code that an error is worth; None if it is a fault of ours."""
    # Only who fails pays for importing them.
    from codeeval.compat import NotJudged
    from codeeval.options import OptionsError
    from codeeval.report import NothingJudged
    from codeeval.sandbox.errors import CodeEvalError, SandboxError
    from codeeval.tasks.extract import UnknownExtraction
    from codeeval.tasks.task import TaskOptionError, UnknownTask

    match error:
        case Stopped():
            return 128 + error.signal
        case NotJudged() | NothingJudged():
            return PARTIAL
        case UnknownTask() | UnknownExtraction() | TaskOptionError() | OptionsError():
            return USAGE
        case SandboxError() | OSError():
            return UNABLE
        case CodeEvalError():
            return BAD_INPUT
    if hasattr(error, "format_message"):  # what the parser of the command line raises
        return USAGE
    return None


def message_of(error: BaseException) -> str:
    """Return what an error says, on one line."""
    text = error.format_message() if hasattr(error, "format_message") else str(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        text = f"the disk is full ({text}); make room and give the same command again"
    text = text.removeprefix("Invalid value: ")
    return " ".join(text.split()).rstrip(".") or type(error).__name__

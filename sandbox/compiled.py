"""What runs in the process of a language that is compiled: the compiler, and what it has made."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from codeeval.sandbox.candidate import CHANNEL, GIVEN, SOURCE, pause, received, send_failure
from codeeval.sandbox.records import ENDED, write_record

__all__ = ["PROGRAM", "run_binary", "run_build"]

PROGRAM = "program"
"""The name of the file that a compiler makes."""
UNUSUAL = (signal.SIGPIPE, signal.SIGXFSZ)
"""Signals that Python ignores, and programs do not expect to be ignored."""
PIECE = 1 << 24


def run_build(command: Sequence[str], name: str) -> None:
    """Have a compiler make a program; it goes into the file that was given.

    Args:
        command: The compiler's command line.
        name: The name of the file with the source.
    """
    with open(name, "wb") as file:
        file.write(received(SOURCE))
    try:
        pid = os.posix_spawnp(command[0], list(command), os.environ, setsigdef=UNUSUAL)
    except OSError as error:
        if not isinstance(error, FileNotFoundError | PermissionError):
            raise  # of this moment: the jail is to be thrown away
        send_failure("no_compiler", f"{command[0]}: {error.strerror}")
        return
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code:
        how = f"exit status {code}" if code > 0 else f"signal {-code}"
        send_failure("compile_error", f"{command[0]} ended with {how}")
        return
    with open(PROGRAM, "rb") as file:
        while os.sendfile(GIVEN, file.fileno(), None, PIECE):
            continue
    for made in (name, PROGRAM):
        os.unlink(made)
    write_record(CHANNEL, ENDED)


def run_binary(paced: bool) -> None:
    """Become the program that was compiled; never returns.

    Args:
        paced: Whether to pause before.
    """
    if paced:
        pause()
    for number in UNUSUAL:
        signal.signal(number, signal.SIG_DFL)
    os.execve(SOURCE, [PROGRAM], os.environ)

"""The clocks by which calls are timed, read of a process from outside."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from codeeval.sandbox.group import clock
from codeeval.sandbox.host import Lacking

__all__ = ["NoClock", "clock_of"]

CALLS = {"x86_64": 298, "aarch64": 241}
"""The number of ``perf_event_open``."""
EVENT = (0, 1)
"""Type and number of what is counted: instructions, by the processor."""
INHERIT, PINNED, NO_KERNEL, NO_HYPERVISOR = 1 << 1, 1 << 2, 1 << 5, 1 << 6
ATTRIBUTES = struct.Struct("<IIQQQQQIIQ")
COUNT = struct.Struct("<Q")
SECONDS = 1e-9
"""What an instruction is said to take."""
NO_GROUP, CLOSED_AT_EXEC = -1, 8


class NoClock(Lacking):
    """A clock is not to be had in this sandbox."""


@contextmanager
def clock_of(name: str, pid: int) -> Iterator[Callable[[], float]]:
    """Give what reads a clock of a process, in seconds; there are a billion instructions in one.

    Args:
        name: One of ``program.CLOCKS`` but the simulated one.
        pid: The process.

    Raises:
        NoClock: If there is no such clock here.
    """
    if name == "cpu":
        yield lambda: clock(pid)
    elif name == "wall":
        yield time.monotonic
    else:
        counter = counter_of(pid)
        try:
            yield lambda: count_of(counter) * SECONDS
        finally:
            os.close(counter)


def counter_of(pid: int) -> int:
    """Return a descriptor that counts what a process executes in user mode from now on.

    Raises:
        NoClock: If the kernel refuses it, or the processor has no such counter.
    """
    number = CALLS.get(platform.machine())
    if number is None:
        raise NoClock(f"instructions cannot be counted on {platform.machine()}")
    kind, event = EVENT
    flags = INHERIT | PINNED | NO_KERNEL | NO_HYPERVISOR
    attributes = ATTRIBUTES.pack(kind, ATTRIBUTES.size, event, 0, 0, 0, flags, 0, 0, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    found: int = libc.syscall(number, attributes, pid, -1, NO_GROUP, CLOSED_AT_EXEC)
    if found >= 0:
        return found
    why = ctypes.get_errno()
    if why in (errno.EACCES, errno.EPERM):
        reason = "the kernel forbids it in this sandbox"
    elif why == errno.ESRCH:  # it has ended, of which others tell
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    else:
        reason = "this machine has no counter of instructions, as most virtual machines"
    raise NoClock(f"instructions cannot be counted by the processor: {reason} ({os.strerror(why)})")


def count_of(counter: int) -> int:
    """Return what was counted so far; 0 if the processor had no counter free."""
    data = os.read(counter, COUNT.size)
    return int(COUNT.unpack(data)[0]) if len(data) == COUNT.size else 0

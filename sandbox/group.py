"""What the kernel counts for the container as a whole: CPU time and memory of its control group.

It misses no process, however short it lives and whoever collects it, and no page that nobody maps
any more. What was there before a sample, and what our own processes use, is taken off.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from typing import NamedTuple

from codeeval.sandbox.confine import content

__all__ = ["ControlGroup", "Footing", "Growth", "clock"]

FOLDER = "/sys/fs/cgroup"
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Counter(NamedTuple):
    """A counter of a control group: a file of numbers, each after its name, or of one number."""

    members: str
    """Lists the processes of the group."""
    path: str
    names: tuple[bytes, ...]
    """What is added up; if none, the file holds a number alone."""
    unit: float = 1
    file: int = -1
    """Its descriptor, or -1 if there is no such counter."""

    def read(self) -> bytes:
        """Return what it says now, for `value`: to read is quick, to understand it takes longer."""
        return os.pread(self.file, 8192, 0)

    def value(self, said: bytes) -> float:
        """Return the number that it said."""
        words = said.split()
        numbers = [words[words.index(name) + 1] for name in self.names] or words[:1]
        return sum(map(int, numbers)) * self.unit


# First those of version 2, then of version 1. Neither ``anon`` and ``rss`` nor ``shmem``, which
# holds files of a tmpfs as well, has any file cache in it.
CPU = (
    Counter("cgroup.procs", "cpu.stat", (b"usage_usec",), 1e-6),
    Counter("cpuacct/cgroup.procs", "cpuacct/cpuacct.usage", (), 1e-9),
)
MEMORY = (
    Counter("cgroup.procs", "memory.stat", (b"anon", b"shmem")),
    Counter("memory/cgroup.procs", "memory/memory.stat", (b"rss", b"shmem")),
)
KILLED = (
    Counter("cgroup.procs", "memory.events", (b"oom_kill",)),
    Counter("memory/cgroup.procs", "memory/memory.oom_control", (b"oom_kill",)),
)


NONE = Counter("", "", ())


def opened(kinds: Sequence[Counter]) -> Counter:
    """Return the one of some counters that there is and that counts this process, or `NONE`."""
    for counter in kinds:
        with contextlib.suppress(OSError, ValueError):
            if str(os.getpid()).encode() in content(f"{FOLDER}/{counter.members}").split():
                file = os.open(f"{FOLDER}/{counter.path}", os.O_RDONLY | os.O_CLOEXEC)
                found = counter._replace(file=file)
                found.value(found.read())
                return found
    return NONE


class ControlGroup:
    """The counters of the control group that this process is in, as far as it has any.

    Args:
        alone: Whether there is nothing in the group but this jail.
        folders: Where samples write files: what these take of memory is no use of memory.
    """

    def __init__(self, *, alone: bool, folders: Sequence[str]) -> None:
        self.cpu = opened(CPU) if alone else NONE
        self.memory = opened(MEMORY) if alone else NONE
        self._folders = folders
        self._killed = opened(KILLED)
        self._seen = self._count_killed()

    def _count_killed(self) -> float:
        return self._killed.value(self._killed.read()) if self._killed.file >= 0 else 0

    def killed_more(self) -> bool:
        """Whether the kernel killed processes for want of memory since this was asked last."""
        before, self._seen = self._seen, self._count_killed()
        return self._seen > before

    def files_bytes(self) -> int:
        """Return how much memory the files of samples take."""
        found = map(os.statvfs, self._folders)
        return sum((each.f_blocks - each.f_bfree) * each.f_frsize for each in found)

    def footing(self, ours: Sequence[int]) -> Footing:
        """Take down what memory is in use; to be asked while there is no sample.

        Args:
            ours: The ids of our processes.
        """
        if self.memory is NONE:
            return Footing(tuple(ours), [], b"")
        return Footing(tuple(ours), list(map(statm_of, ours)), self.memory.read())


class Footing(NamedTuple):
    """Our processes, and what memory is in use while there is no sample."""

    ours: tuple[int, ...]
    statm: list[bytes]
    memory: bytes


class Growth:
    """What a control group counts from now on, less what processes of ours use.

    A judge, where one is asked for, is a process of ours, too; it may have been started later.

    Args:
        group: The control group.
        footing: What memory counts from.
    """

    def __init__(self, group: ControlGroup, footing: Footing) -> None:
        self._group, self._footing = group, footing
        if group.cpu is not NONE:
            # Clocks first: to read that of who runs now brings the counter up to date.
            self._clocks = [clock(pid) for pid in footing.ours]
            self._cpu = group.cpu.read()

    def cpu_seconds(self, judge: int) -> float:
        """Return the CPU time of all but us; 0 where nobody counts it."""
        counter = self._group.cpu
        if counter is NONE:
            return 0.0
        own = 0.0 if judge in self._footing.ours else clock(judge)
        for pid, before in zip(self._footing.ours, self._clocks, strict=True):
            own += max(0.0, clock(pid) - before)
        return counter.value(counter.read()) - counter.value(self._cpu) - own

    def memory_bytes(self, judge: int) -> int:
        """Return the memory of all but us, without files; 0 where nobody counts it.

        What comes or goes of ours, or of the files, while this looks counts as ours: it is rather
        too little than too much.
        """
        counter = self._group.memory
        if counter is NONE:
            return 0
        before = self._own_bytes(judge)
        said = counter.read()
        after = self._own_bytes(judge)
        if before is None or after is None:
            return 0
        grown = counter.value(said) - counter.value(self._footing.memory)
        return int(grown) - max(before, after)

    def _own_bytes(self, judge: int) -> int | None:
        """Return by how much we have grown, and the size of the files.

        Of one of us that is ending nobody can say how much is left of it: then there is no answer.
        """
        own = self._group.files_bytes()
        for pid, before in zip(self._footing.ours, self._footing.statm, strict=True):
            now = private_bytes(statm_of(pid))
            if not now:
                return None
            own += max(0, now - private_bytes(before))
        if judge and judge not in self._footing.ours:
            now = private_bytes(statm_of(judge))
            if not now:
                return None
            own += now
        return own


def clock(pid: int) -> float:
    """Return the CPU time of a process until now or until its end; 0 if there is none."""
    try:
        return time.clock_gettime(~pid << 3 | 2) if pid else 0.0
    except OSError:
        return 0.0


def statm_of(pid: int) -> bytes:
    """Return what is said of the memory of a process; nothing if there is none."""
    try:
        return content(f"/proc/{pid}/statm")
    except OSError:
        return b""


def private_bytes(statm: bytes) -> int:
    """Return the memory that is no file's and not shared, of what is said of a process."""
    words = statm.split()
    return (int(words[1]) - int(words[2])) * PAGE_BYTES if words else 0

"""One forked candidate under watch: its pipes, its limits, its end, and what it leaves behind."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from codeeval.sandbox.confine import (
    Confinement,
    children,
    children_of_thread,
    content,
    descendants,
    is_dead,
    processes_of,
)
from codeeval.sandbox.group import Growth, clock
from codeeval.sandbox.host import HostGone
from codeeval.sandbox.removal import sweep
from codeeval.sandbox.zygote import Zygote, ZygoteDied

__all__ = ["Capture", "Ending", "Order", "Sample"]

CHUNK = 1 << 16
SCAN_SECONDS = 0.02
REAP_SECONDS = 5.0
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
CEILING = 10.0
"""A machine so busy that a sample waits this many times its limit ends it all the same."""


class Capture:
    """Keeps the first and the last part of a stream, and counts the rest."""

    def __init__(self, limit: int) -> None:
        self._half = limit // 2
        self._head = bytearray()
        self._tail = bytearray()
        self.size = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        self.size += len(data)
        room = self._half - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        if len(self._tail) > 2 * self._half + CHUNK:
            del self._tail[: -self._half]

    @property
    def truncated(self) -> bool:
        """Whether a part was left out."""
        return self.size > 2 * self._half

    def text(self) -> str:
        """Return what was kept, with a note in place of what was not."""
        return self.data().decode("utf-8", "backslashreplace")

    def data(self) -> bytes:
        """Return what was kept as bytes."""
        if not self.truncated:
            return bytes(self._head + self._tail)
        left_out = self.size - 2 * self._half
        note = f"\n[... {left_out} bytes left out ...]\n".encode()
        return bytes(self._head) + note + bytes(self._tail[-self._half :])


class Ending:
    """How a sample ended: its limit status, if one was hit, its wait status and its usage."""

    def __init__(self) -> None:
        self.limit = ""
        self.message = ""
        self.wait_status: int | None = None
        self.setup = b""
        """``+`` once the sample was ready to run code, or what kept it from that."""
        self.orphaned = False
        """Whether the process that forked it ended before it did."""
        self.wall_seconds = self.cpu_seconds = self.waiting_seconds = 0.0
        self.memory_bytes = 0

    def describe(self) -> tuple[str, str]:
        """Return status and message of a sample that ended before it had finished."""
        if self.limit:
            return self.limit, self.message
        code = os.waitstatus_to_exitcode(self.wait_status or 0)
        if code >= 0:
            return "runtime_error", f"ended before its checks did, with exit status {code}"
        if -code == signal.SIGXCPU:
            return "timeout", "reached the CPU time limit"
        if -code == signal.SIGKILL:
            return "runtime_error", "was killed"
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = "unknown"
        return "runtime_error", f"ended by signal {-code} ({name})"

    def usage(self) -> dict[str, Any]:
        """Return the usage in the fields of ``Usage``."""
        return {
            "wall_seconds": round(self.wall_seconds, 6),
            "cpu_seconds": round(self.cpu_seconds, 6),
            "memory_bytes": self.memory_bytes,
            "waiting_seconds": round(self.waiting_seconds, 6),
        }


class Order(NamedTuple):
    """What a candidate is to do, and with what."""

    kind: str
    """A key of ``zygote.KINDS``."""
    arguments: tuple[Any, ...]
    code: int
    """A file with its code."""
    channel: int
    """The write end of a pipe for its records."""
    given: int
    """What its kind reads."""
    stdin: int
    pace: int = -1
    """What ends its pauses, if it makes any."""


class Sample:
    """A forked candidate.

    Args:
        zygote: Who forks it.
        confinement: What it is confined by.
        growth: What the control group counts from now on.
        user: The user id that is its own.
        limits: The fields of ``Limits``.
        order: What it does.
        stdout: Keeps what it prints.
        stderr: Keeps what it prints there.

    Raises:
        ZygoteDied: If it cannot be forked.
    """

    def __init__(
        self,
        zygote: Zygote,
        confinement: Confinement,
        growth: Growth,
        user: int,
        limits: Mapping[str, Any],
        order: Order,
        stdout: Capture,
        stderr: Capture,
    ) -> None:
        self.zygote = zygote
        self.confinement = confinement
        self.growth = growth
        self.limits = limits
        self.user = user
        self.ending = Ending()
        self.settles_at = float("inf")
        """When to stop waiting for a sample that has given all of its answers."""
        self.staying = frozenset([zygote.pid])
        """The ids of the processes that are to survive it, beside who judges it."""
        self.grader = 0
        """The id of the process that judges it, which is to survive it, or 0."""
        self.grader_status: int | None = None
        self._grader_waited = self._collected = 0.0
        self._owner = os.getpid()
        self.looked = False
        """Whether it took long enough for anybody to look at its processes."""
        self._inherited = 0
        self.waited = 0.0
        """How long its first process had waited for a core when it was looked at last."""
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        self._streams = {out: stdout, err: stderr}
        # Kept open: the end of a stream tells nothing that is not known, and would be waited for.
        self._stream_ends = out_end, err_end
        os.set_blocking(out, False)
        os.set_blocking(err, False)
        self.started = time.monotonic()
        self.pid = zygote.fork(
            (order.kind, order.arguments, user, confinement.resource_limits(limits)),
            (
                *(order.stdin, out_end, err_end, order.channel, order.code, order.given),
                *([order.pace] if order.pace >= 0 else []),
            ),
        )

    def watch(
        self,
        readers: Mapping[int, Callable[[bytes], bool]],
        lifeline: int,
        look: Callable[[], None] | None = None,
    ) -> None:
        """Wait for the end of the sample, for a limit, or for a reader that has seen enough.

        Args:
            readers: For further descriptors, what takes their bytes (none at the end of file) and
                says whether this settles the sample.
            lifeline: A pipe whose other end is held by whoever waits for the verdict.
            look: What is to be called every millisecond.

        Raises:
            HostGone: If the other end of the lifeline is closed.
        """
        poll = select.poll()
        for descriptor in (*self._streams, *readers):
            poll.register(descriptor, select.POLLIN)
        ended = self.zygote.socket.fileno()
        poll.register(ended, select.POLLIN)
        poll.register(lifeline, 0)
        next_scan = self.started + SCAN_SECONDS
        while True:
            now = time.monotonic()
            patience = max(min(next_scan, self.settles_at) - now, 0.001)
            if look is not None:
                look()
                patience = 0.001
            settled = False
            for descriptor, _ in poll.poll(patience * 1000):
                if descriptor == ended:
                    self._hear()
                    settled = True
                elif descriptor == lifeline:
                    raise HostGone
                elif descriptor in self._streams:
                    self._drain(descriptor)
                else:
                    data = os.read(descriptor, CHUNK)
                    if not data:
                        poll.unregister(descriptor)
                    settled |= readers[descriptor](data)
            now = time.monotonic()
            if settled or now >= self.settles_at:
                return
            if now >= next_scan:
                self.waited = max(self.waited, waiting_seconds(self.pid))
                if self._over_limit(now):
                    return
                next_scan = now + min(SCAN_SECONDS * 5, SCAN_SECONDS + (now - self.started) / 10)

    def _waited(self) -> float:
        """Return how long the sample, or who judges it, waited for a core."""
        graders = waiting_seconds(self.grader) - self._grader_waited if self.grader else 0.0
        return waiting_seconds(self.pid) + max(0.0, graders)

    def _drain(self, descriptor: int) -> bool:
        """Read what is there of one of the output streams; whether there was anything."""
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return False
        self._streams[descriptor].feed(data)
        return bool(data)

    def _hear(self) -> None:
        """Take down how the sample's first process ended."""
        ending = self.ending
        try:
            ending.wait_status, cpu, size = self.zygote.ending()
        except (ZygoteDied, OSError):
            ending.orphaned = True
            return
        self._collected += cpu
        ending.memory_bytes = max(ending.memory_bytes, size * 1024)

    @property
    def _is_over(self) -> bool:
        return self.ending.wait_status is not None or self.ending.orphaned

    def _is_left(self) -> bool:
        """Whether there are processes of a sample that is over."""
        if self.confinement.adopts:
            own = set(children()) <= self._spared
            if not own or self.confinement.filters_calls:
                return not own
            # A sample can make processes that are its siblings, as no filter keeps it from that.
            zygote = self.zygote.pid
            with contextlib.suppress(OSError):
                return bool(children_of_thread(zygote, zygote))
            return False
        return bool(processes_of(self.user) if self.confinement.users else self._processes())

    @property
    def _spared(self) -> set[int]:
        """The children of ours that are no processes of the sample."""
        return {*self.staying, self.grader}

    def cpu_seconds(self) -> float:
        """Return the CPU time of the sample's first process so far."""
        return clock(self.pid)

    def all_cpu_seconds(self) -> float:
        """Return the CPU time of all of its processes so far, as far as it can be known."""
        return self._scan()[0]

    def _over_limit(self, now: float) -> bool:
        """Whether a limit is reached, which is then written down in the ending."""
        ending, limits = self.ending, self.limits
        cpu, memory, processes = self._scan()
        ending.cpu_seconds = max(ending.cpu_seconds, cpu)
        ending.memory_bytes = max(ending.memory_bytes, memory)
        wall = now - self.started
        if memory > limits["memory_bytes"]:
            ending.limit = "memory_limit"
            ending.message = f"used more than {limits['memory_bytes']} bytes of memory"
        elif processes > limits["processes"] and not self.confinement.users:
            ending.limit = "runtime_error"
            ending.message = f"had more than {limits['processes']} processes"
        elif cpu > limits["cpu_seconds"]:
            ending.limit = "timeout"
            ending.message = f"reached the CPU time limit of {limits['cpu_seconds']:g} s"
        elif wall > limits["wall_seconds"]:
            ending.waiting_seconds = self._waited()
            own = wall - ending.waiting_seconds
            if own > limits["wall_seconds"] or wall > CEILING * limits["wall_seconds"]:
                ending.limit = "timeout"
                ending.message = f"reached the wall time limit of {limits['wall_seconds']:g} s"
        return bool(ending.limit)

    def _processes(self) -> list[int]:
        """Return the ids of the sample's processes; zombies included."""
        if self.confinement.users:
            return processes_of(self.user) or [self.pid]
        return [pid for pid in descendants(self._owner) if pid not in self._spared]

    def _scan(self) -> tuple[float, int, int]:
        """Return CPU seconds, bytes of memory and number of the sample's processes.

        What the control group counts stands in place of what they say where it is more.
        """
        seconds, ticks, pages = 0.0, 0, 0
        if not self.looked:  # not before: most samples end without a look at them
            self.looked = True
            self._inherited = resident_pages(self.zygote.pid)
            self._grader_waited = waiting_seconds(self.grader) if self.grader else 0.0
        processes = self._processes()
        for pid in processes:
            try:
                fields = stat_of(pid)
            except OSError:
                continue
            own = clock(pid)
            seconds += own
            # Of children that it has waited for, and its own where it has no clock.
            ticks += sum(map(int, fields[13 if own else 11 : 15]))
            # What a fork has from us is there once, not once for each process.
            pages += int(fields[21]) if not pages else max(0, int(fields[21]) - self._inherited)
        seconds += ticks / os.sysconf("SC_CLK_TCK")
        seconds = max(seconds, self.growth.cpu_seconds(self.grader))
        size = max(pages * PAGE_BYTES, self.growth.memory_bytes(self.grader))
        return seconds, size, len(processes)

    def finish(self) -> bool:
        """Kill what is left of the sample, collect it, remove its directory.

        Returns:
            Whether nothing is left. If something is, the jail is to be thrown away.
        """
        ending = self.ending
        ending.wall_seconds = time.monotonic() - self.started
        if self.looked:  # before that it can hide very little, and each microsecond counts
            ending.cpu_seconds = max(ending.cpu_seconds, self.growth.cpu_seconds(self.grader))
        if self._is_over and ending.wall_seconds > 0.5:
            ending.waiting_seconds = self._waited()
        if not self._is_over:
            self.confinement.kill_all(self.user, self._spared)
        clean = self._reap()
        for descriptor in self._stream_ends:
            os.close(descriptor)
        for descriptor in self._streams:
            for _ in range(64):
                if not self._drain(descriptor):
                    break
            os.close(descriptor)
        ending.setup = self.zygote.setup()
        directory = self.confinement.directory
        try:
            os.rmdir(directory)
        except FileNotFoundError:
            pass
        except OSError:
            sweep(self.confinement, self.user, [directory])
            clean = clean and not os.path.lexists(directory)
        return clean

    def _reap(self) -> bool:
        """Collect the sample's processes and whatever they left running."""
        ending = self.ending
        deadline = time.monotonic() + REAP_SECONDS
        poll = select.poll()
        poll.register(self.zygote.socket, select.POLLIN)
        while True:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                pid = 0
            if pid and pid == self.grader:
                self.grader_status, self.grader = status, 0
                continue
            if pid and pid not in self.staying:  # the sample's, that lost its parent
                self._collected += used.ru_utime + used.ru_stime
                ending.memory_bytes = max(ending.memory_bytes, used.ru_maxrss * 1024)
                if pid == self.pid:
                    ending.wait_status = status
                continue
            if not self._is_over and poll.poll(5):
                self._hear()
            if self._is_over and not self._is_left():
                ending.cpu_seconds = max(ending.cpu_seconds, self._collected)
                return True
            if time.monotonic() > deadline:
                return False
            self.confinement.kill_all(self.user, self._spared)
            if self._is_over:
                time.sleep(0.0005)


def stat_of(pid: int) -> list[bytes]:
    """Return the fields of a process from its state on.

    Of one whose first thread has ended, the number of resident pages is that of another thread.

    Raises:
        OSError: If there is no such process.
    """
    stat = content(f"/proc/{pid}/stat")
    fields = stat.rpartition(b")")[2].split()
    if fields[0] == b"Z" and not is_dead(pid, stat):
        for thread in os.listdir(f"/proc/{pid}/task"):
            other = content(f"/proc/{pid}/task/{thread}/stat").rpartition(b")")[2].split()
            fields[21] = max(fields[21], other[21], key=int)
    return fields


def resident_pages(pid: int) -> int:
    """Return how many pages of memory a process has; 0 if there is no such process."""
    try:
        return int(content(f"/proc/{pid}/statm").split()[1])
    except OSError:
        return 0


def peak_bytes(pid: int) -> int:
    """Return how much memory a process has had at most; what it has where no kernel tells that."""
    try:
        status = content(f"/proc/{pid}/status")
    except OSError:
        return 0
    _, found, rest = status.partition(b"VmHWM:")
    return int(rest.split()[0]) * 1024 if found else resident_pages(pid) * PAGE_BYTES


def waiting_seconds(pid: int) -> float:
    """Return how long a process was ready to run while no core was free for it.

    Of one with several threads, the longest that one of them was.
    """
    longest = 0
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError, IndexError, ValueError):
                waited = int(content(f"/proc/{pid}/task/{thread}/schedstat").split()[1])
                longest = max(longest, waited)
    return longest / 1e9

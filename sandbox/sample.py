"""One forked candidate under watch: its pipes, its limits, its end, and what it leaves behind."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any

from codeeval.sandbox.candidate import end
from codeeval.sandbox.confine import Confinement, children, content, descendants
from codeeval.sandbox.host import HostGone

__all__ = ["Capture", "Ending", "Sample", "sweep"]

CHUNK = 1 << 16
SCAN_SECONDS = 0.02
REAP_SECONDS = 5.0
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


class Sample:
    """A forked candidate.

    Args:
        confinement: What it is confined by.
        sequence: Its number in this jail: decides user and directory.
        limits: The fields of ``Limits``.
        body: Runs in the child, confined, with descriptors 0, 1, 2 and its channel (3).
        source: A file with its code; becomes descriptor 5.
        channel: The write end of a pipe for its records; becomes descriptor 3.
        requests: The read end of a pipe that it takes calls from; becomes descriptor 6.
        stdin: Descriptor for its standard input, or None for nothing.
        stdout: Keeps what it prints.
        stderr: Keeps what it prints there.
    """

    def __init__(
        self,
        confinement: Confinement,
        sequence: int,
        limits: Mapping[str, Any],
        body: Callable[[], None],
        *,
        source: int,
        channel: int,
        stdout: Capture,
        stderr: Capture,
        stdin: int | None = None,
        requests: int | None = None,
    ) -> None:
        self.confinement = confinement
        self.limits = limits
        self.user = confinement.user(sequence)
        self.directory = f"{confinement.root}/s{sequence}"
        self.ending = Ending()
        self.settles_at = float("inf")
        """When to stop waiting for a sample that has given all of its answers."""
        self.grader = 0
        """The id of a child of ours that is to survive the sample, or 0."""
        self.grader_status: int | None = None
        self._grader_waited = 0.0
        self._scanned = False
        self._inherited = 0
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        self._streams = {out: stdout, err: stderr}
        self._setup, setup_end = os.pipe()
        self.started = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            self._become(body, stdin, out_end, err_end, channel, setup_end, source, requests)
        for descriptor in (out_end, err_end, channel, setup_end, requests):
            if descriptor is not None:
                os.close(descriptor)
        os.set_blocking(out, False)
        os.set_blocking(err, False)
        self._clock = ~self.pid << 3 | 2
        try:
            self._handle = os.pidfd_open(self.pid)
        except OSError:  # a kernel that has none: look often instead
            self._handle = -1

    def _become(
        self,
        body: Callable[[], None],
        stdin: int | None,
        out: int,
        err: int,
        channel: int,
        setup: int,
        source: int,
        requests: int | None,
    ) -> None:
        """Set up the child and run the body; never returns."""
        status, entered = 70, False
        try:
            if stdin is None:
                stdin = os.open("/dev/null", os.O_RDONLY)
            given = [stdin, out, err, channel, setup, source]
            if requests is not None:
                given.append(requests)
            for number, descriptor in enumerate(given):
                os.dup2(descriptor, number, inheritable=number < 3)
            os.closerange(len(given), 4096)
            self.confinement.enter(self.user, self.directory, self.limits)
            os.write(4, b"+")
            os.close(4)
            entered = True
            body()
            status = 0
        except BaseException as error:
            if not entered:
                with contextlib.suppress(OSError):
                    os.write(4, str(error).encode())
        finally:
            end(status)

    def watch(self, readers: Mapping[int, Callable[[bytes], bool]], lifeline: int) -> None:
        """Wait for the end of the sample, for a limit, or for a reader that has seen enough.

        Args:
            readers: For further descriptors, what takes their bytes (none at the end of file) and
                says whether this settles the sample.
            lifeline: A pipe whose other end is held by whoever waits for the verdict.

        Raises:
            HostGone: If the other end of the lifeline is closed.
        """
        poll = select.poll()
        for descriptor in (*self._streams, *readers):
            poll.register(descriptor, select.POLLIN)
        if self._handle >= 0:
            poll.register(self._handle, select.POLLIN)
        poll.register(lifeline, 0)
        next_scan = self.started + SCAN_SECONDS
        while True:
            now = time.monotonic()
            patience = max(min(next_scan, self.settles_at) - now, 0.001)
            if self._handle < 0:
                patience = min(patience, 0.002)
            settled = False
            for descriptor, _ in poll.poll(patience * 1000):
                if descriptor == self._handle:
                    settled = True
                elif descriptor == lifeline:
                    raise HostGone
                elif descriptor in self._streams:
                    self._drain(descriptor, poll)
                else:
                    data = os.read(descriptor, CHUNK)
                    if not data:
                        poll.unregister(descriptor)
                    settled |= readers[descriptor](data)
            if self._handle < 0 and self._is_dead():
                settled = True
            now = time.monotonic()
            if settled or now >= self.settles_at:
                return
            if now >= next_scan:
                if self._over_limit(now):
                    return
                next_scan = now + min(SCAN_SECONDS * 5, SCAN_SECONDS + (now - self.started) / 10)

    def _waited(self) -> float:
        """Return how long the sample, or who judges it, waited for a core."""
        graders = waiting_seconds(self.grader) - self._grader_waited if self.grader else 0.0
        return waiting_seconds(self.pid) + max(0.0, graders)

    def _drain(self, descriptor: int, poll: select.poll | None = None) -> None:
        """Read what is there of one of the output streams."""
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return
        if data:
            self._streams[descriptor].feed(data)
        elif poll is not None:
            poll.unregister(descriptor)

    def _is_dead(self) -> bool:
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def cpu_seconds(self) -> float:
        """Return the CPU time of the sample's first process so far."""
        try:
            return time.clock_gettime(self._clock)
        except OSError:
            return 0.0

    def _over_limit(self, now: float) -> bool:
        """Whether a limit is reached, which is then written down in the ending."""
        ending, limits = self.ending, self.limits
        cpu, memory, processes = self._scan()
        cpu = max(cpu, self.cpu_seconds())
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
        """Return the ids of the sample's processes."""
        if self.confinement.users:
            found = []
            for name in os.listdir("/proc"):
                if name.isdigit():
                    try:
                        if os.stat(f"/proc/{name}").st_uid == self.user:
                            found.append(int(name))
                    except OSError:
                        continue
            return found or [self.pid]
        return [pid for pid in descendants(os.getpid()) if pid != self.grader]

    def _scan(self) -> tuple[float, int, int]:
        """Return CPU seconds, resident bytes and number of the sample's living processes."""
        ticks, pages = 0, 0
        if not self._scanned:  # not before: most samples end without a look at them
            self._scanned = True
            self._inherited = resident_pages()
            self._grader_waited = waiting_seconds(self.grader) if self.grader else 0.0
        processes = self._processes()
        for pid in processes:
            try:
                fields = content(f"/proc/{pid}/stat").rpartition(b")")[2].split()
            except OSError:
                continue
            ticks += sum(map(int, fields[11:15]))  # its own, and of children that have ended
            # What a fork has from us is there once, not once for each process.
            pages += int(fields[21]) if not pages else max(0, int(fields[21]) - self._inherited)
        seconds = ticks / os.sysconf("SC_CLK_TCK")
        return seconds, pages * os.sysconf("SC_PAGE_SIZE"), len(processes)

    def finish(self) -> bool:
        """Kill what is left of the sample, collect it, remove its directory.

        Returns:
            Whether nothing is left. If something is, the jail is to be thrown away.
        """
        ending = self.ending
        dead = self._is_dead()
        if dead and ending.wall_seconds == 0:
            ending.wall_seconds = time.monotonic() - self.started
            if ending.wall_seconds > 0.5:
                ending.waiting_seconds = self._waited()
        if not dead:
            self.confinement.kill_all(self.user, spare=self.grader)
        clean = self._reap()
        ending.wall_seconds = ending.wall_seconds or time.monotonic() - self.started
        for descriptor in self._streams:
            for _ in range(64):
                size = self._streams[descriptor].size
                self._drain(descriptor)
                if self._streams[descriptor].size == size:
                    break
            os.close(descriptor)
        if self._handle >= 0:
            os.close(self._handle)
        os.set_blocking(self._setup, False)
        with contextlib.suppress(BlockingIOError):
            ending.setup = os.read(self._setup, 500)
        os.close(self._setup)
        if self.confinement.oom.rose() and not ending.limit:
            ending.limit, ending.message = "memory_limit", "used more memory than there is"
        try:
            os.rmdir(self.directory)
        except FileNotFoundError:
            pass
        except OSError:
            sweep(self.confinement, self.user, [self.directory])
        return clean and not os.path.lexists(self.directory)

    def _reap(self) -> bool:
        """Collect the sample's processes and whatever they left running."""
        ending = self.ending
        deadline = time.monotonic() + REAP_SECONDS
        cpu = 0.0
        while True:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid and pid == self.grader:
                self.grader_status, self.grader = status, 0
                continue
            if pid:
                cpu += used.ru_utime + used.ru_stime
                ending.memory_bytes = max(ending.memory_bytes, used.ru_maxrss * 1024)
                if pid == self.pid:
                    ending.wait_status = status
                continue
            if ending.wait_status is not None and set(children()) <= {self.grader}:
                break
            if time.monotonic() > deadline:
                return False
            self.confinement.kill_all(self.user, spare=self.grader)
            time.sleep(0.0005)
        ending.cpu_seconds = max(cpu, ending.cpu_seconds)
        return True


def resident_pages() -> int:
    """Return how many pages of memory this process has."""
    return int(content("/proc/self/statm").split()[1])


def waiting_seconds(pid: int) -> float:
    """Return how long a process was ready to run while no core was free for it."""
    try:
        return int(content(f"/proc/{pid}/schedstat").split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def sweep(confinement: Confinement, user: int, paths: list[str]) -> None:
    """Delete paths as the user who made them, in a helper that gets two seconds."""
    helper = os.fork()
    if helper == 0:
        try:
            signal.alarm(2)
            confinement.become(user)
            for path in paths:
                remove(path)
        finally:
            os._exit(0)
    os.waitpid(helper, 0)
    for path in paths:
        # Our own directory holds it, so an emptied one can be removed from outside.
        try:
            os.rmdir(path)
        except OSError:
            continue


def remove(path: str) -> None:
    """Delete a file or a tree without following links; deep ones do not exhaust the stack."""
    directory, name = os.path.split(path)
    parent = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        pass
    except OSError:
        remove_content(parent, name)
        with contextlib.suppress(OSError):
            os.rmdir(name, dir_fd=parent)
    finally:
        os.close(parent)


def remove_content(directory: int, name: str) -> None:
    """Empty one directory by moving its sub-directories up, level by level, without recursion."""
    try:
        os.chmod(name, 0o700, dir_fd=directory)
        top = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
    except OSError:
        return
    moved, prefix = 0, os.urandom(8).hex()
    while True:
        entries = os.listdir(top)
        if not entries:
            break
        progress = False
        for entry in entries:
            try:
                os.unlink(entry, dir_fd=top)
                progress = True
                continue
            except OSError:
                pass
            try:
                os.chmod(entry, 0o700, dir_fd=top)
                inner = os.open(entry, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
            except OSError:
                continue
            for child in os.listdir(inner):
                try:
                    os.unlink(child, dir_fd=inner)
                except OSError:
                    moved += 1
                    try:
                        os.chmod(child, 0o700, dir_fd=inner)
                        name = f"{prefix}{moved}"
                        os.rename(child, name, src_dir_fd=inner, dst_dir_fd=top)
                    except OSError:
                        continue
            os.close(inner)
            try:
                os.rmdir(entry, dir_fd=top)
                progress = True
            except OSError:
                continue
        if not progress:
            break
    os.close(top)

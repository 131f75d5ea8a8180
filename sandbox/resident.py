"""Compilers that stay: one process compiles the sources of many programs, and runs none of them.

It has a user of its own, whom samples can neither signal nor look at, the system calls that samples
have, and can write nothing to files. Each source is compiled as if it was the first: what such a
compiler keeps is what it has read of its own libraries. Where one gives no clear answer in time it
is ended, and the program is compiled by a process of its own, as all are where there is none.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import signal
import socket
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codeeval.sandbox.confine import FILES, Confinement, die_with_parent
from codeeval.sandbox.group import clock
from codeeval.sandbox.host import nameless
from codeeval.sandbox.records import write_all

__all__ = ["Made", "Resident", "Residents"]

PROGRAM = 3
"""The descriptor that a compiler finds its own program at."""
PATIENCE_SECONDS = 10.0
"""What takes longer is left to a process of its own, whose time is limited by what it used."""
LARGEST = 64 * 2**20
MOST_FILES = 1 << 12
SOURCES = 2000
"""After so many another is started."""
PROCESSES = 256
NUMBER = struct.Struct(">I")


@dataclass(frozen=True)
class Made:
    """What a compiler said of a source.

    Attributes:
        passed: Whether it found no error.
        name: What the source is called, without what is after the dot.
        errors: What it printed.
        files: What it made, by name.
        cpu_seconds: What it took.
        wall_seconds: How long it took.
    """

    passed: bool
    name: str
    errors: str
    files: Mapping[str, bytes]
    cpu_seconds: float
    wall_seconds: float


class Unclear(Exception):
    """A compiler has ended, takes too long, or says something that it should not."""


class Resident:
    """A compiler as the runner sees it.

    Args:
        confinement: Gives it its user.
        program: The text of its own program.
        command: What runs that.
        environment: Further variables.
    """

    def __init__(
        self,
        confinement: Confinement,
        program: str,
        command: Sequence[str],
        environment: Mapping[str, str],
    ) -> None:
        self._socket, other = socket.socketpair()
        begun, begins = os.pipe()  # closed when it becomes its program
        self._socket.setblocking(False)
        self._is_ready = False
        self.sources = 0
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.dup2(other.fileno(), 0)
                os.dup2(0, 1)
                os.dup2(os.open("/dev/null", os.O_RDWR), 2)
                text = nameless(0o444)
                write_all(text, program.encode())
                os.lseek(text, 0, os.SEEK_SET)
                begins = fcntl.fcntl(begins, fcntl.F_DUPFD, PROGRAM + 2)  # out of the way
                os.dup2(text, PROGRAM)
                os.dup2(begins, PROGRAM + 1, inheritable=False)
                os.closerange(PROGRAM + 2, 4096)
                enter(confinement)
                os.execvpe(command[0], list(command), {**os.environ, **environment})
            finally:
                os._exit(70)
        other.close()
        os.close(begins)
        os.read(begun, 1)
        os.close(begun)

    def is_ready(self) -> bool:
        """Whether it has begun to take sources.

        Raises:
            Unclear: If it has ended.
        """
        if not self._is_ready:
            with contextlib.suppress(BlockingIOError):
                self._is_ready = self._socket.recv(1) == b"+"
                if not self._is_ready:
                    raise Unclear("it does not start")
        return self._is_ready

    def compile(self, source: bytes) -> Made:
        """Compile a source.

        Raises:
            Unclear: If there is no clear answer.
        """
        self.sources += 1
        cpu, started = clock(self.pid), time.monotonic()
        answer = _Answer(self._socket, started + PATIENCE_SECONDS)
        answer.send(NUMBER.pack(len(source)) + source)
        verdict = answer.take(1)
        name, errors = answer.field(), answer.field()
        count = answer.number()
        if verdict not in (b"+", b"-") or count > MOST_FILES:
            raise Unclear("it says what it should not")
        files = {answer.field().decode("utf-8", "replace"): answer.field() for _ in range(count)}
        return Made(
            verdict == b"+",
            name.decode("utf-8", "replace"),
            errors.decode("utf-8", "replace"),
            files,
            max(0.0, clock(self.pid) - cpu),
            time.monotonic() - started,
        )

    def collect(self) -> None:
        """Let go of it, once it is killed."""
        self._socket.close()
        with contextlib.suppress(ChildProcessError):  # it was collected with a sample
            os.waitpid(self.pid, 0)


class _Answer:
    """What is said through a socket, until a moment."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._socket, self._deadline = connection, deadline
        self._left = LARGEST

    def _wait(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise Unclear("it takes too long")
        self._socket.settimeout(left)

    def send(self, data: bytes) -> None:
        """Write all of ``data``."""
        self._wait()
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise Unclear(str(error)) from None

    def take(self, size: int) -> bytes:
        """Return so many bytes."""
        self._left -= size
        if self._left < 0:
            raise Unclear("it says too much")
        parts = list[bytes]()
        while size:
            self._wait()
            try:
                data = self._socket.recv(min(size, 1 << 20))
            except OSError as error:
                raise Unclear(str(error)) from None
            if not data:
                raise Unclear("it has ended")
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def number(self) -> int:
        """Return the next number."""
        return int(NUMBER.unpack(self.take(NUMBER.size))[0])

    def field(self) -> bytes:
        """Return the next text, which stands after its length."""
        return self.take(self.number())


class Residents:
    """The compilers that stay in this jail, each started when it is asked for a second time.

    Args:
        confinement: What gives them their user: without users there are none, as a sample could
            reach them.
        programs: Their texts, by the name of the file.
    """

    def __init__(self, confinement: Confinement, programs: Mapping[str, str]) -> None:
        self._confinement, self._programs = confinement, programs
        self._running: dict[tuple[str, ...], Resident] = {}
        self._asked: set[tuple[str, ...]] = set()
        self._useless: set[tuple[str, ...]] = set()
        self._are_stopped = False
        self.changes = 0
        """How often one was started or ended."""

    @property
    def pids(self) -> list[int]:
        """The ids of their processes."""
        return [each.pid for each in self._running.values()]

    def compile(self, how: Mapping[str, Any], source: bytes) -> Made | None:
        """Compile a source; None if it is to be done by a process of its own.

        Args:
            how: A recipe; see `codeeval.sandbox.languages.recipe_of`.
            source: The source.
        """
        if not how["resident"] or not self._confinement.users or self._are_stopped:
            return None
        name, *command = key = tuple(how["resident"])
        if key not in self._asked:  # a jail may be for one program alone
            self._asked.add(key)
            return None
        if key in self._useless:
            return None
        if key not in self._running:
            self._running[key] = Resident(
                self._confinement, self._programs[name], command, how["environment"]
            )
            self.changes += 1
        compiler = self._running[key]
        try:
            if not compiler.is_ready():
                return None
            made = compiler.compile(source)
        except Unclear:
            if not compiler.sources:
                self._useless.add(key)
            self.end()
            return None
        if compiler.sources >= SOURCES:
            self.end()
        return made

    def end(self) -> None:
        """Kill them all: they have one user."""
        self._signal(signal.SIGKILL)
        for each in self._running.values():
            each.collect()
        self._running.clear()
        self.changes += 1

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Have them do nothing, so that what is timed is not disturbed."""
        self._are_stopped = True
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)
            self._are_stopped = False

    def _signal(self, number: signal.Signals) -> None:
        if self._running:
            self._confinement.signal_all(self._confinement.compiler, number)


def enter(confinement: Confinement) -> None:
    """Become the user who compiles, who can write nothing to files."""
    for kind, value in (
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_NPROC, PROCESSES),
    ):
        resource.setrlimit(kind, (value, value))
    os.setsid()
    os.chdir("/")
    confinement.prepare()
    os.environ["HOME"] = os.environ["TMPDIR"] = "/"  # not where samples write
    confinement.become(confinement.compiler)
    die_with_parent()

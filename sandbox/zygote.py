"""The zygote: a small process that forks candidates, and does nothing else.

It is apart from the runner for two reasons. A candidate starts with a copy of the memory of who
forks it, and this one has never seen a program, an answer or a verdict. And what a forking process
or its child writes to afterwards is copied page by page, so it has little and touches little: it is
started before the runner's own modules are there.
"""

from __future__ import annotations

import _socket as socket
import contextlib
import fcntl
import gc
import marshal
import os
import resource
import signal
import site
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from codeeval.sandbox.candidate import (
    CHANNEL,
    PACE,
    end,
    hide,
    run_asserts,
    run_calls,
    run_reference,
    run_script,
    run_served,
)
from codeeval.sandbox.codec import encode
from codeeval.sandbox.compiled import run_build, run_program
from codeeval.sandbox.confine import (
    FILES,
    Confinement,
    become_subreaper,
    hide_memory,
    limit_all,
    open_oom_score,
    user_range,
)
from codeeval.sandbox.measured import run_measured
from codeeval.sandbox.records import VALUE, write_record
from codeeval.sandbox.unittests import run_unittest

__all__ = ["Zygote", "ZygoteDied", "start"]

PRELOADED = (
    "bisect collections copy datetime decimal fractions functools heapq itertools math operator "
    "re string typing"
)
"""What candidates commonly import. Not random: each fork would seed it, which costs more."""

SOCKET, SETUP, SCORE, LOG = 20, 21, 22, 23
"""Descriptors of the zygote's own; those below are the next candidate's."""
ORDER_BYTES = 1 << 16
RESERVED = 12
"""How many descriptors valgrind keeps for itself."""
DESCRIPTORS = PACE + 1
"""How many a candidate gets at most."""
KILLED_FIRST = b"1000"
"""The highest score that the kernel knows."""
KINDS: dict[str, Callable[..., None]] = {
    "asserts": run_asserts,
    "build": run_build,
    "calls": run_calls,
    "measured": run_measured,
    "program": run_program,
    "reference": run_reference,
    "script": run_script,
    "served": run_served,
    "unittest": run_unittest,
}


POOLED_BYTES, POOL_BYTES, BYTES_HEAD, POOLS = 512, 1 << 14, 33, 8
KEPT: list[list[object]] = []
REHEARSALS = 20
REHEARSED = b"def f(a, b):\n    for item in a:\n        b += item\n    return b\n"


class ZygoteDied(Exception):
    """The zygote has ended, or could not fork."""


class Zygote:
    """The zygote as the runner sees it.

    Args:
        confinement: What candidates are confined by.
        program: If given, the command line of another interpreter, which is to be the zygote, and
            descriptors of what it reads from its standard input and of its file ``LOG``.
    """

    def __init__(
        self, confinement: Confinement, program: tuple[Sequence[str], int, int] | None = None
    ) -> None:
        self.confinement = confinement
        self.socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._setup, setup_end = os.pipe()
        os.set_blocking(self._setup, False)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                if program is not None:
                    become_program(program, other.fileno(), setup_end)
                os.dup2(other.fileno(), SOCKET, inheritable=False)
                os.dup2(setup_end, SETUP, inheritable=False)
                os.closerange(SETUP + 1, 4096)
            except BaseException as error:
                os.write(setup_end, f"{type(error).__name__}: {error}".encode())
                os._exit(0)
            be_zygote(confinement)
        other.close()
        os.close(setup_end)

    def wait_until_ready(self) -> None:
        """Wait for the end of its preparations.

        Raises:
            ZygoteDied: If they failed.
        """
        if not self.socket.recv(1):
            raise ZygoteDied(f"no zygote: {os.read(self._setup, 500).decode()}")

    def fork(self, order: tuple[Any, ...], descriptors: Sequence[int]) -> int:
        """Have a candidate forked; return its process id.

        Args:
            order: Kind (a key of ``KINDS``), its arguments, user, resource limits.
            descriptors: What it finds as 0, 1, 2 (standard streams), 3 (where its records go), 4
                (a file with its code), 5 (what its kind reads: calls, inputs or tests), 6 (what
                ends its pauses, if it makes any).

        Raises:
            ZygoteDied: If there is no candidate.
        """
        given = struct.pack(f"{len(descriptors)}i", *descriptors)
        try:
            self.socket.sendmsg(
                [marshal.dumps(order, 2)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, given)]
            )
            pid = marshal.loads(self._message())
        except OSError as error:
            raise ZygoteDied(f"the zygote has ended ({error})") from None
        if type(pid) is not int:
            raise ZygoteDied(f"the zygote could not fork: {pid}")
        return pid

    def ending(self) -> tuple[int, float, int]:
        """Return wait status, CPU seconds and peak resident KiB of the candidate that ended.

        Raises:
            ZygoteDied: If there is nothing to be had.
        """
        status, seconds, size = marshal.loads(self._message())
        return status, seconds, size

    def _message(self) -> bytes:
        message = self.socket.recv(4096)
        if not message:
            raise ZygoteDied("the zygote has ended")
        return message

    def setup(self) -> bytes:
        """Return ``+`` if the last candidate became ready to run code, or what kept it."""
        with contextlib.suppress(BlockingIOError):
            return os.read(self._setup, 500)
        return b""


def become_program(program: tuple[Sequence[str], int, int], connection: int, setup: int) -> None:
    """Become another program that serves as a zygote; see `Zygote`."""
    (path, *arguments), config, log = program
    null = os.open("/dev/null", os.O_RDWR)
    # Whatever has one of the numbers is moved away from it first.
    given = (config, null, null, connection, setup, log)
    moved = [fcntl.fcntl(each, fcntl.F_DUPFD, LOG + 1) for each in given]
    for descriptor, number in zip(moved, (0, 1, 2, SOCKET, SETUP, LOG), strict=True):
        os.dup2(descriptor, number)
    os.closerange(3, SOCKET)
    os.closerange(SCORE, LOG)
    os.closerange(LOG + 1, 4096)
    # valgrind keeps some for itself, and lets nobody change the hard limit afterwards.
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES + RESERVED))
    os.execv(path, [path, *arguments])


def start(config: Mapping[str, Any]) -> Zygote:
    """Prepare this process, and return a zygote that it has forked.

    Args:
        config: ``users``, ``alone``, ``first_user``, ``root``, ``filter_calls`` (see
            `Confinement`), ``path`` (of libraries). If it has ``adopts``, this process is to be
            the zygote: it serves and never returns.
    """
    os.environ.pop("LD_BIND_NOW", None)  # it has done its work: forks need not link
    sys.path[:] = [entry for entry in sys.path if entry] + config["path"]
    for name in PRELOADED.split():
        __import__(name)
    site.setquit()  # scripts end with exit(), which -S leaves out
    adopts = config["adopts"] if "adopts" in config else become_subreaper()
    hide_memory()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096) if hard > 0 else 4096, hard))
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    limit_all()
    first_user = config["first_user"]
    if config["users"]:
        for kind in ("gid", "uid"):
            with open(f"/proc/self/{kind}_map") as file:
                first_user = user_range(first_user, Confinement.USERS, file.read())
    confinement = Confinement(
        users=config["users"],
        alone=config["alone"],
        first_user=first_user,
        root=config["root"],
        filter_calls=config["filter_calls"],
        adopts=adopts,
        programs="adopts" not in config,
    )
    if "adopts" in config:
        os.close(LOG)
        prepare_memory()
        be_zygote(confinement)
    return Zygote(confinement)


def prepare_memory() -> None:
    """Leave room in memory pools of each size.

    A program that makes and drops one object again and again, just where a pool is full, makes and
    drops a pool each time. Whether it meets that is chance, and costs some 5 %.
    """
    for size in range(16, POOLED_BYTES + 1, 16):
        numbers = range(POOLS * POOL_BYTES // size)
        blocks: list[object]
        if size == 16:
            blocks = [object() for _ in numbers]
        elif size == 32:
            blocks = [number + 0.5 for number in numbers]
        else:
            blocks = [bytes(size - BYTES_HEAD) for _ in numbers]
        KEPT.append(blocks[:: POOL_BYTES // size // 2])


def be_zygote(confinement: Confinement) -> None:
    """Serve as the zygote that another process has started; never returns."""
    try:
        for descriptor in (SOCKET, SETUP):
            os.set_inheritable(descriptor, False)
        os.closerange(0, SOCKET)
        serve(socket.socket(fileno=SOCKET), confinement)
    except BaseException as error:
        os.write(SETUP, f"{type(error).__name__}: {error}".encode())
    finally:
        os._exit(0)


def serve(connection: socket.socket, confinement: Confinement) -> None:
    """Fork candidates until nobody asks any more."""
    rehearse()
    usual_score = open_oom_score(SCORE)
    confinement.prepare()
    hide()
    gc.collect()
    gc.freeze()
    gc.disable()
    connection.send(b"+")
    unfiltered = not confinement.filters_calls
    room = socket.CMSG_SPACE(4 * DESCRIPTORS)
    while True:
        # The descriptors that come with the order get the lowest free numbers, in their order.
        order, _, _, _ = connection.recvmsg(ORDER_BYTES, room, socket.MSG_CMSG_CLOEXEC)
        if not order:
            return
        # Done here and not by the child, which would have to copy more pages.
        for descriptor in (0, 1, 2):
            os.set_inheritable(descriptor, True)
        kind, arguments, user, limits = marshal.loads(order)
        try:
            os.pwrite(SCORE, KILLED_FIRST, 0)
            pid = os.fork()
        except OSError as error:
            connection.send(marshal.dumps(str(error)))
            pid = -1
        if pid == 0:
            become_candidate(kind, arguments, user, limits, confinement)
        os.pwrite(SCORE, usual_score, 0)
        os.closerange(0, DESCRIPTORS)
        if pid > 0:
            connection.send(marshal.dumps(pid))
            _, status, used = os.wait4(pid, 0)
            if unfiltered:
                collect_siblings()
            seconds = used.ru_utime + used.ru_stime
            connection.send(marshal.dumps((status, seconds, used.ru_maxrss)))


def collect_siblings() -> None:
    """Collect processes that a candidate has made beside itself, which the filter forbids."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue


def rehearse() -> None:
    """Go a candidate's way a few times: what is linked, specialised or cached on it stays so."""
    null = os.open("/dev/null", os.O_RDWR)
    for _ in range(REHEARSALS):
        requests, end_of_requests = os.pipe()
        write_record(end_of_requests, VALUE, encode(("f", ([1, 2], 3), {})))
        os.close(end_of_requests)
        code = os.memfd_create("rehearsal")
        os.write(code, REHEARSED)
        # Whatever has one of the numbers is moved away from it first.
        given = [os.dup2(file, SCORE + 1 + n) for n, file in enumerate((null, code, requests))]
        os.close(code)
        os.close(requests)
        for number, file in enumerate(given):
            os.dup2(file, CHANNEL + number)
            os.close(file)
        run_served()
    os.closerange(0, SOCKET)


def become_candidate(
    kind: str,
    arguments: tuple[Any, ...],
    user: int,
    limits: list[tuple[int, tuple[int, int]]],
    confinement: Confinement,
) -> None:
    """Set up the child and run what it is for; never returns."""
    status, entered = 70, False
    try:
        confinement.enter(user, limits)
        os.write(SETUP, b"+")
        os.closerange(SOCKET, SCORE + 1)
        entered = True
        gc.enable()
        KINDS[kind](*arguments)
        status = 0
    except BaseException as error:
        if not entered:
            with contextlib.suppress(OSError):
                os.write(SETUP, f"{type(error).__name__}: {error}".encode())
    finally:
        end(status)

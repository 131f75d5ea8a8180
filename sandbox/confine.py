"""How a forked child becomes one sample: its user, its limits, its system calls, its directory."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import resource
import signal
import struct
from collections.abc import Collection, Mapping
from typing import Any

__all__ = [
    "FILES",
    "Confinement",
    "become_subreaper",
    "children",
    "children_of_thread",
    "descendants",
    "hide_memory",
    "content",
    "die_with_parent",
    "is_dead",
    "open_oom_score",
    "processes_of",
    "refuse_processes",
    "user_range",
]

STACK_BYTES = 64 * 2**20
"""The stack of the processes that judge: what they compare may be deeply nested."""
FILES = 256
"""How many open files a process of a sample may have."""

_PR_SET_CHILD_SUBREAPER, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 36, 4, 38, 22
_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None, use_errno=True).prctl


def become_subreaper() -> bool:
    """Have orphans of samples handed to this process, so that none is ever lost.

    Returns:
        Whether the kernel does so, and says which children a process has (gVisor does not).
    """
    adopts = _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    return adopts and os.path.exists(f"/proc/self/task/{os.getpid()}/children")


def hide_memory() -> None:
    """Keep memory and descriptors of this process from others of the same user."""
    _prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def die_with_parent() -> None:
    """Have this process killed when the one ends that started it; to be called as its last user."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def user_range(first: int, size: int, id_map: str) -> int:
    """Return the start of ``size`` user ids that exist here: ``first`` if they do from there on.

    Args:
        first: Where the range should start.
        size: How many ids it holds.
        id_map: The content of ``/proc/self/uid_map``: lines of start, outer start, length.

    Raises:
        OSError: If there are not as many.
    """
    extents = [tuple(map(int, line.split())) for line in id_map.splitlines()]
    if any(start <= first and first + size <= start + length for start, _, length in extents):
        return first
    for start, _, length in extents:
        lowest = max(start, size)  # the system's own users are below
        blocks = (start + length - lowest) // size
        if blocks > 0:
            return lowest + first // size % blocks * size
    raise OSError(errno.EINVAL, f"no {size} user ids in a row in this user namespace")


def content(path: str) -> bytes:
    """Return a small file's bytes, with as little ado as can be: this is done for each sample.

    Raises:
        OSError: If it cannot be read.
    """
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, 1 << 16)
    finally:
        os.close(file)


def open_oom_score(descriptor: int) -> bytes:
    """Open the file that says how readily the kernel kills this process when memory runs out.

    Processes that it forks start with the same. Where there is no such file, writing does nothing.

    Args:
        descriptor: The number that the file gets.

    Returns:
        What it holds.
    """
    _prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)  # else the file is root's
    try:
        file = os.open("/proc/self/oom_score_adj", os.O_RDWR)
    except OSError:
        file = os.open("/dev/null", os.O_RDWR)
    hide_memory()
    os.dup2(file, descriptor, inheritable=False)
    os.close(file)
    return os.pread(descriptor, 16, 0)


class _Instructions(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


# Numbers for (x86_64, aarch64).
_REFUSED: Mapping[str, tuple[int, int]] = {
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "shmdt": (67, 197),
    "semget": (64, 190),
    "semop": (65, 193),
    "semctl": (66, 191),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "bpf": (321, 280),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "personality": (135, 92),
    "clone3": (435, 435),
    # memory that no process maps is counted nowhere
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
}
_PROGRAMS = ((59, 221), (322, 281))  # execve, execveat
_SOCKET = (41, 198)
_CLONE = (56, 220)
_FORKS = (57, 58)
"""fork and vfork on x86_64; elsewhere there is clone alone."""
_SET_AFFINITY = (203, 122)
_NEW_NAMESPACES = 0x7E020080
_CLONE_PARENT = 0x8000
_CLONE_THREAD = 0x10000
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_RETURN_KILL, _RETURN_ERRNO, _RETURN_ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_LOAD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06


def seccomp_filter(*, programs: bool = True) -> bytes | None:
    """Return the program that refuses the calls above, or None on an unknown machine.

    Args:
        programs: Whether a process may become another program.
    """
    if os.uname().machine not in _ARCHITECTURES:
        return None
    column, architecture = _ARCHITECTURES[os.uname().machine]
    no_call = _RETURN_ERRNO | errno.ENOSYS
    lines = [
        (_LOAD, 0, 0, 4),
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _RETURN_KILL),
        (_LOAD, 0, 0, 0),
    ]
    if column == 0:  # the x32 twins of the calls
        lines += [(_JUMP_GREATER_EQUAL, 0, 1, 0x40000000), (_RETURN, 0, 0, no_call)]
    refused = [*_REFUSED.values(), *(() if programs else _PROGRAMS)]
    for numbers in refused:
        lines += [(_JUMP_EQUAL, 0, 1, numbers[column]), (_RETURN, 0, 0, no_call)]
    lines += [
        # clone with a new namespace, or of a process that is no child of its maker
        (_JUMP_EQUAL, 0, 4, _CLONE[column]),
        (_LOAD, 0, 0, 16),
        (_JUMP_SET, 0, 1, _NEW_NAMESPACES | _CLONE_PARENT),
        (_RETURN, 0, 0, _RETURN_ERRNO | errno.EPERM),
        (_RETURN, 0, 0, _RETURN_ALLOW),
        # sockets of other families than unix, inet, inet6
        (_JUMP_EQUAL, 0, 5, _SOCKET[column]),
        (_LOAD, 0, 0, 16),
        (_JUMP_EQUAL, 3, 0, 1),
        (_JUMP_EQUAL, 2, 0, 2),
        (_JUMP_EQUAL, 1, 0, 10),
        (_RETURN, 0, 0, _RETURN_ERRNO | errno.EAFNOSUPPORT),
        (_RETURN, 0, 0, _RETURN_ALLOW),
    ]
    return b"".join(struct.pack("<HBBI", *line) for line in lines)


def refuse_processes() -> None:
    """Keep this process from making others and from choosing its core; threads it may have.

    For one that has the filter above already, which refuses what is not seen here.

    Raises:
        OSError: If the kernel takes no filter.
    """
    column = _ARCHITECTURES[os.uname().machine][0]
    refused = _RETURN_ERRNO | errno.EPERM  # with EAGAIN some would try again and again
    lines = [(_LOAD, 0, 0, 0)]
    for number in _FORKS if column == 0 else ():
        lines += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, refused)]
    lines += [
        (_JUMP_EQUAL, 0, 1, _SET_AFFINITY[column]),
        (_RETURN, 0, 0, refused),
        (_JUMP_EQUAL, 0, 3, _CLONE[column]),
        (_LOAD, 0, 0, 16),
        (_JUMP_SET, 1, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, refused),
        (_RETURN, 0, 0, _RETURN_ALLOW),
    ]
    install(b"".join(struct.pack("<HBBI", *line) for line in lines))


def install(code: bytes) -> None:
    """Install a filter of system calls.

    Raises:
        OSError: If the kernel does not take it.
    """
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Instructions(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    if _prctl(_PR_SET_SECCOMP, 2, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "no system call filter")


class Confinement:
    """Turns forked children into samples.

    Args:
        users: Whether each sample gets a user id of its own (needs CAP_SETUID and CAP_SETGID).
        alone: Whether this process and its children are all that it can see and signal.
        first_user: The first of the range of 2000 ids that belongs to this jail.
        root: The directory in which each sample gets its own; empty entries are ours to make.
        filter_calls: Whether to install the system call filter.
        adopts: Whether orphans of samples become children of this process.
        programs: Whether samples may become other programs.
    """

    USERS = 2000

    def __init__(
        self,
        *,
        users: bool,
        alone: bool,
        first_user: int,
        root: str,
        filter_calls: bool,
        adopts: bool,
        programs: bool = True,
    ) -> None:
        self.users = users
        self.adopts = adopts
        self.alone = alone
        self.first_user = first_user
        self.directory = f"{root}/sample"
        """The path of the directory that each sample makes, and finds as its own."""
        kinds = ("CPU", "FSIZE", "NOFILE", "NPROC", "STACK")
        numbers = [getattr(resource, f"RLIMIT_{kind}") for kind in kinds]
        self._ceilings = {number: ceiling_of(number) for number in numbers}
        code = seccomp_filter(programs=programs) if filter_calls else None
        self._code = code

    @property
    def filters_calls(self) -> bool:
        """Whether samples get the system call filter."""
        return self._code is not None

    def user(self, sequence: int) -> int:
        """Return the user id of the sample with this number; it comes back after 1997 others."""
        return self.first_user + 3 + sequence % (self.USERS - 3)

    @property
    def grader(self) -> int:
        """The user id of graders."""
        return self.first_user

    @property
    def killer(self) -> int:
        """The real user id of the helper that kills: samples may not signal it."""
        return self.first_user + 1

    @property
    def compiler(self) -> int:
        """The user id of compilers that stay."""
        return self.first_user + 2

    def become(self, user: int) -> None:
        """Become ``user`` for good."""
        if self.users:
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)

    def prepare(self) -> None:
        """Set what samples inherit from the process that forks them. Called in that process."""
        os.umask(0o077)
        if self.users:
            os.setgroups([])
        os.environ["HOME"] = os.environ["TMPDIR"] = self.directory
        if self._code is not None:
            install(self._code)

    def resource_limits(self, limits: Mapping[str, Any]) -> list[tuple[int, tuple[int, int]]]:
        """Return what `enter` sets: kinds, with their soft and hard limits."""
        cpu, disk = int(limits["cpu_seconds"]) + 2, limits["disk_bytes"]
        stack = limits["stack_bytes"]
        wanted = [
            (resource.RLIMIT_CPU, cpu, cpu + 1),
            (resource.RLIMIT_FSIZE, disk, disk),
            (resource.RLIMIT_NOFILE, FILES, FILES),
            (resource.RLIMIT_STACK, stack, stack),
        ]
        if self.users:
            wanted.append((resource.RLIMIT_NPROC, limits["processes"], limits["processes"]))
        elif self.alone and kernel_version() >= (5, 14):  # counts for each user namespace
            processes = limits["processes"] + len(process_ids()) + 1
            wanted.append((resource.RLIMIT_NPROC, processes, processes))
        ceilings = self._ceilings
        return [
            (kind, (min(soft, ceilings[kind]), min(hard, ceilings[kind])))
            for kind, soft, hard in wanted
        ]

    def enter(self, user: int, limits: list[tuple[int, tuple[int, int]]]) -> None:
        """Become a sample: limits, user, private directory. Called in the child."""
        # Every page that is touched here is copied: plain calls cost the least.
        os.setsid()
        for kind, limit in limits:
            resource.setrlimit(kind, limit)
        if self.users:
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        _prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)  # a new user id took it away
        os.mkdir(self.directory, 0o700)
        os.chdir(self.directory)

    def kill_all(self, user: int, spare: Collection[int] = ()) -> None:
        """Kill every process of ``user``, from a helper that they cannot signal.

        Without users of its own a sample's processes are descendants of ours; each of them is
        killed, but for those to ``spare``.
        """
        if self.users:
            self.signal_all(user, signal.SIGKILL)
        else:
            self._kill_descendants(spare)

    def signal_all(self, user: int, number: signal.Signals) -> None:
        """Send a signal to every process of ``user``, who is a sample's or of our own."""
        helper = os.fork()
        if helper == 0:
            try:
                os.setgroups([])
                os.setresgid(user, user, user)
                os.setresuid(self.killer, user, self.killer)
                os.kill(-1, number)
            except ProcessLookupError:
                pass
            finally:
                os._exit(0)
        os.waitpid(helper, 0)

    def _kill_descendants(self, spare: Collection[int]) -> None:
        own = os.getpid()
        victims = descendants(own)
        if self.alone:
            # Stopped all at once, none can fork away from us.
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGSTOP)
            victims = [pid for pid in process_ids() if pid not in (1, own)]
        for pid in victims:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGCONT if pid in spare else signal.SIGKILL)


def limit_all() -> None:
    """Set what holds for this process and every sample alike, and our own stack."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        value = min(value, ceiling_of(kind))
        with contextlib.suppress(ValueError):  # gVisor has no message queues, and no such limit
            resource.setrlimit(kind, (value, value))
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    soft = min(STACK_BYTES, ceiling_of(resource.RLIMIT_STACK))
    resource.setrlimit(resource.RLIMIT_STACK, (soft, hard))


def ceiling_of(kind: int) -> int:
    """Return a hard limit, as a number above all others if there is none."""
    hard = resource.getrlimit(kind)[1]
    return 2**62 if hard == resource.RLIM_INFINITY else hard


def children(parent: int | None = None) -> list[int]:
    """Return the ids of the children of this process, or of another; zombies included."""
    if parent is None:  # of ours there is one thread
        return children_of_thread(os.getpid(), os.getpid())
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{parent}/task"):
            found += children_of_thread(parent, int(thread))
    return found


def children_of_thread(process: int, thread: int) -> list[int]:
    """Return the ids of the children that a thread of a process has started; zombies included.

    Raises:
        OSError: If there is no such thread.
    """
    return [int(child) for child in content(f"/proc/{process}/task/{thread}/children").split()]


def descendants(parent: int) -> list[int]:
    """Return the ids of the children of a process, of theirs, and so on."""
    found, rest = list[int](), children(parent)
    while rest:
        pid = rest.pop()
        found.append(pid)
        rest.extend(children(pid))
    return found


def processes_of(user: int) -> list[int]:
    """Return the ids of the processes that a user has; zombies included."""
    found = []
    for pid in process_ids():
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{pid}").st_uid == user:
                found.append(pid)
    return found


def is_dead(pid: int, stat: bytes) -> bool:
    """Whether a process has ended; one whose first thread alone has ended looks as if it had."""
    if stat.rpartition(b") ")[2][:1] not in b"ZX":
        return False
    try:
        return len(os.listdir(f"/proc/{pid}/task")) < 2
    except FileNotFoundError:  # gVisor lists none of a process that has ended
        return True


def process_ids() -> list[int]:
    """Return the ids of all processes in sight."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def kernel_version() -> tuple[int, ...]:
    """Return the first two numbers of the kernel's version."""
    return tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])

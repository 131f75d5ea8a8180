"""What a sample finds around itself. The doctor sends this file into a jail as a candidate.

Standard library only, and nothing of codeeval: inside the jail it is a program like any other.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import platform
import re
import resource
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

__all__ = ["FAMILIES", "facts", "forks", "grow", "sleep", "walk"]

BENCHMARK_FILE = re.compile(
    r"(human_?eval|mbpp|evalplus|bigcodebench|livecodebench|cruxeval|codeeval|enamel|effibench)"
    r".*(jsonl|json|parquet|arrow|csv|gz)$|^(codeeval|evalplus|human_eval|bigcodebench)$",
    re.IGNORECASE,
)
ODD_ARGUMENT = 0x7FFFFFF0  # an id that nothing has, an address that is not mapped
CAPABILITY_SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
CLONE = {"x86_64": 56, "aarch64": 220}
PR_GET_NO_NEW_PRIVS = 39
CLONE_NEW_USER = 0x10000000
FAMILIES = (1, 2, 10, 16, 17, 29, 31, 38, 40, 44)
"""unix, inet and inet6; then netlink, packet, can, bluetooth, alg, vsock, xdp."""
STORE = "/run/codeeval"
WALK_SECONDS = 8.0


def say(what: Mapping[str, Any]) -> None:
    """Print facts as one line of JSON."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def outcome(action: Callable[[], object]) -> str:
    """Return the name of the error that an action ends in, or ``"done"``."""
    try:
        action()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error.errno))
    except ValueError:  # what setrlimit raises where the kernel says EPERM
        return "EPERM"
    return "done"


def facts(calls: Mapping[str, int], families: Sequence[int]) -> dict[str, Any]:
    """Return everything that can be seen and tried without harm.

    Args:
        calls: Numbers of system calls that should be refused.
        families: Address families whose sockets should be refused.
    """
    with open("/proc/self/status") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    # Not every kernel tells it there.
    status.setdefault("NoNewPrivs", str(ctypes.CDLL(None).prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)))
    with open("/proc/net/dev") as file:  # if_nameindex() would need a netlink socket
        interfaces = [line.partition(":")[0].strip() for line in file if ":" in line]
    return {
        "uid": [*os.getresuid(), *os.getresgid()],
        "groups": os.getgroups(),
        "status": {
            key: status.get(key, "").strip()
            for key in (*CAPABILITY_SETS, "NoNewPrivs", "Seccomp", "Seccomp_filters")
        },
        "descriptors": open_descriptors(),
        "environment": dict(os.environ),
        "mounts": mounts(),
        "sizes": {path: size_of(path) for path in ("/tmp", "/dev/shm", "/dev/mqueue")},
        "devices": devices(),
        "interfaces": interfaces,
        "outside": outcome(reach_outside),
        "calls": {name: try_call(number) for name, number in calls.items()},
        "families": {str(family): outcome(partial(open_socket, family)) for family in families},
        "new_namespace": try_call(CLONE.get(platform.machine(), -1), CLONE_NEW_USER),
        "escapes": escapes(),
        "processes": processes(),
        "limits": {
            name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[1]
            for name in ("CPU", "NOFILE", "CORE", "FSIZE", "STACK", "MEMLOCK", "MSGQUEUE", "NPROC")
        },
        "cgroup": cgroup(),
        "resolver": resolver(),
        "directory": os.getcwd(),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def open_descriptors() -> list[int]:
    """Return the numbers of the open descriptors below 4096."""
    found = []
    for number in range(4096):
        with contextlib.suppress(OSError):
            os.fstat(number)
            found.append(number)
    return found


def mounts() -> dict[str, list[str]]:
    """Return type and options of every mount point; of several at one place the last."""
    with open("/proc/self/mounts") as file:
        rows = [line.split() for line in file]
    return {row[1]: [row[2], *row[3].split(",")] for row in rows}


def size_of(path: str) -> list[int]:
    """Return how many bytes and how many files a file system can hold; nothing if not there."""
    try:
        found = os.statvfs(path)
    except OSError:
        return []
    return [found.f_blocks * found.f_frsize, found.f_files]


def devices() -> list[str]:
    """Return the paths of all device files below /dev."""
    found = []
    for folder, _, names in os.walk("/dev"):
        for name in names:
            path = os.path.join(folder, name)
            with contextlib.suppress(OSError):
                mode = os.lstat(path).st_mode
                if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
                    found.append(path)
    return sorted(found)


def reach_outside() -> None:
    """Ask the kernel for a way to an address that is reserved for documentation."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
        outside.connect(("192.0.2.1", 9))


def open_socket(family: int) -> None:
    """Open and close a socket of a family."""
    socket.socket(family, socket.SOCK_DGRAM).close()


def try_call(number: int, argument: int | None = None) -> str:
    """Return the name of the error of a system call that gets nonsense, in a child of its own."""
    if number < 0:
        return "unknown"
    argument = ODD_ARGUMENT if argument is None else argument
    return outcome_in_child(partial(call, number, argument))


def call(number: int, argument: int) -> None:
    """Make a system call; raises the error that it ends in."""
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()
    words = [ctypes.c_long(word) for word in (number, argument, 0, 0, 0, 0)]
    if libc.syscall(*words) == -1:
        raise OSError(ctypes.get_errno(), "refused")
    if os.getpid() != parent:  # a clone that worked
        os._exit(0)


def escapes() -> dict[str, str]:
    """Return how attempts to get more rights end: each should be an error."""
    attempts: dict[str, Callable[[], object]] = {
        "setuid(0)": lambda: os.setuid(0),
        "setgid(0)": lambda: os.setgid(0),
        "setgroups([0])": lambda: os.setgroups([0]),
        "chroot": lambda: os.chroot("."),
        "mknod of a disk": lambda: os.mknod("disk", stat.S_IFBLK | 0o600, os.makedev(8, 0)),
        "make a message queue": lambda: os.close(
            os.open("/dev/mqueue/probe", os.O_CREAT | os.O_RDWR, 0o600)
        ),
        "raise a limit": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (65536, 65536)),
        "change a sysctl": lambda: os.close(os.open("/proc/sys/kernel/hostname", os.O_WRONLY)),
        "list the store": lambda: os.listdir(STORE),
    }
    for folder in ("/", "/usr", "/etc", "/dev"):
        attempts[f"write to {folder}"] = partial(make_and_remove, f"{folder}/codeeval-probe")
    return {name: outcome_in_child(attempt) for name, attempt in attempts.items()}


def make_and_remove(path: str) -> None:
    """Make a directory, which does not stay."""
    os.mkdir(path)
    os.rmdir(path)


def outcome_in_child(action: Callable[[], object]) -> str:
    """Return the outcome of an action that may change the process it happens in."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, outcome(action).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with open(reader) as file:
        return file.read() or "killed"


def processes() -> list[dict[str, Any]]:
    """Return every other process that can be seen, and what could be done to it."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found.append(reach(int(name)))
    return found


def reach(pid: int) -> dict[str, Any]:
    """Return what could be done to another process."""
    folder = f"/proc/{pid}"
    return {
        "pid": pid,
        "uid": os.stat(folder).st_uid,
        "signal": outcome(partial(os.kill, pid, 0)),
        "environment": outcome(partial(touch, f"{folder}/environ", os.O_RDONLY)),
        "descriptors": outcome(partial(os.listdir, f"{folder}/fd")),
        "memory": outcome(partial(touch, f"{folder}/mem", os.O_RDWR)),
    }


def touch(path: str, flags: int) -> None:
    """Open and close a file."""
    os.close(os.open(path, flags))


def cgroup() -> dict[str, str]:
    """Return the limits of the control group as they read from inside; version 1 or 2."""
    files = {
        "memory": ("memory.max", "memory/memory.limit_in_bytes"),
        "memory_and_swap": ("memory.swap.max", "memory/memory.memsw.limit_in_bytes"),
        "processes": ("pids.max", "pids/pids.max"),
        "cpu": ("cpu.max", "cpu/cpu.cfs_quota_us"),
    }
    found = {}
    for key, names in files.items():
        for name in names:
            with contextlib.suppress(OSError), open(f"/sys/fs/cgroup/{name}") as file:
                found[key] = file.read().strip()
    return found


def resolver() -> list[str]:
    """Return the lines of the resolver's configuration that say something of the host."""
    with contextlib.suppress(OSError), open("/etc/resolv.conf") as file:
        return [line.strip() for line in file if line.strip() and line[0] not in "#;"]
    return []


def walk(harness: str) -> dict[str, Any]:
    """Return what the file system holds that it should not.

    Args:
        harness: The folder of codeeval on the host: its tests and answers should not be seen.
    """
    found: dict[str, list[str]] = {"privileged": [], "writable": [], "benchmark": [], "sockets": []}
    if os.path.exists(harness):
        found["benchmark"].append(harness)
    found["writable"] += [path for path in ("/dev", "/dev/shm") if os.access(path, os.W_OK)]
    started, count = time.process_time(), 0
    for entry in entries("/", skipped=("/proc", "/sys", "/dev", STORE, os.getcwd())):
        count += 1
        try:
            note(entry, entry.stat(follow_symlinks=False).st_mode, found)
        except OSError:
            continue
        if time.process_time() - started > WALK_SECONDS:
            break
    cut = {key: value[:20] for key, value in found.items()}
    return {**cut, "entries": count, "whole": time.process_time() - started <= WALK_SECONDS}


def note(entry: os.DirEntry[str], mode: int, found: Mapping[str, list[str]]) -> None:
    """Add an entry of a directory to the lists that it belongs to."""
    if stat.S_ISLNK(mode):
        return
    lends = mode & (stat.S_ISUID | stat.S_ISGID) and stat.S_ISREG(mode)
    if lends and not os.statvfs(entry.path).f_flag & os.ST_NOSUID:
        found["privileged"].append(entry.path)
    if stat.S_ISSOCK(mode):
        found["sockets"].append(entry.path)
    if os.access(entry.path, os.W_OK):
        found["writable"].append(entry.path)
    if BENCHMARK_FILE.search(entry.name):
        found["benchmark"].append(entry.path)


def entries(top: str, skipped: Sequence[str]) -> Iterator[os.DirEntry[str]]:
    """Yield everything below a directory, without following links."""
    waiting = [top]
    while waiting:
        try:
            listed = list(os.scandir(waiting.pop()))
        except OSError:
            continue
        for entry in listed:
            if entry.path in skipped:
                continue
            yield entry
            with contextlib.suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)


def forks(most: int) -> dict[str, Any]:
    """Fork until the kernel refuses, and leave the children behind."""
    count = 0
    while count < most:
        try:
            child = os.fork()
        except OSError as error:
            return {"forks": count, "refused": errno.errorcode.get(error.errno or 0, "?")}
        if child == 0:
            while True:
                signal.pause()
        count += 1
    return {"forks": count, "refused": ""}


def grow(size: int) -> None:
    """Fill memory up to a size, then wait."""
    kept = []
    for _ in range(size // 2**20):
        kept.append(b"\1" * 2**20)
    time.sleep(60)


def sleep() -> None:
    """Do nothing for long."""
    time.sleep(60)

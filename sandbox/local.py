"""Jails without a daemon: bubblewrap's namespaces, and none at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import sys
import sysconfig
import tempfile
from glob import glob
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from codeeval.sandbox.bundle import BOOT
from codeeval.sandbox.confine import Confinement, descendants, user_range
from codeeval.sandbox.errors import SandboxUnavailable
from codeeval.sandbox.jail import Jail, ProcessJail
from codeeval.sandbox.languages import LANGUAGES
from codeeval.sandbox.program import Limits

__all__ = ["BubblewrapJails", "UnsafeLocalJails", "first_user"]

ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/tmp",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "LD_BIND_NOW": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TZ": "UTC",
}
PYTHON_FLAGS = ["-s", "-S", "-P"]
PERFMON = 38
"""The number of the capability to look at counters of other users' processes."""


def first_user() -> int:
    """Return the start of a range of 2000 user ids that no other jail is likely to have."""
    return 200_000 + 2000 * secrets.randbelow(500_000)


class BubblewrapJails:
    """Starts jails of bubblewrap.

    As root each sample gets a user of its own, as under Docker. Otherwise all samples of a jail
    share one user in a namespace of the jail.

    Args:
        limits: The largest limits that a program may ask for.
    """

    isolation = "bubblewrap"

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        command = shutil.which("bwrap")
        if command is None:
            raise SandboxUnavailable(
                "bubblewrap is not installed: there is no command 'bwrap'; install the package "
                "'bubblewrap'"
            )
        self._command = command
        self._users = os.geteuid() == 0 and has_user_range()

    def close(self) -> None:
        """Let go of nothing."""

    def image_of(self, image: str) -> str:
        """Return nothing: programs use what this machine has."""
        return ""

    def start(self, image: str) -> Jail:
        """Start one jail."""
        config = {
            "users": self._users,
            "alone": True,
            "first_user": first_user(),
            "root": "/tmp",
            "shared": ["/dev/shm"],
            "filter_calls": True,
            "path": ["/opt/site"],
            "temporary": "",
        }
        return Jail(ProcessJail(self._arguments(), {"PATH": os.defpath}), config)

    def _arguments(self) -> list[str]:
        python = Path(os.path.realpath(sys.executable))
        prefix = Path(sys.base_prefix).resolve()
        arguments = [self._command, "--die-with-parent", "--new-session", "--unshare-pid"]
        arguments += ["--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
        if self._users:
            arguments += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
            if holds(PERFMON):  # for the runner: the clock instructions-hw
                arguments += ["--cap-add", "CAP_PERFMON"]
        else:
            arguments += ["--unshare-user", "--cap-drop", "ALL"]
        # As process 1 the runner takes no signal from samples; nothing of bubblewrap is in reach.
        arguments += ["--as-pid-1", "--hostname", "box", "--clearenv"]
        for name, value in ENVIRONMENT.items():
            arguments += ["--setenv", name, value]
        for folder in ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin"):
            path = Path(folder)
            if path.is_symlink():
                arguments += ["--symlink", os.readlink(path), folder]
            elif path.is_dir():
                arguments += ["--ro-bind", folder, folder]
        arguments += [*visible(Path("/etc")), *visible(Path("/run"))]
        arguments += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
        arguments += ["--ro-bind-try", "/etc/alternatives", "/etc/alternatives"]
        for language in LANGUAGES.values():
            for found in (path for each in language.folders for path in sorted(glob(each))):
                arguments += ["--ro-bind", found, found]
        if not prefix.is_relative_to("/usr"):
            arguments += [*visible(prefix.parent), "--ro-bind", str(prefix), str(prefix)]
        arguments += visible(Path("/opt/site"))
        for source in numpy_folders():
            arguments += ["--ro-bind", str(source), f"/opt/site/{source.name}"]
        arguments += ["--proc", "/proc", "--dev", "/dev"]
        for folder, size, mode in (
            ("/tmp", self._limits.disk_bytes, "1777"),
            ("/dev/shm", 16 * 2**20, "1777"),
        ):
            arguments += ["--perms", mode, "--size", str(size), "--tmpfs", folder]
        arguments += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]
        return [*arguments, str(python), *PYTHON_FLAGS, "-c", BOOT]


class UnsafeLocalJails:
    """Starts runners without any jail: for trusted code only.

    Processes, memory, time and output are limited as elsewhere; nothing is hidden or forbidden.

    Args:
        limits: Not used: there is nothing to be sized.
    """

    isolation = "none"

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def close(self) -> None:
        """Let go of nothing."""

    def image_of(self, image: str) -> str:
        """Return nothing: programs use what this machine has."""
        return ""

    def start(self, image: str) -> Jail:
        """Start one runner."""
        root = tempfile.mkdtemp(prefix="codeeval-")
        folder = os.path.join(root, "samples")
        os.mkdir(folder)
        config: dict[str, Any] = {
            "users": False,
            "alone": False,
            "first_user": 0,
            "root": folder,
            "shared": [],
            "filter_calls": False,
            "path": [sysconfig.get_path("purelib")],
            "temporary": root,
        }
        command = [os.path.realpath(sys.executable), *PYTHON_FLAGS, "-c", BOOT]
        return Jail(_LocalProcess(command, root), config)


class _LocalProcess(ProcessJail):
    """A process whose descendants and folder go with it."""

    def __init__(self, command: list[str], root: str) -> None:
        super().__init__(command, {**ENVIRONMENT, "HOME": root})
        self._root = root

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGSTOP)  # it adopts orphans, and starts nothing more
        for _ in range(100):
            found = descendants(self.pid)
            for pid in found:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if not any(map(is_alive, found)):
                break
        super()._kill()

    def close(self) -> str:
        said = super().close()
        shutil.rmtree(self._root, ignore_errors=True)
        return said


def is_alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1] not in b"ZX"
    except OSError:
        return False


def has_user_range() -> bool:
    """Whether this user namespace has as many user ids as a jail needs."""
    try:
        for kind in ("gid", "uid"):
            user_range(0, Confinement.USERS, Path(f"/proc/self/{kind}_map").read_text())
    except OSError:
        return False
    return True


def holds(capability: int) -> bool:
    """Whether this process has a capability."""
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, mask = line.partition(":")
        if name == "CapEff":
            return bool(int(mask, 16) >> capability & 1)
    return False


def visible(folder: Path) -> list[str]:
    """Return arguments that make a folder and those above it, for every user to pass."""
    chain = [*reversed(folder.parents), folder][1:]
    return [word for path in chain for word in ("--perms", "0755", "--dir", str(path))]


def numpy_folders() -> list[Path]:
    """Return the folders of this interpreter's numpy, for candidates that import it."""
    spec = find_spec("numpy")
    if spec is None or spec.origin is None:
        return []
    package = Path(spec.origin).parent
    libraries = package.with_name("numpy.libs")
    return [package, libraries] if libraries.is_dir() else [package]

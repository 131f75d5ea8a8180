"""Executors: they turn programs into verdicts, on several warm jails at a time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from codeeval.sandbox.errors import SandboxUnavailable
from codeeval.sandbox.pool import ISOLATIONS, Jails, Pool
from codeeval.sandbox.program import (
    Limits,
    Program,
    Truth,
)
from codeeval.sandbox.verdict import Verdict

__all__ = ["ISOLATIONS", "SANDBOXES", "Executor", "Pool", "default_workers", "open_executor"]

SANDBOXES = ("auto", "docker", "bubblewrap", "unsafe-local")


@runtime_checkable
class Executor(Protocol):
    """Turns programs into verdicts. Use as a context manager; safe to use from many threads."""

    @property
    def isolation(self) -> str:
        """The kind of its jails, as verdicts record it."""

    def submit(self, program: Program) -> Future[Verdict]:
        """Begin to judge a program."""

    def run(self, program: Program) -> Verdict:
        """Judge one program.

        Whatever the program does becomes a verdict. What goes wrong with the sandbox itself
        becomes one too, after other jails were tried: ``infrastructure_error``.

        Raises:
            SandboxUnavailable: If no jail can be started.
        """

    def run_many(self, programs: Iterable[Program]) -> Iterator[Verdict]:
        """Judge programs; yield the verdicts in their order, with a bounded number in flight."""

    def truth(self, program: Program) -> Truth:
        """Run a trusted reference, whose only check is ``Outputs``.

        Raises:
            SandboxError: If it fails.
        """

    def close(self) -> None:
        """End all jails."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def default_workers() -> int:
    """Return half of the cores that this process may use, at least one."""
    return max(1, len(os.sched_getaffinity(0)) // 2)


def open_executor(
    sandbox: str = "auto",
    *,
    workers: int | None = None,
    limits: Limits | None = None,
    runtime: str | None = None,
    isolation: str = "worker",
) -> Pool:
    """Open an executor.

    Args:
        sandbox: ``docker``, ``bubblewrap``, ``auto`` (Docker if a daemon answers, else
            bubblewrap) or ``unsafe-local``, which needs CODEEVAL_ALLOW_UNSAFE=1 beside it.
        workers: Jails at a time; half of the cores by default.
        limits: The largest limits that a program may ask for.
        runtime: For Docker: an OCI runtime such as ``runsc``.
        isolation: ``worker``: a jail judges many programs, each under a user of its own;
            ``container``: each program gets a jail of its own.

    Raises:
        ValueError: If there is no such sandbox or isolation.
        SandboxUnavailable: If it cannot be had on this machine; ImageMissing is one of these.
    """
    limits = limits or Limits()
    if isolation not in ISOLATIONS:
        raise ValueError(f"no isolation {isolation!r}; known: {', '.join(ISOLATIONS)}")
    jails = open_jails(sandbox, limits, runtime)
    return Pool(jails, limits, workers or default_workers(), ISOLATIONS[isolation])


def open_jails(sandbox: str, limits: Limits, runtime: str | None = None) -> Jails:
    """Return the backend of this name; see `open_executor`."""
    from codeeval.sandbox.local import BubblewrapJails, UnsafeLocalJails

    if sandbox not in SANDBOXES:
        raise ValueError(f"no sandbox {sandbox!r}; known: {', '.join(SANDBOXES)}")
    if sandbox == "unsafe-local":
        if os.environ.get("CODEEVAL_ALLOW_UNSAFE") != "1":
            raise SandboxUnavailable(
                "unsafe-local runs model code on this machine without a sandbox; if you trust the "
                "code, set CODEEVAL_ALLOW_UNSAFE=1 as well"
            )
        return UnsafeLocalJails(limits)
    if sandbox == "bubblewrap":
        return BubblewrapJails(limits)
    from codeeval.sandbox.docker import DockerJails, connect

    if sandbox == "auto":
        try:
            connect().close()
        except SandboxUnavailable as no_docker:
            try:
                return BubblewrapJails(limits)
            except SandboxUnavailable as no_bubblewrap:
                raise SandboxUnavailable(
                    f"no sandbox: {no_docker}; and {no_bubblewrap}"
                ) from no_bubblewrap
    return DockerJails(limits, runtime=runtime)

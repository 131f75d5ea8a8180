"""The options of an evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from codeeval.sandbox.errors import CodeEvalError
from codeeval.sandbox.executor import ISOLATIONS, Pool, open_executor
from codeeval.sandbox.program import Limits, Program

__all__ = ["Options", "OptionsError"]

MISSING = ("error", "fail", "skip")
ON_INFRA_ERROR = ("skip", "fail", "raise")


class OptionsError(CodeEvalError, ValueError):
    """An option has a value that it cannot have."""


@dataclass(frozen=True)
class Options:
    """How samples are read, run and scored.

    Attributes:
        k: The k of each pass@k; a number or a text such as ``1,10`` will do.
        sandbox: ``auto``, ``docker``, ``bubblewrap`` or ``unsafe-local``.
        runtime: For Docker: another OCI runtime, such as ``runsc``.
        isolation: ``worker``: a warm jail for each worker; ``container``: one for each program.
        workers: Programs at a time; half of the cores if None.
        extraction: How code is taken from a sample's text: a name in ``tasks.extract``.
        stops: Stop sequences of the extraction ``stop``.
        missing: What a problem without samples means: ``error``, ``fail`` or ``skip``.
        on_infra_error: What a sample means that could not be judged, which is never the model's
            fault: ``skip`` leaves it out of n, ``fail`` counts it as failed, ``raise`` ends the
            evaluation.
        allow_unknown: Leave out samples of unknown problems instead of refusing them.
        format: The samples' format; told by their content if None.
        id_field: Where the id stands, if not in ``task_id``.
        code_field: Where the code stands, if not in ``solution`` or ``completion``.
        cpu_seconds: CPU time limit of a check; the task's own if None.
        memory_bytes: Memory limit of a check; the task's own if None.
        stack_bytes: Stack limit of a program; the task's own if None.
        include: Ids of the only problems to be evaluated; all if None.
        limit: Evaluate the first so many problems only.
        released_from: Evaluate only problems that were released on this day or later, an ISO date:
            those before a model's training may be known to it.
        released_to: Evaluate only problems that were released on this day or before.
        cluster: The key in the metadata of problems under which they name the source that they
            share with others, such as a repository: intervals are then over those.
        deduplicate: Run equal programs once.
    """

    k: tuple[int, ...] = (1, 10, 100)
    sandbox: str = "auto"
    runtime: str | None = None
    isolation: str = "worker"
    workers: int | None = None
    extraction: str = "none"
    stops: tuple[str, ...] = ()
    missing: Literal["error", "fail", "skip"] = "error"
    on_infra_error: Literal["skip", "fail", "raise"] = "skip"
    allow_unknown: bool = False
    format: str | None = None
    id_field: str | None = None
    code_field: str | None = None
    cpu_seconds: float | None = None
    memory_bytes: int | None = None
    stack_bytes: int | None = None
    include: tuple[str, ...] | None = None
    limit: int | None = None
    released_from: str | None = None
    released_to: str | None = None
    cluster: str | None = None
    deduplicate: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", tuple(_ints(self.k)))
        if not self.k or min(self.k) < 1:
            raise OptionsError(f"k must be whole numbers of 1 or more, not {self.k}")
        if self.isolation not in ISOLATIONS:
            known = ", ".join(ISOLATIONS)
            raise OptionsError(f"isolation must be one of {known}, not {self.isolation!r}")
        for name, known_words in (("missing", MISSING), ("on_infra_error", ON_INFRA_ERROR)):
            if (word := getattr(self, name)) not in known_words:
                words = ", ".join(known_words)
                raise OptionsError(f"{name} must be one of {words}, not {word!r}")
        for name in ("workers", "limit", "memory_bytes", "stack_bytes"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise OptionsError(f"{name} must be at least 1, not {value}")
        for name in ("released_from", "released_to"):
            if (day := getattr(self, name)) is not None and not _is_day(day):
                raise OptionsError(f"{name} must be a date such as 2024-06-30, not {day!r}")
        if self.cpu_seconds is not None and not 0 < self.cpu_seconds < float("inf"):
            raise OptionsError(f"cpu_seconds must be a number above 0, not {self.cpu_seconds}")

    @property
    def partial(self) -> bool:
        """Whether not all problems are to be evaluated."""
        return any(
            value is not None
            for value in (self.limit, self.include, self.released_from, self.released_to)
        )

    def adjust(self, program: Program) -> Program:
        """Return the program under these limits."""
        changes: dict[str, Any] = {}
        if self.cpu_seconds is not None:
            wall = program.limits.wall_seconds / program.limits.cpu_seconds * self.cpu_seconds
            changes = {"cpu_seconds": self.cpu_seconds, "wall_seconds": wall}
        if self.memory_bytes is not None:
            changes["memory_bytes"] = self.memory_bytes
        if self.stack_bytes is not None:
            changes["stack_bytes"] = self.stack_bytes
        return replace(program, limits=replace(program.limits, **changes)) if changes else program

    def executor(self) -> Pool:
        """Open the executor."""
        limits = Limits()
        if self.memory_bytes is not None:
            limits = replace(limits, memory_bytes=self.memory_bytes)
        return open_executor(
            self.sandbox,
            workers=self.workers,
            limits=limits,
            runtime=self.runtime,
            isolation=self.isolation,
        )


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _ints(ks: int | str | Sequence[int]) -> Iterable[int]:
    """Return the k's of one number, a list, or a text with commas."""
    if isinstance(ks, int):
        return [ks]
    if isinstance(ks, str):
        try:
            return [int(part) for part in ks.split(",") if part.strip()]
        except ValueError:
            raise OptionsError(f"k must be numbers such as 1,10, not {ks!r}") from None
    return ks

"""What happened to one program: a status for each of its checks, what it used, what it printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

__all__ = ["CheckResult", "Cost", "Status", "Trace", "Usage", "Verdict"]


class Status(StrEnum):
    """The one word of a verdict. Values go to disk: add, never rename."""

    PASSED = "passed"
    WRONG_ANSWER = "wrong_answer"
    RUNTIME_ERROR = "runtime_error"
    SYNTAX_ERROR = "syntax_error"
    COMPILE_ERROR = "compile_error"
    TIMEOUT = "timeout"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    FORBIDDEN = "forbidden"
    NO_CODE = "no_code"
    INFRASTRUCTURE_ERROR = "infrastructure_error"
    """Ours, never the model's."""


@dataclass(frozen=True)
class Usage:
    """What a program took.

    Attributes:
        wall_seconds: From the start of the program's process to its end.
        cpu_seconds: CPU time of all of its processes.
        memory_bytes: Peak resident memory of its processes, as far as it was seen.
        waiting_seconds: Time that it was ready to run but the machine had no core for it.
    """

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    memory_bytes: int = 0
    waiting_seconds: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        """Add two usages of programs that ran one after the other."""
        return Usage(
            self.wall_seconds + other.wall_seconds,
            self.cpu_seconds + other.cpu_seconds,
            max(self.memory_bytes, other.memory_bytes),
            self.waiting_seconds + other.waiting_seconds,
        )


@dataclass(frozen=True)
class Cost:
    """What the slowest case of a level costs. Seconds are those of the check's clock.

    Attributes:
        level: The number of the level, from 0.
        size: The size of its inputs.
        case: The number of its slowest case, from 0.
        seconds: What a call costs; if the level is censored, all that is known is that it is more.
        low: Lower end of the 95 % interval; above 0 beside a censored level as well.
        high: Upper end of it.
        reference_seconds: What the reference's slowest case of the level costs.
        limit_seconds: T, beyond which a level is censored.
        repeats: How often reference and candidate were timed, in turn.
        censored: Whether the level was not finished.
        memory_bytes: Peak resident memory of a process that made the call.
        reference_memory_bytes: The same of the reference.
        mean_memory_bytes: Resident memory as a mean over the time of a call, if asked for.
        reference_mean_memory_bytes: The same of the reference.
        rival_seconds: What each further solution that is known costs, None if it fails.
        clock: The name of the clock (``program.CLOCKS``).
    """

    level: int
    size: float
    case: int
    seconds: float
    low: float
    high: float
    reference_seconds: float
    limit_seconds: float
    repeats: int
    censored: bool = False
    memory_bytes: int = 0
    reference_memory_bytes: int = 0
    rival_seconds: tuple[float | None, ...] = ()
    clock: str = "cpu"
    mean_memory_bytes: float = 0.0
    reference_mean_memory_bytes: float = 0.0

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Cost:
        """Build a cost from its fields as JSON carries them."""
        return cls(**{**record, "rival_seconds": tuple(record.get("rival_seconds", ()))})


@dataclass(frozen=True)
class Trace:
    """An answer about the lines that a program executes.

    Attributes:
        source: The program, as it was shown.
        expected: The text of the list of its steps, of which very long ones are cut.
        predicted: The text of the list in the answer; empty without one.
    """

    source: str
    expected: str
    predicted: str


@dataclass(frozen=True)
class CheckResult:
    """What one check of a program came to.

    Attributes:
        name: The check's name within its program: ``tests``, or ``base`` and ``plus``.
        status: How it ended.
        message: For a person: the exception, the first difference, the limit that was hit.
        completed: How many of its single tests were finished, in order.
        total: How many single tests there are.
        failures: Positions of the tests that failed: the first, or all with test details.
        sealed: Whether the candidate had no access to the tests and the answers.
        usage: What this check took.
        costs: What each timed level that was begun costs, if it is a check that measures.
        trace: What was asked and answered, if it is about a trace.
    """

    name: str
    status: Status
    message: str = ""
    completed: int = 0
    total: int = 1
    failures: tuple[int, ...] = ()
    sealed: bool = False
    usage: Usage = Usage()
    costs: tuple[Cost, ...] = ()
    trace: Trace | None = None


@dataclass(frozen=True)
class Verdict:
    """What happened to one program.

    Attributes:
        status: ``passed`` if every check passed, else the status of the first that did not.
        results: One result for each check that was run, in the program's order.
        usage: The sum over the checks.
        stdout: What it printed, as text; the middle of a long output is left out.
        stderr: The same of its error stream.
        truncated: Whether output was left out.
        isolation: The kind of jail it ran in: ``docker``, ``bubblewrap``, ``none``.
    """

    status: Status
    results: tuple[CheckResult, ...] = ()
    usage: Usage = Usage()
    stdout: str = ""
    stderr: str = ""
    truncated: bool = False
    isolation: str = ""

    @property
    def message(self) -> str:
        """The message of the first check that did not pass, or nothing."""
        return next((r.message for r in self.results if r.status is not Status.PASSED), "")

    @property
    def sealed(self) -> bool:
        """Whether every check was sealed."""
        return bool(self.results) and all(result.sealed for result in self.results)

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON types, the inverse of :meth:`from_dict`."""
        record = asdict(self)
        for result in record["results"]:
            for name in ("costs", "trace"):
                if not result[name]:
                    del result[name]
        return record

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Verdict:
        """Build a verdict from what :meth:`as_dict` returned (and JSON may have carried)."""
        results = tuple(
            CheckResult(
                **{
                    **result,
                    "status": Status(result["status"]),
                    "failures": tuple(result["failures"]),
                    "usage": Usage(**result["usage"]),
                    "costs": tuple(map(Cost.from_dict, result.get("costs", ()))),
                    "trace": Trace(**result["trace"]) if result.get("trace") else None,
                }
            )
            for result in record["results"]
        )
        plain = {key: record[key] for key in ("stdout", "stderr", "truncated", "isolation")}
        return cls(Status(record["status"]), results, Usage(**record["usage"]), **plain)

    @classmethod
    def without_run(cls, status: Status, message: str, check: str = "tests") -> Verdict:
        """Return the verdict of a program that was not run, such as an empty answer."""
        return cls(status, (CheckResult(check, status, message, sealed=True),))

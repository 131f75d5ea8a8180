"""The types of a benchmark: Problem, Sample, and the Task that joins them into a Program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from codeeval.sandbox.errors import CodeEvalError
from codeeval.sandbox.program import Program
from codeeval.sandbox.verdict import Verdict

__all__ = ["DataError", "Problem", "Sample", "Task", "TaskOptionError", "UnknownTask"]


class DataError(CodeEvalError, ValueError):
    """A benchmark's data cannot be read or is not what it should be."""


class TaskOptionError(DataError):
    """A task has no such option, or not this value of it."""


class UnknownTask(CodeEvalError, LookupError):
    """There is no task of this name."""


@dataclass(frozen=True)
class Problem:
    """One item of a task.

    Attributes:
        id: Its id, ``task_id`` in files: ``HumanEval/0``.
        prompt: The text that the model sees.
        reference: The benchmark's own solution as a whole program.
        entry_point: Name of the function that the tests call; empty for stdin/stdout problems.
        language: The language of prompt and reference.
        metadata: Such as domain, difficulty, released (an ISO date).
        record: The upstream record; only the task that read it looks inside.
    """

    id: str
    prompt: str
    reference: str
    entry_point: str
    language: str = "python"
    metadata: Mapping[str, Any] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Sample:
    """One model output for one problem: exactly one of ``completion`` and ``solution`` is text.

    Attributes:
        task_id: The problem's id, as the task spells it.
        index: Its number among the samples of this problem, in order of appearance, from 0.
        completion: The text, if it continues the prompt.
        solution: The text, if it is a whole program.
        model: Who wrote it; empty if unknown.
        extra: The other keys of its line, kept as they were.
        line: Where it stood in its file, from 1; 0 if it came from elsewhere.
    """

    task_id: str
    index: int
    completion: str | None = None
    solution: str | None = None
    model: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    line: int = 0

    def __post_init__(self) -> None:
        if (self.completion is None) == (self.solution is None):
            raise ValueError(
                f"a sample holds either a completion or a solution; {self.task_id!r} has "
                + ("both" if self.solution is not None else "neither")
            )

    @property
    def text(self) -> str:
        """The completion or the solution, whichever there is."""
        return self.completion if self.completion is not None else self.solution or ""


@runtime_checkable
class Task(Protocol):
    """A benchmark as code. Implementations are frozen dataclasses; nothing loads until asked."""

    @property
    def name(self) -> str:
        """Its public name: ``humaneval-plus``."""

    @property
    def version(self) -> str:
        """The version of its data: ``0.1.10``."""

    @property
    def rules(self) -> str:
        """The version of its judging rules; a change that can move a score changes it."""

    @property
    def digest(self) -> str:
        """The sha256 of its data (uncompressed), in hex."""

    @property
    def columns(self) -> tuple[str, ...]:
        """What a sample is scored for: ``("pass",)``, or ``("base", "plus")``."""

    def problems(self) -> Iterator[Problem]:
        """Yield the problems in the benchmark's order."""

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return the text of the sample's program, as it is judged."""

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Return the program that judges ``sample``."""

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return what a verdict is worth: 0.0 or 1.0 for each column, such as base and plus."""

"""What tasks that measure have in common: options, and one check for all samples of a problem."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from codeeval.sandbox.program import CLOCKS, Costs, Limits, Program
from codeeval.tasks.source import content_digest, locate, read_numbered
from codeeval.tasks.task import DataError, Problem, Sample, TaskOptionError

__all__ = ["Measured"]

LIMITS = Limits(cpu_seconds=300.0, wall_seconds=600.0, memory_bytes=4 * 2**30)


@dataclass(frozen=True)
class Measured:
    """A task whose programs have one check, of costs.

    Attributes:
        data_file: The file with the problems.
        clock: ``cpu``, ``wall``, ``instructions-sim`` or ``instructions-hw``.
        precision: How wide the 95 % interval of a sample's score may be before it is timed no more.
        limits: What a program may take.
    """

    data_file: Path | None = None
    clock: str = "cpu"
    precision: float = 0.05
    limits: Limits = LIMITS
    name: ClassVar[str]
    file_names: ClassVar[tuple[str, ...]]
    clocks: ClassVar[tuple[str, ...]] = CLOCKS

    def __post_init__(self) -> None:
        if self.clock not in self.clocks:
            known = ", ".join(self.clocks)
            raise TaskOptionError(f"{self.name}: clock must be one of {known}, not {self.clock!r}")

    @cached_property
    def path(self) -> Path:
        """The file that holds the problems."""
        return locate(self.file_names, task=self.name, data_file=self.data_file)

    @cached_property
    def digest(self) -> str:
        """The sha256 of the data, in hex."""
        return content_digest(self.path)

    @cached_property
    def _problems(self) -> tuple[Problem, ...]:
        found = (self._problem(record, place) for place, record in read_numbered(self.path))
        problems = tuple(problem for problem in found if problem is not None)
        if not problems:
            raise DataError(f"{self.path}: no problems in it that {self.name} can use")
        return problems

    def _problem(self, record: dict[str, Any], place: str) -> Problem | None:
        """Return the problem of a record of the file; None if it is left out."""
        raise NotImplementedError

    def problems(self) -> Iterator[Problem]:
        """Yield the problems in file order."""
        yield from self._problems

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return the program of a sample."""
        raise NotImplementedError

    @cached_property
    def _checks(self) -> dict[str, Costs]:
        return {}

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Check and time what a sample does with the inputs of a problem."""
        check = self._checks.get(problem.id)
        if check is None:
            check = self._checks[problem.id] = self._check(problem)
        return Program(self.source(problem, sample), (check,), self.limits)

    def _check(self, problem: Problem) -> Costs:
        """Return the check of a problem."""
        raise NotImplementedError

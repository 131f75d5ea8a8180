"""What tasks that measure have in common: options, and one check for all samples of a problem."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from codeeval.sandbox.program import CLOCKS, Costs, Limits, Program
from codeeval.tasks.file_task import FileTask
from codeeval.tasks.task import Problem, Sample, TaskOptionError

__all__ = ["Measured"]

LIMITS = Limits(cpu_seconds=300.0, wall_seconds=600.0, memory_bytes=4 * 2**30)


@dataclass(frozen=True)
class Measured(FileTask):
    """A task whose programs have one check, of costs.

    Attributes:
        data_file: The file with the problems.
        clock: ``cpu``, ``wall``, ``instructions-sim`` or ``instructions-hw``.
        precision: How wide the 95 % interval of a sample's score may be before it is timed no more.
        limits: What a program may take.
    """

    clock: str = "cpu"
    precision: float = 0.05
    limits: Limits = LIMITS
    clocks: ClassVar[tuple[str, ...]] = CLOCKS

    def __post_init__(self) -> None:
        if self.clock not in self.clocks:
            known = ", ".join(self.clocks)
            raise TaskOptionError(f"{self.name}: clock must be one of {known}, not {self.clock!r}")

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

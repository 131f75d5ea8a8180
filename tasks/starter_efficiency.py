"""How fast functions of the shipped problems are, at sizes where a worse algorithm shows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from codeeval.sandbox.program import Costs, Level, Limits
from codeeval.sandbox.verdict import Verdict
from codeeval.tasks.efficiency import EFFICIENCY_VALUES, SPAN_SECONDS, efficiency_scores
from codeeval.tasks.measured import Measured
from codeeval.tasks.source import content_digest
from codeeval.tasks.starter_task import DATA, Starter
from codeeval.tasks.task import Problem, Sample

__all__ = ["StarterEfficiency"]

SIZES = DATA.with_name("sizes.json")
"""The sizes of each problem's levels. Those are left out for which there is no slow solution, or
whose reference takes no time."""
CASES, WEIGHTS = (6, 2, 2, 2), (0.0, 3.0, 3.0, 4.0)
LIMITS = Limits(cpu_seconds=300.0, wall_seconds=600.0)
GENERATE = """
{generator}
_of_size = generate
def generate(level, case):
    return tuple(_of_size(100 * level + case, {sizes}[level]))
"""
CLOSE = """
def _same(a, b):
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(_same, a, b))
    if type(a) is float and type(b) is float:
        return abs(a - b) <= {atol}
    return type(a) is type(b) and a == b
def __check(arguments, expected, returned):
    return _same(expected, returned)
"""


@dataclass(frozen=True)
class StarterEfficiency(Measured):
    """Functions of `Starter` timed beside the reference at growing sizes.

    The record of a problem holds a slower right solution, ``naive``, too.

    Attributes:
        data_file: Another file of the form of `Starter`'s, with the same ids.
        clock: ``cpu``, ``wall``, ``instructions-sim`` or ``instructions-hw``.
        precision: How wide the 95 % interval of a sample's e may be before it is timed no more.
        limits: What a program may take.
    """

    limits: Limits = LIMITS
    name: ClassVar[str] = "starter-efficiency"
    version: ClassVar[str] = "1"
    rules: ClassVar[str] = "starter-efficiency-1"
    columns: ClassVar[tuple[str, ...]] = ("pass",)
    values: ClassVar[Mapping[str, tuple[str, ...]]] = EFFICIENCY_VALUES

    @cached_property
    def _starter(self) -> Starter:
        return Starter(self.data_file)

    @property
    def path(self) -> Path:
        """The file that holds the problems."""
        return self._starter.path

    @cached_property
    def digest(self) -> str:
        """The sha256 of problems and sizes, in hex."""
        return content_digest(self.path, SIZES)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The ids of all problems of the data in turn, also of those that are not scored."""
        return tuple(problem.id for problem in self._starter.problems())

    @cached_property
    def _sizes(self) -> Mapping[str, list[int]]:
        known: dict[str, list[int]] = json.loads(SIZES.read_text("utf-8"))
        return known

    def problems(self) -> Iterator[Problem]:
        """Yield the problems that are scored in file order."""
        return (each for each in self._starter.problems() if each.id in self._sizes)

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return the prompt and the completion, or the solution as it is."""
        return self._starter.source(problem, sample)

    def _check(self, problem: Problem) -> Costs:
        sizes, atol = self._sizes[problem.id], problem.record.get("atol")
        return Costs(
            entry_point=problem.entry_point,
            levels=tuple(map(Level, CASES, WEIGHTS, map(float, sizes))),
            generator=GENERATE.format(generator=problem.record["generator"], sizes=sizes),
            reference=problem.reference,
            checker=CLOSE.format(atol=atol) if atol else "",
            clock=self.clock,
            precision=self.precision,
            span_seconds=SPAN_SECONDS,
        )

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return whether a sample is right, and how fast it is: see `efficiency_scores`."""
        return efficiency_scores(verdict, WEIGHTS)

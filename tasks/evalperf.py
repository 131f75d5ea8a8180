"""EvalPerf: which of the known solutions is a function as fast as (Liu et al. 2024).

A sample that passes the tests of HumanEval+ or MBPP+ is timed with one large input, beside a few
known solutions, from the slowest to the fastest. It gets the score of the fastest one that it is at
least as fast as: the share of known solutions that are no faster.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, ClassVar

from codeeval.sandbox.codec import encode, pack
from codeeval.sandbox.program import Blob, Costs, Level, Limits, Program
from codeeval.sandbox.verdict import Cost, Status, Verdict
from codeeval.tasks.coffe import CHECK
from codeeval.tasks.efficiency import SPAN_SECONDS
from codeeval.tasks.evalplus import EvalPlus, HumanEvalPlus, MbppPlus
from codeeval.tasks.measured import Measured
from codeeval.tasks.source import content_digest, field, locate, read_numbered
from codeeval.tasks.task import DataError, Problem, Sample

__all__ = ["EvalPerf"]

LIMITS = Limits(cpu_seconds=300.0, wall_seconds=600.0, memory_bytes=4 * 2**30)
LIMIT_FACTOR, LIMIT_FLOOR = 1.5, 0.02
"""What is slower than this many times the slowest known solution need not be known: it scores 0."""
NAME = "performance"


@dataclass(frozen=True)
class EvalPerf(Measured):
    """118 problems of HumanEval+ and MBPP+, in the form of the benchmark's own file.

    Attributes:
        data_file: JSONL with ``task_id``, ``reference`` (solutions from the slowest to the
            fastest), ``scores`` (of each, cumulative, the last is 100) and ``pe_input``.
        humaneval_file: The data of ``humaneval-plus``; found by itself if None.
        mbpp_file: The data of ``mbpp-plus``; found by itself if None.
        clock: ``cpu``, ``wall``, ``instructions-sim`` or ``instructions-hw``, which is what the
            benchmark itself counts.
        precision: How wide the 95 % interval of a sample's cost may be before it is timed no more,
            as a share of it.
        limits: What a program may take.
    """

    data_file: Path | None = None
    humaneval_file: Path | None = None
    mbpp_file: Path | None = None
    clock: str = "cpu"
    precision: float = 0.05
    limits: Limits = LIMITS
    name: ClassVar[str] = "evalperf"
    version: ClassVar[str] = "1"
    rules: ClassVar[str] = "evalperf-1"
    columns: ClassVar[tuple[str, ...]] = ("pass",)
    values: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "dps": ("DPS",),
        "dps_norm": ("DPS_norm",),
        "profiled": (),
    }

    @cached_property
    def path(self) -> Path:
        """The file that holds the known solutions."""
        names = ("evalperf.jsonl", "evalperf.jsonl.gz")
        return locate(names, task=self.name, data_file=self.data_file)

    @cached_property
    def digest(self) -> str:
        """The sha256 of all data, in hex."""
        used = {id(task): task for task, _ in self._tested.values()}
        return content_digest(self.path, *(task.path for task in used.values()))

    @cached_property
    def _plus(self) -> Mapping[str, EvalPlus]:
        return {
            "HumanEval": HumanEvalPlus(self.humaneval_file and Path(self.humaneval_file)),
            "Mbpp": MbppPlus(self.mbpp_file and Path(self.mbpp_file)),
        }

    @cached_property
    def _records(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        return tuple(read_numbered(self.path))

    @cached_property
    def _tested(self) -> Mapping[str, tuple[EvalPlus, Problem]]:
        """The task and the problem that test each id."""
        found: dict[str, tuple[EvalPlus, Problem]] = {}
        names = {str(record.get("task_id", "")).partition("/")[0] for _, record in self._records}
        for name in sorted(names & self._plus.keys()):
            task = self._plus[name]
            found |= {problem.id: (task, problem) for problem in task.problems()}
        return found

    def _problem(self, record: dict[str, Any], place: str) -> Problem:
        task_id = field(record, "task_id", str, place=place, form="a text")
        form = "a list of solutions from the slowest to the fastest"
        references = field(record, "reference", list, place=place, form=form)
        scores = field(record, "scores", list, place=place, form="a score for each reference")
        field(record, "pe_input", list, place=place, form="a list of arguments")
        if not references or not all(isinstance(each, str) for each in references):
            raise DataError(f"{place}: field 'reference' must be {form}")
        numbers = [each for each in scores if isinstance(each, (int, float))]
        if len(numbers) != len(references) or sorted(numbers) != scores:
            raise DataError(
                f"{place}: field 'scores' must be {len(references)} rising numbers, not {scores!r}"
            )
        if task_id not in self._tested:
            raise DataError(f"{place}: no tests for {task_id!r} in humaneval-plus and mbpp-plus")
        _, problem = self._tested[task_id]
        return replace(problem, reference=references[-1], record=record)

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return the prompt and the completion, or the solution as it is."""
        task, tested = self._tested[problem.id]
        return task.source(tested, sample)

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Check the sample with all tests, and time it with the large input."""
        task, tested = self._tested[problem.id]
        program = task.program(tested, sample)
        costs = super().program(problem, sample).checks
        return Program(program.source, (*program.checks, *costs), self.limits)

    def _check(self, problem: Problem) -> Costs:
        task, _ = self._tested[problem.id]
        slowest, *others = problem.record["reference"]
        arguments = task.arguments(problem, problem.record["pe_input"])
        return Costs(
            entry_point=problem.entry_point,
            levels=(Level(1, 1.0),),
            inputs=Blob(pack([encode(arguments)])),
            reference=slowest,
            rivals=tuple(others),
            checker=CHECK,
            clock=self.clock,
            score="ratio",
            limit_factor=LIMIT_FACTOR,
            limit_floor=LIMIT_FLOOR,
            precision=self.precision,
            span_seconds=SPAN_SECONDS,
            name=NAME,
        )

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return whether a sample is right, and which known solutions it is as fast as.

        Returns:
            ``pass``: 0 or 1. ``dps`` and ``dps_norm`` in [0, 1]: hundredths of what
            `codeeval.scoring.efficiency.dps` defines; 0 for a sample that is slower than all known
            ones, or answers the large input in another way. ``profiled``: the same as ``pass``.
        """
        tests = [result for result in verdict.results if result.name != NAME]
        right = bool(tests) and all(result.status is Status.PASSED for result in tests)
        costs = [cost for result in verdict.results for cost in result.costs]
        place = -1
        if right and costs and not costs[0].censored:
            place = matched(costs[0])
        scores = problem.record["scores"]
        return {
            "pass": float(right),
            "dps": scores[place] / 100 if place >= 0 else 0.0,
            "dps_norm": (place + 1) / len(scores),
            "profiled": float(right),
        }


def matched(cost: Cost) -> int:
    """Return the place of the fastest known solution that is no faster; -1 if all are."""
    known = [cost.reference_seconds, *(each or 0.0 for each in cost.rival_seconds)]
    # From the fastest one on: one that is listed as faster, but is not here, stands for itself.
    least = list(accumulate(reversed(known), max))
    found = [place for place, most in enumerate(reversed(least)) if cost.seconds <= most]
    return max(found, default=-1)

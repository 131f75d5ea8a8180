"""EffiBench: time and memory of LeetCode solutions beside those of a person (Huang et al. 2024).

All tests of a problem are one timed call. What the benchmark measures of a whole process, start of
the interpreter included, is measured of that call alone.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from codeeval.sandbox.codec import encode, pack
from codeeval.sandbox.program import Blob, Costs, Level
from codeeval.sandbox.verdict import Verdict
from codeeval.tasks.efficiency import (
    MEMORY_CLOCKS,
    SPAN_SECONDS,
    footprint_scores,
    whole_cost,
)
from codeeval.tasks.extract import fence_first
from codeeval.tasks.leetcode import CALL, SOLUTION, RecordedTests, with_header
from codeeval.tasks.measured import Measured
from codeeval.tasks.sanitize import parsed
from codeeval.tasks.source import field
from codeeval.tasks.task import DataError, Problem, Sample

__all__ = ["EffiBench"]

LIMIT_FACTOR, LIMIT_FLOOR = 10.0, 5.0
"""A sample may take so many seconds, as in the benchmark, or so many times what the reference
takes, if that is more."""
FIELDS = ("test_case", "canonical_solution")


@dataclass(frozen=True)
class EffiBench(Measured):
    """LeetCode problems in the form of the benchmark's own file.

    Attributes:
        data_file: JSON or JSONL with ``problem_idx``, ``markdown_description``,
            ``small_test_cases``, ``test_case`` and ``canonical_solution``.
        clock: ``cpu`` or ``wall``.
        precision: How wide the 95 % interval of a sample's time may be before it is timed no more,
            as a share of it.
        limits: What a program may take.
    """

    name: ClassVar[str] = "effibench"
    version: ClassVar[str] = "1"
    rules: ClassVar[str] = "effibench-1"
    clocks: ClassVar[tuple[str, ...]] = MEMORY_CLOCKS
    file_names: ClassVar[tuple[str, ...]] = ("effibench.json", "effibench.jsonl", "dataset.json")
    columns: ClassVar[tuple[str, ...]] = ("pass",)
    values: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "cost_seconds": ("ET", "NET (totals)"),
        "memory_mib": ("MU", "NMU (totals)"),
        "memory_mib_seconds": ("TMU", "NTMU (totals)"),
        "time_ratio": ("NET",),
        "memory_ratio": ("NMU",),
        "memory_seconds_ratio": ("NTMU",),
        "reference_seconds": (),
        "reference_memory_mib": (),
        "reference_memory_mib_seconds": (),
    }

    def _problem(self, record: dict[str, Any], place: str) -> Problem:
        tests, canonical = (field(record, name, str, place=place, form="a text") for name in FIELDS)
        number = field(record, "problem_idx", (int, str), place=place, form="a number")
        try:
            recorded = RecordedTests(tests)
        except SyntaxError as error:
            raise DataError(f"{place}: field 'test_case' must be Python: {error}") from error
        if not recorded.methods:
            raise DataError(f"{place}: no test in 'test_case' calls a method of 'solution'")
        parts = (record.get("markdown_description"), record.get("small_test_cases"))
        return Problem(
            id=f"EffiBench/{number}",
            prompt="\n\n".join(part for part in parts if part),
            reference=fence_first(canonical) or canonical,
            entry_point=f"{SOLUTION}.{recorded.methods[0]}",
            metadata={
                name: str(record[name]).lower() for name in ("difficulty",) if record.get(name)
            },
            record={"recorded": recorded},
        )

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return the sample with the calls of the tests below it.

        If it has functions and no class, the first of them is what the tests call.
        """
        return self._program(problem, sample.text)

    def _program(self, problem: Problem, code: str) -> str:
        recorded: RecordedTests = problem.record["recorded"]
        return with_header(code, below=as_class(code, recorded.methods) + recorded.record)

    def _check(self, problem: Problem) -> Costs:
        recorded: RecordedTests = problem.record["recorded"]
        return Costs(
            entry_point=CALL,
            levels=(Level(1, 1.0),),
            inputs=Blob(pack([encode(())])),
            reference=self._program(problem, problem.reference),
            expected=Blob(pack([encode(None)])),
            checker=with_header("", below=recorded.replay),
            clock=self.clock,
            score="ratio",
            limit_factor=LIMIT_FACTOR,
            limit_floor=LIMIT_FLOOR,
            precision=self.precision,
            span_seconds=SPAN_SECONDS,
            footprint=True,
        )

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return whether a sample is right, and what it takes: see `footprint_scores`."""
        cost = whole_cost(verdict)
        if cost is None:
            return dict.fromkeys(("pass", *self.values), 0.0)
        return {"pass": 1.0, **footprint_scores(cost)}


def as_class(code: str, methods: list[str]) -> str:
    """Return a class with the first function of a program as its methods, if there is no class."""
    tree = parsed(code)
    functions = (
        [node.name for node in tree.body if isinstance(node, ast.FunctionDef)] if tree else []
    )
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)] if tree else []
    if SOLUTION in classes or not functions:
        return ""
    lines = "".join(f"    {name} = staticmethod({functions[0]})\n" for name in methods)
    return f"\nclass {SOLUTION}:\n{lines}"

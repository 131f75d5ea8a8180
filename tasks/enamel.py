"""ENAMEL: is a function as fast as an expert's? 142 problems of HumanEval (Qiu et al. 2024).

Each problem has inputs of four sizes, made by a seeded generator. The smallest are only for right
answers; for the others the slowest call counts, beside what the expert's solution takes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import ClassVar

from codeeval.sandbox.program import Costs, Level, Limits
from codeeval.sandbox.verdict import Verdict
from codeeval.tasks.efficiency import EFFICIENCY_VALUES, SPAN_SECONDS, efficiency_scores
from codeeval.tasks.measured import Measured
from codeeval.tasks.source import read_text
from codeeval.tasks.task import DataError, Problem, Sample

__all__ = ["Enamel"]

UNSCORED = frozenset(
    (2, 23, 41, 45, 53, 60, 71, 92, 97, 99, 102, 123, 124, 135, 137, 138, 144, 148, 156, 157, 159)
) | {160}
"""Numbers of problems that no input makes hard."""
HARDNESS = (0.0, 3.0, 3.0, 4.0)
CASES = (8, 4, 4, 4)
SEED = 998244353
LIMIT_FACTOR = 2.0
COLUMNS = (
    *("task_id", "prompt", "input_generator", "input_levels", "reference_solution"),
    *("checker", "entry_point"),
)
LIMITS = Limits(cpu_seconds=600.0, wall_seconds=3600.0)
GENERATE = """
import random, string, time, sys
sys.set_int_max_str_digits(0)
{helpers}
{prompt}
    pass
{generator}
def generate(level, case):
    random.seed({seed} ^ ({starts}[level] + case))
    return generate_input(size={sizes}[level], lid=level, cid=case)
"""


@dataclass(frozen=True)
class Enamel(Measured):
    """Functions timed beside an expert's.

    Attributes:
        data_file: ``enamel.csv``; found by itself if None.
        clock: ``cpu``, ``wall``, ``instructions-sim`` or ``instructions-hw``.
        precision: How wide the 95 % interval of a sample's e may be before it is timed no more.
        limits: What a program may take.
    """

    limits: Limits = LIMITS
    name: ClassVar[str] = "enamel"
    version: ClassVar[str] = "1"
    rules: ClassVar[str] = "enamel-1"
    file_names: ClassVar[tuple[str, ...]] = ("enamel.csv",)
    columns: ClassVar[tuple[str, ...]] = ("pass",)
    values: ClassVar[Mapping[str, tuple[str, ...]]] = EFFICIENCY_VALUES

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The ids of all problems of the data in turn, also of those that are not scored."""
        return tuple(row["task_id"] for row in self._rows)

    @cached_property
    def _rows(self) -> tuple[dict[str, str], ...]:
        csv.field_size_limit(2**30)
        reader = csv.DictReader(io.StringIO(read_text(self.path), newline=""))
        absent = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if absent:
            raise DataError(f"{self.path}, line 1: no column {absent[0]!r}; is it enamel.csv?")
        rows = []
        for row in reader:
            place = f"{self.path}, line {reader.line_num}"
            if any(row[name] is None for name in COLUMNS):
                raise DataError(f"{place}: fewer fields than columns")
            sizes = row["input_levels"].split()
            if len(sizes) != len(HARDNESS) or not all(size.isdigit() for size in sizes):
                raise DataError(
                    f"{place}: field 'input_levels' must be {len(HARDNESS)} whole numbers, "
                    f"not {row['input_levels']!r}"
                )
            rows.append(row)
        if not rows:
            raise DataError(f"{self.path}: no problems in it")
        return tuple(rows)

    @cached_property
    def _problems(self) -> tuple[Problem, ...]:
        return tuple(
            Problem(
                id=row["task_id"],
                prompt=row["prompt"],
                reference=f"{row['prompt']}\n{row['reference_solution']}",
                entry_point=row["entry_point"],
                record=row,
            )
            for number, row in enumerate(self._rows)
            if number not in UNSCORED
        )

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return the prompt and the sample below it, be that a whole program or a body."""
        return f"{problem.prompt}\n{sample.text}"

    def _check(self, problem: Problem) -> Costs:
        record = problem.record
        sizes = [int(size) for size in record["input_levels"].split()]
        number = self.order.index(problem.id)
        helpers = resources.files("codeeval.tasks") / "enamel_helpers.py"
        generator = GENERATE.format(
            helpers=helpers.read_text("utf-8"),
            prompt=record["prompt"],
            generator=record["input_generator"],
            seed=SEED ^ number,
            starts=[sum(CASES[:level]) for level in range(len(CASES))],
            sizes=sizes,
        )
        return Costs(
            entry_point=problem.entry_point,
            levels=tuple(map(Level, CASES, HARDNESS, map(float, sizes))),
            generator=generator,
            reference=problem.reference,
            checker=f"{record['prompt']}\n    pass\n{record['checker']}",
            censoring=("OverflowError",),
            clock=self.clock,
            limit_factor=LIMIT_FACTOR,
            precision=self.precision,
            span_seconds=SPAN_SECONDS,
        )

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return whether a sample is right, and how fast it is: see `efficiency_scores`."""
        return efficiency_scores(verdict, HARDNESS)

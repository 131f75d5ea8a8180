"""COFFE: do functions take less than the best solution that is known (Peng et al. 2025).

A function is right if it passes the correctness tests, and is then timed on stress tests beside the
best known solution. Their outputs are compared with its, which the benchmark itself leaves out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from codeeval.sandbox.program import Costs, Level, Limits
from codeeval.sandbox.verdict import Verdict
from codeeval.tasks.coffe_programs import FUNCTION, function_program
from codeeval.tasks.efficiency import SPAN_SECONDS, SPEED_VALUES, speed_scores
from codeeval.tasks.measured import Measured
from codeeval.tasks.source import content_digest, locate, read_text
from codeeval.tasks.task import DataError, Problem, Sample

__all__ = ["CoffeFunction"]

LIMITS = Limits(cpu_seconds=600.0, wall_seconds=1200.0, memory_bytes=4 * 2**30)
LIMIT_FACTOR, LIMIT_FLOOR = 10.0, 1.0
"""A stress test may take so many times what the reference takes, and so many seconds at least."""
TOO_LARGE = {"HumanEval/12": (2, 3), "HumanEval/29": (0,), "284": (0,)}
"""Stress tests that are left out: 100 MB and more, which no sandbox hands over."""
GENERATE = """
import json, random, sys
sys.setrecursionlimit(1000000)
sys.set_int_max_str_digits(1000000)
INPUTS, STRESS = json.loads({inputs!r}), json.loads({stress!r})
def generate(level, case):
    if level < {untimed}:
        return tuple(INPUTS[case])
    level -= {untimed}
{stress_input}
"""
CHECK = """
def _listed(value):
    return [_listed(each) for each in value] if isinstance(value, (list, tuple)) else value
def _bare(text):
    return text.translate({ord(sign): None for sign in "\\n []"})
def __check(arguments, expected, returned):
    if expected == returned or _listed(expected) == _listed(returned):
        return True
    if isinstance(expected, str) and isinstance(returned, str):
        return _bare(expected) == _bare(returned)
    if isinstance(expected, (int, float)) and isinstance(returned, (int, float)):
        return abs(expected - returned) <= 1e-6
    return False
"""


@dataclass(frozen=True)
class CoffeFunction(Measured):
    """398 functions of HumanEval and MBPP.

    Attributes:
        data_file: ``data.json`` of the function level; the other files stand beside it.
        clock: ``cpu``, ``wall``, ``instructions-sim`` or ``instructions-hw``.
        precision: How wide the 95 % interval of a sample's speed may be before it is timed no more.
        limits: What a program may take.
    """

    limits: Limits = LIMITS
    name: ClassVar[str] = "coffe-function"
    version: ClassVar[str] = "1"
    rules: ClassVar[str] = "coffe-function-1"
    files: ClassVar[tuple[str, ...]] = (
        "data.json",
        "testcases.json",
        "stressful_testcases.json",
        "best_solutions.json",
    )
    stress_input: ClassVar[str] = """
    random.seed(1024)
    return tuple(eval(STRESS[level], {"random": random}))
"""
    columns: ClassVar[tuple[str, ...]] = ("pass", "stress")
    values: ClassVar[Mapping[str, tuple[str, ...]]] = SPEED_VALUES

    @cached_property
    def path(self) -> Path:
        """The file that holds the problems."""
        folder = self.name.rpartition("-")[2]
        names = (f"coffe/{folder}/data.json", f"{folder}/data.json")
        return locate(names, task=self.name, data_file=self.data_file)

    @cached_property
    def digest(self) -> str:
        """The sha256 of the data, in hex."""
        return content_digest(*(self.path.with_name(name) for name in self.files))

    @cached_property
    def _problems(self) -> tuple[Problem, ...]:
        records, tests, stress, best = (self._read(name) for name in self.files)
        return tuple(
            self._made(record, number, tests, stress, best)
            for number, record in enumerate(records, start=1)
        )

    def _read(self, name: str) -> Any:
        path = self.path.with_name(name)
        try:
            content = json.loads(read_text(path))
        except ValueError as error:
            raise DataError(f"{path}: {error}") from error
        wanted = list if name == self.files[0] else dict
        if not isinstance(content, wanted):
            form = "a list of problems" if wanted is list else "an object by prompts"
            raise DataError(f"{path}: expected {form}, found {type(content).__name__}")
        return content

    def _made(self, record: Any, number: int, tests: Any, stress: Any, best: Any) -> Problem:
        where = f"{self.path}, record {number}"
        try:
            prompt, entry_point = record["final_prompt"], record["entry_point"]
            task_id = str(record["task_id"])
            reference, is_script = best[prompt]
            inputs = [test["input"] for test in tests[prompt]]
            left_out = TOO_LARGE.get(task_id, ())
            expressions = [
                test["input"] for place, test in enumerate(stress[prompt]) if place not in left_out
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{where}: {type(error).__name__}: {error}") from error
        if is_script or not inputs or not expressions:
            raise DataError(f"{where}: no function with correctness tests and stress tests")
        return Problem(
            id=task_id if "/" in task_id else f"Mbpp/{task_id}",
            prompt=prompt,
            reference=reference,
            entry_point=entry_point,
            record={"inputs": inputs, "stress": expressions},
        )

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return a program that defines `FUNCTION`, from a reply or from code."""
        return function_program(sample.text, problem.entry_point, problem.prompt)

    def _check(self, problem: Problem) -> Costs:
        inputs, stress = problem.record["inputs"], problem.record["stress"]
        untimed = [Level(len(inputs), 0.0)] if inputs else []
        timed = [Level(1, 1.0)] * len(stress)
        generator = GENERATE.format(
            inputs=json.dumps(inputs),
            stress=json.dumps(stress),
            untimed=len(untimed),
            stress_input=self.stress_input,
        )
        return Costs(
            entry_point=FUNCTION,
            levels=(*untimed, *timed),
            generator=generator,
            reference=self._reference(problem),
            checker=CHECK,
            clock=self.clock,
            score="speed",
            limit_factor=LIMIT_FACTOR,
            limit_floor=LIMIT_FLOOR,
            precision=self.precision,
            span_seconds=SPAN_SECONDS,
        )

    def _reference(self, problem: Problem) -> str:
        return function_program(problem.reference, FUNCTION, "")

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return whether a sample is right, and how fast it is: see `speed_scores`."""
        return speed_scores(verdict, len(problem.record["inputs"]))

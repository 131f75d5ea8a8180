"""COFFE's whole programs: standard input in, standard output out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from codeeval.tasks.coffe import CoffeFunction
from codeeval.tasks.coffe_programs import file_program
from codeeval.tasks.task import DataError, Problem, Sample

__all__ = ["CoffeFile"]

UNUSABLE = {73: (0, 1, 4), 76: (2,), 298: (4,), 327: (0, 1, 2, 3, 4), 351: (3,)}
"""Stress tests of a record, from 0, that are left out: their generator raises an error or takes
minutes, or the reference raises one."""


@dataclass(frozen=True)
class CoffeFile(CoffeFunction):
    """357 programs of APPS and Code Contests, each called as a function of its standard input.

    The 58 of Code Contests have correctness tests. Those of the others are not published with the
    benchmark: a program is right there if it answers the stress tests as the reference does.

    Attributes:
        data_file: ``data.json`` of the file level; the other files stand beside it.
    """

    name: ClassVar[str] = "coffe-file"
    rules: ClassVar[str] = "coffe-file-1"
    files: ClassVar[tuple[str, ...]] = (
        "data.json",
        "testcases_code_contests.json",
        "stressful_testcases.json",
        "best_solutions.json",
    )
    stress_input: ClassVar[str] = """
    program = {"__name__": "generator"}
    exec(STRESS[level], program)
    random.seed(1024)
    return (program["generate_input"](),)
"""

    def _made(self, record: Any, number: int, tests: Any, stress: Any, best: Any) -> Problem:
        where = f"{self.path}, record {number}"
        left_out = UNUSABLE.get(number - 1, ())
        try:
            prompt, dataset = record["final_prompt"], record["dataset"]
            reference, is_script = best[prompt]
            inputs = [test["input"] for test in tests.get(prompt, ())]
            generators = [
                text for place, text in enumerate(stress[prompt]) if place not in left_out
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{where}: {type(error).__name__}: {error}") from error
        if not is_script:
            raise DataError(f"{where}: the best solution is no program, but a function")
        return Problem(
            id=f"CoffeFile/{number - 1}",
            prompt=prompt,
            reference=reference,
            entry_point="",
            metadata={"domain": dataset.rpartition("/")[2]},
            record={"inputs": inputs, "stress": generators},
        )

    def problems(self) -> Iterator[Problem]:
        """Yield the problems that have a stress test, in file order."""
        return (problem for problem in self._problems if problem.record["stress"])

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return a function that runs the program, from a reply or from code."""
        return file_program(sample.text)

    def _reference(self, problem: Problem) -> str:
        return file_program(problem.reference, extract=False)

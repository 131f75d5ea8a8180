"""PIE: programs that are to be made faster (Shypula et al. 2024)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from codeeval.sandbox.codec import encode, pack
from codeeval.sandbox.languages import LANGUAGES
from codeeval.sandbox.program import Blob, Costs, Level, Limits, Program
from codeeval.sandbox.verdict import Status, Verdict
from codeeval.tasks.measured import Measured
from codeeval.tasks.source import content_digest, field
from codeeval.tasks.task import DataError, Problem, Sample, TaskOptionError

__all__ = ["Pie"]

LIMIT_FACTOR, LIMIT_FLOOR = 10.0, 2.0
LIMITS = Limits(cpu_seconds=1200.0, wall_seconds=2400.0, memory_bytes=2**30)
TEST_FOLDERS = ("merged_test_cases", "generated_test_cases", "public_test_cases", "test_cases")
FLAGS = {"cpp": ("-O3",)}
FURTHER = (1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0, 10.0)
"""Speedups from which a program counts as optimised, beside the usual 1.1."""
PROMPT = """This program is right, but slow. Write a program that does the same and is faster.

### Program
{}

### Faster program
"""
CHECK = """
def _alike(found, wanted):
    if found == wanted:
        return True
    try:
        return abs(float(found) - float(wanted)) < 1e-3
    except ValueError:
        return False
def __check(arguments, expected, returned):
    wanted, found = expected.strip().splitlines(), returned.strip().splitlines()
    return len(found) >= len(wanted) and all(map(_alike, found, wanted))
"""


@dataclass(frozen=True)
class Pie(Measured):
    """Pairs of a slow program and a faster one of the same person, in the benchmark's own format.

    Attributes:
        data_file: JSONL with ``src_code``, ``tgt_code``, ``problem_id`` and ``tests``, the numbers
            of the problem's tests.
        tests_directory: The folder with the tests, ``PROBLEM_ID/input.N.txt`` and
            ``PROBLEM_ID/output.N.txt``; if None, one of the usual names beside the data file.
        language: ``cpp``, or ``python`` for pairs in Python.
        clock: ``cpu``, ``wall`` or ``instructions-hw``.
        precision: How wide the 95 % interval of a sample's time may be before it is timed no more,
            as a share of it.
        limits: What a program may take.
    """

    tests_directory: Path | None = None
    language: str = "cpp"
    limits: Limits = LIMITS
    name: ClassVar[str] = "pie"
    version: ClassVar[str] = "1"
    rules: ClassVar[str] = "pie-1"
    clocks: ClassVar[tuple[str, ...]] = ("cpu", "wall", "instructions-hw")
    file_names: ClassVar[tuple[str, ...]] = ("pie.jsonl", "pie-test.jsonl")
    cluster: ClassVar[str] = "problem"
    columns: ClassVar[tuple[str, ...]] = ("pass",)
    values: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "speedup": ("Speedup@k", "%Opt@k", *(f"%Opt {least:g}@k" for least in FURTHER)),
        "cost_seconds": (),
        "reference_seconds": (),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.language not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            raise TaskOptionError(f"pie: language must be one of {known}, not {self.language!r}")

    @cached_property
    def _tests(self) -> Path:
        """The folder with the tests."""
        if self.tests_directory is not None:
            folder = Path(self.tests_directory).expanduser()
            if not folder.is_dir():
                raise DataError(f"pie: tests_directory must be a folder; there is none at {folder}")
            return folder
        folders = [self.path.parent / name for name in TEST_FOLDERS]
        found = next(filter(Path.is_dir, folders), None)
        if found is None:
            raise DataError(
                f"pie: no tests beside {self.path}: no folder {', '.join(TEST_FOLDERS)}; name it "
                "with --task-option tests_directory=FOLDER"
            )
        return found

    @cached_property
    def digest(self) -> str:
        """The sha256 of the data and of all tests that they name, in hex."""
        digest = hashlib.sha256(content_digest(self.path).encode())
        tests = {
            path for problem in self._problems for case in problem.record["cases"] for path in case
        }
        for path in sorted(tests):
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def _problem(self, record: dict[str, Any], place: str) -> Problem | None:
        slow = field(record, "src_code", str, place=place, form="a program")
        fast = field(record, "tgt_code", str, place=place, form="a program")
        name = field(record, "problem_id", str, place=place, form="a text")
        tests = field(record, "tests", list, place=place, form="a list of numbers")
        if not tests or not all(type(number) is int for number in tests):
            raise DataError(f"{place}: field 'tests' must be numbers of tests, found {tests!r:.80}")
        folder = self._tests / name
        cases = [(folder / f"input.{n}.txt", folder / f"output.{n}.txt") for n in tests]
        for path in (path for case in cases for path in case):
            if not path.is_file():
                raise DataError(f"{place}: there is no test {path}")
        return Problem(
            id=f"PIE/{int(place.split()[-1]) - 1}",  # by its line, from 0
            prompt=PROMPT.format(slow),
            reference=fast,
            entry_point="",
            language=self.language,
            metadata={"problem": name},
            record={"cases": cases, "slow": slow},
        )

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return the text of the sample's program."""
        return sample.text

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Run a sample on the tests of a problem, and time it beside the slow program."""
        check = super().program(problem, sample).checks[0]
        text = self.source(problem, sample)
        return Program(text, (check,), self.limits, self.language, FLAGS.get(self.language, ()))

    def _check(self, problem: Problem) -> Costs:
        inputs, expected = [], []
        for given, wanted in problem.record["cases"]:
            inputs.append(encode((given.read_text("utf-8", "replace"),)))
            expected.append(encode(wanted.read_text("utf-8", "replace")))
        return Costs(
            entry_point="",
            levels=tuple(Level(1, 1.0, len(each)) for each in inputs),
            inputs=Blob(pack(inputs)),
            expected=Blob(pack(expected)),
            reference=problem.record["slow"],
            checker=CHECK,
            clock=self.clock,
            score="ratio",
            limit_factor=LIMIT_FACTOR,
            limit_floor=LIMIT_FLOOR,
            precision=self.precision,
        )

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return whether a sample is right, and how many times faster than the slow program it is.

        Returns:
            ``pass``: 0 or 1. ``speedup``: what the slow program takes for all tests by what the
            sample does, at least 1, and 1 for one that is wrong: then the slow one stays.
            ``cost_seconds`` and ``reference_seconds``: what both take.

        Source: Shypula et al. 2024, "Learning Performance-Improving Code Edits".
        """
        costs = [cost for result in verdict.results for cost in result.costs]
        whole = len(costs) == len(problem.record["cases"])
        if verdict.status is not Status.PASSED or not whole or any(c.censored for c in costs):
            return {"pass": 0.0, "speedup": 1.0, "cost_seconds": 0.0, "reference_seconds": 0.0}
        own = sum(cost.seconds for cost in costs)
        slow = sum(cost.reference_seconds for cost in costs)
        return {
            "pass": 1.0,
            "speedup": max(1.0, slow / own),
            "cost_seconds": own,
            "reference_seconds": slow,
        }

"""EffiBench-X: time and memory of programs beside those of a person (Qing et al. 2025).

Solutions in Python, C++, Java, JavaScript, Ruby or Go. In Python all tests of a problem are one
timed call, which runs the program once for each; in the others each test is a process of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from codeeval.sandbox.codec import encode, pack
from codeeval.sandbox.program import Blob, Costs, Level, Limits, Program
from codeeval.sandbox.verdict import Verdict
from codeeval.tasks.coffe_programs import FUNCTION, file_program
from codeeval.tasks.efficiency import MEMORY_CLOCKS, SPAN_SECONDS, footprint_scores, whole_cost
from codeeval.tasks.leetcode import HEADER, SOLUTION
from codeeval.tasks.measured import Measured
from codeeval.tasks.source import field
from codeeval.tasks.task import DataError, Problem, Sample, TaskOptionError

__all__ = ["EffiBenchX"]

LIMIT_FACTOR, LIMIT_FLOOR = 10.0, 10.0
LIMITS = Limits(cpu_seconds=1200.0, wall_seconds=2400.0, memory_bytes=2**30)
PLACEHOLDER = "==Code Submission=="
LANGUAGES = {
    "python": "python3",
    "cpp": "cpp",
    "java": "java",
    "javascript": "javascript",
    "ruby": "ruby",
    "go": "golang",
}
"""What the data call the languages that are run."""
FLAGS = {"cpp": ("-O2",)}
CALL = "__run"
MAKE_CALLS = """
def {call}(texts):
    return [{function}(text) for text in texts]
"""
CHECK = """
import re as _re
{header}
{evaluator}
_ESCAPES = _re.compile(r"\\x1b(?:[@-Z\\\\-_]|\\[[0-?]*[ -/]*[@-~])")
def _bare(text):
    return _ESCAPES.sub("", text).replace("\\r\\r\\n", "\\n").replace("\\r\\n", "\\n").strip()
"""
OF_ONE = """
def __check(arguments, expected, returned):
    return evaluate(_bare(returned), _bare(expected))
"""
OF_ALL = """
def __check(arguments, expected, returned):
    return len(expected) == len(returned) and all(
        evaluate(_bare(found), _bare(wanted))
        for found, wanted in zip(returned, expected)
    )
"""


@dataclass(frozen=True)
class EffiBenchX(Measured):
    """Problems of contests and LeetCode in the form of the benchmark's own file.

    Attributes:
        data_file: JSON or JSONL with ``id``, ``description_md``, ``type``, ``starter_code``,
            ``solutions``, ``evaluator``, ``generated_tests`` and ``test_runners``; problems without
            a solution in the language are left out.
        language: A key of `LANGUAGES`.
        clock: ``cpu`` or ``wall``.
        precision: How wide the 95 % interval of a sample's time may be before it is timed no more,
            as a share of it.
        limits: What a program may take.
    """

    language: str = "python"
    limits: Limits = LIMITS
    name: ClassVar[str] = "effibench-x"
    version: ClassVar[str] = "1"
    rules: ClassVar[str] = "effibench-x-1"
    clocks: ClassVar[tuple[str, ...]] = MEMORY_CLOCKS
    file_names: ClassVar[tuple[str, ...]] = ("effibench-x.jsonl", "effibench-x.json")
    columns: ClassVar[tuple[str, ...]] = ("pass",)
    values: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "time_score": ("ET %",),
        "memory_score": ("MP %",),
        "memory_seconds_score": ("MI %",),
        "cost_seconds": (),
        "reference_seconds": (),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.language not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            raise TaskOptionError(
                f"{self.name}: language must be one of {known}, not {self.language!r}"
            )

    def _problem(self, record: dict[str, Any], place: str) -> Problem | None:
        number = field(record, "id", (int, str), place=place, form="a number or a text")
        evaluator = field(record, "evaluator", str, place=place, form="a text")
        form = "an object by languages"
        solutions = field(record, "solutions", dict, place=place, form=form)
        runners = field(record, "test_runners", dict, place=place, form=form, default={})
        starters = field(record, "starter_code", dict, place=place, form=form, default={})
        name = LANGUAGES[self.language]
        code = (solutions.get(name) or {}).get("code")
        if not code:
            return None
        try:
            tests = record["generated_tests"]
            tests = json.loads(tests) if isinstance(tests, str) else tests
            cases = [(str(test["input"]), str(test["output"])) for test in tests]
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"{place}: field 'generated_tests' must be a list of objects with 'input' and "
                f"'output', or the JSON text of one; {type(error).__name__}: {error}"
            ) from error
        if not cases:
            raise DataError(f"{place}: there are no tests in 'generated_tests'")
        runner = runners.get(name) or ""
        if record.get("type") == "functional" and PLACEHOLDER not in runner:
            raise DataError(f"{place}: the test runner of {name} has no line {PLACEHOLDER!r}")
        starter = starters.get(name) or ""
        text = field(record, "description_md", str, place=place, form="a text", default="")
        released = str(record.get("release_date") or "")[:10]
        about = {"difficulty": record.get("difficulty"), "domain": record.get("source")}
        return Problem(
            id=f"EffiBench-X/{number}",
            prompt="\n\n".join(filter(None, (text, starter))),
            reference=code,
            entry_point=SOLUTION if runner else "",
            language=self.language,
            metadata={name: str(each).lower() for name, each in about.items() if each}
            | ({"released": released} if released else {}),
            record={"runner": runner, "cases": cases, "evaluator": evaluator},
        )

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return the sample's program; in Python one that runs it once for each test."""
        return self._program(problem, sample.text)

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Check and time what a sample does with the tests of a problem."""
        made = super().program(problem, sample)
        return replace(made, language=self.language, flags=FLAGS.get(self.language, ()))

    def _program(self, problem: Problem, code: str) -> str:
        runner = problem.record["runner"]
        if runner:
            lines = runner.split("\n")
            code = "\n".join(code if PLACEHOLDER in line else line for line in lines)
        if self.language != "python":
            return code
        calls = MAKE_CALLS.format(call=CALL, function=FUNCTION)
        return file_program(code, extract=False, header=HEADER) + calls

    def _check(self, problem: Problem) -> Costs:
        record = problem.record
        checker = CHECK.format(header=HEADER, evaluator=record["evaluator"])
        inputs, expected = map(list, zip(*record["cases"], strict=True))
        if self.language == "python":
            cases: list[tuple[Any, Any]] = [(inputs, expected)]
            entry_point, checker = CALL, checker + OF_ALL
        else:
            cases = record["cases"]
            entry_point, checker = "", checker + OF_ONE
        return Costs(
            entry_point=entry_point,
            levels=tuple(Level(1, 1.0) for _ in cases),
            inputs=Blob(pack([encode((given,)) for given, _ in cases])),
            reference=self._program(problem, problem.reference),
            expected=Blob(pack([encode(wanted) for _, wanted in cases])),
            checker=checker,
            clock=self.clock,
            score="ratio",
            limit_factor=LIMIT_FACTOR,
            limit_floor=LIMIT_FLOOR,
            precision=self.precision,
            span_seconds=SPAN_SECONDS,
            footprint=True,
        )

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return whether a sample is right, and how cheap it is beside the reference.

        Returns:
            ``pass``: 0 or 1. ``time_score``, ``memory_score`` and ``memory_seconds_score``: ET, MP
            and MI, each ``min(1, reference / sample)``, and 0 for one that is wrong.
            ``cost_seconds`` and ``reference_seconds``: what both take.

        Source: Qing et al. 2025, "EffiBench-X".
        """
        cost = whole_cost(verdict)
        if cost is None:
            return dict.fromkeys(("pass", *self.values), 0.0)
        found = footprint_scores(cost)
        return {
            "pass": 1.0,
            "time_score": 1 / max(1.0, found["time_ratio"]),
            "memory_score": 1 / max(1.0, found["memory_ratio"]),
            "memory_seconds_score": 1 / max(1.0, found["memory_seconds_ratio"]),
            "cost_seconds": found["cost_seconds"],
            "reference_seconds": found["reference_seconds"],
        }

"""Mercury: where a solution lies between the slowest and the fastest known one (Du et al. 2024).

All tests of a problem are gone through in one timed call, as the benchmark does; historical
solutions are timed here as well, as their times are this machine's.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from codeeval.sandbox.codec import encode, pack
from codeeval.sandbox.program import Blob, Costs, Level
from codeeval.sandbox.verdict import Verdict
from codeeval.tasks.efficiency import SPAN_SECONDS, whole_cost
from codeeval.tasks.leetcode import CALL, SOLUTION, with_header
from codeeval.tasks.measured import Measured
from codeeval.tasks.source import field
from codeeval.tasks.task import DataError, Problem, Sample

__all__ = ["Mercury"]

LIMIT_FACTOR, LIMIT_FLOOR = 100.0, 10.0
"""A solution may take so many times what the reference takes, and so many seconds at least."""
TEXTS = ("slug_name", "entry_point", "prompt", "convert_offline", "evaluate_offline")
MAKE_CALLS = """
{convert}
_keep = {keep}
def {call}(cases):
    answers = []
    for inputs in cases:
        inputs, _ = convert_offline((inputs, _Unknown()))
        value = Solution().{method}(*inputs)
        answers.append((_keep(value), {inputs}))
    return answers
"""
CHECK = """
{convert}
{evaluate}
_given = {given}
def __check(arguments, expected, returned):
    (cases,) = arguments
    for inputs, wanted, (value, after) in zip(cases, expected, returned, strict=True):
        inputs, wanted = convert_offline((inputs, wanted))
        if after is not None:
            inputs = _given(after)
        if not evaluate_offline(inputs, _given(value), wanted):
            return False
    return True
"""


@dataclass(frozen=True)
class Mercury(Measured):
    """LeetCode problems with historical solutions, in the form of the benchmark's own file.

    Attributes:
        data_file: JSON or JSONL with ``slug_name``, ``difficulty``, ``pretty_content``, ``prompt``,
            ``entry_point``, ``test_cases``, ``convert_offline``, ``evaluate_offline`` and
            ``solutions``.
        clock: ``cpu``, ``wall``, ``instructions-sim`` or ``instructions-hw``.
        precision: How wide the 95 % interval of a sample's cost may be before it is timed no more,
            as a share of it.
        limits: What a program may take.
    """

    name: ClassVar[str] = "mercury"
    version: ClassVar[str] = "1"
    rules: ClassVar[str] = "mercury-1"
    file_names: ClassVar[tuple[str, ...]] = ("mercury.jsonl", "mercury.jsonl.gz", "mercury.json")
    columns: ClassVar[tuple[str, ...]] = ("pass",)
    values: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "beyond": ("Beyond",),
        "beyond_percentile": ("Beyond",),
        "cost_seconds": (),
        "reference_seconds": (),
    }

    def _problem(self, record: dict[str, Any], place: str) -> Problem:
        slug, method, prompt, *_ = (
            field(record, name, str, place=place, form="a text") for name in TEXTS
        )
        form = "a list of objects with a text 'solution'"
        solutions = field(record, "solutions", list, place=place, form=form)
        try:
            sources = [each["solution"] for each in solutions]
            cases = record["test_cases"]
            cases = json.loads(cases) if isinstance(cases, str) else cases
            tests = [(list(case["input"]), case["expected"]) for case in cases]
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"{place}: 'solutions' must be {form}, 'test_cases' a JSON text of a list of "
                f"objects with 'input' and 'expected'; {type(error).__name__}: {error}"
            ) from error
        if not sources or not tests:
            raise DataError(f"{place}: there are no solutions or no test cases")
        about = record.get("pretty_content") or ""
        text = "\n".join(about) if isinstance(about, list) else about
        return Problem(
            id=slug,
            prompt="".join(f"# {line}".rstrip() + "\n" for line in text.splitlines()) + prompt,
            reference=sources[0],
            entry_point=f"{SOLUTION}.{method}",
            metadata={"difficulty": str(record.get("difficulty", "")).lower()},
            record={**record, "solutions": sources, "tests": tests},
        )

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return the sample, below its prompt if it continues it, with what makes its calls."""
        code = sample.text if sample.completion is None else problem.prompt + sample.text
        return self._program(problem, code)

    def _program(self, problem: Problem, code: str) -> str:
        record = problem.record
        calls = MAKE_CALLS.format(
            convert=record["convert_offline"],
            call=CALL,
            method=record["entry_point"],
            keep="_coded" if has_nodes(record) else "_kept",
            inputs="_keep(inputs)" if uses_inputs(record["evaluate_offline"]) else "None",
        )
        return with_header(code, below=calls)

    def _check(self, problem: Problem) -> Costs:
        record = problem.record
        first, *others = (self._program(problem, each) for each in record["solutions"])
        inputs, expected = zip(*record["tests"], strict=True)
        return Costs(
            entry_point=CALL,
            levels=(Level(1, 1.0),),
            inputs=Blob(pack([encode((list(inputs),))])),
            reference=first,
            expected=Blob(pack([encode(list(expected))])),
            rivals=tuple(others),
            checker=with_header(
                "",
                below=CHECK.format(
                    convert=record["convert_offline"],
                    evaluate=record["evaluate_offline"],
                    given="_revived" if has_nodes(record) else "lambda value: value",
                ),
            ),
            clock=self.clock,
            score="ratio",
            limit_factor=LIMIT_FACTOR,
            limit_floor=LIMIT_FLOOR,
            precision=self.precision,
            span_seconds=SPAN_SECONDS,
        )

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return whether a sample is right, and how fast beside known solutions.

        Returns:
            ``pass``: 0 or 1. ``beyond``: see `beyond`. ``beyond_percentile``: the share of known
            solutions that are slower, ties as half. ``cost_seconds`` and ``reference_seconds``:
            what it and the first right solution take. All are 0 for one that is wrong.
        """
        cost = whole_cost(verdict)
        if cost is None:
            return dict.fromkeys(("pass", *self.values), 0.0)
        known = [cost.reference_seconds, *(each for each in cost.rival_seconds if each is not None)]
        slower = sum((each > cost.seconds) + (each == cost.seconds) / 2 for each in known)
        return {
            "pass": 1.0,
            "beyond": beyond(known, cost.seconds),
            "beyond_percentile": slower / len(known),
            "cost_seconds": cost.seconds,
            "reference_seconds": cost.reference_seconds,
        }


def beyond(known: Sequence[float], seconds: float) -> float:
    """Return where a time lies between those of the slowest (0) and the fastest known one (1).

    Where all known solutions take the same time, it is 1 for one that takes no longer.

    Source: Du et al. 2024, "Mercury: A Code Efficiency Benchmark".
    """
    least, most = min(known), max(known)
    if least == most:
        return float(seconds <= least)
    return (most - min(max(seconds, least), most)) / (most - least)


def has_nodes(record: Mapping[str, Any]) -> bool:
    """Whether nodes of lists, trees or graphs may be among inputs and answers."""
    return "lctk" in record["convert_offline"] + record["evaluate_offline"]


def uses_inputs(evaluate: str) -> bool:
    """Whether what compares looks at the arguments after the call."""
    try:
        functions = [node for node in ast.parse(evaluate).body if isinstance(node, ast.FunctionDef)]
    except SyntaxError:
        return True
    named = [each for each in functions if each.name == "evaluate_offline" and each.args.args]
    names = {each.args.args[0].arg for each in named}
    return any(
        isinstance(node, ast.Name) and node.id in names
        for function in named
        for node in ast.walk(function)
    )

"""REval: what does a run of a program cover, hold, do next and give back? (Chen et al. 2024).

Each point of a program, a line with a variable, is asked for three times, and each input once. What
is right is found where answers are compared, by tracing the program there; a candidate's process
has nothing but the answer.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar

from codeeval.sandbox.program import Asserts, Limits, Program
from codeeval.sandbox.verdict import Status, Verdict
from codeeval.tasks.answers import ANSWER, after_answer_tag, right_side
from codeeval.tasks.file_task import FileTask
from codeeval.tasks.reval_prompts import prompt_of
from codeeval.tasks.reval_tests import (
    POINT,
    STATE,
    UnlikeAsked,
    filled,
    is_made,
    output_tests,
    prepared,
)
from codeeval.tasks.source import field, locate, read_numbered
from codeeval.tasks.task import DataError, Problem, Sample

__all__ = ["REval"]

LIMITS = Limits(cpu_seconds=10.0, wall_seconds=30.0)
KINDS = ("coverage", "state", "path", "output")
"""In the order in which they are consistent: who knows one should know those before it."""
TOO_OLD = "np.mat("
"""What a program needs that there is in NumPy 1 alone."""
LIBRARIES = sys.stdlib_module_names | {"numpy"}
YES, NO, UNREAD = "yes\n", "no\n", -2
TOLD = ("it is executed", "it is not executed")
"""What a wrong answer about coverage is told."""


@dataclass(frozen=True)
class REval(FileTask):
    """Points of 85 functions of HumanEval and 69 classes of ClassEval.

    Attributes:
        data_file: ``DREval_data.jsonl``: programs and inputs.
        tasks_file: ``DREval_tasks.jsonl``: the points; beside the data if None.
        part: ``functions``, ``classes`` or ``all``.
        cot: Whether the prompt asks for thoughts; a reply in which they do not end is wrong then.
        limits: What a program may take.
    """

    tasks_file: Path | None = None
    part: str = "all"
    cot: bool = False
    limits: Limits = LIMITS
    name: ClassVar[str] = "reval"
    version: ClassVar[str] = "1"
    rules: ClassVar[str] = "reval-1"
    file_names: ClassVar[tuple[str, ...]] = ("DREval_data.jsonl",)
    cluster: ClassVar[str] = "program"
    columns: ClassVar[tuple[str, ...]] = ("pass",)
    values: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "said_covered": ("precision", "recall", "F1"),
        "covered": (),
        "right": ("IC",),
    }

    @cached_property
    def _points(self) -> dict[str, list[Any]]:
        """What is asked of each program: its inputs, with points and an assertion."""
        beside = self.path.with_name("DREval_tasks.jsonl")
        path = locate(("DREval_tasks.jsonl",), task=self.name, data_file=self.tasks_file or beside)
        found = {}
        for place, record in read_numbered(path):
            task_id = field(record, "task_id", str, place=place, form="a text")
            found[task_id] = field(record, "tasks", list, place=place, form="a list of inputs")
        return found

    @cached_property
    def digest(self) -> str:
        """The sha256 of both files, in hex."""
        from hashlib import sha256

        return sha256((super().digest + repr(sorted(self._points.items()))).encode()).hexdigest()

    @cached_property
    def _problems(self) -> tuple[Problem, ...]:
        if self.part not in ("functions", "classes", "all"):
            raise DataError(f"reval: part must be functions, classes or all, not {self.part!r}")
        found: list[Problem] = []
        for place, record in read_numbered(self.path):
            try:
                found += self._of_program(record, place)
            except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
                raise DataError(f"{place}: no record of reval; {error!r}") from error
        return tuple(found)

    def _of_program(self, record: dict[str, Any], place: str) -> Iterator[Problem]:
        name, code, entry_point = (
            field(record, key, str, place=place, form="a text")
            for key in ("task_id", "code", "entry_point")
        )
        test = field(record, "test", str, place=place, form="a text", default="")
        part = "classes" if test else "functions"
        runs = imported(code + "\n" + test) <= LIBRARIES and TOO_OLD not in code
        if self.part not in ("all", part) or not runs:
            return
        number = name.rpartition("/")[2]
        for each in self._points.get(name, ()):
            place_of = each["input_idx"]
            setup, call = prepared(entry_point, test, record["inputs"][place_of], place_of)
            shared = {"code": code, "setup": setup, "call": call, "asked": each["output_pred"]}
            shared |= {"is_class": bool(test), "shown": record["inputs"][place_of]}
            group = f"REval/{number}/{place_of}"
            points = [(f"/{n}", point) for n, point in enumerate(each["task"])]
            for suffix, point in (*points, ("", None)):
                for kind in KINDS[:3] if point else KINDS[3:]:
                    line, variable = (point["lineno"], point["var"]) if point else (0, "")
                    about = {**shared, "kind": kind, "line": line, "variable": variable}
                    yield Problem(
                        id=f"{group}{suffix}/{kind}",
                        prompt=prompt_of(about, entry_point, cot=self.cot),
                        reference="",
                        entry_point="",
                        metadata={"kind": kind, "program": name, "domain": part},
                        record=about,
                    )

    def _answer(self, sample: Sample) -> str:
        """Return the answer in a reply; nothing if its thoughts do not end."""
        if not self.cot:
            return after_answer_tag(sample.text)
        _, end, rest = sample.text.rpartition("[/THOUGHT]")
        return after_answer_tag(rest) if end else ""

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return a function that returns what a reply says, and prints whether that is a yes."""
        record, text = problem.record, self._answer(sample)
        kind = record["kind"]
        if kind == "coverage":
            said = said_yes(text)
            word = (YES if said else NO).strip()
            return f"print({word!r}, flush=True)\n{function_of(said)}"
        if kind == "path":
            return function_of(lines_said(text, record["code"]))
        if kind == "state":
            return function_of(text)
        if not record["is_class"]:
            return f"def {ANSWER}():\n    return [(\n{right_side(text)}\n)]\n"
        try:
            given = [each for each in filled(record["asked"], text) if not is_made(each)]
        except UnlikeAsked as error:
            return f"raise SyntaxError({str(error)!r})\n"
        return f"def {ANSWER}():\n    return [{', '.join(given)}]\n"

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Have the answer compared with what the program does."""
        record = problem.record
        kind = record["kind"]
        what = (record["code"], record["setup"], record["call"])
        reference = TRACER + STATE
        if kind == "output":
            given = [""] * record["asked"].count("??")
            if record["is_class"]:
                with suppress(UnlikeAsked):
                    given = filled(record["asked"], self._answer(sample))
            tests = output_tests(record["asked"], given)
            reference = f"{what[0]}\n{what[1]}"
        else:
            tests = POINT.format(*map(repr, (*what, record["line"], record["variable"])))
            tests += {
                "coverage": f"assert __covered == {ANSWER}(), {TOLD!r}[not __covered]\n",
                "path": f"assert set({ANSWER}()) & set(__next)\n",
                "state": f"assert state_is({ANSWER}(), __values)\n",
            }[kind]
        check = Asserts(tests, reference=reference, entry_points=(ANSWER,), sealed=True)
        return Program(self.source(problem, sample), (check,), self.limits)

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return whether an answer is right.

        Returns:
            ``pass`` and ``right``: 0 or 1. ``said_covered`` and ``covered``: of a question about
            coverage whether the line is executed, by the answer and in truth; else 0.
        """
        right = float(verdict.status is Status.PASSED)
        said = covered = 0.0
        if problem.record["kind"] == "coverage":
            said = float(verdict.stdout.startswith(YES))
            covered = said if right else float(f"AssertionError: {TOLD[0]}" in verdict.message)
        return {"pass": right, "said_covered": said, "covered": covered, "right": right}


TRACER = (resources.files("codeeval.sandbox") / "tracer.py").read_text("utf-8")


def imported(code: str) -> set[str]:
    """Return the names of the packages that a program imports."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def function_of(value: object) -> str:
    """Return the source of a function that returns a value."""
    return f"def {ANSWER}():\n    return {value!r}\n"


def said_yes(text: str) -> bool:
    """Whether an answer begins with a yes, by its first three characters."""
    begin = text[:3].upper()
    return "YES" in begin and "NO" not in begin


def lines_said(text: str, code: str) -> list[int]:
    """Return the numbers of the lines whose text an answer gives; -1 for the end of the program."""
    said = text.strip().partition("\n")[0].strip()
    if said == "-1":
        return [-1]
    said = re.sub(r"^\d+\t", "", said).strip()
    lines = [n for n, line in enumerate(code.split("\n"), start=1) if said and line.strip() == said]
    return lines or [UNREAD]

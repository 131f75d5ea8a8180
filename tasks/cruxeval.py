"""CRUXEval: what does a function return, or what makes it return this? (Gu et al. 2024).

A reply is text with an assertion in it. What it says is evaluated in the process of a candidate,
and crosses as plain data to where the function is called and compared.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from codeeval.sandbox.program import Asserts, Limits, Program
from codeeval.sandbox.verdict import Status, Verdict
from codeeval.tasks.answers import (
    ANSWER,
    after_answer_tag,
    expression,
    returning,
    right_side,
    sides_of,
    written,
)
from codeeval.tasks.file_task import FileTask
from codeeval.tasks.source import Hub, field
from codeeval.tasks.task import Problem, Sample

__all__ = ["CruxEvalInput", "CruxEvalOutput"]

LIMITS = Limits(cpu_seconds=3.0, wall_seconds=10.0)
"""The benchmark gives three seconds on the clock."""
FUNCTION = "f"
UNKNOWN = "??"
OUTPUT_TASK = """You are given a Python function and an assertion about what it returns. Put the
literal that it returns in place of the question marks, whether or not the function does what its
name says. Write nothing but the whole assertion, between [ANSWER] and [/ANSWER].
"""
INPUT_TASK = """You are given a Python function and an assertion with a value that it returns. Put
arguments in place of the question marks with which it does so; any that do are right. Write nothing
but the whole assertion, between [ANSWER] and [/ANSWER].
"""
STEPS = """First work through the function step by step, between [THOUGHT] and [/THOUGHT].
"""
EXAMPLES = (
    (
        "def f(words):\n    return [word[::-1] for word in words if len(word) > 2]",
        "['one', 'is', 'four']",
        "['eno', 'ruof']",
        "Longer than two letters are 'one' and 'four'. Backwards they are 'eno' and 'ruof'.",
    ),
    (
        "def f(n, s):\n    t = 0\n    while n > 0:\n        t += n\n        n -= s\n    return t",
        "7, 3",
        "12",
        "n is 7, then 4, then 1, then -2, which ends the loop. 7 + 4 + 1 is 12.",
    ),
)


@dataclass(frozen=True)
class _CruxEval(FileTask):
    """800 functions with an input and an output each.

    Attributes:
        data_file: ``cruxeval.jsonl``; found by itself if None.
        cot: Whether the prompt asks for thoughts before the answer.
        limits: What a program may take.
    """

    cot: bool = False
    limits: Limits = LIMITS
    version: ClassVar[str] = "1"
    file_names: ClassVar[tuple[str, ...]] = ("cruxeval.jsonl",)
    hub: ClassVar[Hub | None] = Hub("cruxeval-org/cruxeval")
    columns: ClassVar[tuple[str, ...]] = ("pass",)
    instruction: ClassVar[str]

    def _problem(self, record: dict[str, Any], place: str) -> Problem:
        task_id, code, given, output = (
            field(record, name, str, place=place, form="a text")
            for name in ("id", "code", "input", "output")
        )
        return Problem(
            id=task_id,
            prompt=self._prompt(code, given, output),
            reference=self._assertion(given, output),
            entry_point="",
            record=record,
        )

    def _prompt(self, code: str, given: str, output: str) -> str:
        parts = [self.instruction + STEPS * self.cot]
        for example, its_input, its_output, thought in EXAMPLES:
            parts.append(self._question(example, its_input, its_output))
            parts[-1] += f"[THOUGHT]\n{thought}\n[/THOUGHT]\n" if self.cot else ""
            parts[-1] += f"[ANSWER]\n{self._assertion(its_input, its_output)}\n[/ANSWER]\n"
        parts.append(self._question(code, given, output))
        parts[-1] += "[THOUGHT]\n" if self.cot else "[ANSWER]\n"
        return "\n".join(parts)

    def _question(self, code: str, given: str, output: str) -> str:
        return f"[PYTHON]\n{code}\n{self._asked(given, output)}\n[/PYTHON]\n"

    def _assertion(self, given: str, output: str) -> str:
        return f"assert {FUNCTION}({given}) == {output}"

    def _asked(self, given: str, output: str) -> str:
        """Return the assertion with what is asked for left open."""
        raise NotImplementedError

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Have the answer evaluated, and the function called with it or compared with it."""
        tests = self._tests(problem.record["output"])
        code = problem.record["code"]
        check = Asserts(tests, reference=code, entry_points=(ANSWER,), sealed=True)
        return Program(self.source(problem, sample), (check,), self.limits)

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return a function that returns what a reply says."""
        raise NotImplementedError

    def _tests(self, output: str) -> str:
        raise NotImplementedError

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return 1 for a right answer."""
        return {"pass": float(verdict.status is Status.PASSED)}


@dataclass(frozen=True)
class CruxEvalOutput(_CruxEval):
    """What does a call return?"""

    name: ClassVar[str] = "cruxeval-output"
    rules: ClassVar[str] = "cruxeval-output-1"
    instruction: ClassVar[str] = OUTPUT_TASK

    def _asked(self, given: str, output: str) -> str:
        return self._assertion(given, UNKNOWN)

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return a function that returns the value which a reply gives."""
        return returning(right_side(after_answer_tag(sample.text)))

    def _tests(self, output: str) -> str:
        return f"assert {output} == {ANSWER}()\n"


@dataclass(frozen=True)
class CruxEvalInput(_CruxEval):
    """With which arguments does a function return this?"""

    name: ClassVar[str] = "cruxeval-input"
    rules: ClassVar[str] = "cruxeval-input-1"
    instruction: ClassVar[str] = INPUT_TASK

    def _asked(self, given: str, output: str) -> str:
        return self._assertion(UNKNOWN, output)

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Have the arguments evaluated, and the function called with them where tests are.

        A function cannot cross; where the benchmark's own arguments hold one, all is done in one
        process, unsealed.
        """
        call = self._call(sample)
        record = problem.record
        if call is None or "lambda" not in record["input"]:
            return super().program(problem, sample)
        source = f"{record['code']}\ndef {ANSWER}():\n    return {ast.unparse(call)}\n"
        check = Asserts(f"assert {ANSWER}() == {record['output']}\n", sealed=False)
        return Program(source, (check,), self.limits)

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return a function that returns the arguments, those by name apart."""
        call = self._call(sample)
        if call is None:
            return f"raise SyntaxError('a call of {FUNCTION} was asked for')\n"
        given = ", ".join(map(ast.unparse, call.args))
        named = ", ".join(map(ast.unparse, call.keywords))
        code = problem.record["code"]
        return f"{code}\ndef {ANSWER}():\n    return [{given}], dict({named})\n"

    def _call(self, sample: Sample) -> ast.Call | None:
        """Return the call that a reply gives; None if it gives none."""
        reply = after_answer_tag(sample.text)
        sides = sides_of(reply)
        if sides is not None:
            text = sides[0]
        else:
            text = reply if expression(reply) else reply.split("==")[0].strip()
            if f"assert {FUNCTION}" in text:
                text = FUNCTION + text.split(f"assert {FUNCTION}")[1].strip()
        call = expression(text)
        if isinstance(call, ast.Call) and written(call) and written(call.func) == FUNCTION:
            return call
        return None

    def _tests(self, output: str) -> str:
        return (
            f"__given, __named = {ANSWER}()\nassert {FUNCTION}(*__given, **__named) == {output}\n"
        )

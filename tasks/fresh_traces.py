"""Questions about what programs do that ``codeeval trace build`` has made."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from codeeval.sandbox.program import Limits, Program
from codeeval.sandbox.verdict import CheckResult, Status, Trace, Verdict
from codeeval.tasks.answers import after_answer_tag
from codeeval.tasks.extract import fence_first
from codeeval.tasks.file_task import FileTask
from codeeval.tasks.source import field
from codeeval.tasks.task import DataError, Problem, Sample
from codeeval.tasks.traces import answer_text, closeness, collapsed, length_class, steps_in

__all__ = ["CALL_KINDS", "LENGTHS", "PROGRAM_KINDS", "FreshTraces", "StarterTracing"]

CALL_KINDS = ("next", "path", "coverage", "state", "output", "exception", "iterations")
"""Questions about a call of a function in Python."""
PROGRAM_KINDS = ("next", "path", "coverage", "printed", "exception")
"""Questions about a program in another language."""
KINDS = tuple(dict.fromkeys(CALL_KINDS + PROGRAM_KINDS))
LENGTHS = (1, 11, 26, 51, 101)
LONGEST_ANSWER = 10_000
NUMBER = re.compile(r"(?:line\s+)?(-?\d{1,9})(?![\d.]*\d)", re.IGNORECASE)
NAME = re.compile(r"(?:\w{1,100}\.){0,9}(\w{1,100})")
YES_OR_NO = re.compile(r"\W*(yes|no)\b", re.IGNORECASE)
NOTHING = ("none", "no exception", "nothing")
OF_CALLS = """You are given a Python program, with numbers before its lines, and a call. Find
out what the program does then, and answer the question about it.

Steps are the lines that are executed during the call, in order. Running the program before the call
is no step. When a function is called in the middle of a line, the steps of its body follow, and
going back into that line is no step. The head of a loop is a step each time that it decides whether
to go on (the head of an endless `while True` once); so is the line of an inner `def`, which defines
a function. Lambdas and comprehensions are part of their line and no steps of their own.

"""
OF_PROGRAMS = """You are given a program in {title}, with numbers before its lines. Find out what it
does when it is run without arguments and without input, and answer the question about it.

Steps are the lines of statements that are executed, in order. When a function is called in the
middle of a line, the steps of its body follow, and going back into that line is no step. The head
of a loop is a step each time that it decides whether to go on. Braces are no steps{more}.
"""
MORE = {
    "java": ", nor is what initialises the static fields of a class; the initial values of an "
    "object's fields are, when it is made",
    "javascript": ", nor are declarations of functions and classes",
}
TITLES = {"java": "Java", "javascript": "JavaScript"}
TAGS = """
Write the answer alone between [ANSWER] and [/ANSWER].
"""
STEP_BY_STEP = """First follow the {what} step by step, between [THOUGHT] and [/THOUGHT].
"""
QUESTIONS = {
    "next": (
        "Which line is executed right after line {line} is executed for the {nth} time? Write its "
        "number, or -1 if the {what} ends there."
    ),
    "path": (
        "Which lines are executed? Write the list of all their numbers in order, such as "
        "[2, 3, 2]; a line that follows itself only once."
    ),
    "coverage": "Is line {line} executed? Write YES or NO.",
    "state": (
        "What is the value of {variable} right after line {line} was executed for the {nth} time? "
        "Write it as a Python literal."
    ),
    "output": "What does the call return? Write it as a Python literal.",
    "exception": (
        "Which exception does the {what} end with? Write the name of its class, or None if there "
        "is none."
    ),
    "iterations": (
        "How many times in all is the body of the loop in line {line} begun? Write the number."
    ),
    "printed": "What does the program print on its standard output? Write it as it is printed.",
}


@dataclass(frozen=True)
class FreshTraces(FileTask):
    """Questions that ``codeeval trace build`` has made from the references of another task.

    Attributes:
        data_file: The file that it wrote.
        cot: Whether the prompt asks for thoughts before the answer.
    """

    cot: bool = False
    name: ClassVar[str] = "trace"
    version: ClassVar[str] = "1"
    rules: ClassVar[str] = "trace-2"
    file_names: ClassVar[tuple[str, ...]] = ("trace.jsonl",)
    cluster: ClassVar[str] = "program"
    columns: ClassVar[tuple[str, ...]] = ("pass",)

    def _problem(self, record: dict[str, Any], place: str) -> Problem:
        task_id, kind, code, call, answer = (
            field(record, name, str, place=place, form="a text")
            for name in ("task_id", "kind", "code", "call", "answer")
        )
        if kind not in KINDS:
            raise DataError(
                f"{place}: field 'kind' must be one of {', '.join(KINDS)}, not {kind!r}"
            )
        language = field(record, "language", str, place=place, form="a text", default="python")
        if language != "python" and language not in TITLES:
            known = ", ".join(("python", *TITLES))
            raise DataError(f"{place}: field 'language' must be one of {known}, not {language!r}")
        steps = field(record, "steps", int, place=place, form="a number")
        for name in ("line", "occurrence"):
            field(record, name, int, place=place, form="a number", default=1)
        if steps < 1 or (kind == "path" and not steps_in(answer)):
            raise DataError(f"{place}: there are no steps")
        about = {
            "line": record.get("line", 0),
            "variable": record.get("variable", ""),
            "nth": ordinal(record.get("occurrence", 1)),
            "what": "call" if call else "program",
        }
        question = QUESTIONS[kind].format(**about)
        numbered = "\n".join(f"{n}\t{line}" for n, line in enumerate(code.split("\n"), 1))
        tag = language.upper()
        prompt = OF_CALLS
        if language in TITLES:
            prompt = OF_PROGRAMS.format(title=TITLES[language], more=MORE[language])
        prompt += TAGS + STEP_BY_STEP.format(**about) * self.cot
        prompt += f"\n[{tag}]\n{numbered}\n[/{tag}]\n"
        prompt += f"[CALL]\n{call}\n[/CALL]\n" if call else ""
        prompt += f"[QUESTION]\n{question}\n[/QUESTION]\n"
        return Problem(
            id=task_id,
            prompt=prompt + ("[THOUGHT]\n" if self.cot else "[ANSWER]\n"),
            reference=answer,
            entry_point="",
            metadata={
                "kind": kind,
                "length": length_class(steps, LENGTHS),
                "structure": structure_of(record),
                "program": str(record.get("source", task_id)),
            },
            record={
                "kind": kind,
                "answer": answer,
                "code": numbered,
                "record": json.dumps(record),
            },
        )

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return the answer in a reply."""
        text = sample.text
        if self.cot and "[/THOUGHT]" in text:
            text = text.rpartition("[/THOUGHT]")[2]
        text = after_answer_tag(text)[:LONGEST_ANSWER]
        return answer_text(text) if problem.record["kind"] == "path" else text

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Return a program that does nothing: see `answer`."""
        return Program("", (), Limits())

    def answer(self, problem: Problem, sample: Sample) -> Verdict:
        """Judge a reply without running anything."""
        said = self.source(problem, sample)
        kind, right = str(problem.record["kind"]), str(problem.record["answer"])
        if not said.strip() or (kind == "path" and not steps_in(said)):
            return Verdict.without_run(Status.NO_CODE, "no answer in the reply", "trace")
        trace = None
        if kind == "path":
            actual, steps = steps_in(right) or [], steps_in(said) or []
            found = closeness(collapsed(actual), collapsed(steps))
            passed = found.exact
            trace = Trace(problem.record["code"], right, said)
            message = f"step {found.first_divergence}: the answer leaves the path"
        else:
            passed = is_answer(kind, said, right)
            message = f"the answer says {said[:100]!r}, right is {right[:100]!r}"
        status = Status.PASSED if passed else Status.WRONG_ANSWER
        result = CheckResult("trace", status, "" if passed else message, sealed=True, trace=trace)
        return Verdict(status, (result,))

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return 1 for a right answer."""
        return {"pass": float(verdict.status is Status.PASSED)}


@dataclass(frozen=True)
class StarterTracing(FreshTraces):
    """Questions about the references of ``starter``."""

    name: ClassVar[str] = "starter-tracing"
    rules: ClassVar[str] = "starter-tracing-2"

    @property
    def path(self) -> Path:
        """The file that holds the problems."""
        return self.data_file or Path(__file__).parent / "starter" / "traces.jsonl"


def is_answer(kind: str, said: str, right: str) -> bool:
    """Whether an answer is the right one; it may be marked as code, or be bold."""
    said = fence_first(said) or said
    if kind == "printed":
        return printed_lines(said) == printed_lines(right)
    said = said.strip().strip("`*").strip()
    if kind == "coverage":
        found = YES_OR_NO.match(said)
        return found is not None and found[1].lower() == right.lower()
    if kind == "exception":
        found = NAME.match(said)
        if right == "None":
            return said.lower().startswith(NOTHING)
        return found is not None and found[1] == right
    if kind in ("next", "iterations"):
        found = NUMBER.match(said)
        return found is not None and int(found[1]) == int(right)
    value, wanted = literal(said), literal(right)
    return value is not None and wanted is not None and same(value[0], wanted[0])


def printed_lines(text: str) -> list[str]:
    """Return the lines of what is printed; blanks at their ends, and at the end, are not seen."""
    return [line.rstrip() for line in text.strip().splitlines()]


def literal(text: str) -> tuple[Any] | None:
    """Return the value of a literal, in a tuple; None if a text is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return (ast.literal_eval(text.strip()),)
        except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
            return None


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal and of the same types, those in them as well."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return (
            a == b
            and same(sorted(map(repr, a)), sorted(map(repr, b)))
            and (all(same(a[key], b[key]) for key in a))
        )
    if isinstance(a, (set, frozenset)):
        return a == b and sorted(map(repr, a)) == sorted(map(repr, b))
    return bool(a == b)


def structure_of(record: Mapping[str, Any]) -> str:
    """Return what a trace has beside lines one after the other."""
    names = ("recursion", "threads", "loops")
    has = [name for name in names if (record.get(name) or 0) > (name == "threads")]
    return " and ".join(has) or "straight"


def ordinal(number: int) -> str:
    """Return a number's ordinal: ``1st``, ``12th``."""
    ends = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ends.get(number % 10, 'th')}"

"""HumanEval: complete a Python function so that its unit tests pass (Chen et al. 2021)."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from codeeval.sandbox.program import Asserts, Limits, Program
from codeeval.sandbox.verdict import Status, Verdict
from codeeval.tasks.sanitize import parsed
from codeeval.tasks.source import Hub, content_digest, field, locate, read_numbered
from codeeval.tasks.task import DataError, Problem, Sample

__all__ = ["HumanEval", "helpers_in"]

# Upstream: 3 s on the clock for the whole program, killed at 4 s. CPU time is what a busy machine
# does not change.
LIMITS = Limits(cpu_seconds=3.0, wall_seconds=4.0)
FIELDS = ("task_id", "prompt", "canonical_solution", "test", "entry_point")


@dataclass(frozen=True)
class HumanEval:
    """164 problems; a record holds task_id, prompt, canonical_solution, test, entry_point.

    Attributes:
        data_file: ``HumanEval.jsonl.gz`` or a file of the same form; found by itself if None.
        limits: What a program may take.
    """

    data_file: Path | None = None
    limits: Limits = LIMITS
    name: ClassVar[str] = "humaneval"
    version: ClassVar[str] = "1"
    rules: ClassVar[str] = "humaneval-1"
    columns: ClassVar[tuple[str, ...]] = ("pass",)

    @cached_property
    def path(self) -> Path:
        """The file that holds the data."""
        return locate(
            ("HumanEval.jsonl.gz", "HumanEval.jsonl"),
            task=self.name,
            data_file=self.data_file,
            hub=Hub("openai/openai_humaneval"),
        )

    @cached_property
    def digest(self) -> str:
        """The sha256 of the uncompressed data, in hex."""
        return content_digest(self.path)

    @cached_property
    def _problems(self) -> tuple[Problem, ...]:
        problems = tuple(_problem(record, place) for place, record in read_numbered(self.path))
        if not problems:
            raise DataError(f"{self.path}: no problems in it")
        return problems

    def problems(self) -> Iterator[Problem]:
        """Yield the problems in file order."""
        yield from self._problems

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return the prompt and the completion, or the solution as it is."""
        return sample.text if sample.completion is None else problem.prompt + sample.text

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Follow the sample by the tests and a call of ``check`` with the function."""
        made_of = problem.reference, problem.record["test"]
        check = self._checks.get(made_of)
        if check is None:
            check = self._checks[made_of] = checked_by(problem)
        return Program(self.source(problem, sample), (check,), self.limits)

    @cached_property
    def _checks(self) -> dict[tuple[str, str], Asserts]:
        """The checks made so far, by reference and tests: the same for each sample."""
        return {}

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return 1 for a pass."""
        return {"pass": float(verdict.status is Status.PASSED)}


def _problem(record: dict[str, Any], place: str) -> Problem:
    for name in FIELDS:
        field(record, name, str, place=place, form="a text")
    return Problem(
        id=record["task_id"],
        prompt=record["prompt"],
        reference=record["prompt"] + record["canonical_solution"],
        entry_point=record["entry_point"],
        record=record,
    )


def checked_by(problem: Problem) -> Asserts:
    """Return the tests of a problem, and the call of ``check`` with its function."""
    test = problem.record["test"]
    return Asserts(
        tests=f"{test}\ncheck({problem.entry_point})\n",
        setup=helpers_in(problem.prompt, problem.entry_point, test),
        reference=problem.reference,
        entry_points=(problem.entry_point,),
    )


def helpers_in(prompt: str, entry_point: str, test: str) -> str:
    """Return the source of the prompt's functions that the tests use, and what those need.

    HumanEval/32, 38 and 50 test with a function of the prompt. A candidate that wrote its own
    ``poly`` would decide itself whether it is right.

    Args:
        prompt: Imports, helper functions, and the head of the entry point.
        entry_point: The function that is asked for; never among the helpers.
        test: The test code.
    """
    tree, tests = parsed(prompt + "\n    pass\n"), parsed(test)
    if tree is None or tests is None:
        return ""
    used = _names(tests)
    functions = {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name != entry_point
    }
    needed: set[str] = set()
    waiting = [name for name in functions if name in used]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += [other for other in functions if other in _names(functions[name])]
    if not needed:
        return ""
    kept = [
        node
        for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom)) or getattr(node, "name", None) in needed
    ]
    return "\n".join(ast.unparse(node) for node in kept) + "\n"


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}

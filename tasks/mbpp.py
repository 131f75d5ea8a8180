"""MBPP: write a Python function from a sentence and three asserts (Austin et al. 2021)."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from codeeval.sandbox.program import Asserts, Limits, Program
from codeeval.sandbox.verdict import Status, Verdict
from codeeval.tasks.sanitize import parsed
from codeeval.tasks.sealing import called_functions
from codeeval.tasks.source import Hub, content_digest, field, locate, read_numbered
from codeeval.tasks.task import DataError, Problem, Sample

__all__ = ["Mbpp", "MbppSanitized", "entry_point_of"]

LIMITS = Limits(cpu_seconds=3.0, wall_seconds=4.0)  # upstream: 3 s on the clock
CPU_SECONDS = {123: 12.0}
"""Problems whose reference needs more than the limit on an ordinary machine."""
SPLITS = {
    "prompt": range(1, 11),
    "test": range(11, 511),
    "validation": range(511, 601),
    "train": range(601, 975),
    "all": range(1, 975),
}
SHOTS = (2, 3, 4)


@dataclass(frozen=True)
class Mbpp:
    """974 problems, of which papers report the test split: 500.

    Attributes:
        data_file: ``mbpp.jsonl`` or a file of the same form; found by itself if None.
        split: One of `SPLITS`.
        prompt: ``docstring`` (the sentence and one assert), or ``three-shot`` as in the paper.
        challenge_tests: Whether the harder asserts that eleven problems have are run too.
        limits: What a program may take.
    """

    data_file: Path | None = None
    split: str = "test"
    prompt: str = "docstring"
    challenge_tests: bool = False
    limits: Limits = LIMITS
    name: ClassVar[str] = "mbpp"
    version: ClassVar[str] = "1"
    columns: ClassVar[tuple[str, ...]] = ("pass",)
    _files: ClassVar[tuple[str, ...]] = ("mbpp.jsonl.gz", "mbpp.jsonl")
    _hub: ClassVar[Hub] = Hub("google-research-datasets/mbpp", "full")
    _text_field: ClassVar[str] = "text"
    _setup_field: ClassVar[str] = "test_setup_code"

    def __post_init__(self) -> None:
        for value, known, what in (
            (self.split, tuple(SPLITS), "split"),
            (self.prompt, ("docstring", "three-shot"), "prompt"),
        ):
            if value not in known:
                raise DataError(f"{self.name}: no {what} {value!r}; there are {', '.join(known)}")

    @property
    def rules(self) -> str:
        """The rules: setup code is run before the asserts, which other harnesses leave out."""
        return "mbpp-1-setup" + ("-challenge" if self.challenge_tests else "")

    @cached_property
    def path(self) -> Path:
        """The file that holds the data."""
        return locate(self._files, task=self.name, data_file=self.data_file, hub=self._hub)

    @cached_property
    def digest(self) -> str:
        """The sha256 of the uncompressed data, in hex."""
        return content_digest(self.path)

    @cached_property
    def _problems(self) -> tuple[Problem, ...]:
        records = [self._checked(record, place) for place, record in read_numbered(self.path)]
        shots = ""
        if self.prompt == "three-shot":
            known = {record["task_id"]: record for record in records}
            if missing := [number for number in SHOTS if number not in known]:
                raise DataError(f"{self.path}: the three-shot prompt needs problems {missing}")
            shots = "".join(
                self._question(known[number]) + f"{known[number]['code']}\n[DONE]\n\n"
                for number in SHOTS
            )
        problems = tuple(
            self._problem(record, shots)
            for record in records
            if record["task_id"] in SPLITS[self.split]
        )
        if not problems:
            raise DataError(f"{self.path}: no problems of the split {self.split!r} in it")
        return problems

    def _checked(self, record: dict[str, Any], place: str) -> dict[str, Any]:
        """Check a record's fields and return it with plain line ends."""
        field(record, "task_id", int, place=place, form="a number such as 11")
        for name in (self._text_field, "code"):
            field(record, name, str, place=place, form="a text")
        optional = (self._setup_field, "challenge_test_list")
        texts = {name: _lines(record, name, place, default=None) for name in optional}
        texts["test_list"] = _lines(record, "test_list", place)
        return {**record, **texts, "code": _plain(record["code"])}

    def _question(self, record: Mapping[str, Any]) -> str:
        return (
            "You are an expert Python programmer, and here is your task: "
            f"{record[self._text_field]} Your code should pass these tests:\n\n"
            + "\n".join(record["test_list"])
            + "\n[BEGIN]\n"
        )

    def _problem(self, record: dict[str, Any], shots: str) -> Problem:
        number = record["task_id"]
        text, tests = record[self._text_field], record["test_list"]
        prompt = f'"""\n{text}\n{tests[0]}\n"""\n'
        if self.prompt == "three-shot":
            prompt = shots + self._question(record)
        metadata = {"cpu_seconds": CPU_SECONDS[number]} if number in CPU_SECONDS else {}
        code = record["code"]
        entry_point = entry_point_of(code, tests[0])
        return Problem(str(number), prompt, code, entry_point, metadata=metadata, record=record)

    def problems(self) -> Iterator[Problem]:
        """Yield the problems of the split in file order."""
        yield from self._problems

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return the sample's text: completions too are whole programs."""
        return sample.text

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Follow the sample by the setup code of the tests and the asserts."""
        record = problem.record
        tests = [*record[self._setup_field], *record["test_list"]]
        if self.challenge_tests:
            tests += record["challenge_test_list"]
        limits = self.limits
        if seconds := problem.metadata.get("cpu_seconds"):
            limits = replace(
                limits,
                cpu_seconds=max(limits.cpu_seconds, seconds),
                wall_seconds=max(limits.wall_seconds, seconds + 1),
            )
        text = "\n".join(tests) + "\n"
        check = self._made.get((problem.reference, text))
        if check is None:
            names = called_functions(text, problem.reference)
            check = Asserts(tests=text, reference=problem.reference, entry_points=names)
            self._made[problem.reference, text] = check
        return Program(self.source(problem, sample), (check,), limits)

    @cached_property
    def _made(self) -> dict[tuple[str, str], Asserts]:
        """The checks made so far, by reference and tests: the same for each sample."""
        return {}

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return 1 for a pass."""
        return {"pass": float(verdict.status is Status.PASSED)}


@dataclass(frozen=True)
class MbppSanitized(Mbpp):
    """427 problems that the authors checked by hand; all of them by default."""

    split: str = "all"
    name: ClassVar[str] = "mbpp-sanitized"
    _files: ClassVar[tuple[str, ...]] = (
        "sanitized-mbpp.json.gz",
        "sanitized-mbpp.json",
    )
    _hub: ClassVar[Hub] = Hub("google-research-datasets/mbpp", "sanitized")
    _text_field: ClassVar[str] = "prompt"
    _setup_field: ClassVar[str] = "test_imports"


def entry_point_of(code: str, test: str) -> str:
    """Return the function of ``code`` that ``test`` uses; empty if there is none to be found."""
    tree, tests = parsed(code), parsed(test)
    if tree is None or tests is None:
        return ""
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    used = [node.id for node in ast.walk(tests) if isinstance(node, ast.Name)]
    return next((name for name in used if name in defined), "")


def _lines(record: dict[str, Any], name: str, place: str, **default: Any) -> list[str]:
    """Return code that is one text or a list of texts as a list without empty ones."""
    value = field(record, name, (list, str), place=place, form="a list of texts", **default)
    items = [value] if isinstance(value, str) else value or []
    if not all(isinstance(item, str) for item in items):
        raise DataError(f"{place}: field {name!r} must be a list of texts, not {value!r:.60}")
    lines = [_plain(item) for item in items if item.strip()]
    if not lines and not default:
        raise DataError(f"{place}: field {name!r} must hold at least one assert")
    return lines


def _plain(code: str) -> str:
    return code.replace("\r\n", "\n").replace("\r", "\n")

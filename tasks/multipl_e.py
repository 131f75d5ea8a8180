"""MultiPL-E: HumanEval and MBPP in other languages (Cassano et al. 2023).

The rows are the published ones, or have their form (``codeeval translate`` writes it). A program is
a prompt, what a model wrote, and the row's tests; it passes if it ends well after the last of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from codeeval.sandbox.program import END, Ending, Limits, Program
from codeeval.tasks.extract import fence_first
from codeeval.tasks.file_task import PassTask
from codeeval.tasks.functions import placed
from codeeval.tasks.source import Hub, field, locate
from codeeval.tasks.task import DataError, Problem, Sample, TaskOptionError
from codeeval.tasks.translate.cpp import Cpp
from codeeval.tasks.translate.inferred import camel
from codeeval.tasks.translate.languages import TRANSLATORS

__all__ = ["MultiplE"]

BENCHMARKS = ("humaneval", "mbpp")
LIMITS = Limits(cpu_seconds=15.0, wall_seconds=30.0, memory_bytes=2 * 2**30)
RUN_AS = {"go": "go-test"}
FLAGS = {"d": ("-unittest",)}
SHORT = {made.name: language for language, made in TRANSLATORS.items()} | {"go": "go"}
BRACES = (
    *("bash", "cpp", "csharp", "d", "go", "java", "javascript", "perl", "php", "rust", "scala"),
    *("swift", "typescript"),
)
"""Languages whose functions end with a brace."""


@dataclass(frozen=True)
class MultiplE(PassTask):
    """Problems in the form of MultiPL-E's rows.

    Attributes:
        data_file: JSONL with ``name``, ``language``, ``prompt``, ``tests`` and ``stop_tokens``.
        language: Which language's file is taken if none is named.
        benchmark: ``humaneval`` or ``mbpp``.
        limits: What a program may take.
    """

    language: str = "javascript"
    benchmark: str = "humaneval"
    limits: Limits = LIMITS
    name: ClassVar[str] = "multipl-e"
    version: ClassVar[str] = "1"
    rules: ClassVar[str] = "multipl-e-1"

    def __post_init__(self) -> None:
        for name, known in (("language", tuple(TRANSLATORS)), ("benchmark", BENCHMARKS)):
            found = getattr(self, name)
            if found not in known:
                raise TaskOptionError(
                    f"{self.name}: {name} must be one of {', '.join(known)}, not {found!r}"
                )

    @cached_property
    def path(self) -> Path:
        """The file that holds the problems."""
        short = TRANSLATORS[self.language].name.replace("go_test.go", "go")
        stem = f"{self.benchmark}-{short}"
        return locate(
            (f"{stem}.jsonl.gz", f"{stem}.jsonl"),
            task=self.name,
            data_file=self.data_file,
            hub=Hub("nuprl/MultiPL-E", stem),
        )

    def _problem(self, record: dict[str, Any], place: str) -> Problem:
        name = field(record, "name", str, place=place, form="a text")
        short = field(record, "language", str, place=place, form="a text")
        if short not in SHORT:
            known = ", ".join(SHORT)
            raise DataError(f"{place}: field 'language' must be one of {known}, not {short!r}")
        language = SHORT[short]
        prompt, tests = (
            field(record, key, str, place=place, form="a text") for key in ("prompt", "tests")
        )
        stops = field(record, "stop_tokens", list, place=place, form="a list of texts")
        if not all(isinstance(each, str) for each in stops):
            raise DataError(f"{place}: field 'stop_tokens' must be a list of texts")
        try:
            ended = TRANSLATORS[language].ended(tests, END)
        except ValueError as error:
            raise DataError(f"{place}: field 'tests' has no end for {language}: {error}") from error
        return Problem(
            id=name,
            prompt=prompt,
            reference="",
            entry_point="",
            language=language,
            record={"tests": ended, "stop_tokens": tuple(stops)},
        )

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return prompt, answer and tests.

        A completion goes on from the prompt. Of a solution, which may be a chat reply, the first
        block of code counts; see `assembled`.
        """
        stops = problem.record["stop_tokens"]
        if sample.completion is not None:
            begun = problem.prompt + cut(sample.completion, stops)
        else:
            block = fence_first(sample.text) or sample.text
            begun = assembled(problem, block) or problem.prompt + cut(block, stops)
        return f"{begun}\n{problem.record['tests']}"

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Run a sample with the tests of a problem."""
        made = TRANSLATORS[problem.language]
        return Program(
            self.source(problem, sample),
            (Ending(wrong=made.wrong, fails=made.fails, after=made.after),),
            self.limits,
            RUN_AS.get(problem.language, problem.language),
            FLAGS.get(problem.language, ()),
        )


def cut(text: str, stops: tuple[str, ...]) -> str:
    """Return a text up to the first of some others."""
    whole = text + "\n"  # a line that ends where the text does is a line
    places = [place for place in map(whole.find, stops) if place >= 0]
    return text[: min(places)] if places else text


def assembled(problem: Problem, block: str) -> str:
    """Return a program with the function that a block of code has; nothing if it has none.

    Where the tests begin with the function's end, it is left to them.
    """
    made, language = TRANSLATORS[problem.language], problem.language
    name = problem.id.split("_", 2)[-1]
    if language in BRACES:
        spelled = {"java": camel(name), "scala": camel(name), "cpp": Cpp.renamed.get(name, name)}
        if language == "csharp":
            name = "".join(map(str.title, name.split("_")))
        whole = placed(problem.prompt, block, spelled.get(language, name), language)
        if whole is None:
            return ""
        return whole.removesuffix("}").rstrip() if made.closes else whole
    if not re.search(rf"\b{re.escape(name)}\b", block):
        return ""
    lead = problem.prompt.split("\n")[0]
    if language == "python" and not lead.startswith("def "):
        return f"{lead}\n{block}"
    return f"{lead}\n{block}" if lead.startswith("#lang") and "#lang" not in block else block

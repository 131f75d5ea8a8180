"""MultiPL-E: HumanEval and MBPP in other languages (Cassano et al. 2023).

The rows are the published ones, or have their form (``codeeval translate`` writes it). A program is
a prompt, what a model wrote, and the row's tests; it passes if it ends well after the last of them.
Rows of the fixed dialect say so; a completion of theirs ends where its function does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from codeeval.sandbox.program import END, Ending, Limits, Program
from codeeval.tasks.blocks import BLOCKS, whole_of
from codeeval.tasks.endings import finished
from codeeval.tasks.extract import block_with
from codeeval.tasks.file_task import PassTask
from codeeval.tasks.functions import placed
from codeeval.tasks.passable import is_passable
from codeeval.tasks.source import Hub, field, locate
from codeeval.tasks.task import DataError, Problem, Sample, TaskOptionError
from codeeval.tasks.translate.cpp import Cpp
from codeeval.tasks.translate.fixed import DIALECTS
from codeeval.tasks.translate.fixed.cased import FixedCased
from codeeval.tasks.translate.fixed.corrected import Written
from codeeval.tasks.translate.inferred import camel
from codeeval.tasks.translate.languages import TRANSLATORS
from codeeval.tasks.translate.named import Named
from codeeval.tasks.translate.translator import Translator

__all__ = ["MultiplE", "problem_of", "program_of", "source_of"]

BENCHMARKS = ("humaneval", "mbpp")
LIMITS = Limits(cpu_seconds=15.0, wall_seconds=30.0, memory_bytes=2 * 2**30)
RUN_AS = {"go": "go-test"}
FLAGS = {"d": ("-unittest",)}
SHORT = {made.name: language for language, made in TRANSLATORS.items()} | {"go": "go"}
BRACES = (
    *("bash", "c", "cpp", "csharp", "d", "go", "java", "javascript", "perl", "php", "rust"),
    *("scala", "swift", "typescript"),
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
        return problem_of(record, place)

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return prompt, answer and tests; see `source_of`."""
        return source_of(problem, sample)

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Run a sample with the tests of a problem."""
        return program_of(problem, sample, self.limits)


def problem_of(record: dict[str, Any], place: str) -> Problem:
    """Return the problem of a row.

    Args:
        record: The row.
        place: Where it stands, for errors.

    Raises:
        DataError: If it is none.
    """
    name = field(record, "name", str, place=place, form="a text")
    short = field(record, "language", str, place=place, form="a text")
    if short not in SHORT:
        known = ", ".join(SHORT)
        raise DataError(f"{place}: field 'language' must be one of {known}, not {short!r}")
    language = SHORT[short]
    dialect = field(record, "dialect", str, place=place, form="a text", default="published")
    if language not in DIALECTS.get(dialect, ()):
        known = ", ".join(name for name, made in DIALECTS.items() if language in made)
        raise DataError(f"{place}: field 'dialect' must be one of {known}, not {dialect!r}")
    prompt, tests = (
        field(record, key, str, place=place, form="a text") for key in ("prompt", "tests")
    )
    stops = field(record, "stop_tokens", list, place=place, form="a list of texts")
    if not all(isinstance(each, str) for each in stops):
        raise DataError(f"{place}: field 'stop_tokens' must be a list of texts")
    try:
        ended = DIALECTS[dialect][language].ended(tests, END)
    except ValueError as error:
        raise DataError(f"{place}: field 'tests' has no end for {language}: {error}") from error
    passable = dialect != "published" or is_passable(language, name, tests)
    return Problem(
        id=name,
        prompt=prompt,
        reference="",
        entry_point="",
        language=language,
        metadata={"passable": "yes" if passable else "no"},
        record={"tests": ended, "stop_tokens": tuple(stops), "dialect": dialect},
    )


def source_of(problem: Problem, sample: Sample) -> str:
    """Return prompt, answer and tests.

    A completion goes on from the prompt. Of a solution, which may be a chat reply, the first
    block of code counts; see `assembled`.
    """
    if sample.completion is not None:
        begun = problem.prompt + completed(problem, sample.completion)
    else:
        block = block_with(sample.text, called(problem)) or sample.text
        begun = assembled(problem, block) or problem.prompt + completed(problem, block)
    return f"{begun}\n{problem.record['tests']}"


def program_of(problem: Problem, sample: Sample, limits: Limits) -> Program:
    """Run a sample with the tests of a problem."""
    made = made_of(problem)
    return Program(
        source_of(problem, sample),
        (Ending(wrong=made.wrong, fails=made.fails, after=made.after),),
        limits,
        RUN_AS.get(problem.language, problem.language),
        FLAGS.get(problem.language, ()),
    )


def made_of(problem: Problem) -> type[Translator[Any]]:
    """Return what made a problem."""
    return DIALECTS[problem.record["dialect"]][problem.language]


def completed(problem: Problem, text: str) -> str:
    """Return what of a completion counts: up to its function's end, or to the first stop token."""
    if problem.record["dialect"] == "fixed":
        end = finished(text, problem.language)
        if end is not None:
            closing = end.rstrip().removesuffix("}").rstrip() + "\n"
            return closing if made_of(problem).closes else end
    return cut(text, problem.record["stop_tokens"])


def cut(text: str, stops: tuple[str, ...]) -> str:
    """Return a text up to the first of some others."""
    whole = text + "\n"  # a line that ends where the text does is a line
    places = [place for place in map(whole.find, stops) if place >= 0]
    return text[: min(places)] if places else text


def called(problem: Problem) -> str:
    """Return the name of the function that a problem asks for."""
    made, language = made_of(problem), problem.language
    name = problem.id.split("_", 2)[-1]
    if issubclass(made, Written):
        name = made.named(name)
    if issubclass(made, Named):
        name = made.spelled(name)
    if language in BRACES:
        spelled = {"java": camel(name), "scala": camel(name), "cpp": Cpp.renamed.get(name, name)}
        if language == "csharp":
            name = "".join(map(str.title, name.split("_")))
        name = spelled.get(language, name)
        if issubclass(made, FixedCased):
            name = made.renamed.get(name, name)
    return name


def assembled(problem: Problem, block: str) -> str:
    """Return a program with the function that a block of code has; nothing if it has none.

    Where the tests begin with the function's end, it is left to them.
    """
    made, language, name = made_of(problem), problem.language, called(problem)
    if language in BLOCKS:
        return whole_of(language, problem.prompt, block, name)
    if language in BRACES:
        whole = placed(problem.prompt, block, name, language)
        if whole is None:
            return ""
        return whole.removesuffix("}").rstrip() if made.closes else whole
    if not re.search(rf"\b{re.escape(name)}\b", block):
        return ""
    lead = problem.prompt.split("\n")[0]
    if language == "python" and not lead.startswith("def "):
        return f"{lead}\n{block}"
    return f"{lead}\n{block}" if lead.startswith("#lang") and "#lang" not in block else block

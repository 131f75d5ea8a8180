"""The starter benchmark in other languages: its problems to be solved, or solutions translated.

Heads and tests are made of the problems in Python by the compiler of `codeeval.tasks.translate`, in
its fixed dialect. Tests call each function with some of the inputs that the problem has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, ClassVar

from codeeval.sandbox.languages import LANGUAGES
from codeeval.sandbox.program import Limits, Program
from codeeval.sandbox.verdict import Status, Verdict
from codeeval.tasks.file_task import PassTask
from codeeval.tasks.functions import bare
from codeeval.tasks.multipl_e import LIMITS, problem_of, program_of, source_of
from codeeval.tasks.pairs import asked
from codeeval.tasks.source import content_digest, field, read_numbered
from codeeval.tasks.starter_task import DATA
from codeeval.tasks.task import DataError, Problem, Sample, TaskOptionError
from codeeval.tasks.translate.fixed import FIXED
from codeeval.tasks.translate.languages import TRANSLATORS
from codeeval.tasks.translate.source import Untranslatable
from codeeval.tasks.translate.translator import Translator, translate

__all__ = ["CToRust", "StarterMultilingual"]

FOLDER = DATA.parent
TYPED = FOLDER / "typed.jsonl"
"""Made by ``codeeval translate starter --to python``."""
MADE: Mapping[str, type[Translator[Any]]] = {
    name: made for name, made in {**TRANSLATORS, **FIXED}.items() if name in LANGUAGES
}
SECTION = re.compile(r"(?m)^#### (\S+)\n")
SAFE = "safe"
"""The check of a program without ``unsafe``; others have one of another name."""


@dataclass(frozen=True)
class StarterMultilingual(PassTask):
    """Problems of starter in one language.

    Attributes:
        language: The language of the answers.
        source_language: The language from which solutions are to be translated; empty where
            problems are to be solved.
        limits: What a program may take.
    """

    language: str = "rust"
    source_language: str = ""
    limits: Limits = LIMITS
    name: ClassVar[str] = "starter-multilingual"
    version: ClassVar[str] = "1"
    rules: ClassVar[str] = "starter-multilingual-1"

    def __post_init__(self) -> None:
        solved = solved_languages()
        for name, found, known in (
            ("language", self.language, tuple(MADE)),
            ("source_language", self.source_language or solved[0], solved),
        ):
            if found not in known:
                raise TaskOptionError(
                    f"{self.name}: {name} must be one of {', '.join(known)}, not {found!r}"
                )
        if self.language == self.source_language:
            raise TaskOptionError(
                f"{self.name}: source_language is {self.language!r}, the language itself"
            )

    @cached_property
    def path(self) -> Path:
        """The file that holds the problems with their types."""
        return self.data_file or TYPED

    @cached_property
    def digest(self) -> str:
        """The sha256 of the data, in hex; with the solutions that are translated, if any are."""
        own = content_digest(self.path)
        if not self.source_language:
            return own
        return f"{own}+{content_digest(file_of(self.source_language))}"

    @cached_property
    def refused(self) -> Mapping[str, str]:
        """The problems that the language cannot express, with the reasons."""
        found = {}
        for place, record in read_numbered(self.path):
            reason = self._row(record, place)[1]
            if reason:
                found[id_of(record["name"])] = reason
        return found

    def _row(self, record: dict[str, Any], place: str) -> tuple[dict[str, Any], str]:
        """Return a row in the language; or nothing, and why there is none."""
        name, prompt, tests = (
            field(record, key, str, place=place, form="a text")
            for key in ("name", "prompt", "tests")
        )
        made = MADE[self.language]
        try:
            row = translate(made, prompt, tests)
        except Untranslatable as reason:
            return {}, str(reason)
        stops = list(row.stop_tokens)
        texts = {"prompt": row.prompt, "tests": row.tests, "stop_tokens": stops}
        return {"name": name, "language": made.name, "dialect": made.dialect, **texts}, ""

    def _problem(self, record: dict[str, Any], place: str) -> Problem | None:
        row, _ = self._row(record, place)
        if not row:
            return None
        inner = problem_of(row, place)
        name = id_of(inner.id)
        prompt = inner.prompt
        if self.source_language:
            source = solutions(self.source_language).get(name)
            if source is None:  # that language cannot express it
                return None
            prompt = asked(self.source_language, source, self.language, inner.prompt)
        return Problem(
            id=name,
            prompt=prompt,
            reference=solutions(self.language).get(name, ""),
            entry_point="",
            language=self.language,
            metadata=metadata().get(name, {}),
            record={"row": inner},
        )

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return the program with its tests; see `codeeval.tasks.multipl_e.source_of`."""
        return source_of(problem.record["row"], sample)

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Run a sample with the tests of a problem."""
        return program_of(problem.record["row"], sample, self.limits)


@dataclass(frozen=True)
class CToRust(StarterMultilingual):
    """Solutions in C to be translated to Rust: do they pass, and do they without ``unsafe``?"""

    language: str = "rust"
    source_language: str = "c"
    name: ClassVar[str] = "c-to-rust"
    rules: ClassVar[str] = "c-to-rust-1"
    columns: ClassVar[tuple[str, ...]] = ("pass", SAFE)

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.source_language, self.language) != ("c", "rust"):
            raise TaskOptionError(f"{self.name} translates from c to rust only")

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Run a sample; the name of the check tells whether it is safe."""
        made = super().program(problem, sample)
        if is_unsafe(self.source(problem, sample)):
            return made
        return replace(made, checks=tuple(replace(each, name=SAFE) for each in made.checks))

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return 1 for a pass, and 1 for one without ``unsafe``."""
        passed = float(verdict.status is Status.PASSED)
        safe = all(each.name == SAFE for each in verdict.results)
        return {"pass": passed, SAFE: passed * safe}


def is_unsafe(code: str) -> bool:
    """Whether code in Rust has the word ``unsafe``, outside of texts and comments."""
    return re.search(r"\bunsafe\b", bare(code, "rust")) is not None


def id_of(name: str) -> str:
    """Return the id of the problem that a row is made of: ``Starter/0`` of ``Starter_0_f``."""
    return "/".join(name.split("_")[:2])


def file_of(language: str) -> Path:
    """Return the file with the solutions in a language."""
    return DATA if language == "python" else FOLDER / "solutions" / f"{language}.txt"


@cache
def solved_languages() -> tuple[str, ...]:
    """Return the languages that there are solutions in."""
    return tuple(sorted(["python", *(each.stem for each in (FOLDER / "solutions").glob("*.txt"))]))


@cache
def solutions(language: str) -> Mapping[str, str]:
    """Return the solutions in a language by the ids of problems; none if there are none."""
    if language == "python":
        return {
            record["task_id"]: without_docstring(record["prompt"]) + record["canonical_solution"]
            for _, record in read_numbered(DATA)
        }
    if not file_of(language).is_file():
        return {}
    parts = SECTION.split(file_of(language).read_text("utf-8"))
    if parts[0].strip():
        raise DataError(f"{file_of(language)}: text before the first line that begins with ####")
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def without_docstring(prompt: str) -> str:
    """Return the head of a function in Python, and what stands before it."""
    return re.sub(r'(?s)\n    """.*?"""\n\Z', "\n", prompt)


@cache
def metadata() -> Mapping[str, Mapping[str, Any]]:
    """Return what starter says of its problems, by their ids."""
    keys = ("difficulty", "domain", "released")
    return {
        record["task_id"]: {key: record[key] for key in keys if record.get(key) is not None}
        for _, record in read_numbered(DATA)
    }

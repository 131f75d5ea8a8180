"""Your own benchmark without code: a folder with ``task.yaml`` and a JSONL file of problems.

A problem is judged by what its record holds: ``tests`` (asserts or classes of unittest as text),
``inputs`` (argument lists; the reference gives the outputs), ``inputs`` and ``outputs``, or
``cases`` (pairs of input and output text for a program that reads stdin and prints).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import yaml

from codeeval.sandbox.codec import Unencodable, encode, pack
from codeeval.sandbox.program import (
    Asserts,
    Blob,
    Calls,
    Check,
    Limits,
    Program,
    Stdio,
    Truth,
    UnitTests,
)
from codeeval.sandbox.verdict import Status, Verdict
from codeeval.tasks.sanitize import parsed
from codeeval.tasks.sealing import called_functions, has_test_methods, test_names
from codeeval.tasks.source import content_digest, field, read_numbered
from codeeval.tasks.task import DataError, Problem, Sample

__all__ = ["Custom", "SETTINGS_FILE"]

SETTINGS_FILE = "task.yaml"
SETTINGS = (
    "name",
    "version",
    "problems",
    "description",
    "limits",
    "minimum_seconds",
    "time_factor",
)
KINDS = ("tests", "inputs", "cases")
METADATA = ("difficulty", "domain", "released")


@dataclass(frozen=True)
class Custom:
    """A benchmark in a folder.

    Attributes:
        folder: It holds ``task.yaml``: ``name``, and if wanted ``version``, ``problems`` (the
            file's name, by default problems.jsonl), ``description``, ``limits`` (fields of
            `Limits`), ``minimum_seconds`` and ``time_factor`` (of one call, see `Calls`).
        data_file: A problem file that takes the place of the folder's.
    """

    folder: Path
    data_file: Path | None = None
    rules: ClassVar[str] = "custom-1"
    columns: ClassVar[tuple[str, ...]] = ("pass",)

    @cached_property
    def _settings(self) -> Mapping[str, Any]:
        path = self.folder / SETTINGS_FILE
        try:
            settings = yaml.safe_load(path.read_text("utf-8-sig"))
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path}: cannot be read: {error}") from error
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f"{path}, line {mark.line + 1}" if mark else str(path)
            problem = getattr(error, "problem", None) or str(error)
            raise DataError(f"{place}: not YAML: {problem}") from error
        if not isinstance(settings, dict):
            raise DataError(f"{path}: must hold keys and values such as 'name: my-task'")
        _known(settings, SETTINGS, str(path), "key")
        field(settings, "name", str, place=str(path), form="a text")
        for name in ("problems", "description"):
            field(settings, name, str, place=str(path), form="a text", default="")
        form = "a text in quotes such as '1.0'"
        field(settings, "version", (str, int), place=str(path), form=form, default="")
        for name in ("minimum_seconds", "time_factor"):
            form = "a number above 0"
            value = field(settings, name, (int, float), place=str(path), form=form, default=1)
            if not 0 < value < float("inf"):
                raise DataError(f"{path}: field {name!r} must be {form}, not {value!r}")
        return settings

    @property
    def name(self) -> str:
        """Its name in ``task.yaml``."""
        return str(self._settings["name"])

    @property
    def version(self) -> str:
        """Its version in ``task.yaml``; 1 if it says nothing."""
        return str(self._settings.get("version") or "1")

    @cached_property
    def path(self) -> Path:
        """The file that holds the problems."""
        if self.data_file is not None:
            return self.data_file
        return self.folder / (self._settings.get("problems") or "problems.jsonl")

    @cached_property
    def digest(self) -> str:
        """The sha256 of the problems, in hex."""
        return content_digest(self.path)

    @cached_property
    def limits(self) -> Limits:
        """What a program may take: the default limits, and those in ``task.yaml``."""
        place = f"{self.folder / SETTINGS_FILE}"
        form = "a mapping such as {cpu_seconds: 10}"
        given = field(self._settings, "limits", dict, place=place, form=form, default={})
        names = {name: type(value) for name, value in asdict(Limits()).items()}
        _known(given, tuple(names), place, "limit")
        for name in given:
            whole = names[name] is int
            form = "a whole number" if whole else "a number"
            field(given, name, int if whole else (int, float), place=place, form=form)
        try:
            return Limits(**{name: names[name](value) for name, value in given.items()})
        except ValueError as error:
            raise DataError(f"{place}: {error}") from error

    @cached_property
    def _loaded(self) -> dict[str, tuple[Problem, Check]]:
        loaded: dict[str, tuple[Problem, Check]] = {}
        places: dict[str, str] = {}
        for place, record in read_numbered(self.path):
            problem = _problem(record, place)
            if problem.id in loaded:
                raise DataError(
                    f"{place}: task_id {problem.id!r} is already that of {places[problem.id]}"
                )
            loaded[problem.id] = (problem, self._check(problem, place))
            places[problem.id] = place
        if not loaded:
            raise DataError(f"{self.path}: no problems in it")
        return loaded

    def problems(self) -> Iterator[Problem]:
        """Yield the problems in file order; all of them are checked first."""
        for problem, _ in self._loaded.values():
            yield problem

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return the prompt and the completion, or the solution as it is.

        The prompt of a stdin/stdout problem is no code: there a completion is a whole program.
        """
        if sample.completion is None or "cases" in problem.record:
            return sample.text
        return problem.prompt + sample.text

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Check the sample as its problem's record asks."""
        check = self._loaded[problem.id][1]
        return Program(self.source(problem, sample), (check,), self.limits)

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return 1 for a pass."""
        return {"pass": float(verdict.status is Status.PASSED)}

    def _check(self, problem: Problem, place: str) -> Check:
        record = problem.record
        if "tests" in record:
            tests = _code(record, place)
            if names := test_names(tests):
                return UnitTests(tests, names)
            if has_test_methods(tests):
                raise DataError(
                    f"{place}: field 'tests' has methods named 'test...' in classes that are not, "
                    "at its top level, derived from unittest.TestCase by that name"
                )
            return Asserts(
                tests=tests,
                reference=problem.reference,
                entry_points=called_functions(tests, problem.reference),
            )
        if "cases" in record:
            return Stdio(cases=_cases(record, place))
        inputs = _lists(record, "inputs", place)
        outputs = record.get("outputs")
        if outputs is None and not problem.reference:
            raise DataError(
                f"{place}: field 'inputs' needs 'outputs' (a list of values) or a reference "
                "('canonical_solution' or 'reference') that gives them"
            )
        truth = None
        if outputs is not None:
            if not isinstance(outputs, list) or len(outputs) != len(inputs):
                raise DataError(
                    f"{place}: field 'outputs' must be a list of {len(inputs)} values, one for "
                    f"each of 'inputs', not {outputs!r:.60}"
                )
            expected = Blob(_packed(outputs, "outputs", place))
            truth = Truth(expected, (0.0,) * len(inputs))
        form = "a number, 0 or more"
        atol = field(record, "atol", (int, float), place=place, form=form, default=0)
        if not 0 <= atol < float("inf"):
            raise DataError(f"{place}: field 'atol' must be {form}, not {atol!r}")
        return Calls(
            entry_point=problem.entry_point,
            inputs=Blob(_packed([tuple(args) for args in inputs], "inputs", place)),
            reference="" if truth else problem.reference,
            truth=truth,
            # JSON has no tuples: outputs that are written down cannot tell them from lists.
            oracle="json" if truth else "equal",
            atol=float(atol),
            minimum_seconds=float(self._settings.get("minimum_seconds") or Calls.minimum_seconds),
            time_factor=float(self._settings.get("time_factor") or Calls.time_factor),
        )


def _problem(record: dict[str, Any], place: str) -> Problem:
    """Make a problem of a record whose common fields are right."""
    form = "a text or a number"
    task_id = str(field(record, "task_id", (str, int), place=place, form=form)).strip()
    if not task_id:
        raise DataError(f"{place}: field 'task_id' must be {form}, not ''")
    kinds = [kind for kind in KINDS if record.get(kind) is not None]
    if len(kinds) != 1:
        raise DataError(
            f"{place}: a problem must have one of the fields 'tests' (asserts), 'inputs' "
            f"(argument lists) and 'cases' (stdin and stdout), not {' and '.join(kinds) or 'none'}"
        )
    prompt = field(record, "prompt", str, place=place, form="a text")
    entry_point = ""
    if kinds != ["cases"]:
        form = "the name of the function that is asked for"
        default = {"default": ""} if kinds == ["tests"] else {}
        entry_point = field(record, "entry_point", str, place=place, form=form, **default)
        if not entry_point.isidentifier() and (entry_point or not default):
            raise DataError(f"{place}: field 'entry_point' must be {form}, not {entry_point!r}")
    texts = {
        name: field(record, name, str, place=place, form="a text", default=None)
        for name in ("reference", "canonical_solution")
    }
    reference = texts["reference"] or ""
    if not reference and texts["canonical_solution"]:
        joined = "" if kinds == ["cases"] else prompt
        reference = joined + texts["canonical_solution"]
    metadata = {name: record[name] for name in METADATA if record.get(name) is not None}
    return Problem(task_id, prompt, reference, entry_point, metadata=metadata, record=record)


def _code(record: Mapping[str, Any], place: str) -> str:
    """Return the asserts of a problem as one text."""
    tests = record["tests"]
    lines = [tests] if isinstance(tests, str) else tests
    if (
        not isinstance(lines, list)
        or not all(isinstance(line, str) for line in lines)
        or not "".join(lines).strip()
    ):
        raise DataError(
            f"{place}: field 'tests' must be a text or a list of texts with asserts, "
            f"not {tests!r:.60}"
        )
    code = "\n".join(lines) + "\n"
    if parsed(code) is None:
        raise DataError(f"{place}: field 'tests' must be Python that parses, not {code!r:.60}")
    return code


def _cases(record: Mapping[str, Any], place: str) -> tuple[tuple[str, str], ...]:
    """Return the cases of a stdin/stdout problem as pairs of texts."""
    cases = record["cases"]
    form = 'a list of cases such as {"input": "1 2\\n", "output": "3\\n"}'
    if not isinstance(cases, list) or not cases:
        raise DataError(f"{place}: field 'cases' must be {form}, not {cases!r:.60}")
    for number, case in enumerate(cases, start=1):
        if (
            not isinstance(case, dict)
            or not isinstance(case.get("input"), str)
            or not isinstance(case.get("output"), str)
        ):
            raise DataError(f"{place}: field 'cases' must be {form}; case {number} is {case!r:.60}")
    return tuple((case["input"], case["output"]) for case in cases)


def _lists(record: Mapping[str, Any], name: str, place: str) -> list[list[Any]]:
    """Return a field that holds argument lists."""
    value = record[name]
    form = "a list of argument lists such as [[1, 2], [3, 4]]"
    if not isinstance(value, list) or not value:
        raise DataError(f"{place}: field {name!r} must be {form}, not {value!r:.60}")
    for number, args in enumerate(value, start=1):
        if not isinstance(args, list):
            raise DataError(
                f"{place}: field {name!r} must be {form}; number {number} is {args!r:.60}"
            )
    return value


def _packed(values: list[Any], name: str, place: str) -> bytes:
    try:
        return pack([encode(value) for value in values])
    except Unencodable as error:
        raise DataError(f"{place}: field {name!r} cannot be used: {error}") from error


def _known(given: Mapping[Any, Any], known: tuple[str, ...], place: str, what: str) -> None:
    """Refuse keys that nobody reads: they are misspelt."""
    for key in given:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"
            raise DataError(f"{place}: no {what} {key!r}{hint}")

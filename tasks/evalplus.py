"""HumanEval+ and MBPP+: many more inputs, outputs compared with the reference's (Liu et al. 2023).

Each problem has base inputs (those of the original tests) and plus inputs. A sample counts for
plus only if it passes both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from codeeval.sandbox.codec import encode, pack
from codeeval.sandbox.program import GIB, Asserts, Blob, Calls, Check, Limits, Program
from codeeval.sandbox.verdict import Status, Verdict
from codeeval.tasks.evalplus_inputs import from_json, to_json
from codeeval.tasks.humaneval import helpers_in
from codeeval.tasks.mbpp import entry_point_of
from codeeval.tasks.sealing import called_functions
from codeeval.tasks.source import Hub, content_digest, content_md5, field, locate, read_numbered
from codeeval.tasks.task import DataError, Problem, Sample, TaskOptionError

__all__ = ["EvalPlus", "HumanEvalPlus", "MbppPlus"]

# A whole check is cut at min(60, sum of its calls' limits) and 2 s more for start and end.
LIMITS = Limits(cpu_seconds=62.0, wall_seconds=70.0, memory_bytes=4 * GIB)
TIME_FACTOR = 4.0
MINIMUM_SECONDS = {"head": 4.0, "evalplus-0.3.1": 1.0}
"""Floor of one call's time limit: repository head of October 2025, and the released version."""

VARIANTS = {"full": "", "mini": "-Mini", "noextreme": "-NoExtreme", "originfmt": "-OriginFmt"}


@dataclass(frozen=True)
class EvalPlus:
    """What both benchmarks share.

    Attributes:
        data_file: A data file in any of the upstream layouts; found by itself if None.
        release: The data version; the newest, or that of the data file, if None.
        variant: ``full``; ``mini`` (few plus inputs); ``noextreme`` (without extreme inputs);
            ``originfmt`` (test code in place of inputs, as on the hub; not sealed).
        base_only: Whether the plus inputs are left out.
        compat: ``head``, or ``evalplus-0.3.1``: the rules of the released version, with shorter
            time limits and with HumanEval/32 failed whatever the sample.
        limits: What one check may take.
        all_failures: Whether a check goes on after a failure and reports every one.
        minimum_seconds: Floor of one call's time limit; that of ``compat`` if None.
        time_factor: A call may take this many times the reference's CPU time.
    """

    data_file: Path | None = None
    release: str | None = None
    variant: str = "full"
    base_only: bool = False
    compat: str = "head"
    limits: Limits = LIMITS
    all_failures: bool = False
    minimum_seconds: float | None = None
    time_factor: float = TIME_FACTOR
    name: ClassVar[str]
    _stem: ClassVar[str]
    _hub: ClassVar[Hub]
    _override: ClassVar[str]
    _md5: ClassVar[Mapping[tuple[str, str], str]]
    """The md5 of the uncompressed file of each release and variant, newest release first."""
    _oracles: ClassVar[Mapping[str, str]]
    """The special rule of a problem, by its entry point."""

    def __post_init__(self) -> None:
        releases = sorted({release for release, _ in self._md5})
        if self.release is not None and self.release not in releases:
            raise TaskOptionError(
                f"{self.name}: no release {self.release!r}; there are {', '.join(releases)}"
            )
        if self.compat not in MINIMUM_SECONDS:
            raise TaskOptionError(
                f"{self.name}: compat must be one of {', '.join(MINIMUM_SECONDS)}, "
                f"not {self.compat!r}"
            )
        if self._asked not in self._md5 and self.data_file is None:
            known = [variant for release, variant in self._md5 if release == self._asked[0]]
            raise TaskOptionError(
                f"{self.name}@{self._asked[0]}: no variant {self.variant!r}; there are "
                + ", ".join(known)
            )

    @property
    def _asked(self) -> tuple[str, str]:
        return (self.release or next(iter(self._md5))[0], self.variant)

    @property
    def rules(self) -> str:
        """Whose rules they are, and the version of ours."""
        return f"{'evalplus-head' if self.compat == 'head' else self.compat}-1"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of `score`; the hub's HumanEval+ mixes base and plus inputs."""
        if self.base_only:
            return ("base",)
        return ("base", "plus") if self._has_base else ("plus",)

    @cached_property
    def path(self) -> Path:
        """The file that holds the data."""
        release, variant = self._asked
        stem = f"{self._stem}{VARIANTS.get(variant, '')}-v{release}.jsonl"
        latest = self._asked[0] == next(iter(self._md5))[0]
        return locate(
            (f"{stem}.gz", stem),
            task=self.name,
            data_file=self.data_file,
            override=self._override,
            hub=self._hub if latest and variant in ("full", "originfmt") else None,
        )

    @cached_property
    def md5(self) -> str:
        """The md5 of the uncompressed data: ``hash`` in EvalPlus's result files."""
        return content_md5(self.path)

    @cached_property
    def digest(self) -> str:
        """The sha256 of the uncompressed data, in hex."""
        return content_digest(self.path)

    @cached_property
    def version(self) -> str:
        """The release and variant that the data are, whatever their file is called.

        Data of unknown content are called by it: ``sha256:1f2e...``; with ``asserts`` in front if
        they hold test code, which is judged unsealed.
        """
        for (release, variant), md5 in self._md5.items():
            if md5 == self.md5:
                if self.release not in (None, release):
                    raise DataError(
                        f"{self.path}: these data are release {release}, not {self.release}"
                    )
                return release if variant == "full" else f"{release}-{variant}"
        return ("asserts-" if self._has_asserts else "") + f"sha256:{self.digest[:12]}"

    @cached_property
    def _problems(self) -> tuple[Problem, ...]:
        _ = self.version  # first of all: that the release is another is the better message
        return tuple(self._problem(record, place) for place, record in self._records)

    @cached_property
    def _records(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        records = tuple(read_numbered(self.path))
        if not records:
            raise DataError(f"{self.path}: no problems in it")
        return records

    @property
    def _has_asserts(self) -> bool:
        """Whether the data hold test code in place of inputs."""
        record = self._records[0][1]
        return "plus_input" not in record and "test" in record

    @property
    def _has_base(self) -> bool:
        return not self._has_asserts or "test_list" in self._records[0][1]

    @cached_property
    def _checks(self) -> dict[str, tuple[Check, ...]]:
        return {}  # filled as problems are asked for: encoding all inputs takes seconds

    def problems(self) -> Iterator[Problem]:
        """Yield the problems in file order."""
        yield from self._problems

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return the prompt and the completion, or the solution as it is."""
        return sample.text if sample.completion is None else problem.prompt + sample.text

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Check the sample with the base inputs, and with the plus inputs whatever came of it."""
        checks = self._checks.get(problem.id)
        if checks is None:
            make = self._asserts if "plus_input" not in problem.record else self._calls
            checks = self._checks.setdefault(problem.id, make(problem))
        return Program(self.source(problem, sample), checks, self.limits)

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return 1 for base if the base check passed, for plus if both did."""
        passed = {result.name for result in verdict.results if result.status is Status.PASSED}
        needed = {"base": {"base"}, "plus": {"base", "plus"} if self._has_base else {"plus"}}
        return {column: float(needed[column] <= passed) for column in self.columns}

    def input_as_json(self, problem: Problem, check: str, position: int) -> list[Any]:
        """Return one input of a check, ``base`` or ``plus``, as EvalPlus's result files have it."""
        args = problem.record[f"{check}_input"][position]
        return self._as_json(problem, self.arguments(problem, args))

    def _as_json(self, problem: Problem, args: tuple[Any, ...]) -> list[Any]:
        return list(args)

    def arguments(self, problem: Problem, args: list[Any]) -> tuple[Any, ...]:
        """Return the arguments of a call, from how the data's files hold them."""
        return tuple(args)

    def _calls(self, problem: Problem) -> tuple[Check, ...]:
        record = problem.record
        oracle = self._oracles.get(problem.entry_point, "")
        if oracle == "root" and self.compat == "evalplus-0.3.1":
            oracle = "never"
        minimum = self.minimum_seconds
        if minimum is None:
            minimum = MINIMUM_SECONDS[self.compat]
        return tuple(
            Calls(
                entry_point=problem.entry_point,
                inputs=self._blob(problem, name),
                reference=problem.reference,
                oracle=f"evalplus:{oracle}" if oracle else "evalplus",
                atol=float(record["atol"]),
                minimum_seconds=minimum,
                time_factor=self.time_factor,
                all_failures=self.all_failures,
                name=name,
            )
            for name in self.columns
        )

    def _blob(self, problem: Problem, name: str) -> Blob:
        try:
            return Blob(
                pack(
                    [
                        encode(self.arguments(problem, args))
                        for args in problem.record[f"{name}_input"]
                    ]
                )
            )
        except (TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f"{self.path}: {problem.id}: field '{name}_input' must be a list of argument "
                f"lists that the function takes ({error})"
            ) from error

    def _asserts(self, problem: Problem) -> tuple[Check, ...]:
        raise NotImplementedError

    def _problem(self, record: dict[str, Any], place: str) -> Problem:
        if self._has_asserts:
            return self._problem_with_asserts(record, place)
        for name in ("task_id", "prompt", "canonical_solution", "entry_point"):
            field(record, name, str, place=place, form="a text")
        field(record, "atol", (int, float), place=place, form="a number")
        inputs = {
            name: field(record, name, (list, dict), place=place, form="a list of argument lists")
            or []  # Mbpp/793 has an empty object for no inputs
            for name in ("base_input", "plus_input")
        }
        return Problem(
            id=record["task_id"],
            prompt=record["prompt"],
            reference=record["prompt"] + record["canonical_solution"],
            entry_point=record["entry_point"],
            record={**record, **inputs},
        )

    def _problem_with_asserts(self, record: dict[str, Any], place: str) -> Problem:
        raise NotImplementedError


@dataclass(frozen=True)
class HumanEvalPlus(EvalPlus):
    """HumanEval with about 750 inputs for each of its 164 problems, and corrected references."""

    name: ClassVar[str] = "humaneval-plus"
    _stem: ClassVar[str] = "HumanEvalPlus"
    _hub: ClassVar[Hub] = Hub("evalplus/humanevalplus")
    _override: ClassVar[str] = "HUMANEVAL_OVERRIDE_PATH"
    _md5: ClassVar[Mapping[tuple[str, str], str]] = {
        ("0.1.10", "full"): "fe585eb4df8c88d844eeb463ea4d0302",
        ("0.1.10", "mini"): "401e75ad986361dccc7afecb4121e295",
        ("0.1.10", "noextreme"): "413980104ee0339c147ac09653cee3db",
        ("0.1.10", "originfmt"): "03c016fe9c023eac1a6490f473958628",
        ("0.1.9", "full"): "84f4b93a1270b492e4c54d5212da7a5b",
    }
    _oracles: ClassVar[Mapping[str, str]] = {"find_zero": "root"}

    def _asserts(self, problem: Problem) -> tuple[Check, ...]:
        test = problem.record["test"]
        check = Asserts(
            tests=f"{test}\ncheck({problem.entry_point})\n",
            setup=helpers_in(problem.prompt, problem.entry_point, test),
            reference=problem.reference,
            entry_points=(problem.entry_point,),
            name="plus",
        )
        return (check,)

    def _problem_with_asserts(self, record: dict[str, Any], place: str) -> Problem:
        for name in ("task_id", "prompt", "canonical_solution", "entry_point", "test"):
            field(record, name, str, place=place, form="a text")
        if self.base_only:
            raise DataError(f"{place}: test code cannot be run with base inputs only")
        return Problem(
            id=record["task_id"],
            prompt=record["prompt"],
            reference=record["prompt"] + record["canonical_solution"],
            entry_point=record["entry_point"],
            record=record,
        )


@dataclass(frozen=True)
class MbppPlus(EvalPlus):
    """MBPP's sanitized problems with about a hundred inputs each: 378 (0.2.0) or 399 (0.1.0)."""

    name: ClassVar[str] = "mbpp-plus"
    _stem: ClassVar[str] = "MbppPlus"
    _hub: ClassVar[Hub] = Hub("evalplus/mbppplus")
    _override: ClassVar[str] = "MBPP_OVERRIDE_PATH"
    _md5: ClassVar[Mapping[tuple[str, str], str]] = {
        ("0.2.0", "full"): "ee43ecabebf20deef4bb776a405ac5b1",
        ("0.2.0", "noextreme"): "85d8d7a406c0686e80353e676189bfee",
        ("0.2.0", "originfmt"): "ecca953ca5196893c1bdf3ea16e8ef13",
        ("0.1.0", "full"): "ebe95df0d5220f00cedd6f4bddea35e4",
    }
    _oracles: ClassVar[Mapping[str, str]] = {
        "are_equivalent": "any",
        "sum_div": "or-zero",
        "surface_Area": "surface-area",
        "digit_distance_nums": "digit-distance",
        **dict.fromkeys(
            [
                "similar_elements",
                "find_char_long",
                "common_in_nested_lists",
                "extract_singly",
                "larg_nnum",
                "intersection_array",
                "find_dissimilar",
                "Diff",
            ],
            "set",
        ),
        **dict.fromkeys(["check_str", "text_match_three", "text_starta_endb"], "not-none"),
    }

    def arguments(self, problem: Problem, args: list[Any]) -> tuple[Any, ...]:
        """Return the arguments of a call, from how the data's files hold them."""
        return from_json(_number(problem.id), args)

    def _as_json(self, problem: Problem, args: tuple[Any, ...]) -> list[Any]:
        return to_json(_number(problem.id), args)

    def _asserts(self, problem: Problem) -> tuple[Check, ...]:
        record = problem.record
        base = "\n".join([*record["test_imports"], *record["test_list"]]) + "\n"
        checks = tuple(
            Asserts(
                tests=tests,
                reference=problem.reference,
                entry_points=called_functions(tests, problem.reference),
                name=name,
            )
            for name, tests in (("base", base), ("plus", record["test"]))
        )
        return checks[: len(self.columns)]

    def _problem_with_asserts(self, record: dict[str, Any], place: str) -> Problem:
        number = field(record, "task_id", (int, str), place=place, form="a number such as 11")
        for name in ("prompt", "code", "test"):
            field(record, name, str, place=place, form="a text")
        imports = field(
            record, "test_imports", list, place=place, form="a list of texts", default=[]
        )
        tests = field(record, "test_list", list, place=place, form="a list of asserts")
        if not tests or not all(isinstance(item, str) for item in (*imports, *tests)):
            raise DataError(
                f"{place}: fields 'test_list' and 'test_imports' must be lists of texts"
            )
        return Problem(
            id=f"Mbpp/{str(number).rpartition('/')[2]}",
            prompt=f'"""\n{record["prompt"]}\n{tests[0]}\n"""\n',
            reference=record["code"],
            entry_point=entry_point_of(record["code"], tests[0]),
            record={**record, "test_imports": imports},
        )


def _number(task_id: str) -> int:
    """Return the number of an id: 2 for Mbpp/2; 0 if it has none."""
    number = task_id.rpartition("/")[2]
    return int(number) if number.isascii() and number.isdigit() else 0

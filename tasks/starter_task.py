"""The benchmark that ships with the package: small, written here, needs no network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from codeeval.sandbox.codec import encode, pack
from codeeval.sandbox.program import Blob, Calls, Limits, Program
from codeeval.sandbox.verdict import Status, Verdict
from codeeval.tasks.source import content_digest, field, read_numbered
from codeeval.tasks.task import DataError, Problem, Sample

__all__ = ["Starter"]

DATA = Path(__file__).parent / "starter" / "problems.jsonl"
LIMITS = Limits(cpu_seconds=20.0, wall_seconds=30.0)
MINIMUM_SECONDS = 1.0
TEXTS = ("task_id", "entry_point", "prompt", "canonical_solution")
METADATA = ("difficulty", "domain", "released")


@dataclass(frozen=True)
class Starter:
    """Function-level problems with hidden inputs; outputs are compared with the reference's.

    Attributes:
        data_file: Another file of the same form.
        limits: What a program may take.
    """

    data_file: Path | None = None
    limits: Limits = LIMITS
    name: ClassVar[str] = "starter"
    version: ClassVar[str] = "1"
    rules: ClassVar[str] = "starter-1"
    columns: ClassVar[tuple[str, ...]] = ("pass",)

    @property
    def path(self) -> Path:
        """The file that holds the data."""
        return self.data_file or DATA

    @cached_property
    def digest(self) -> str:
        """The sha256 of the data, in hex."""
        return content_digest(self.path)

    @cached_property
    def _problems(self) -> tuple[Problem, ...]:
        problems = tuple(_problem(record, place) for place, record in read_numbered(self.path))
        if not problems:
            raise DataError(f"{self.path}: no problems in it")
        return problems

    @cached_property
    def _checks(self) -> dict[str, Calls]:
        return {}  # filled as problems are asked for

    def problems(self) -> Iterator[Problem]:
        """Yield the problems in file order."""
        yield from self._problems

    def source(self, problem: Problem, sample: Sample) -> str:
        """Return the prompt and the completion, or the solution as it is."""
        return sample.text if sample.completion is None else problem.prompt + sample.text

    def program(self, problem: Problem, sample: Sample) -> Program:
        """Call the function with every hidden input."""
        check = self._checks.get(problem.id)
        if check is None:
            inputs = pack([encode(tuple(args)) for args in problem.record["inputs"]])
            check = Calls(
                entry_point=problem.entry_point,
                inputs=Blob(inputs),
                reference=problem.reference,
                atol=float(problem.record.get("atol") or 0),
                minimum_seconds=MINIMUM_SECONDS,
            )
            check = self._checks.setdefault(problem.id, check)
        return Program(self.source(problem, sample), (check,), self.limits)

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return 1 for a pass."""
        return {"pass": float(verdict.status is Status.PASSED)}


def _problem(record: dict[str, Any], place: str) -> Problem:
    for name in TEXTS:
        field(record, name, str, place=place, form="a text")
    inputs = field(record, "inputs", list, place=place, form="a list of argument lists")
    if not inputs or not all(isinstance(args, list) for args in inputs):
        raise DataError(f"{place}: field 'inputs' must be a list of argument lists, not {inputs!r}")
    return Problem(
        id=record["task_id"],
        prompt=record["prompt"],
        reference=record["prompt"] + record["canonical_solution"],
        entry_point=record["entry_point"],
        metadata={name: record[name] for name in METADATA if record.get(name) is not None},
        record=record,
    )

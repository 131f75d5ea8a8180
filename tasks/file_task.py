"""What tasks have in common whose problems are the records of one file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from codeeval.sandbox.verdict import Status, Verdict
from codeeval.tasks.source import Hub, content_digest, locate, read_numbered
from codeeval.tasks.task import DataError, Problem

__all__ = ["FileTask", "PassTask"]


@dataclass(frozen=True)
class FileTask:
    """A task whose problems are the records of one file.

    Attributes:
        data_file: The file with the problems; found by itself if None.
    """

    data_file: Path | None = None
    name: ClassVar[str]
    file_names: ClassVar[tuple[str, ...]]
    hub: ClassVar[Hub | None] = None

    @cached_property
    def path(self) -> Path:
        """The file that holds the problems."""
        return locate(self.file_names, task=self.name, data_file=self.data_file, hub=self.hub)

    @cached_property
    def digest(self) -> str:
        """The sha256 of the data, in hex."""
        return content_digest(self.path)

    @cached_property
    def _problems(self) -> tuple[Problem, ...]:
        found = (self._checked(record, place) for place, record in read_numbered(self.path))
        problems = tuple(problem for problem in found if problem is not None)
        known: set[str] = set()
        for problem in problems:
            if problem.id in known:
                raise DataError(f"{self.path}: two problems are called {problem.id!r}")
            known.add(problem.id)
        if not problems:
            raise DataError(f"{self.path}: no problems in it that {self.name} can use")
        return problems

    def _checked(self, record: dict[str, Any], place: str) -> Problem | None:
        try:
            return self._problem(record, place)
        except DataError:
            raise
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            found = f"{type(error).__name__}: {error}"
            raise DataError(f"{place}: no record of {self.name}; {found}") from error

    def _problem(self, record: dict[str, Any], place: str) -> Problem | None:
        """Return the problem of a record of the file; None if it is left out."""
        raise NotImplementedError

    def problems(self) -> Iterator[Problem]:
        """Yield the problems in file order."""
        yield from self._problems


@dataclass(frozen=True)
class PassTask(FileTask):
    """One whose samples pass or do not."""

    columns: ClassVar[tuple[str, ...]] = ("pass",)

    def score(self, problem: Problem, verdict: Verdict) -> Mapping[str, float]:
        """Return 1 for a sample that passes."""
        return {"pass": float(verdict.status is Status.PASSED)}

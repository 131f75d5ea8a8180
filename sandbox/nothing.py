"""The executor of tasks whose samples are read and not run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import NoReturn, Self

from codeeval.sandbox.errors import SandboxUnavailable
from codeeval.sandbox.program import Program, Truth
from codeeval.sandbox.verdict import Verdict

__all__ = ["NoExecutor"]


class NoExecutor:
    """Runs nothing: whatever it is asked to run raises SandboxUnavailable."""

    isolation = "nothing is run"

    def submit(self, program: Program) -> Future[Verdict]:
        """Refuse."""
        self._refuse()

    def run(self, program: Program) -> Verdict:
        """Refuse."""
        self._refuse()

    def run_many(self, programs: Iterable[Program]) -> Iterator[Verdict]:
        """Refuse."""
        self._refuse()

    def truth(self, program: Program) -> Truth:
        """Refuse."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise SandboxUnavailable("no sandbox was opened, as nothing of this task is run")

    def close(self) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing."""

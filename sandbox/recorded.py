"""Executors that run nothing: they give back the verdicts of an earlier run.

For tests of whatever uses an executor, and to look at a run again where no sandbox can be had.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Self

from codeeval.sandbox.errors import SandboxError
from codeeval.sandbox.executor import Executor
from codeeval.sandbox.program import Blob, Program, Truth
from codeeval.sandbox.verdict import Verdict

__all__ = ["NotRecorded", "RecordedExecutor", "RecordingExecutor", "read_recording"]


class NotRecorded(SandboxError, LookupError):
    """A recording does not hold the verdict of this program."""


def read_recording(path: Path) -> tuple[dict[str, Verdict], dict[str, Truth]]:
    """Return the verdicts and truths in a file that a `RecordingExecutor` wrote, by digest.

    Raises:
        ValueError: If a line of it cannot be read.
    """
    verdicts, truths = dict[str, Verdict](), dict[str, Truth]()
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                record = json.loads(line)
                if "truth" in record:
                    truth = record["truth"]
                    truths[record["digest"]] = Truth(
                        Blob(bytes.fromhex(truth["expected"])), tuple(truth["cpu_seconds"])
                    )
                else:
                    verdicts[record["digest"]] = Verdict.from_dict(record["verdict"])
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path}, line {number}: no recorded verdict: {error}") from error
    return verdicts, truths


class RecordedExecutor:
    """An executor that knows the verdicts already.

    Args:
        verdicts: The verdict of each program, by ``Program.digest``.
        truths: What each reference did, by the digest of its program.
    """

    isolation = "recorded"

    def __init__(
        self, verdicts: Mapping[str, Verdict], truths: Mapping[str, Truth] | None = None
    ) -> None:
        self._verdicts = verdicts
        self._truths = truths or {}

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Return an executor with the verdicts in a file; see `read_recording`."""
        return cls(*read_recording(path))

    def submit(self, program: Program) -> Future[Verdict]:
        """Look up a verdict."""
        future: Future[Verdict] = Future()
        try:
            future.set_result(self.run(program))
        except NotRecorded as error:
            future.set_exception(error)
        return future

    def run(self, program: Program) -> Verdict:
        """Look up a verdict.

        Raises:
            NotRecorded: If it is not there.
        """
        try:
            return self._verdicts[program.digest]
        except KeyError:
            raise NotRecorded(
                f"no verdict of the program {program.digest[:12]} among {len(self._verdicts)}; "
                "its source, checks or limits are not those of the recording"
            ) from None

    def run_many(self, programs: Iterable[Program]) -> Iterator[Verdict]:
        """Look up verdicts."""
        return map(self.run, programs)

    def truth(self, program: Program) -> Truth:
        """Look up what a reference did.

        Raises:
            NotRecorded: If it is not there.
        """
        try:
            return self._truths[program.digest]
        except KeyError:
            raise NotRecorded(f"no truth of the program {program.digest[:12]}") from None

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
        self.close()


class RecordingExecutor:
    """Passes programs on to an executor and writes what comes back to a file, a line for each.

    Args:
        executor: What judges; closed with this one.
        path: A JSONL file; what is in it already stays.
    """

    def __init__(self, executor: Executor, path: Path) -> None:
        self._executor = executor
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    @property
    def isolation(self) -> str:
        """The kind of jails of the executor behind."""
        return self._executor.isolation

    def _write(self, program: Program, key: str, value: object) -> None:
        line = json.dumps({"digest": program.digest, key: value})
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()

    def submit(self, program: Program) -> Future[Verdict]:
        """Begin to judge a program; its verdict is on disk before the future has it."""
        future: Future[Verdict] = Future()

        def hand_on(done: Future[Verdict]) -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                self._write(program, "verdict", done.result().as_dict())
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(done.result())

        self._executor.submit(program).add_done_callback(hand_on)
        return future

    def run(self, program: Program) -> Verdict:
        """Judge one program."""
        verdict = self._executor.run(program)
        self._write(program, "verdict", verdict.as_dict())
        return verdict

    def run_many(self, programs: Iterable[Program]) -> Iterator[Verdict]:
        """Judge programs; yield the verdicts in their order."""
        taken: deque[Program] = deque()

        def noted() -> Iterator[Program]:
            for program in programs:
                taken.append(program)
                yield program

        for verdict in self._executor.run_many(noted()):
            self._write(taken.popleft(), "verdict", verdict.as_dict())
            yield verdict

    def truth(self, program: Program) -> Truth:
        """Run a trusted reference."""
        truth = self._executor.truth(program)
        record = {
            "expected": truth.expected.data.hex(),
            "cpu_seconds": list(truth.cpu_seconds),
        }
        self._write(program, "truth", record)
        return truth

    def close(self) -> None:
        """Close the executor and the file."""
        self._executor.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

"""Check single programs: the door for training loops and notebooks.

The sandbox that :func:`check` uses is opened at its first call and kept warm until the process
ends. It may be called from any number of threads; each process has a sandbox of its own.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from functools import cached_property
from typing import Any

from codeeval.judging import extracted
from codeeval.sandbox.errors import SandboxError
from codeeval.sandbox.executor import Executor, Pool, open_executor
from codeeval.sandbox.verdict import Status, Verdict
from codeeval.tasks.registry import load_task as load_plain_task
from codeeval.tasks.task import Problem, Sample, Task
from codeeval.truth import Truths, cache_directory

__all__ = ["LoadedTask", "TaskProblem", "acheck", "check", "close", "load_task", "rewards"]

GIVEN = 4
TRUTH_THREADS = 2


class TaskProblem:
    """A problem together with the task that judges its samples."""

    def __init__(self, task: Task, problem: Problem) -> None:
        self.task = task
        self.problem = problem

    @property
    def id(self) -> str:
        """The problem's id."""
        return self.problem.id

    @property
    def prompt(self) -> str:
        """The text that the model sees."""
        return self.problem.prompt

    @property
    def reference(self) -> str:
        """The benchmark's own solution as a whole program."""
        return self.problem.reference

    def __repr__(self) -> str:
        return f"TaskProblem({self.task.name!r}, {self.id!r})"


class LoadedTask:
    """A task whose problems are found by id: ``load_task("humaneval")["HumanEval/0"]``."""

    def __init__(self, task: Task) -> None:
        self.task = task

    @property
    def name(self) -> str:
        """The task's name."""
        return self.task.name

    @cached_property
    def _problems(self) -> dict[str, TaskProblem]:
        return {problem.id: TaskProblem(self.task, problem) for problem in self.task.problems()}

    def __getitem__(self, task_id: str) -> TaskProblem:
        try:
            return self._problems[task_id]
        except KeyError:
            raise KeyError(f"no problem {task_id!r} in {self.name}") from None

    def __iter__(self) -> Iterator[TaskProblem]:
        return iter(self._problems.values())

    def __len__(self) -> int:
        return len(self._problems)


def load_task(name: str, **options: Any) -> LoadedTask:
    """Return a task with its problems; for the arguments see ``tasks.registry.load_task``."""
    return LoadedTask(load_plain_task(name, **options))


class _Shared:
    """The sandboxes of this process, opened when they are first needed, and their truths."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin with nothing: a fork has the sandboxes of its parent but not their threads."""
        self._lock = threading.Lock()
        self._open: dict[tuple[str, int | None], tuple[Pool, Truths]] = {}
        self._given: OrderedDict[int, tuple[Executor, Truths]] = OrderedDict()

    def get(self, sandbox: str, workers: int | None) -> tuple[Executor, Truths]:
        """Return the executor of this kind, and its truths."""
        with self._lock:
            key = (sandbox, workers)
            if key not in self._open:
                pool = open_executor(sandbox, workers=workers)
                truths = Truths(pool, cache_directory() / "truths", pool.workers)
                self._open[key] = pool, truths
            return self._open[key]

    def given(self, executor: Executor) -> tuple[Executor, Truths]:
        """Return a caller's executor and its truths, which are kept for the last few of them."""
        with self._lock:
            if id(executor) not in self._given:
                truths = Truths(executor, cache_directory() / "truths", TRUTH_THREADS)
                self._given[id(executor)] = executor, truths
            self._given.move_to_end(id(executor))
            if len(self._given) > GIVEN:
                self._given.popitem(last=False)
            return self._given[id(executor)]

    def close(self) -> None:
        """Close what was opened."""
        with self._lock:
            opened, self._open = list(self._open.values()), {}
            self._given.clear()
        for pool, truths in opened:
            truths.close()
            pool.close()


_shared = _Shared()
atexit.register(_shared.close)
os.register_at_fork(after_in_child=_shared.forget)


def close() -> None:
    """End the sandbox that `check` keeps warm; the next call opens another."""
    _shared.close()


def check(
    code: str | Sample,
    problem: TaskProblem,
    *,
    sandbox: str = "auto",
    workers: int | None = None,
    extraction: str = "none",
    executor: Executor | None = None,
) -> Verdict:
    """Judge one program.

    Args:
        code: A whole program, or a sample.
        problem: What it solves: ``load_task("humaneval")["HumanEval/0"]``.
        sandbox: The kind of sandbox, as for ``evaluate``.
        workers: How many programs that sandbox runs at a time, when threads call this.
        extraction: How the code is taken from the text, as for ``evaluate``.
        executor: A sandbox of the caller's instead of the shared one.

    Raises:
        SandboxUnavailable: If no sandbox can be had.
    """
    return _begin(code, problem, sandbox, workers, extraction, executor).result()


async def acheck(
    code: str | Sample,
    problem: TaskProblem,
    *,
    sandbox: str = "auto",
    workers: int | None = None,
    extraction: str = "none",
    executor: Executor | None = None,
) -> Verdict:
    """Do what :func:`check` does without blocking the event loop."""
    begun = await asyncio.to_thread(_begin, code, problem, sandbox, workers, extraction, executor)
    return await asyncio.wrap_future(begun)


def rewards(
    codes: Sequence[str | Sample],
    problems: Sequence[TaskProblem],
    *,
    sandbox: str = "auto",
    workers: int | None = None,
    extraction: str = "none",
    executor: Executor | None = None,
) -> list[float]:
    """Return 1.0 for each program that passes its problem's checks, else 0.0, in their order.

    Raises:
        ValueError: If there are not as many problems as programs.
        SandboxError: If a program could not be judged: that is never a reward of 0.
    """
    begun = [
        _begin(code, problem, sandbox, workers, extraction, executor)
        for code, problem in zip(codes, problems, strict=True)
    ]
    values = []
    for future in begun:
        verdict = future.result()
        if verdict.status is Status.INFRASTRUCTURE_ERROR:
            raise SandboxError(f"a program could not be judged: {verdict.message}")
        values.append(float(verdict.status is Status.PASSED))
    return values


def _begin(
    code: str | Sample,
    problem: TaskProblem,
    sandbox: str,
    workers: int | None,
    extraction: str,
    executor: Executor | None,
) -> Future[Verdict]:
    if isinstance(code, str):
        code = Sample(problem.id, 0, solution=code)
    found = extracted(code, problem.problem, extraction, ())
    future: Future[Verdict] = Future()
    if found is None:
        future.set_result(Verdict.without_run(Status.NO_CODE, "no code in the sample"))
        return future
    if (answer := getattr(problem.task, "answer", None)) is not None:
        future.set_result(answer(problem.problem, found))
        return future
    program = problem.task.program(problem.problem, found)
    pool, truths = _shared.get(sandbox, workers) if executor is None else _shared.given(executor)
    return pool.submit(truths.resolve(program))

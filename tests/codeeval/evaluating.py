"""A tiny benchmark with a problem of each kind, and executors that count or make things up."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self

from codeeval import load_task
from codeeval.checking import LoadedTask
from codeeval.sandbox.errors import SandboxError
from codeeval.sandbox.executor import Executor
from codeeval.sandbox.program import Program, Truth
from codeeval.sandbox.verdict import CheckResult, Status, Usage, Verdict
from codeeval.tasks.task import Sample

PROBLEMS: list[dict[str, Any]] = [
    {
        "task_id": "Tiny/0",
        "prompt": "def double(x):\n",
        "canonical_solution": "    return 2 * x\n",
        "entry_point": "double",
        "tests": "assert double(2) == 4\nassert double(-1) == -2",
    },
    {
        "task_id": "Tiny/1",
        "prompt": "def squares(n):\n",
        "canonical_solution": "    return [i * i for i in range(n)]\n",
        "entry_point": "squares",
        "inputs": [[0], [3], [5]],
    },
    {
        "task_id": "Tiny/2",
        "prompt": "Print the sum of the numbers on the first line.",
        "canonical_solution": "print(sum(map(int, input().split())))\n",
        "cases": [{"input": "1 2\n", "output": "3\n"}, {"input": "4\n", "output": "4\n"}],
    },
]
PLAIN = {**PROBLEMS[0], "canonical_solution": None}
"""A problem whose tests cannot be sealed: nothing has to be found out before they run."""
IDS = [problem["task_id"] for problem in PROBLEMS]
WRONG = {"Tiny/0": "    return x\n", "Tiny/1": "    return []\n", "Tiny/2": "print(0)\n"}
RIGHT = {problem["task_id"]: problem["canonical_solution"] for problem in PROBLEMS}


def tiny(folder: Path, problems: Iterable[dict[str, Any]] = PROBLEMS) -> LoadedTask:
    """Write the benchmark into a folder and load it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "task.yaml").write_text("name: tiny\n")
    lines = [json.dumps(problem) + "\n" for problem in problems]
    (folder / "problems.jsonl").write_text("".join(lines))
    return load_task(str(folder))


def right(task_id: str, index: int = 0, note: str = "") -> Sample:
    """Return a right sample; samples with different notes make different programs."""
    return Sample(task_id, index, completion=RIGHT[task_id] + (f"# {note}\n" if note else ""))


def wrong(task_id: str, index: int = 0, note: str = "") -> Sample:
    return Sample(task_id, index, completion=WRONG[task_id] + (f"# {note}\n" if note else ""))


def mixture(per_problem: int = 4) -> list[Sample]:
    """Return samples of all problems, of which every second one is right."""
    makers = (right, wrong)
    return [
        makers[index % 2](task_id, index, note=str(index))
        for index in range(per_problem)
        for task_id in IDS
    ]


def write_samples(path: Path, samples: Iterable[Sample]) -> Path:
    records = [{"task_id": sample.task_id, "completion": sample.text} for sample in samples]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def lines_of(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "results.jsonl").read_bytes().splitlines()]


def without_usage(record: Any) -> Any:
    """Return a result without what differs from run to run."""
    if isinstance(record, dict):
        return {key: without_usage(value) for key, value in record.items() if key != "usage"}
    return [without_usage(item) for item in record] if isinstance(record, list) else record


class Counting:
    """An executor that counts what another one is given, but for what ``run`` gets.

    Args:
        inner: Does the work.
        spoil: Called before each program; raises what shall go wrong.
    """

    def __init__(self, inner: Executor, spoil: Callable[[int], None] = lambda n: None) -> None:
        self._inner = inner
        self._spoil = spoil
        self.programs: list[Program] = []
        self.truths = 0
        self.isolation = inner.isolation

    def submit(self, program: Program) -> Future[Verdict]:
        self.programs.append(program)
        self._spoil(len(self.programs))
        return self._inner.submit(program)

    def run(self, program: Program) -> Verdict:
        return self._inner.run(program)

    def run_many(self, programs: Iterable[Program]) -> Iterator[Verdict]:
        return self._inner.run_many(programs)

    def truth(self, program: Program) -> Truth:
        self.truths += 1
        return self._inner.truth(program)

    def close(self) -> None:
        """Leave the other one open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        pass


class Scripted:
    """An executor that runs nothing.

    Args:
        verdict: What a program comes to; gets it, and how often it came before.
        holding: Whether programs stay under way until `release` is called.
    """

    isolation = "none"

    def __init__(
        self,
        verdict: Callable[[Program, int], Verdict] = lambda program, before: verdict_of("passed"),
        *,
        holding: bool = False,
    ) -> None:
        self._verdict = verdict
        self._lock = threading.Lock()
        self._held: list[tuple[Program, Future[Verdict]]] | None = [] if holding else None
        self.programs: list[Program] = []

    def submit(self, program: Program) -> Future[Verdict]:
        future: Future[Verdict] = Future()
        with self._lock:
            if self._held is not None:
                self._held.append((program, future))
                return future
        self._judge(program, future)
        return future

    def _judge(self, program: Program, future: Future[Verdict]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        before = sum(other.source == program.source for other in self.programs)
        self.programs.append(program)
        future.set_result(self._verdict(program, before))

    def release(self, *, backwards: bool = False) -> None:
        """Judge what is under way, and from now on at once."""
        with self._lock:
            held, self._held = self._held or [], None
        for program, future in reversed(held) if backwards else held:
            self._judge(program, future)

    def run(self, program: Program) -> Verdict:
        return self.submit(program).result()

    def run_many(self, programs: Iterable[Program]) -> Iterator[Verdict]:
        return map(self.run, programs)

    def truth(self, program: Program) -> Truth:
        raise SandboxError("runs nothing")

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        pass


def verdict_of(status: str, usage: Usage = Usage(0.1, 0.1)) -> Verdict:  # noqa: B008
    word = Status(status)
    return Verdict(word, (CheckResult("tests", word, usage=usage),), usage, isolation="none")

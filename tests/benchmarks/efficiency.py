"""ENAMEL: what scoring a file costs here, and by the procedure that its authors describe.

    CODEEVAL_TEST_DATA=... python tests/benchmarks/efficiency.py [SANDBOX] [BUSY] [CLOCK]

The procedure: in one process without isolation the reference and then the sample are run six times
with each input. A run is a new namespace, a deep copy of the input, the text of prompt and sample
executed, the call timed on the wall clock, both under a timer; and each answer of the sample is
checked. What it reads and generates is not counted. It is run where the clock is CPU time. BUSY
processes load the machine meanwhile.
"""

from __future__ import annotations

import copy
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from codeeval.sandbox.codec import loads, unpack
from codeeval.sandbox.costs import fraction, score, time_limit
from codeeval.sandbox.executor import open_executor
from codeeval.sandbox.program import Costs
from codeeval.tasks.enamel import CASES, HARDNESS, Enamel
from codeeval.tasks.task import Problem, Sample
from codeeval.truth import Truths

DATA = Path(os.environ.get("CODEEVAL_TEST_DATA", "../shared/data")) / "efficiency" / "enamel"
FILES = ("enamel-references.json", "humaneval-canonical.json")
REPEATS = 6
TOLERANCE, LONGEST = 0.01, 60.0


def on_time(*_: object) -> None:
    """End a run that takes too long."""
    raise TimeoutError


def seconds_of(code: str, entry_point: str, arguments: Any, limit: float) -> tuple[Any, float]:
    """Make one run as the procedure does.

    Raises:
        TimeoutError: If it takes longer than the limit, in seconds.
    """
    namespace: dict[str, Any] = {"time": time, "input": None, "print": None}
    arguments = copy.deepcopy(arguments)
    gc.disable()
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        exec(code, namespace)
        start = time.perf_counter()
        value = namespace[entry_point](*arguments)
        return value, time.perf_counter() - start
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        gc.enable()


def hodges_lehmann(values: Sequence[float]) -> float:
    """Return the median of the means of all pairs, each value with itself among them."""
    return median((a + b) / 2 for i, a in enumerate(values) for b in values[: i + 1])


def procedure(check: Costs, reference: str, source: str) -> float:
    """Return e of one sample by the procedure."""
    calls = [loads(call) for call in unpack(check.inputs.data)]
    levels = [calls[sum(CASES[:n]) : sum(CASES[: n + 1])] for n in range(len(CASES))]
    checking: dict[str, Any] = {}
    exec(check.checker, checking)
    trusted = reference, check.entry_point
    expected = [[seconds_of(*trusted, each, LONGEST)[0] for each in it] for it in levels]
    best = [
        max(
            hodges_lehmann([seconds_of(*trusted, each, LONGEST)[1] for _ in range(REPEATS)])
            for each in level
        )
        for level in levels[1:]
    ]
    limit, found = time_limit(best, 2.0), [0.0] * len(best)
    for number, (level, answers) in enumerate(zip(levels, expected, strict=True)):
        slowest = 0.0
        for call, answer in zip(level, answers, strict=True):
            times = []
            for _ in range(REPEATS if number else 1):
                most = limit + TOLERANCE if number else LONGEST
                try:
                    value, seconds = seconds_of(source, check.entry_point, call, most)
                except TimeoutError:
                    return score(found, HARDNESS[1:]) if number else 0.0
                if not checking["__check"](call, answer, value):
                    return 0.0
                times.append(seconds)
            slowest = max(slowest, hodges_lehmann(times))
        if number:
            found[number - 1] = fraction(slowest, best[number - 1], limit)
    return score(found, HARDNESS[1:])


def source_of(task: Enamel, problem: Problem, solutions: Sequence[Sequence[str]]) -> str:
    """Return the program that a file's first solution of a problem makes."""
    text = solutions[task.order.index(problem.id)][0]
    return task.source(problem, Sample(problem.id, 0, solution=text))


@contextmanager
def load(processes: int) -> Iterator[None]:
    """Have some processes busy."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def main() -> None:
    """Measure and print."""
    sandbox = sys.argv[1] if len(sys.argv) > 1 else "docker"
    signal.signal(signal.SIGALRM, on_time)
    busy = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    clock = sys.argv[3] if len(sys.argv) > 3 else "cpu"
    task = Enamel(DATA / "enamel.csv", clock=clock)
    problems = list(task.problems())
    with tempfile.TemporaryDirectory() as folder, open_executor(sandbox, workers=1) as executor:
        truths = Truths(executor, Path(folder), 1)
        start = time.perf_counter()
        programs = [
            truths.resolve(task.program(problem, Sample(problem.id, 0, solution="")))
            for problem in problems
        ]
        print(f"inputs and references: {time.perf_counter() - start:.0f} s, once")
        with load(busy):
            for name in FILES:
                solutions = json.loads((DATA / name).read_text())
                for turn in (1, 2):
                    start = time.perf_counter()
                    candidates = [
                        replace(program, source=source_of(task, problem, solutions))
                        for problem, program in zip(problems, programs, strict=True)
                    ]
                    scores = [
                        task.score(problem, verdict)
                        for problem, verdict in zip(
                            problems, executor.run_many(candidates), strict=True
                        )
                    ]
                    took = time.perf_counter() - start
                    eff, passed = (
                        sum(each[column] for each in scores) / len(scores)
                        for column in ("efficiency", "pass")
                    )
                    print(
                        f"{name}, {sandbox}, {clock}, {busy} busy, turn {turn}: eff@1 {eff:.4f}, "
                        f"pass@1 {passed:.4f}, {took:.1f} s, {len(scores) / took:.2f} samples/s"
                    )
            if clock != "cpu":
                truths.close()
                return
            start, values = time.perf_counter(), []
            references = json.loads((DATA / FILES[0]).read_text())
            for problem, program in zip(problems, programs, strict=True):
                source = source_of(task, problem, references)
                values.append(procedure(program.checks[0], problem.reference, source))
            took = time.perf_counter() - start
            print(
                f"{FILES[0]}, the procedure, {busy} busy: eff@1 {sum(values) / len(values):.4f}, "
                f"{took:.1f} s, {len(values) / took:.2f} samples/s"
            )
        truths.close()


if __name__ == "__main__":
    main()

"""Measure codeeval against the physical limit and a plain harness, side by side in one run.

    CODEEVAL_DATA=... python tests/benchmarks/measure.py [NAME ...]

Costs are CPU seconds of the whole machine while a part runs (from /proc/stat: daemon, containers
and kernel included), so nothing else should run. The limit of a benchmark is the time of its tests
in one warm process, in a loop. Prints Markdown tables for docs/performance.md.
"""

from __future__ import annotations

import contextlib
import copy
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from codeeval.evaluation import evaluate
from codeeval.sandbox.codec import loads, unpack
from codeeval.sandbox.executor import open_executor
from codeeval.sandbox.program import Asserts, Calls, Limits, Program
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import Problem, Sample, Task

WORKERS = 2


def busy_seconds() -> float:
    """Return the CPU seconds that the machine has spent so far."""
    with open("/proc/stat") as file:
        ticks = [int(word) for word in file.readline().split()[1:]]
    user, nice, system, _idle, _wait, irq, soft = ticks[:7]
    return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")


def cost(work: Callable[[], Any]) -> tuple[float, float]:
    """Return CPU seconds of the machine and seconds on the clock that ``work`` takes."""
    busy, clock = busy_seconds(), time.perf_counter()
    work()
    return busy_seconds() - busy, time.perf_counter() - clock


def references(task: Task, times: int) -> list[Sample]:
    """Return each reference so many times, each time as a text of its own."""
    return [
        Sample(problem.id, n, solution=f"{problem.reference}\n# {n}\n")
        for n in range(times)
        for problem in task.problems()
    ]


def limit_of_asserts(task: Task, times: int) -> None:
    """Run programs and tests in this process."""
    for sample in references(task, times):
        problem = next(p for p in PROBLEMS[task.name] if p.id == sample.task_id)
        check = task.program(problem, sample).checks[0]
        assert isinstance(check, Asserts)
        namespace: dict[str, Any] = {}
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(sample.text, "program", "exec"), namespace)
            exec(compile(check.tests, "tests", "exec"), namespace)


PROBLEMS: dict[str, list[Problem]] = {}


def limit_of_calls(task: Task) -> None:
    """Call the references in this process, compare with ``==``."""
    for sample in references(task, 1):
        problem = next(p for p in PROBLEMS[task.name] if p.id == sample.task_id)
        namespace: dict[str, Any] = {}
        exec(compile(sample.text, "program", "exec"), namespace)
        for check in task.program(problem, sample).checks:
            assert isinstance(check, Calls)
            for data in unpack(check.inputs.data):
                arguments = loads(data)
                _ = namespace[check.entry_point](*copy.deepcopy(arguments)) == 0


def ours(task: Task, samples: list[Sample], sandbox: str = "docker") -> None:
    """Evaluate with codeeval; every sample is run."""
    run = evaluate(samples, task, sandbox=sandbox, workers=WORKERS, k=(1,), deduplicate=False)
    worst = min(estimate.value for estimate in run.scores.values())
    assert worst == 1.0, f"references passed only {worst:.4f}"


def plain_harness(task: Task, samples: list[Sample], at_a_time: int) -> None:
    """Start one interpreter for each sample; exit status 0 is a pass."""

    def run(sample: Sample) -> int:
        problem = next(p for p in PROBLEMS[task.name] if p.id == sample.task_id)
        check = task.program(problem, sample).checks[0]
        assert isinstance(check, Asserts)
        with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
            file.write(f"{sample.text}\n{check.tests}\n")
            file.flush()
            return subprocess.run([sys.executable, file.name], capture_output=True).returncode

    with ThreadPoolExecutor(at_a_time) as pool:
        assert not any(pool.map(run, samples))


def rows(name: str, parts: list[tuple[str, Callable[[], Any]]], count: int) -> Iterator[str]:
    """Yield the lines of a table: the first part is what the others are compared with."""
    yield f"\n### {name}\n"
    yield "| what | CPU s | ratio | wall s | samples/s |"
    yield "| --- | --- | --- | --- | --- |"
    base = 0.0
    for label, work in parts:
        cpu, wall = cost(work)
        base = base or cpu
        yield f"| {label} | {cpu:.2f} | {cpu / base:.2f} | {wall:.2f} | {count / wall:.0f} |"


def humaneval() -> Iterator[str]:
    """HumanEval's references ten times."""
    task = load_task("humaneval")
    PROBLEMS[task.name] = list(task.problems())
    samples = references(task, 10)
    few = samples[:328]
    ours(task, samples[:164])
    yield from rows(
        "HumanEval references x 10",
        [
            ("limit: one warm process", lambda: limit_of_asserts(task, 10)),
            ("codeeval, docker", lambda: ours(task, samples)),
            ("codeeval, bubblewrap", lambda: ours(task, samples, "bubblewrap")),
        ],
        len(samples),
    )
    yield from rows(
        "HumanEval references x 2",
        [
            ("plain harness, one at a time", lambda: plain_harness(task, few, 1)),
            ("plain harness, two at a time", lambda: plain_harness(task, few, 2)),
        ],
        len(few),
    )


def calls(name: str) -> Iterator[str]:
    """The references of a task with many inputs; their truths are computed before."""
    task = load_task(name)
    PROBLEMS[task.name] = list(task.problems())
    samples = references(task, 1)
    ours(task, samples)
    yield from rows(
        f"{name} references",
        [
            ("limit: one warm process", lambda: limit_of_calls(task)),
            ("codeeval, docker", lambda: ours(task, samples)),
        ],
        len(samples),
    )


def sealing() -> Iterator[str]:
    """The same tests sealed and in the candidate's process, in the same jails, taking turns."""
    task = load_task("humaneval")
    problems = {problem.id: problem for problem in task.problems()}
    programs: dict[bool, list[Program]] = {True: [], False: []}
    for sample in references(task, 10):
        program = task.program(problems[sample.task_id], sample)
        (check,) = program.checks
        assert isinstance(check, Asserts)
        for sealed, chosen in programs.items():
            chosen.append(replace(program, checks=(replace(check, sealed=sealed),)))
    spent = {True: 0.0, False: 0.0}
    with open_executor("docker", workers=WORKERS) as executor:
        for _ in range(3):
            for sealed, chosen in programs.items():
                spent[sealed] += cost(lambda chosen=chosen: list(executor.run_many(chosen)))[0] / 3
    yield "\n### Sealed and not, HumanEval references x 10\n"
    yield "| what | CPU s | ratio |"
    yield "| --- | --- | --- |"
    yield f"| tests in the candidate's process | {spent[False]:.2f} | 1.00 |"
    yield f"| sealed | {spent[True]:.2f} | {spent[True] / spent[False]:.2f} |"


def loops() -> Iterator[str]:
    """A mix with 2 % endless loops: the loops' own limits divided by the workers, plus the rest."""
    task = load_task("humaneval")
    samples = references(task, 6)
    looping = "def f():\n    while True:\n        pass\nf()\n"
    mixed = [
        Sample(s.task_id, s.index, solution=f"{looping}# {n}") if n % 50 == 0 else s
        for n, s in enumerate(samples)
    ]
    count = len(range(0, len(samples), 50))

    def run(chosen: list[Sample]) -> None:
        evaluate(chosen, task, sandbox="docker", workers=WORKERS, k=(1,))

    _, plain = cost(lambda: run(samples))
    _, wall = cost(lambda: run(mixed))
    bound = plain + count * 3.0 / WORKERS
    yield "\n### 2 % endless loops\n"
    yield (
        f"{len(samples)} samples, {count} of them loops of 3 CPU seconds: {wall:.1f} s; without "
        f"loops {plain:.1f} s; the loops' limits by {WORKERS} workers and the rest: {bound:.1f} s; "
        f"ratio {wall / bound:.2f}"
    )


def overheads() -> Iterator[str]:
    """Cold start, warm sample, sealed sample of each backend."""
    yield "\n### Overheads, milliseconds on the clock\n"
    yield "| sandbox | first verdict | warm sample, one after the other | samples/s, one worker |"
    yield "| --- | --- | --- | --- |"
    for sandbox in ("docker", "bubblewrap"):
        started = time.perf_counter()
        with open_executor(sandbox, workers=1) as executor:
            executor.run(Program("", (Asserts("pass"),)))
            first = time.perf_counter() - started
            started = time.perf_counter()
            for n in range(300):
                executor.run(Program(f"# {n}", (Asserts("pass"),), Limits()))
            warm = (time.perf_counter() - started) / 300
            started = time.perf_counter()
            programs = (Program(f"# {n}", (Asserts("pass"),)) for n in range(1000))
            assert all(verdict.status == "passed" for verdict in executor.run_many(programs))
            rate = 1000 / (time.perf_counter() - started)
        yield f"| {sandbox} | {first * 1000:.0f} | {warm * 1000:.2f} | {rate:.0f} |"


def start() -> Iterator[str]:
    """Import, and the first verdict of a command."""
    command = [sys.executable, "-X", "importtime", "-c", "import codeeval"]
    times = []
    for _ in range(5):
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        times.append(int(said.strip().splitlines()[-1].split("|")[1]) / 1000)
    yield "\n### Start\n"
    yield f"`import codeeval`: {min(times):.1f} ms"
    task = load_task("humaneval")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "samples.jsonl"
        from codeeval.samples.write import write_jsonl

        write_jsonl(file, references(task, 1))
        command = [sys.executable, "-m", "codeeval", "evaluate", "humaneval", str(file)]
        command += ["--sandbox", "docker", "--workers", "1", "--k", "1", "--quiet"]
        command += ["--output", str(Path(folder) / "run")]
        started = time.perf_counter()
        results = Path(folder) / "run" / "results.jsonl"
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            while not (results.exists() and results.stat().st_size):
                time.sleep(0.005)
            first = time.perf_counter() - started
            process.wait()
        whole = time.perf_counter() - started
    yield f"First verdict after {first:.2f} s; all 164 references, one worker: {whole:.2f} s"


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "start": start,
    "overheads": overheads,
    "humaneval": humaneval,
    "humaneval-plus": lambda: calls("humaneval-plus"),
    "mbpp-plus": lambda: calls("mbpp-plus"),
    "sealing": sealing,
    "loops": loops,
}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        for line in PARTS[part]():
            print(line, flush=True)

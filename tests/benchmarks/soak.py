"""Run very many programs, one in twenty hostile, and watch what does not stay flat.

    python tests/benchmarks/soak.py [docker|docker:runsc|bubblewrap] [SAMPLES]

Every verdict is compared with what it must be. Prints the throughput of the first and the last
tenth, and processes, descriptors, containers and memory before and after.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from codeeval.sandbox.executor import open_executor
from codeeval.sandbox.program import Asserts, Limits, Program
from codeeval.sandbox.verdict import Status

MIB = 2**20
LIMITS = Limits(cpu_seconds=2, wall_seconds=30, memory_bytes=256 * MIB, disk_bytes=8 * MIB)
REFERENCE = "def f(x):\n    return x + 1\n"
TESTS = "assert f(3) == 4\nassert f(10) == 11\n"
SETTLING_SECONDS = 20

HARMLESS = (
    (REFERENCE, Status.PASSED),
    ("def f(x):\n    return [y for y in range(x + 2)][-1]\n", Status.PASSED),
    ("def f(x):\n    return x\n", Status.WRONG_ANSWER),
    ("def f(x):\n    return {}[x]\n", Status.RUNTIME_ERROR),
    ("def f(x)\n", Status.SYNTAX_ERROR),
)
DAEMON = """
import os, time
def f(x):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
    return x
"""
FILES = """
import os
for place in ("/tmp", "/dev/shm", "."):
    try:
        os.makedirs(place + "/a/b")
        open(place + "/a/b/c", "w").write("x" * 10000)
    except OSError:
        pass
def f(x):
    return x
"""
THREADS = """
import threading, time
for n in range(20):
    threading.Thread(target=time.sleep, args=(600,)).start()
def f(x):
    return x
"""
ALWAYS_EQUAL = """
class Equal(int):
    def __eq__(self, other):
        return True
def f(x):
    return Equal(7)
"""
HOSTILE = (
    (DAEMON, Status.WRONG_ANSWER),
    (FILES, Status.WRONG_ANSWER),
    (THREADS, Status.WRONG_ANSWER),
    (ALWAYS_EQUAL, Status.WRONG_ANSWER),
    ("import os\ndef f(x):\n    os._exit(0)\n", Status.RUNTIME_ERROR),
    ("def f(x):\n    return len([bytes(10**6) for n in range(10**6)])\n", Status.MEMORY_LIMIT),
    ("print('x' * 3_000_000)\ndef f(x):\n    return x\n", Status.WRONG_ANSWER),
    ("import os\nos.closerange(0, 100)\ndef f(x):\n    return x\n", Status.RUNTIME_ERROR),
    ("import os\ndef f(x):\n    os.kill(os.getpid(), 11)\n", Status.RUNTIME_ERROR),
)


@dataclass(frozen=True)
class Soak:
    """What a soak came to.

    Attributes:
        wrong: The verdicts that are not what they must be, the first twenty.
        first_rate: Samples a second in the first tenth.
        last_rate: The same in the last tenth.
        driver_bytes: Resident memory of this process after a tenth, and at the end.
        runner_bytes: The largest runner's after a tenth, and at the end.
        descriptors: Open descriptors of this process after a tenth, and at the end.
        left: Processes of the executor after its end.
    """

    wrong: tuple[str, ...]
    first_rate: float
    last_rate: float
    driver_bytes: tuple[int, int]
    runner_bytes: tuple[int, int]
    descriptors: tuple[int, int]
    left: tuple[str, ...]


def programs(count: int) -> Iterator[tuple[Program, Status]]:
    """Yield programs, no two equal, and what they must come to."""
    harmless, hostile = itertools.cycle(HARMLESS), itertools.cycle(HOSTILE)
    for number in range(count):
        source, status = next(hostile if number % 20 == 19 else harmless)
        check = Asserts(TESTS, reference=REFERENCE, entry_points=("f",), sealed=number % 4 != 0)
        if number % 20 == 19:
            check = Asserts(TESTS, reference=REFERENCE, entry_points=("f",), sealed=True)
        yield Program(f"{source}# {number}\n", (check,), LIMITS), status


def resident(pid: int | str) -> int:
    """Return the resident bytes of a process; 0 if it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def runners(mark: str) -> list[int]:
    """Return the processes whose environment has our mark, but for this one."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def soak(sandbox: str, count: int, workers: int = 2) -> Soak:
    """Run ``count`` programs; return what was seen."""
    mark = f"CODEEVAL_SOAK={os.getpid()}-{time.monotonic_ns()}"
    variable, _, value = mark.partition("=")
    from codeeval.sandbox import local

    local.ENVIRONMENT[variable] = value  # every process of the jails carries it
    wrong: list[str] = []
    rates: list[float] = []
    measured: list[tuple[int, int, int]] = []
    tenth = max(1, count // 10)
    try:
        name, _, runtime = sandbox.partition(":")
        with open_executor(
            name, workers=workers, limits=LIMITS, runtime=runtime or None
        ) as executor:
            sent, expected = itertools.tee(programs(count))
            started = time.perf_counter()
            verdicts = executor.run_many(program for program, _ in sent)
            pairs = zip(verdicts, expected, strict=True)
            for number, (verdict, (program, status)) in enumerate(pairs, 1):
                if verdict.status is not status and len(wrong) < 20:
                    told = f"{verdict.status} ({verdict.message[:200]}) for {status}"
                    wrong.append(f"{told}: {program.source[:80]!r}")
                if number % tenth == 0:
                    now = time.perf_counter()
                    rates.append(tenth / (now - started))
                    started = now
                    sizes = [resident(pid) for pid in runners(mark)]
                    descriptors = len(os.listdir("/proc/self/fd"))
                    measured.append((resident("self"), max(sizes, default=0), descriptors))
        deadline = time.monotonic() + SETTLING_SECONDS
        while runners(mark) and time.monotonic() < deadline:
            time.sleep(0.2)
        left = tuple(f"process {pid}" for pid in runners(mark))
    finally:
        del local.ENVIRONMENT[variable]
    first, last = measured[0], measured[-1]
    return Soak(
        tuple(wrong),
        rates[0],
        rates[-1],
        (first[0], last[0]),
        (first[1], last[1]),
        (first[2], last[2]),
        left,
    )


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "docker"
    print(soak(chosen, int(sys.argv[2]) if len(sys.argv) > 2 else 100_000))

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from codeeval.sandbox.codec import encode, pack
from codeeval.sandbox.executor import Executor
from codeeval.sandbox.program import Asserts, Blob, Limits, Program, Stdio
from codeeval.sandbox.verdict import Status, Verdict

MIB = 2**20
LIMITS = Limits(cpu_seconds=20, wall_seconds=60, memory_bytes=512 * MIB, disk_bytes=8 * MIB)
"""So wide that a busy machine does not reach them."""


def with_tests(source: str, tests: str = "", *, setup: str = "", **limits: float) -> Program:
    """Return a program whose tests run in its own process."""
    return Program(source, (Asserts(tests, setup),), limited(**limits))


def script(source: str, *cases: tuple[str, str], all_failures=False, **limits: float) -> Program:
    """Return a program that reads its input and prints its answer."""
    return Program(source, (Stdio(cases, all_failures=all_failures),), limited(**limits))


def limited(**limits: float) -> Limits:
    return Limits(**{**vars(LIMITS), **limits})


def packed(*arguments: tuple[object, ...]) -> Blob:
    return Blob(pack([encode(each) for each in arguments]))


# Fails if it sees anything of the samples before it: processes, files, state of the interpreter.
WITNESS = """
import os, random, sys
here = os.getcwd()
assert os.environ["HOME"] == os.environ["TMPDIR"] == here, os.environ
assert os.listdir(here) == [], os.listdir(here)
assert "LEFT_BEHIND" not in os.environ
assert not hasattr(random, "left_behind")
assert sys.getrecursionlimit() == 1000
"""
JAIL_WITNESS = """
for folder in ("/tmp", "/dev/shm"):
    found = [os.path.join(folder, name) for name in os.listdir(folder)]
    assert [path for path in found if path != here] == [], found
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        owner, line = os.stat(f"/proc/{pid}").st_uid, open(f"/proc/{pid}/status").read()
    except FileNotFoundError:
        continue
    own = int(pid) == os.getpid()
    ours = owner < 1000 or owner % 2000 == 0  # the runner, its examiner
    assert own or ours or os.getuid() < 100_000, f"process {pid} of {owner}: {line[:300]}"
"""


def assert_next_is_right(executor: Executor) -> None:
    """Check that right and wrong programs are judged so, and that nothing is left behind."""
    witness = WITNESS if executor.isolation == "none" else WITNESS + JAIL_WITNESS
    clean = with_tests(witness, "")
    wrong = with_tests("def f(x): return x", "assert f(1) == 2")
    first, second = executor.run_many([clean, wrong])
    assert first.status is Status.PASSED, first
    assert second.status is Status.WRONG_ANSWER, second


def judge(executor: Executor, program: Program) -> Verdict:
    """Judge a program, then make sure that it did no harm."""
    verdict = executor.run(program)
    assert_next_is_right(executor)
    return verdict


def eventually(condition: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Whether a condition comes true within some time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def processes_with(text: str) -> list[int]:
    """Return the ids of the processes of this machine whose environment or command holds a text."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                data = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
            except OSError:
                continue
            if text.encode() in data:
                found.append(int(folder.name))
    return found

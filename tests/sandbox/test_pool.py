"""What an executor promises to its callers: order, threads, the end."""

from __future__ import annotations

import concurrent.futures
import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from codeeval.sandbox.errors import SandboxError, SandboxUnavailable
from codeeval.sandbox.executor import Executor, default_workers, open_executor
from codeeval.sandbox.program import Limits, Program
from codeeval.sandbox.verdict import Status
from tests.sandbox.conftest import EVERY, JAILED, UNSAFE, open_or_skip
from tests.sandbox.programs import LIMITS, eventually, processes_with, with_tests

F = "def f(x): return x + 1\n"


def numbered(number: int, *, seconds: float = 0.0) -> Program:
    """Return a program that prints its number, and sleeps before that."""
    return with_tests(f"import time\ntime.sleep({seconds})\nprint({number})")


def test_an_executor_is_one(executor):
    assert isinstance(executor, Executor)


@pytest.mark.parametrize("workers", [1, 3])
def test_verdicts_come_in_the_order_of_the_programs(own_executor, workers):
    executor = own_executor(UNSAFE, workers=workers)
    programs = [numbered(n, seconds=0.2 if n % 5 == 0 else 0) for n in range(23)]
    assert [int(v.stdout) for v in executor.run_many(programs)] == list(range(23))


def test_programs_are_taken_as_they_are_needed(own_executor, monkeypatch):
    monkeypatch.setattr("codeeval.sandbox.pool.IN_FLIGHT", 4)
    executor, taken = own_executor(UNSAFE), itertools.count()
    verdicts = executor.run_many(numbered(next(taken)) for _ in itertools.count())
    assert [int(next(verdicts).stdout) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert next(taken) < 20
    verdicts.close()


def test_many_threads_may_use_one_executor(executor):
    def run(number: int) -> int:
        return int(executor.run(numbered(number)).stdout)

    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        assert list(threads.map(run, range(64))) == list(range(64))


def test_futures(executor):
    futures = [executor.submit(numbered(n)) for n in range(5)]
    assert [int(future.result(60).stdout) for future in futures] == list(range(5))


def test_a_cancelled_future_disturbs_nobody(own_executor):
    executor = own_executor(UNSAFE)
    slow = executor.submit(numbered(1, seconds=0.3))
    futures = [executor.submit(numbered(n)) for n in range(5)]
    cancelled = [future.cancel() for future in futures]
    assert slow.result(60).stdout == "1\n"
    assert any(cancelled)
    assert executor.run(numbered(7)).stdout == "7\n"


def test_a_request_for_too_much_memory_is_refused(executor):
    program = with_tests(F, memory_bytes=LIMITS.memory_bytes + 1)
    with pytest.raises(ValueError, match="memory_bytes of a program is 536870913, above"):
        executor.run(program)


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_limits_that_are_none_are_refused(value):
    with pytest.raises(ValueError, match="cpu_seconds must be a number above 0"):
        Limits(cpu_seconds=value)


def test_workers():
    assert default_workers() >= 1
    with pytest.raises(ValueError, match="workers must be at least 1, not -1"):
        open_executor(UNSAFE, workers=-1)


def test_an_unknown_sandbox_is_refused():
    with pytest.raises(ValueError, match="no sandbox 'dokcer'; known: auto, docker"):
        open_executor("dokcer")


def test_unsafe_has_to_be_asked_for_twice(monkeypatch):
    monkeypatch.delenv("CODEEVAL_ALLOW_UNSAFE")
    with pytest.raises(SandboxUnavailable, match="set CODEEVAL_ALLOW_UNSAFE=1"):
        open_executor(UNSAFE)


@pytest.mark.parametrize("sandbox", EVERY)
def test_closing_ends_what_runs(own_executor, sandbox):
    executor = own_executor(sandbox, workers=2)
    running = [executor.submit(numbered(n, seconds=50)) for n in range(6)]
    failed: list[BaseException] = []

    def wait() -> None:
        try:
            executor.run(numbered(9, seconds=50))
        except SandboxUnavailable as error:
            failed.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.5)
    executor.close()
    waiting.join(30)
    assert len(failed) == 1
    for future in running:
        with pytest.raises(SandboxUnavailable, match="closed"):
            future.result(30)
    with pytest.raises(SandboxUnavailable, match="closed"):
        executor.run(numbered(1))
    executor.close()


def test_no_file_stays_open_after_the_end():
    before = set(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with open_executor(UNSAFE, workers=2, limits=LIMITS) as executor:
            assert executor.run(numbered(1)).stdout == "1\n"
    assert len(os.listdir("/proc/self/fd")) <= len(before) + 1


def test_an_exception_in_the_consumer_leaves_nothing(own_executor):
    executor, programs = own_executor(UNSAFE), (numbered(n) for n in range(1000))

    def consume() -> None:
        for verdict in executor.run_many(programs):
            if verdict.stdout == "3\n":
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        consume()
    assert executor.run(numbered(7)).stdout == "7\n"
    assert not executor._waiting


DRIVER = """
import sys
from codeeval.sandbox.executor import open_executor
from codeeval.sandbox.program import Asserts, Limits, Program

LIMITS = Limits(memory_bytes=2**29, wall_seconds=500)
SOURCE = '''
import os, subprocess, time
if not os.fork():
    os.setsid()
    subprocess.run(['sh', '-c', 'sleep 400; : MARK'])
time.sleep(400)
'''.replace("MARK", sys.argv[2])
if __name__ == "__main__":
    with open_executor(sys.argv[1], workers=2, limits=LIMITS) as executor:
        executor.run(Program("", (Asserts(""),), LIMITS))
        print("ready", flush=True)
        list(executor.run_many(Program(SOURCE, (Asserts(""),), LIMITS) for _ in range(5)))
"""


@pytest.fixture
def driver(tmp_path):
    """Start a process that drives an executor; return it when programs of it are running."""
    started = []

    def start(sandbox: str) -> subprocess.Popen[str]:
        file = tmp_path / "driver.py"
        file.write_text(DRIVER)
        process = subprocess.Popen(
            [sys.executable, file, sandbox, f"mark-{os.getpid()}"],
            env={**os.environ, "TMPDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        assert eventually(lambda: len(processes_with(f": mark-{os.getpid()}")) == 2)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def children_of(pid: int) -> set[int]:
    """Return the processes below one, as far as they can be seen from outside."""
    found, rest = set(), [pid]
    while rest:
        for thread in Path(f"/proc/{rest.pop()}/task").glob("*/children"):
            new = set(map(int, thread.read_text().split()))
            found |= new
            rest.extend(new)
    return found


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("sandbox", [UNSAFE, "bubblewrap"])
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_driver_that_is_killed_leaves_nothing(pools, driver, tmp_path, sandbox, sent):
    pools(sandbox)  # or skip
    process = driver(sandbox)
    below = children_of(process.pid)
    assert set(processes_with(f": mark-{os.getpid()}")) <= below
    process.send_signal(sent)
    process.wait(30)
    assert eventually(lambda: not any(map(is_running, below)))
    assert eventually(lambda: not list(tmp_path.glob("codeeval-*")))
    assert processes_with(f"mark-{os.getpid()}") == []


def judge_in_another_process(sandbox: str) -> str:
    with open_executor(sandbox, workers=1, limits=LIMITS) as executor:
        return str(executor.run(with_tests(F, "assert f(1) == 2")).status)


@pytest.mark.parametrize("sandbox", [UNSAFE, "bubblewrap"])
def test_worker_processes_may_have_executors(pools, sandbox):
    pools(sandbox)
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as processes:
        assert set(processes.map(judge_in_another_process, [sandbox] * 2)) == {"passed"}


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_an_executor_is_of_no_use_in_a_fork(executor):
    pid = os.fork()
    if pid == 0:
        try:
            executor.run(numbered(1))
        except SandboxError as error:
            os._exit(0 if "cannot be used in a fork" in str(error) else 1)
        finally:
            os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0
    assert executor.run(numbered(1)).status is Status.PASSED


SHOW_JAIL = (
    "import os\n"
    "print(open('/proc/1/stat').read().rpartition(')')[2].split()[19], os.getuid() // 2000)"
)
"""When it was started, and its range of users where it has one."""


@pytest.mark.parametrize("sandbox", JAILED)
@pytest.mark.parametrize(("isolation", "jails"), [("worker", 1), ("container", 4)])
def test_each_program_has_a_jail_of_its_own_on_request(sandbox, isolation, jails):
    programs = [with_tests(f"{SHOW_JAIL}\n# {n}") for n in range(4)]
    with open_or_skip(sandbox, isolation=isolation) as executor:
        seen = [executor.run(program).stdout for program in programs[:2]]
        seen += [verdict.stdout for verdict in executor.run_many(programs[2:])]
    assert len(set(seen)) == jails

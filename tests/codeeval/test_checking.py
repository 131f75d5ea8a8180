"""Single programs: from threads, event loops and other processes, as training loops do it."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from codeeval import acheck, check, checking, load_task, rewards
from codeeval.sandbox.errors import SandboxError
from codeeval.sandbox.verdict import Status
from codeeval.tasks.task import Sample
from codeeval.truth import TruthError
from tests.codeeval.evaluating import (
    IDS,
    PROBLEMS,
    Counting,
    Scripted,
    right,
    tiny,
    verdict_of,
    wrong,
)

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "Tiny/0": "def double(x):\n    return x + x\n",
    "Tiny/1": "def squares(n):\n    return [i ** 2 for i in range(n)]\n",
    "Tiny/2": "print(sum(int(word) for word in input().split()))\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tiny")


@pytest.fixture(scope="module")
def task(folder):
    return tiny(folder)


@pytest.fixture
def shared(executor):
    """What `check` opens by itself is closed after the test; `executor` skips or fails for it."""
    yield {"sandbox": "bubblewrap", "workers": 2}
    checking.close()


def test_a_program_is_judged(task, executor):
    for id in IDS:
        assert check(GOOD[id], task[id], executor=executor).status is Status.PASSED
        assert check(right(id), task[id], executor=executor).status is Status.PASSED
        bad = check(wrong(id), task[id], executor=executor)
        assert bad.status is Status.WRONG_ANSWER
        assert bad.message


def test_text_around_the_code_is_left_out_where_that_is_asked_for(task, executor):
    text = f"Like this:\n```python\n{GOOD['Tiny/0']}```\n"
    options = {"executor": executor}
    assert check(text, task["Tiny/0"], **options).status is Status.SYNTAX_ERROR
    cut = check(text, task["Tiny/0"], extraction="fence-last", **options)
    assert cut.status is Status.PASSED
    assert check(" \n", task["Tiny/0"], **options).status is Status.NO_CODE


def test_problems_are_found_by_id(task):
    assert len(task) == 3
    assert [problem.id for problem in task] == IDS
    problem = task["Tiny/1"]
    assert problem.prompt == PROBLEMS[1]["prompt"]
    assert problem.reference == PROBLEMS[1]["prompt"] + PROBLEMS[1]["canonical_solution"]
    assert repr(problem) == "TaskProblem('tiny', 'Tiny/1')"
    with pytest.raises(KeyError, match="no problem 'Tiny/9' in tiny"):
        task["Tiny/9"]


# -- rewards -------------------------------------------------------------------------------------


def test_rewards_come_in_order(task, executor):
    ids = [IDS[n % 3] for n in range(30)]
    codes = [right(id, n) if n % 4 else wrong(id, n) for n, id in enumerate(ids)]
    values = rewards(codes, [task[id] for id in ids], executor=executor)
    assert values == [float(n % 4 > 0) for n in range(30)]
    assert rewards([], [], executor=executor) == []


def test_rewards_take_texts_samples_and_nothing(task, executor):
    codes = [GOOD["Tiny/0"], Sample("Tiny/0", 0, completion="    return 2 * x\n"), "", "def ("]
    assert rewards(codes, [task["Tiny/0"]] * 4, executor=executor) == [1.0, 1.0, 0.0, 0.0]


def test_rewards_need_a_problem_for_each_program(task, executor):
    with pytest.raises(ValueError):
        rewards([GOOD["Tiny/0"]], [], executor=executor)


def test_what_could_not_be_judged_is_no_reward_of_zero(task):
    broken = Scripted(lambda program, before: verdict_of("infrastructure_error"))
    with pytest.raises(SandboxError, match="could not be judged"):
        rewards([GOOD["Tiny/2"]], [task["Tiny/2"]], executor=broken)


def test_a_reference_that_fails_is_an_error(tmp_path, executor):
    broken = tiny(tmp_path, [{**PROBLEMS[1], "canonical_solution": "    return undefined\n"}])
    with pytest.raises(TruthError, match="NameError"):
        check(GOOD["Tiny/1"], broken["Tiny/1"], executor=executor)


def test_a_reference_runs_once_however_often_its_problem_is_used(task, executor, monkeypatch):
    """Even where nothing can be kept on disk."""
    monkeypatch.setenv("CODEEVAL_CACHE", "/dev/null/nowhere")
    counting = Counting(executor)
    problems = [task["Tiny/1"]] * 10
    assert rewards([GOOD["Tiny/1"]] * 10, problems, executor=counting) == [1.0] * 10
    assert check(GOOD["Tiny/1"], task["Tiny/1"], executor=counting).status is Status.PASSED
    assert counting.truths == 1


# -- threads and event loops ---------------------------------------------------------------------


def test_many_threads_share_one_sandbox(task, shared):
    def work(number):
        id = IDS[number % 3]
        sample = right(id, note=str(number)) if number % 2 else wrong(id, note=str(number))
        return check(sample, task[id], **shared).status is Status.PASSED

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(work, range(60))) == [bool(n % 2) for n in range(60)]
    assert len(checking._shared._open) == 1


async def test_many_at_a_time_in_an_event_loop(task, shared):
    ids = [IDS[n % 3] for n in range(30)]
    samples = [right(id, note=str(n)) if n % 2 else wrong(id) for n, id in enumerate(ids)]
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)

    ticking = asyncio.create_task(tick())
    verdicts = await asyncio.gather(
        *(acheck(sample, task[id], **shared) for sample, id in zip(samples, ids, strict=True))
    )
    ticking.cancel()
    assert [v.status is Status.PASSED for v in verdicts] == [bool(n % 2) for n in range(30)]
    assert ticks > 5, "the loop was blocked"


async def test_a_check_can_be_cancelled(task, executor):
    held = Scripted(holding=True)
    under_way = asyncio.create_task(acheck(GOOD["Tiny/2"], task["Tiny/2"], executor=held))
    await asyncio.sleep(0.1)
    under_way.cancel()
    with pytest.raises(asyncio.CancelledError):
        await under_way


def test_closing_is_not_the_end(task, shared):
    for _ in range(2):
        assert check(GOOD["Tiny/0"], task["Tiny/0"], **shared).status is Status.PASSED
        checking.close()
        checking.close()


# -- other processes -----------------------------------------------------------------------------


def check_in_child(folder: str) -> list[str]:
    task = load_task(folder)
    options = {"sandbox": "bubblewrap", "workers": 1}
    verdicts = [check(GOOD[id], task[id], **options) for id in IDS]
    checking.close()
    return [verdict.status.value for verdict in verdicts]


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_processes_of_multiprocessing_have_their_own(folder, task, executor, method, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # whatever this process was started with
    context = multiprocessing.get_context(method)
    with context.Pool(1) as pool:
        assert pool.apply(check_in_child, (str(folder),)) == ["passed"] * 3
        pool.close()
        pool.join()


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # it is what is tested
def test_a_forked_child_has_its_own(folder, task, shared):
    """The parent's threads are not in it; the parent's sandbox goes on after its end."""
    assert check(GOOD["Tiny/0"], task["Tiny/0"], **shared).status is Status.PASSED
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, repr(check_in_child(str(folder))).encode())
        except BaseException:
            os.write(writer, traceback.format_exc().encode())
        finally:
            os._exit(0)
    os.close(writer)
    with open(reader, "rb") as file:
        assert file.read() == b"['passed', 'passed', 'passed']"
    os.waitpid(child, 0)
    for id in IDS:
        assert check(GOOD[id], task[id], **shared).status is Status.PASSED


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # it is what is tested
def test_a_child_may_be_forked_while_a_thread_holds_the_lock(shared):
    with checking._shared._lock:
        child = os.fork()
        if child == 0:
            os._exit(0 if checking._shared._lock.acquire(timeout=10) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


SCRIPT = """
import sys
from codeeval import check, load_task
task = load_task(sys.argv[1])
verdict = check("def double(x): return 2 * x", task["Tiny/0"], sandbox="bubblewrap", workers=1)
print(verdict.status)
"""


def test_a_script_ends_by_itself(folder, task, executor):
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", SCRIPT, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("passed\n", "", 0)

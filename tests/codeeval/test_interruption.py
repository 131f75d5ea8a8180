"""Whatever ends an evaluation, nothing finished is lost, and the same call goes on."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import time
from itertools import count
from pathlib import Path

import pytest

from codeeval import aevaluate, aevaluate_iter, evaluate
from codeeval.evaluation import EvaluationStopped
from codeeval.run_files import read_manifest
from codeeval.sandbox.verdict import Status
from tests.codeeval.evaluating import (
    IDS,
    PLAIN,
    Counting,
    Scripted,
    lines_of,
    mixture,
    right,
    tiny,
    without_usage,
    write_samples,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    return tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return tiny(tmp_path_factory.mktemp("plain"), [PLAIN])


def endless():
    return (right("Tiny/0", number, note=str(number)) for number in count())


def goes_on(path, task, executor, samples, *, at_most):
    """Check that the rest is judged, and that the whole is as if it had been in one go."""
    counting = Counting(executor)
    evaluate(samples, task, executor=counting, output=path)
    assert len(counting.programs) <= at_most
    whole = path.with_name("whole")
    evaluate(samples, task, executor=executor, output=whole)
    assert without_usage(lines_of(path)) == without_usage(lines_of(whole))
    assert read_manifest(path)["status"] == "complete"


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_exception_in_the_callback_leaves_a_run_to_go_on_with(task, executor, tmp_path, error):
    path, seen = tmp_path / "run", 0

    def progress(result, total):
        nonlocal seen
        seen += result is not None
        if seen == 5:
            raise error

    with pytest.raises(error) as caught:
        evaluate(mixture(4), task, executor=executor, output=path, progress=progress)
    assert list(path.glob("*.part")) == [], f"all is let go of while {caught} is still there"
    assert len(lines_of(path)) == 5
    assert read_manifest(path)["status"] == "started"
    goes_on(path, task, executor, mixture(4), at_most=7)


def test_the_log_says_what_happened_and_when(task, executor, tmp_path):
    def progress(result, total):
        if result is not None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(mixture(4), task, executor=executor, output=tmp_path, progress=progress)
    evaluate(mixture(4), task, executor=executor, output=tmp_path)
    lines = (tmp_path / "log.txt").read_text().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO ", line) for line in lines)
    words = [line.split(" ", 2)[2] for line in lines]
    assert words[0].startswith("codeeval ")
    assert words[1].startswith(f"task {task.name}, data {task.task.digest[:12]}")
    assert words[2].startswith("ended early: KeyboardInterrupt")
    assert "1 samples were judged before" in words
    assert words[-1] == "finished: 6 passed, 6 wrong_answer"
    assert not any("def " in word or "return" in word for word in words), "no code"


def test_progress_tells_what_is_left(task, executor, tmp_path):
    path, told = write_samples(tmp_path / "s.jsonl", mixture(2)), []

    def progress(result, total):
        told.append((result is None, total))
        if len(told) == 3:
            raise KeyboardInterrupt

    options = {"executor": executor, "output": tmp_path / "run", "progress": progress}
    with pytest.raises(KeyboardInterrupt):
        evaluate(path, task, **options)
    assert told == [(True, 6), (False, 6), (False, 6)]
    told[:] = [(False, 0)] * 3
    evaluate(path, task, **options)
    assert told[3:] == [(True, 4)] + [(False, 4)] * 4


def test_a_request_to_stop_is_met_between_two_results(task, executor, tmp_path):
    stop = threading.Event()

    def progress(result, total):
        if result is not None:
            stop.set()

    options = {"executor": executor, "output": tmp_path / "run"}
    with pytest.raises(EvaluationStopped, match="the same call goes on from here"):
        evaluate(mixture(4), task, progress=progress, stop=stop, **options)
    assert len(lines_of(tmp_path / "run")) == 1
    goes_on(tmp_path / "run", task, executor, mixture(4), at_most=11)


SCRIPT = """
import sys
from codeeval import evaluate
def progress(result, total):
    print("one", flush=True)
evaluate(sys.argv[1], sys.argv[2], output=sys.argv[3], sandbox="bubblewrap", workers=1,
         progress=progress)
"""


def test_a_killed_process_loses_only_what_was_under_way(executor, tmp_path):
    """The lock is gone with the process, and what it had printed is on disk."""
    task = tiny(tmp_path / "task")
    samples = write_samples(tmp_path / "s.jsonl", mixture(60))
    arguments = [str(samples), str(tmp_path / "task"), str(tmp_path / "run")]
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments], cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        for _ in range(21):
            assert process.stdout.readline() == b"one\n"
        os.kill(process.pid, signal.SIGKILL)
    judged = len(lines_of(tmp_path / "run"))
    assert judged >= 20
    counting = Counting(executor)
    run = evaluate(
        samples, task, executor=counting, output=tmp_path / "run", sandbox="bubblewrap", workers=1
    )
    assert len(counting.programs) == 180 - judged
    assert run.report.counts == {"passed": 90, "wrong_answer": 90}


# -- event loops ---------------------------------------------------------------------------------


async def test_an_evaluation_does_not_block_the_loop(task, executor, tmp_path):
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.001)

    ticking = asyncio.create_task(tick())
    run = await aevaluate(mixture(10), task, executor=executor, output=tmp_path)
    ticking.cancel()
    assert run.report.samples == 30
    assert ticks > 5


async def test_a_cancelled_evaluation_ends_and_can_go_on(task, executor, tmp_path):
    path, loop, begun = tmp_path / "run", asyncio.get_running_loop(), asyncio.Event()

    def progress(result, total):
        if result is not None:
            loop.call_soon_threadsafe(begun.set)

    under_way = asyncio.create_task(
        aevaluate(endless(), task, executor=executor, output=path, progress=progress)
    )
    await begun.wait()
    under_way.cancel()
    with pytest.raises(asyncio.CancelledError):
        await under_way
    judged = len(lines_of(path))
    assert judged >= 1
    await asyncio.sleep(0.1)
    assert len(lines_of(path)) == judged, "nothing goes on behind"
    samples = [right(id, note=str(0)) for id in IDS]
    goes_on(path, task, executor, samples, at_most=3)


async def test_an_evaluation_that_waits_can_be_cancelled(plain):
    held = Scripted(holding=True)
    under_way = asyncio.create_task(aevaluate([right("Tiny/0")], plain, executor=held))
    await asyncio.sleep(0.1)
    under_way.cancel()
    with pytest.raises(asyncio.CancelledError):
        await under_way


async def test_results_stream_into_a_loop(task, executor):
    found = [result async for result in aevaluate_iter(mixture(4), task, executor=executor)]
    assert len(found) == 12
    seen = 0
    stream = aevaluate_iter(endless(), task, executor=executor)
    async for result in stream:
        assert result.verdict.status is Status.PASSED
        seen += 1
        if seen == 5:
            break
    await stream.aclose()


async def test_a_stream_can_be_cancelled_while_it_waits(plain):
    held = Scripted(holding=True)

    async def read():
        async for _ in aevaluate_iter([right("Tiny/0")], plain, executor=held):
            pass

    under_way = asyncio.create_task(read())
    await asyncio.sleep(0.1)
    under_way.cancel()
    started = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await under_way
    assert time.monotonic() - started < 30


# -- size ----------------------------------------------------------------------------------------

MEMORY = """
import gc, os, sys
from codeeval import Sample, evaluate
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
def samples(n):
    for index in range(n):
        yield Sample("Tiny/0", index, completion="    return 2 * x\\n" + "# comment\\n" * 100)
def judge(n):
    evaluate(samples(n), sys.argv[1], sandbox="bubblewrap", workers=1, output=sys.argv[2] + str(n))
    gc.collect()
    return resident()
small = judge(2000)
large = judge(50_000)
print((large - small) / 2**20)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_samples(executor, tmp_path):
    """50,000 samples of 1 kB each; a bit and two numbers of each may be kept for their order."""
    tiny(tmp_path / "task", [PLAIN])
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path / "task"), str(tmp_path / "run")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 16

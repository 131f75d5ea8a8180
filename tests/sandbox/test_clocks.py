"""Clocks, and the counter of the processor, tried with an event of the kernel's own instead."""

from __future__ import annotations

import os
import time

import pytest

from codeeval.sandbox import bundle, clocks
from codeeval.sandbox.clocks import NoClock, clock_of, counter_of
from codeeval.sandbox.codec import encode, pack
from codeeval.sandbox.doctor import diagnose
from codeeval.sandbox.errors import SandboxUnavailable
from codeeval.sandbox.program import Blob, Costs, Level, Limits, Outputs, Program
from codeeval.sandbox.verdict import Status
from tests.sandbox.conftest import open_or_skip

TASK_CLOCK = (1, 1)
"""A software event: nanoseconds on a processor."""
LIMITS = Limits(cpu_seconds=60, wall_seconds=120)
SUM = "def f(n):\n    total = 0\n    for i in range(n):\n        total += i\n    return total\n"
TWICE = "def f(n):\n    total = 0\n    for i in range(2 * n):\n        total += i\n"
TWICE += "    return n * (n - 1) // 2\n"
LEVELS = (Level(1, 1.0, 30_000.0), Level(1, 1.0, 60_000.0))
INPUTS = Blob(pack([encode((30_000,)), encode((60_000,))]))
HARDWARE = "instructions-hw"


@pytest.fixture
def spinning():
    """Give the id of a process that takes 50 ms when a byte comes, and wait for its end."""
    begin, start = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.read(begin, 1)
        enough = time.process_time() + 0.05
        while time.process_time() < enough:
            pass
        time.sleep(60)
        os._exit(0)
    yield pid, lambda: os.write(start, b".")
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    os.close(begin)
    os.close(start)


@pytest.mark.parametrize("name", ["cpu", "wall", HARDWARE])
def test_a_clock_tells_what_a_process_takes(spinning, monkeypatch, name):
    monkeypatch.setattr(clocks, "EVENT", TASK_CLOCK)
    pid, start = spinning
    with clock_of(name, pid) as read:
        before = read()
        start()
        deadline = time.monotonic() + 10
        while read() - before < 0.045 and time.monotonic() < deadline:
            time.sleep(0.001)
        assert 0.045 <= read() - before < 10


def test_a_counter_counts_no_other_process(spinning, monkeypatch):
    monkeypatch.setattr(clocks, "EVENT", TASK_CLOCK)
    pid, _ = spinning
    with clock_of(HARDWARE, pid) as read:
        before, spent = read(), time.process_time()
        while time.process_time() < spent + 0.02:
            pass
        assert read() - before < 0.01


def test_descriptors_are_closed(spinning, monkeypatch):
    monkeypatch.setattr(clocks, "EVENT", TASK_CLOCK)
    before = set(os.listdir("/proc/self/fd"))
    with clock_of(HARDWARE, spinning[0]):
        assert set(os.listdir("/proc/self/fd")) > before
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_processor_that_has_no_such_counter_is_told_of(monkeypatch):
    monkeypatch.setattr(clocks, "EVENT", (0, 999))
    with pytest.raises(NoClock, match="this machine has no counter of instructions"):
        counter_of(os.getpid())
    monkeypatch.setattr(clocks.platform, "machine", lambda: "z80")
    with pytest.raises(NoClock, match="cannot be counted on z80"):
        counter_of(os.getpid())


def test_a_process_that_has_ended_has_no_count(monkeypatch):
    monkeypatch.setattr(clocks, "EVENT", TASK_CLOCK)
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    with clock_of(HARDWARE, pid) as read:
        assert read() == 0


@pytest.fixture(params=["bubblewrap", "unsafe-local"])
def counting(monkeypatch, request):
    """Give a sandbox whose counter counts nanoseconds of a processor."""
    texts = bundle.texts()
    changed = [(name, text.replace("EVENT = (0, 1)", "EVENT = (1, 1)")) for name, text in texts]
    assert sum(a != b for a, b in zip(texts, changed, strict=True)) == 1
    monkeypatch.setattr(bundle, "texts", lambda: changed)
    with open_or_skip(request.param, limits=LIMITS) as executor:
        yield executor


def test_calls_are_measured_by_a_counter(counting):
    calls = Outputs("f", INPUTS, clock=HARDWARE, levels=LEVELS)
    truth = counting.truth(Program(SUM, (calls,), LIMITS))
    assert 1.5 < truth.cpu_seconds[1] / truth.cpu_seconds[0] < 2.7
    check = Costs("f", LEVELS, INPUTS, reference=SUM, truth=truth, clock=HARDWARE, score="speed")
    for source, least, most in ((SUM, 0.7, 1.4), (TWICE, 1.5, 2.7)):
        verdict = counting.run(Program(source, (check,), LIMITS))
        assert verdict.status is Status.PASSED, verdict.message
        for cost in verdict.results[0].costs:
            assert least < cost.seconds / cost.reference_seconds < most
            assert cost.clock == HARDWARE


def counts_here() -> bool:
    try:
        os.close(counter_of(os.getpid()))
    except NoClock:
        return False
    return True


@pytest.mark.skipif(counts_here(), reason="this machine counts instructions")
def test_where_nothing_counts_no_sample_is_judged():
    calls = Outputs("f", INPUTS, clock=HARDWARE, levels=LEVELS)
    with open_or_skip("bubblewrap", limits=LIMITS) as executor:
        for _ in range(2):  # the jail goes on, and says the same
            with pytest.raises(SandboxUnavailable, match="cannot be counted by the processor"):
                executor.truth(Program(SUM, (calls,), LIMITS))
        truth = executor.truth(Program(SUM, (Outputs("f", INPUTS),), LIMITS))
        assert len(truth.cpu_seconds) == 2


@pytest.mark.slow
def test_the_doctor_tells_which_clocks_there_are():
    open_or_skip("bubblewrap").close()
    found = {finding.subject: finding for finding in diagnose("bubblewrap")}
    assert [found[f"clock {name}"].ok for name in ("cpu", "wall", "instructions-sim")] == [True] * 3
    if not counts_here():
        assert found[f"clock {HARDWARE}"].ok is None
        assert "cannot be counted by the processor" in found[f"clock {HARDWARE}"].found

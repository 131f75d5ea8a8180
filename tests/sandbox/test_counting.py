"""Instructions are counted the same each time, and what is not counted gains nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codeeval.sandbox.errors import SandboxError
from codeeval.sandbox.executor import Executor
from codeeval.sandbox.pool import MOST_SECONDS, patience
from codeeval.sandbox.program import Costs, Level, Limits, Outputs, Program
from codeeval.sandbox.verdict import Status, Verdict
from tests.sandbox.cheats import CHEATS, HONEST, LOOP, REFERENCE, WORK
from tests.sandbox.conftest import open_or_skip
from tests.sandbox.programs import assert_next_is_right, judge, limited, packed

CLOCK = "instructions-sim"
LEVELS = (Level(2, 0.0, 10.0), Level(1, 1.0, 20_000.0), Level(2, 2.0, 40_000.0))
INPUTS = packed((10,), (11,), (20_000,), (40_000,), (39_000,))
COUNTED = Outputs("f", INPUTS, CLOCK, 0.0005, LEVELS)
SANDBOXES = ["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)]

pytestmark = pytest.mark.slow


def check_by(executor: Executor, reference: str = REFERENCE) -> Costs:
    """Return a check against a reference whose instructions are counted."""
    truth = executor.truth(Program(reference, (COUNTED,), limited()))
    return Costs(
        *("f", LEVELS, INPUTS), reference=reference, truth=truth, clock=CLOCK, limit_floor=0.0
    )


@pytest.fixture(scope="module")
def counting(pools):
    """Return a function that counts a candidate's instructions beside the usual reference's."""
    checks: dict[str, Costs] = {}

    def count(sandbox: str, source: str, **options) -> Verdict:
        executor = pools(sandbox)
        if sandbox not in checks:
            checks[sandbox] = check_by(executor)
        check = replace(checks[sandbox], **options)
        return judge(executor, Program(source, (check,), limited()))

    return count


def ratios(verdict: Verdict) -> list[float]:
    """Return what each finished level costs, in times of the reference."""
    return [c.seconds / c.reference_seconds for c in verdict.results[0].costs if not c.censored]


@pytest.mark.parametrize("sandbox", SANDBOXES)
def test_a_reference_costs_exactly_what_it_costs(counting, sandbox):
    for _ in range(3):
        verdict = counting(sandbox, REFERENCE)
        assert verdict.status is Status.PASSED, verdict.message
        assert ratios(verdict) == pytest.approx([1, 1], abs=1e-4)
        first, second = verdict.results[0].costs
        assert 20 * 20_000 < first.reference_seconds * 1e9 < 2000 * 20_000
        assert second.reference_seconds == pytest.approx(2 * first.reference_seconds, rel=0.1)
        assert second.low == second.seconds == second.high


@pytest.mark.parametrize("sandbox", SANDBOXES)
def test_counts_are_those_of_the_work(counting, sandbox):
    verdict = counting(sandbox, f"{HONEST}f = work\n")
    assert ratios(verdict) == pytest.approx([1.5, 1.5], rel=0.06)
    faster = "def f(n):\n    return n // 7 * 14 + sum(i * i % 7 for i in range(n % 7))\n"
    small, large = ratios(counting(sandbox, faster))
    assert small < 0.2  # on a noisy machine CPU time may tell more than a count of so little
    assert large < 0.02
    slower = f"def f(n):\n{WORK}" + LOOP.format("n").replace("total", "other") * 2
    verdict = counting(sandbox, slower + "    return total\n")
    assert verdict.status is Status.PASSED
    assert [cost.censored for cost in verdict.results[0].costs] == [False, True]


@pytest.mark.parametrize("sandbox", SANDBOXES)
@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_has_its_work_counted(counting, sandbox, name):
    verdict = counting(sandbox, HONEST + CHEATS[name])
    assert verdict.status is not Status.INFRASTRUCTURE_ERROR, verdict.message
    assert all(ratio > 1.5 * 0.94 for ratio in ratios(verdict))


NOT_COUNTED = {
    "by the kernel": """
import os
def f(n):
    null = os.open("/dev/zero", os.O_RDONLY)
    for _ in range(n // 500):
        os.read(null, 1 << 20)
    return n // 7 * 14 + sum(i * i % 7 for i in range(n % 7))
""",
    "by another program": """
import os, sys
def f(n):
    if n > 20:
        code = "exec('total = 0\\\\nfor i in range(%d): total += i * i %% 7')" % n
        os.execv("/usr/bin/python3", ["python3", "-S", "-c", code])
    return sum(i * i % 7 for i in range(n))
""",
    "by nobody": """
import os, signal
def f(n):
    if n > 20_000:
        os.kill(os.getpid(), signal.SIGKILL)
    return sum(i * i % 7 for i in range(n))
""",
}


@pytest.mark.parametrize("name", NOT_COUNTED)
def test_work_that_is_not_counted_is_charged(counting, name):
    verdict = counting("bubblewrap", NOT_COUNTED[name])
    assert verdict.status is not Status.INFRASTRUCTURE_ERROR, verdict.message
    assert all(ratio > 0.5 for ratio in ratios(verdict))


FORGED = """
import os, sys
def forge():
    for number in range(100, 5000):
        try:
            log = os.dup(number)
        except OSError:
            continue
        try:
            os.write(log, b"==%d== \\n==%d== I   refs:      1\\n" % (os.getpid(), os.getpid()))
        except OSError:
            pass
class Forger:
    def flush(self):
        forge()
        {}
    def write(self, text): pass
f = work
sys.stdout = Forger()
"""


def test_a_process_with_much_memory_is_counted(pools):
    much = "def f(n):\n    kept = [[i] for i in range(8 * n)]\n    return len(kept)\n"
    executor = pools("bubblewrap")
    verdict = executor.run(Program(much, (check_by(executor, much),), limited()))
    assert ratios(verdict) == pytest.approx([1, 1], abs=0.01)


@pytest.mark.parametrize(
    "last",
    [
        "pass",
        'os.execv("/usr/bin/true", ["true"])',
        "os.kill(os.getpid(), 9)",
        "os.abort()",
        "os._exit(0)",
    ],
)
def test_a_forged_count_gains_nothing(counting, last):
    verdict = counting("bubblewrap", HONEST + FORGED.format(last))
    assert verdict.status is not Status.INFRASTRUCTURE_ERROR, verdict.message
    assert all(ratio > 1.5 * 0.8 for ratio in ratios(verdict)), ratios(verdict)


def test_a_case_that_a_look_hides_is_counted(counting):
    source = f"""
import sys
def f(n):
    calls = sys._getframe(1).f_locals.get("calls", ())
    if n == 40_000 and len(calls) > 1:
        for _ in range(400_000): pass
    if n == 39_000:
        for _ in range(250_000): pass
{WORK}    return total
"""
    verdict = counting("bubblewrap", source)
    assert [cost.censored for cost in verdict.results[0].costs] == [False, True], ratios(verdict)


def test_deep_recursion_is_no_failure(pools):
    deep = (
        "import sys, functools\nsys.setrecursionlimit(10**6)\n@functools.lru_cache(None)\n"
        "def g(n): return 0 if n == 0 else 1 + g(n - 1)\ndef f(n): return g(n)\n"
    )
    shallow = "def f(n):\n    return sum(1 for _ in range(n))\n"
    executor = pools("bubblewrap")
    check = check_by(executor, shallow)
    verdict = executor.run(Program(deep, (check,), limited()))
    assert verdict.status is Status.PASSED, verdict.message


def test_a_reference_that_does_nothing_costs_what_it_costs(pools):
    executor, nothing = pools("bubblewrap"), "def f(n): return n"
    verdict = executor.run(Program(nothing, (check_by(executor, nothing),), limited()))
    assert ratios(verdict) == [1, 1]


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("def f(n): return 0", "wrong_answer"),
        (f"def f(n):\n{WORK}    return total + (n > 30000)", "wrong_answer"),
        (f"def f(n):\n{WORK}    return [total][n > 11]", "runtime_error"),
        ("def f(n) return", "syntax_error"),
    ],
)
def test_what_is_wrong_is_found_without_a_count(counting, source, status):
    verdict = counting("bubblewrap", source)
    assert verdict.status == status
    assert verdict.results[0].costs == ()


def test_an_endless_call_is_censored(counting, pools):
    verdict = counting(
        "bubblewrap", f"def f(n):\n{WORK}    while n > 30000: pass\n    return total"
    )
    assert verdict.status is Status.PASSED
    assert [cost.censored for cost in verdict.results[0].costs] == [False, True]
    assert_next_is_right(pools("bubblewrap"))


def test_what_behaves_otherwise_when_it_is_simulated_gains_nothing(counting):
    source = f"""
import time
def work(n):
{LOOP.format("n // 2")}{WORK}    return total
def f(n):
    start = time.process_time()
    work(50)
    if time.process_time() - start > 1e-4:
        return n // 7 * 14 + sum(i * i % 7 for i in range(n % 7))
    return work(n)
"""
    found = ratios(counting("bubblewrap", source))
    assert all(ratio > 0.3 for ratio in found), found


def test_where_nothing_counts_the_error_says_so(monkeypatch):
    monkeypatch.setattr("codeeval.sandbox.local.ENVIRONMENT", {"PATH": "/nowhere"})
    executor = open_or_skip("bubblewrap")
    with executor, pytest.raises(SandboxError, match="no valgrind in the sandbox"):
        check_by(executor)


def test_who_waits_for_counts_waits_long_but_no_time_is_too_large():
    checks = (Costs("f", LEVELS, INPUTS, clock=CLOCK),)
    usual = patience(Program("", (replace(checks[0], clock="cpu"),), Limits(wall_seconds=600.0)))
    assert usual < patience(Program("", checks, Limits(wall_seconds=600.0))) <= MOST_SECONDS
    assert MOST_SECONDS * 1000 < 2**31, "milliseconds of poll(2)"

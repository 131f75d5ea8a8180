"""Costs are measured from outside: what a candidate does to look faster gains it nothing."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeeval.sandbox.costs import (
    Pair,
    Repeat,
    Scale,
    drawn_ratios,
    fraction,
    is_unlike,
    percentile,
    ratio,
    score,
    time_limit,
)
from codeeval.sandbox.host import nameless
from codeeval.sandbox.measured import named_modules
from codeeval.sandbox.program import Costs, Level, Outputs, Program, Truth
from codeeval.sandbox.records import read_parts, write_parts
from codeeval.sandbox.verdict import CheckResult, Cost, Status, Verdict
from tests.sandbox.cheats import CHEATS, HONEST, LOOP, REFERENCE, WORK
from tests.sandbox.programs import assert_next_is_right, judge, limited, packed

LEVELS = (Level(2, 0.0, 10.0), Level(1, 1.0, 20_000.0), Level(2, 2.0, 40_000.0))
INPUTS = packed((10,), (11,), (20_000,), (40_000,), (39_000,))
TIMED = Outputs("f", INPUTS, "cpu", 0.0005, LEVELS)


@pytest.fixture(scope="module")
def measuring(pools):
    """Return a function that measures a candidate on a backend whose reference was timed once."""
    truths: dict[str, Truth] = {}

    def measure(sandbox: str, source: str, **options) -> Verdict:
        executor = pools(sandbox)
        if sandbox not in truths:
            truths[sandbox] = executor.truth(Program(REFERENCE, (TIMED,), limited()))
        check = Costs(
            "f", LEVELS, INPUTS, reference=REFERENCE, truth=truths[sandbox], span_seconds=0.0005
        )
        return judge(executor, Program(source, (replace(check, **options),), limited()))

    return measure


SANDBOXES = ["unsafe-local", "bubblewrap", pytest.param("docker", marks=pytest.mark.docker)]


def efficiency(verdict: Verdict) -> float:
    if verdict.status is not Status.PASSED:
        return 0.0
    costs = verdict.results[0].costs
    parts = {c.level: fraction(c.seconds, c.reference_seconds, c.limit_seconds) for c in costs}
    known = [0.0 if c.censored else parts[c.level] for c in costs]
    return score([*known, 0.0, 0.0][:2], [1.0, 2.0])


@pytest.mark.parametrize("sandbox", SANDBOXES)
def test_a_reference_costs_what_it_costs(measuring, sandbox):
    verdict = measuring(sandbox, REFERENCE)
    assert verdict.status is Status.PASSED, verdict.message
    assert verdict.sealed
    first, second = verdict.results[0].costs
    assert (first.level, second.level) == (1, 2)
    assert (first.size, second.size) == (20_000.0, 40_000.0)
    assert efficiency(verdict) == pytest.approx(1, abs=0.15)
    assert second.limit_seconds == pytest.approx(2 * second.reference_seconds)
    assert second.repeats >= 2
    unsure = 0.119 * second.repeats**-0.6 * second.seconds
    assert second.low <= second.seconds - unsure < second.seconds + unsure <= second.high
    assert second.memory_bytes > 2**20
    assert second.reference_memory_bytes > 2**20


@pytest.mark.parametrize("sandbox", SANDBOXES)
def test_what_takes_longer_is_worth_less(measuring, sandbox):
    slower = f"def f(n):\n{LOOP.format('n // 2')}{WORK}    return total\n"
    faster = "def f(n):\n    return n // 7 * 14 + sum(i * i % 7 for i in range(n % 7))\n"
    assert efficiency(measuring(sandbox, slower)) == pytest.approx(0.61, abs=0.2)
    assert efficiency(measuring(sandbox, faster)) > 1.6


@pytest.mark.parametrize(
    ("source", "status", "says"),
    [
        ("def f(n): return 0", "wrong_answer", "level 0: call 1: f(10) returned 0"),
        (f"def f(n):\n{WORK}    return total + (n > 30000)", "wrong_answer", "level 2: call 4"),
        (f"def f(n):\n{WORK}    return [total][n > 11]", "runtime_error", "level 1"),
        ("def f(n): return", "wrong_answer", "level 0"),
        ("def f(n) return", "syntax_error", "level 0"),
        ("def g(n): pass", "runtime_error", "KeyError: 'f'"),
        ("def f(n): return lambda: n", "wrong_answer", "returned <builtins.function>"),
        ("import os\ndef f(n): os._exit(0)", "runtime_error", "exit status 0"),
        ("def f(n):\n while n == 11: pass\n return f", "wrong_answer", "level 0: call 1"),
    ],
)
def test_what_is_wrong_fails_with_its_level(measuring, source, status, says):
    verdict = measuring("unsafe-local", source)
    assert verdict.status == status
    assert says in verdict.message
    assert verdict.results[0].costs == ()


ENDLESS = f"def f(n):\n{WORK}    while n > 30000: pass\n    return total\n"


@pytest.mark.parametrize("sandbox", SANDBOXES)
def test_a_level_that_is_not_finished_is_no_failure(measuring, pools, sandbox):
    verdict = measuring(sandbox, ENDLESS)
    assert verdict.status is Status.PASSED, verdict.message
    assert "level 2" in verdict.results[0].message
    assert [cost.censored for cost in verdict.results[0].costs] == [False, True]
    assert 0.2 < efficiency(verdict) < 0.5
    assert_next_is_right(pools(sandbox))


def test_what_a_level_that_is_timed_leaves_behind_fails_none_that_is_not(measuring):
    source = (
        "import sys\ndef f(n):\n    met = vars(sys).setdefault('met', [])\n"
        f"    if n < 100 < max(met, default=0): return None\n    met.append(n)\n{WORK}"
        "    return total\n"
    )
    verdict = measuring("unsafe-local", source)
    assert verdict.status is Status.PASSED, verdict.message
    assert [cost.censored for cost in verdict.results[0].costs] == [False, False]


def test_what_was_right_before_the_first_that_was_not_is_counted(measuring):
    wrong = f"def f(n):\n{WORK}    return total + (n == 11)\n"
    (found,) = measuring("unsafe-local", wrong).results
    assert (found.completed, found.failures) == (1, (1,))


def test_a_call_that_pays_for_another_makes_it_no_cheaper(measuring):
    source = (
        "import sys\ndef work(n):\n"
        f"{WORK}    return total\n"
        "def f(n):\n    kept = vars(sys).setdefault('kept', {})\n"
        "    if n in kept: return kept[n]\n"
        "    many = len(sys._getframe(1).f_locals.get('calls', ())) > 1\n"
        "    if n == 40000 and many and PAYS: kept[39000] = f(39000)\n"
        "    if n == 39000: [work(n) for _ in range(3)]\n    return work(n)\n"
    )
    honest = measuring("unsafe-local", source.replace("PAYS", "False"))
    paid = measuring("unsafe-local", source.replace("PAYS", "True"))
    assert honest.status is paid.status is Status.PASSED
    assert efficiency(paid) <= efficiency(honest) + 0.2


def test_a_wrong_answer_where_nothing_is_timed_counts_before_what_takes_too_long(measuring):
    source = "def f(n):\n    while n > 100: pass\n    return 0\n"
    verdict = measuring("unsafe-local", source)
    assert verdict.status is Status.WRONG_ANSWER
    assert "level 0: call 1" in verdict.message
    assert verdict.results[0].failures == (0,)


def test_exceptions_count_as_not_finished_if_the_task_says_so(measuring):
    source = f"def f(n):\n    if n > 30000: raise OverflowError(n)\n{WORK}    return total\n"
    assert measuring("unsafe-local", source).status is Status.RUNTIME_ERROR
    verdict = measuring("unsafe-local", source, censoring=("OverflowError",))
    assert verdict.status is Status.PASSED
    assert verdict.results[0].costs[-1].censored


def test_a_failure_after_a_level_that_took_too_long_does_not_count(measuring):
    source = (
        f"def f(n):\n{WORK}    if n == 20000:\n        while True: pass\n"
        "    return total if n < 30000 else None\n"
    )
    verdict = measuring("unsafe-local", source)
    assert verdict.status is Status.PASSED
    assert [cost.level for cost in verdict.results[0].costs] == [1]


def test_a_level_that_ends_within_is_censored(measuring):
    source = f"def f(n):\n    while n == 39000: pass\n{WORK}    return total\n"
    verdict = measuring("unsafe-local", source)
    assert verdict.status is Status.PASSED, verdict.message
    assert [cost.censored for cost in verdict.results[0].costs] == [False, True]


def test_a_candidate_that_only_waits_is_ended(measuring):
    source = f"import time\ndef f(n):\n    time.sleep(4)\n{WORK}    return total\n"
    verdict = measuring("unsafe-local", source)
    assert verdict.status in (Status.TIMEOUT, Status.PASSED)
    assert verdict.usage.wall_seconds < 40
    assert efficiency(verdict) == 0


@pytest.mark.slow
def test_many_calls_that_wait_end_as_soon_as_one(pools):
    levels = (Level(200, 0.0, 10.0), *LEVELS[1:])
    inputs = packed(*[(10,)] * 200, (20_000,), (40_000,), (39_000,))
    executor = pools("unsafe-local")
    timed = replace(TIMED, inputs=inputs, levels=levels)
    truth = executor.truth(Program(REFERENCE, (timed,), limited()))
    check = Costs("f", levels, inputs, reference=REFERENCE, truth=truth, span_seconds=0.0005)
    source = f"import time\ndef f(n):\n    time.sleep(1)\n{WORK}    return total\n"
    verdict = judge(executor, Program(source, (check,), limited()))
    assert verdict.status is Status.TIMEOUT
    assert "did nothing for" in verdict.message
    assert verdict.usage.wall_seconds < 50


def test_a_checker_decides_where_there_is_one(measuring):
    checker = "def __check(arguments, expected, returned):\n    return returned == -expected\n"
    source = f"def f(n):\n{WORK}    return -total\n"
    assert measuring("unsafe-local", source).status is Status.WRONG_ANSWER
    assert measuring("unsafe-local", source, checker=checker).status is Status.PASSED
    wrong = measuring("unsafe-local", source.replace("-total", "total - 1"), checker=checker)
    assert "f(10) returned" in wrong.message


def test_the_wall_clock_measures_too(pools):
    executor = pools("unsafe-local")
    truth = executor.truth(Program(REFERENCE, (replace(TIMED, clock="wall"),), limited()))
    check = Costs("f", LEVELS, INPUTS, reference=REFERENCE, truth=truth, clock="wall")
    sleeps = f"import time\ndef f(n):\n    time.sleep(n / 4e6)\n{WORK}    return total\n"
    assert judge(executor, Program(REFERENCE, (check,), limited())).status is Status.PASSED
    slow = judge(executor, Program(sleeps, (check,), limited())).results[0].costs
    assert slow[-1].seconds > slow[-1].reference_seconds + 0.008


HONEST_SCORE = 0.61
"""What work that takes half as much again as the reference's is worth."""


def assert_gains_nothing(measure: Callable[[], Verdict], tolerance: float) -> None:
    """Assert that a candidate that does that much work is not worth clearly more.

    It is measured again if it seems to be: what gains does so each time, noise does not.
    """
    found = []
    for _ in range(3):
        verdict = measure()
        assert verdict.status is not Status.INFRASTRUCTURE_ERROR, verdict.message
        found.append(efficiency(verdict))
        if found[-1] <= HONEST_SCORE + tolerance:
            return
    pytest.fail(f"gains: {found}, {verdict.results[0].costs}")


@pytest.mark.slow
@pytest.mark.parametrize("sandbox", SANDBOXES[1:])
@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_gains_nothing(measuring, sandbox, name):
    assert_gains_nothing(lambda: measuring(sandbox, HONEST + CHEATS[name]), 0.2)


SHORT = {"20 microseconds": (300, 599, 600), "200 microseconds": (3000, 5990, 6000)}


@pytest.fixture(scope="module")
def measuring_short(pools):
    """Return a function that measures a candidate with calls of less than a millisecond."""
    checks: dict[tuple[str, str], Costs] = {}

    def measure(sandbox: str, length: str, source: str) -> Verdict:
        executor = pools(sandbox)
        if (sandbox, length) not in checks:
            small, near, large = SHORT[length]
            inputs = packed((10,), (11,), (small,), (large,), (near,))
            timed = replace(TIMED, inputs=inputs)
            checks[sandbox, length] = Costs(
                "f",
                LEVELS,
                inputs,
                reference=REFERENCE,
                truth=executor.truth(Program(REFERENCE, (timed,), limited())),
                span_seconds=0.0005,
            )
        for size, named in zip(SHORT[length], (20_000, 39_000, 40_000), strict=True):
            source = source.replace(f"{named:_}", str(size))
        return judge(executor, Program(source, (checks[sandbox, length],), limited()))

    return measure


GAINS = {"20 microseconds": 0.5, "200 microseconds": 0.3}
"""By how much e may be above that of the same work done honestly: docs/efficiency.md says why."""


@pytest.mark.slow
@pytest.mark.parametrize("sandbox", SANDBOXES[2:])
@pytest.mark.parametrize("length", SHORT)
@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_gains_little_where_calls_are_short(measuring_short, sandbox, length, name):
    room = GAINS[length]
    assert_gains_nothing(lambda: measuring_short(sandbox, length, HONEST + CHEATS[name]), room)


EXAMPLE = (0.1, 0.2, 0.5)


@pytest.mark.parametrize(
    ("seconds", "fractions", "e"),
    [
        ((0.1, 0.2, 0.5), (1, 1, 1), 1),
        ((0.2, 0.5, 0.9), (0.888889, 0.625, 0.2), 0.534167),
        ((0.2, 0.5, 1.005), (0.888889, 0.625, 0), 0.454167),
        ((0.05, 0.1, 0.25), (1.055556, 1.125, 1.5), 1.254167),
        ((2, 2, 2), (0, 0, 0), 0),
    ],
)
def test_scores_are_those_of_the_worked_example(seconds, fractions, e):
    limit = time_limit(EXAMPLE, 2)
    assert limit == 1
    found = [fraction(t, r, limit) for t, r in zip(seconds, EXAMPLE, strict=True)]
    assert found == pytest.approx(fractions, abs=1e-6)
    assert score(found, (3, 3, 4)) == pytest.approx(e, abs=1e-6)


def pair(reference: float, candidate: float, *, beside: float = 0.0001) -> Pair:
    """``beside`` is what the candidate does for a first answer beside the usual call."""
    return Pair(
        Repeat(reference + 0.0001, reference, reference),
        Repeat(candidate + beside, candidate, candidate),
    )


def test_noise_on_either_side_changes_no_ratio_of_minima():
    quiet = [pair(0.01, 0.02)]
    noisy = [*quiet, pair(0.05, 0.02), pair(0.01, 0.09), pair(0.3, 0.5)]
    assert ratio(quiet, 0.01) == ratio(noisy, 0.01) == pytest.approx(2)


@pytest.mark.parametrize("reference", [2e-5, 2e-4, 1e-2])
def test_what_is_done_for_a_first_answer_is_charged_if_further_calls_do_not_tell(reference):
    hidden = [pair(reference, reference / 10, beside=0.0001 + 1.4 * reference)]
    assert is_unlike(hidden, 2 * reference)
    assert ratio(hidden, 2 * reference) == pytest.approx(1.5)
    usual = [pair(reference, reference / 10, beside=0.000101)]
    assert not is_unlike(usual, 2 * reference)
    assert ratio(usual, 2 * reference) == pytest.approx(0.1)


@pytest.mark.parametrize("reference", [2e-5, 2e-4, 1e-2])
def test_little_is_tolerated_as_noise(reference):
    least = next(
        share / 100
        for share in range(100)
        if is_unlike([pair(reference, reference, beside=0.0001 + share / 100 * reference)], 0.0)
    )
    assert least * reference <= 6e-6 + 0.05 * (reference + 0.0001) + 0.01 * reference


costs = st.floats(1e-5, 1e3)


@given(st.lists(st.tuples(costs, costs), min_size=1, max_size=8))
def test_a_ratio_is_between_the_extremes(values):
    pairs = [pair(r, c) for r, c in values]
    lowest = min(c for _, c in values) / max(r for r, _ in values)
    highest = max(c for _, c in values) / min(r for r, _ in values)
    assert lowest * 0.999 <= ratio(pairs, 1.0) <= highest * 1.001
    drawn = drawn_ratios(pairs, 1.0, 20, random.Random(1))
    assert all(lowest * 0.999 <= each <= highest * 1.001 for each in drawn)


@given(st.lists(st.tuples(costs, costs), min_size=1, max_size=6))
def test_speed_is_above_one_just_if_the_sum_is_smaller(values):
    references = dict(enumerate(r for r, _ in values))
    scale = Scale("speed", references, {}, 5.0, 0.0)
    found = dict(enumerate(c for _, c in values))
    assert (scale.score(found) > 1) == (sum(references.values()) > sum(found.values()))
    assert all(scale.limit(level) == 5 * cost for level, cost in references.items())
    found.popitem()
    assert scale.score(found) == 0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0, 1))
def test_a_percentile_is_between_the_values(values, share):
    found = percentile(values, share)
    assert min(values) - 1e-6 <= found <= max(values) + 1e-6
    assert percentile(values, 0) == min(values)
    assert percentile(values, 1) == max(values)


def test_libraries_are_those_that_code_imports():
    names = "\n".join(f"a{number} = {number}" for number in range(300))
    code = compile(
        f"{names}\nimport json\ndef f(random):\n    from os.path import join\n    import mine\n"
        "    return random.choice, decimal\n",
        "<candidate>",
        "exec",
    )
    assert list(named_modules(code)) == ["json", "os.path"]


def test_costs_survive_json():
    cost = Cost(1, 10.0, 0, 0.5, 0.4, 0.6, 0.3, 0.6, 4, True, 100, 200)
    result = CheckResult("tests", Status.PASSED, costs=(cost,))
    verdict = Verdict(Status.PASSED, (result,))
    assert Verdict.from_dict(verdict.as_dict()) == verdict
    assert (
        "costs"
        not in Verdict(Status.PASSED, (CheckResult("t", Status.PASSED),)).as_dict()["results"][0]
    )


@pytest.mark.parametrize(
    "options",
    [{"clock": "sundial"}, {"score": "grade"}, {"levels": (Level(1, 0.0), Level(2, 0.0))}],
)
def test_a_check_that_cannot_measure_is_refused(options):
    with pytest.raises(ValueError, match=r"sundial|grade|timed"):
        Costs(**{"entry_point": "f", "levels": LEVELS, **options})


def test_a_check_without_truth_meets_who_sends_it(pools):
    program = Program(REFERENCE, (Costs("f", LEVELS, INPUTS),), limited())
    with pytest.raises(ValueError, match="no truth"):
        pools("unsafe-local").run(program)


def test_a_cost_beyond_the_limit_is_known_well_enough():
    scale = Scale("fraction", {1: 1.0, 2: 2.0}, {1: 1.0, 2: 1.0}, 2.0, 0.0)  # T is 4
    assert scale.reach(2, {1: 1.0, 2: 2.0}, 0.5) == pytest.approx(0.5 * 1.0 / 2.0)
    assert scale.reach(2, {1: 1.0, 2: 6.0}, 0.5) == pytest.approx(0.5 * 1.0 / 2.0)
    assert scale.reach(2, {1: 1.0, 2: 10.0}, 0.5) == 0


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_parts_are_read_as_they_were_written(parts):
    file = nameless()
    try:
        write_parts(file, parts)
        assert read_parts(file) == parts
    finally:
        os.close(file)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeeval.scoring.efficiency import optimized_at_k, speedup_estimate, speedups
from codeeval.scoring.pass_at_k import pass_at_k
from codeeval.scoring.pie import THRESHOLDS, pie_summary

NAN, INF = float("nan"), float("inf")
SAMPLES = st.lists(st.tuples(st.floats(0.01, 100), st.booleans()), min_size=3, max_size=6)
PROBLEMS = st.lists(st.tuples(st.floats(0.01, 100), SAMPLES), min_size=1, max_size=6)


def summary(problems, k):
    return pie_summary(
        [base for base, _ in problems],
        [[time for time, _ in samples] for _, samples in problems],
        [[right for _, right in samples] for _, samples in problems],
        k,
    )


def test_the_worked_example():
    """Five originals of 10 s; the best samples take 5, 9.5, 20, none and 9 s."""
    found = pie_summary(
        [10.0] * 5,
        [[5.0], [9.5], [20.0], [INF], [9.0]],
        [[True], [True], [True], [False], [True]],
        1,
    )
    assert found.speedups == pytest.approx((2, 1.052632, 1, 1, 1.111111), abs=5e-7)
    assert found.speedup == pytest.approx(1.232749, abs=5e-7)
    assert found.optimized[1.1] == pytest.approx(0.4)
    assert found.correct == pytest.approx(0.8)
    assert (found.k, found.problems) == (1, 5)


def test_only_the_first_k_samples_count():
    times, right = [[8.0, 4.0, 1.0]], [[True, False, True]]
    assert pie_summary([10.0], times, right, 1).speedup == pytest.approx(1.25)
    assert pie_summary([10.0], times, right, 2).speedup == pytest.approx(1.25)
    assert pie_summary([10.0], times, right, 3).speedup == pytest.approx(10.0)
    assert pie_summary([10.0], times, [[False, False, True]], 2).correct == 0.0


def test_every_threshold_of_the_benchmark_is_there_and_is_inclusive():
    found = pie_summary([10.0] * 2, [[4.0], [5.0]], [[True], [True]], 1)
    assert tuple(found.optimized) == THRESHOLDS == (1.1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 5, 10)
    assert [found.optimized[least] for least in (1.75, 2.0, 2.5, 3.0)] == [1, 1, 0.5, 0]
    other = pie_summary([10.0], [[4.0]], [[True]], 1, thresholds=[3.0, 2.0])
    assert other.optimized == {2.0: 1.0, 3.0: 0.0}


@given(PROBLEMS, st.integers(1, 3))
def test_equals_the_definition(problems, k):
    found = summary(problems, k)
    expected = []
    for base, samples in problems:
        best = min((time for time, right in samples[:k] if right), default=None)
        expected.append(1.0 if best is None else max(1.0, base / best))
    assert found.speedup == pytest.approx(sum(expected) / len(expected))
    for least, share in found.optimized.items():
        assert share == pytest.approx(sum(each >= least for each in expected) / len(expected))
    right = [any(right for _, right in samples[:k]) for _, samples in problems]
    assert found.correct == pytest.approx(sum(right) / len(right))


@given(PROBLEMS)
def test_more_samples_and_lower_thresholds_never_hurt(problems):
    one, three = summary(problems, 1), summary(problems, 3)
    assert 1 <= one.speedup <= three.speedup
    assert one.correct <= three.correct
    assert all(one.optimized[least] <= three.optimized[least] for least in THRESHOLDS)
    shares = list(three.optimized.values())
    assert shares == sorted(shares, reverse=True)


@given(PROBLEMS)
def test_with_all_samples_it_is_what_the_unbiased_estimates_give(problems):
    problems = [(base, samples[:3]) for base, samples in problems]
    found = summary(problems, 3)
    ratios = [speedups(base, *zip(*samples, strict=True)) for base, samples in problems]
    counts = [sum(right for _, right in samples) for _, samples in problems]
    assert found.correct == pytest.approx(pass_at_k([3] * len(problems), counts, 3).mean())
    assert found.optimized[1.1] == pytest.approx(optimized_at_k(ratios, 3).mean())
    assert found.speedup >= speedup_estimate(ratios, 3).value - 1e-9  # no less than geometric


@pytest.mark.parametrize(
    ("base", "times", "right", "k", "said"),
    [
        ([10.0], [[5.0]], [[True]], 2, "at least 2 samples"),
        ([10.0], [[5.0]], [[True]], 0, "k is an integer from 1 on"),
        ([], [], [], 1, "at least 1 problem"),
        ([10.0], [[5.0], [5.0]], [[True]], 1, "samples of 2 problems"),
        ([10.0], [[5.0, 5.0]], [[True]], 1, "problem 0 has times"),
        ([10.0, 0.0], [[5.0], [5.0]], [[True], [True]], 1, "problem 1: times of correct"),
        ([10.0], [[NAN]], [[True]], 1, "problem 0: times of correct"),
    ],
)
def test_what_cannot_be_is_refused(base, times, right, k, said):
    with pytest.raises(ValueError, match=said):
        pie_summary(base, times, right, k)


def test_the_time_of_a_wrong_sample_may_be_anything():
    found = pie_summary([10.0], [[NAN, INF]], [[False, False]], 2)
    assert (found.speedup, found.correct) == (1.0, 0.0)

from __future__ import annotations

import numpy as np
import pytest

from codeeval.scoring.planning import (
    best_samples_per_problem,
    detectable_by_mcnemar,
    detectable_difference,
    problems_for_mcnemar,
    problems_needed,
)

TABLE = [
    (100, 0.02, (15.9, 7.9, 5.2)),
    (164, 0.02, (12.4, 6.2, 4.1)),
    (378, 0.02, (8.2, 4.1, 2.7)),
    (1140, 0.02, (4.7, 2.4, 1.6)),
    (100, 0.10, (17.7, 11.2, 9.5)),
    (164, 0.10, (13.8, 8.8, 7.4)),
    (378, 0.10, (9.1, 5.8, 4.9)),
    (1140, 0.10, (5.3, 3.3, 2.8)),
]


def test_the_problems_of_the_worked_example():
    needed = [problems_needed(d, omega2=1 / 9) for d in (0.01, 0.03, 0.05, 0.10)]
    assert needed == pytest.approx([8721, 969, 349, 88], abs=1)


@pytest.mark.parametrize(("problems", "omega2", "points"), TABLE)
def test_the_differences_of_the_table(problems, omega2, points):
    found = [
        100 * detectable_difference(
            problems, omega2=omega2, sigma2_a=0.15, sigma2_b=0.15, samples_a=k, samples_b=k
        )
        for k in (1, 5, 20)
    ]  # fmt: skip
    assert found == pytest.approx(points, abs=0.06)


def test_one_is_the_inverse_of_the_other():
    for d in (0.013, 0.04, 0.2):
        n = problems_needed(d, omega2=0.05, sigma2_a=0.1)
        assert detectable_difference(n, omega2=0.05, sigma2_a=0.1) <= d
        assert detectable_difference(n - 1, omega2=0.05, sigma2_a=0.1) > d


def test_mcnemar():
    found = [
        problems_for_mcnemar(d, psi)
        for psi, d in ((0.1, 0.03), (0.2, 0.03), (0.2, 0.05), (0.3, 0.05))
    ]
    assert found == pytest.approx([870, 1742, 626, 940], abs=1)


def test_the_power_is_what_was_asked_for():
    """Simulated: paired values with a known difference."""
    n = problems_needed(0.05, omega2=0.04)
    rng = np.random.default_rng(7)
    d = rng.normal(0.05, 0.2, size=(4000, n))
    z = d.mean(axis=1) / (d.std(axis=1, ddof=1) / np.sqrt(n))
    assert (np.abs(z) > 1.96).mean() == pytest.approx(0.8, abs=0.02)


def test_samples_for_each_problem():
    assert best_samples_per_problem(1, sigma2=0.143, variance_of_p=0.102) == pytest.approx(
        1.2, 0.02
    )
    assert best_samples_per_problem(10, sigma2=0.143, variance_of_p=0.102) == pytest.approx(
        3.7, 0.02
    )
    assert best_samples_per_problem(1, sigma2=0.1, variance_of_p=0.0) == float("inf")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: problems_needed(0, omega2=0.1), "above 0"),
        (lambda: problems_needed(0.1, omega2=-1), "not below 0"),
        (lambda: detectable_difference(0, omega2=1), "at least 1 problem"),
        (lambda: detectable_difference(9, omega2=1, samples_a=0), "at least 1 sample"),
        (lambda: problems_for_mcnemar(0.3, 0.2), "at most the discordance"),
        (lambda: problems_needed(0.1, omega2=1, power=1.0), "between 0 and 1"),
    ],
)
def test_refuses_what_is_out_of_range(call, text):
    with pytest.raises(ValueError, match=text):
        call()


@pytest.mark.parametrize(("problems", "psi"), [(100, 0.3), (164, 0.0), (164, 1 / 164), (1000, 0.2)])
def test_what_mcnemar_shows_is_the_inverse(problems, psi):
    found = detectable_by_mcnemar(problems, psi)
    assert problems_for_mcnemar(found, max(found, psi)) == problems
    assert problems_for_mcnemar(found * 0.99, max(found * 0.99, psi)) > problems


def test_too_few_problems_show_nothing():
    assert detectable_by_mcnemar(3, 0.5) is None

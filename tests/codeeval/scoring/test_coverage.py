"""Whether 95 % intervals hold in 95 of 100 cases: what docs/statistics.md says of it, simulated.

Problems are draws from a population whose pass rates have a beta distribution; what is to be held
is the mean of that population.
"""

from __future__ import annotations

import numpy as np
import pytest

from codeeval.scoring.intervals import bootstrap_interval
from codeeval.scoring.means import FEWEST_EVENTS
from codeeval.scoring.order_statistics import best_of_k_estimate
from codeeval.scoring.pass_at_k import pass_at_k_estimate

TRIALS = 2000
MIDDLING, HARD, EASY = (0.6, 0.8), (0.3, 1.5), (1.5, 0.3)


def truth(shape: tuple[float, float], k: int) -> float:
    """Return E[1 - (1 - p)^k] for p of a beta distribution."""
    a, b = shape
    i = np.arange(k)
    return float(1 - np.prod((b + i) / (a + b + i)))


def coverage(shape: tuple[float, float], problems: int, samples: int, k: int) -> float:
    rng = np.random.default_rng(problems * 1000 + samples * 10 + k)
    held = 0
    for _ in range(TRIALS):
        c = rng.binomial(samples, rng.beta(*shape, size=problems))
        found = pass_at_k_estimate([samples] * problems, c, k)
        held += found.low <= truth(shape, k) <= found.high
    return held / TRIALS


@pytest.mark.slow
@pytest.mark.parametrize("shape", [MIDDLING, HARD, EASY])
@pytest.mark.parametrize(("samples", "k"), [(5, 1), (10, 5), (20, 10)])
@pytest.mark.parametrize("problems", [30, 50, 100, 164, 400])
def test_t_holds_or_says_that_it_does_not(shape, problems, samples, k):
    value = truth(shape, k)
    held = coverage(shape, problems, samples, k)
    if problems * min(value, 1 - value) >= FEWEST_EVENTS:
        assert 0.92 <= held <= 0.98  # at 2,000 trials two standard errors are one percent
    else:
        c = [samples] * problems
        c[0] = 0
        assert "too narrow" in pass_at_k_estimate([samples] * problems, c, k).note


@pytest.mark.slow
@pytest.mark.parametrize("shape", [MIDDLING, HARD, EASY])
@pytest.mark.parametrize("problems", [30, 164])
def test_wilson_with_one_sample_each(shape, problems):
    assert 0.92 <= coverage(shape, problems, 1, 1) <= 0.985


@pytest.mark.slow
def test_best_of_k_of_a_score():
    rng = np.random.default_rng(8)
    population = np.random.default_rng(9).beta(0.6, 0.8, size=200_000)
    scores = rng.random((population.size, 3)) * population[:, None]
    true = float(scores.max(axis=1).mean())
    held = 0
    for _ in range(TRIALS):
        p = rng.beta(0.6, 0.8, size=120)
        found = best_of_k_estimate(rng.random((120, 8)) * p[:, None], 3)
        held += found.low <= true <= found.high
    assert 0.92 <= held / TRIALS <= 0.98


@pytest.mark.slow
def test_the_bootstrap_of_a_median():
    rng = np.random.default_rng(10)
    held = 0
    for seed in range(400):
        values = rng.gamma(2.0, 1.0, size=100)
        low, high = bootstrap_interval(values, np.median, resamples=2000, seed=seed)
        held += low <= 1.6783469900166605 <= high
    assert 0.92 <= held / 400 <= 0.98

"""Whether 95 % intervals hold in 95 of 100 cases: what docs/statistics.md says of it, simulated.

Problems are draws from a population whose pass rates have a beta distribution; what is to be held
is the mean of that population.
"""

from __future__ import annotations

import numpy as np
import pytest

from codeeval.scoring.bayes import bayes_estimate
from codeeval.scoring.intervals import bootstrap_interval
from codeeval.scoring.means import FEWEST_EVENTS
from codeeval.scoring.order_statistics import best_of_k_estimate
from codeeval.scoring.pass_at_k import pass_at_k_estimate

TRIALS = 1000
MIDDLING, HARD, EASY, EXTREME = (0.6, 0.8), (0.3, 1.5), (1.5, 0.3), (0.4, 0.1)
NOISE = 0.015
"""Two standard errors of 1,000 trials."""


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
@pytest.mark.parametrize("shape", [MIDDLING, HARD, EASY, EXTREME])
@pytest.mark.parametrize(("samples", "k"), [(5, 1), (20, 10), (10, 10)])
@pytest.mark.parametrize("problems", [20, 100, 400])
def test_intervals_hold(shape, problems, samples, k):
    value, held = truth(shape, k), coverage(shape, problems, samples, k)
    if problems * min(value, 1 - value) >= 2 * FEWEST_EVENTS:
        assert 0.93 - NOISE <= held <= 0.97 + NOISE
    else:  # there Wilson's interval, which is wide, takes over from t
        assert held >= 0.92 - NOISE


@pytest.mark.slow
@pytest.mark.parametrize("shape", [MIDDLING, HARD, EASY])
@pytest.mark.parametrize("problems", [30, 164])
def test_wilson_with_one_sample_each(shape, problems):
    assert 0.93 - NOISE <= coverage(shape, problems, 1, 1) <= 0.98 + NOISE


@pytest.mark.slow
def test_empirical_bayes_where_pass_rates_have_a_beta_distribution():
    samples, k = 10, 50
    rng = np.random.default_rng(11)
    held = 0
    for seed in range(50):
        c = rng.binomial(samples, rng.beta(*MIDDLING, size=164))
        found = bayes_estimate([samples] * 164, c, k, resamples=60, seed=seed)
        held += found.low <= truth(MIDDLING, k) <= found.high
    assert held / 50 >= 0.84  # two standard errors of 50 trials are 6 percent


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

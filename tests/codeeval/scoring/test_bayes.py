from __future__ import annotations

import numpy as np
import pytest

from codeeval.scoring.bayes import (
    JEFFREYS,
    UNIFORM,
    bayes_estimate,
    bayes_interval,
    bayes_pass_at_k,
    empirical_prior,
)
from codeeval.scoring.pass_at_k import pass_at_k_estimate


def test_equals_the_golden_values(vectors):
    for v in vectors["bayes_pass_at_k"]:
        prior = tuple(map(float, (eval_fraction(text) for text in v["prior"])))
        value = bayes_pass_at_k([v["n"]], [v["c"]], v["k"], prior=prior)[0]
        assert value == pytest.approx(v["value"], rel=1e-12), v


def eval_fraction(text):
    from fractions import Fraction

    return Fraction(text)


def test_the_interval_of_the_worked_example():
    assert bayes_interval(10, 3, 5, prior=UNIFORM) == pytest.approx((0.4393, 0.9909), abs=5e-5)
    low, high = bayes_interval(10, 0, 5, prior=JEFFREYS)
    assert 0 <= low < 0.1801 < high


def test_a_prior_is_found_and_mends_what_the_plain_estimator_cannot():
    """N = 164, n = 10, truth from Beta(.6, .8), as in specs/estimators.md, section 10."""
    rng = np.random.default_rng(5)
    fits, errors = [], []
    for _ in range(20):
        p = rng.beta(0.6, 0.8, size=164)
        c = rng.binomial(10, p)
        prior = empirical_prior([10] * 164, c)
        fits.append(prior)
        value = bayes_pass_at_k([10] * 164, c, 50, prior=prior).mean()
        errors.append(value - (1 - (1 - p) ** 50).mean())
    assert np.mean(fits, axis=0) == pytest.approx([0.6, 0.8], rel=0.1)
    assert abs(np.mean(errors)) < 0.01


@pytest.mark.parametrize(
    ("c", "prior", "text"), [([3], (0.0, 1.0), "parameters above 0"), ([11], UNIFORM, "11 correct")]
)
def test_refuses_what_is_out_of_range(c, prior, text):
    with pytest.raises(ValueError, match=text):
        bayes_pass_at_k([10], c, 5, prior=prior)


@pytest.mark.parametrize("c", [0, 10])
def test_no_prior_where_all_samples_are_alike(c):
    with pytest.raises(ValueError, match="all samples are alike"):
        empirical_prior([10, 10], [c, c])


@pytest.mark.parametrize("k", [0, 2.5, True])
def test_k_is_an_integer(k):
    with pytest.raises(ValueError, match="k is an integer"):
        bayes_pass_at_k([10], [3], k, prior=UNIFORM)


@pytest.mark.parametrize("prior", [(float("nan"), 1.0), (1.0, float("inf"))])
def test_a_prior_is_finite(prior):
    with pytest.raises(ValueError, match="parameters above 0"):
        bayes_pass_at_k([10], [3], 5, prior=prior)


def test_a_hopeless_problem_is_worth_a_little_and_never_less():
    assert bayes_pass_at_k([10**6], [0], 5, prior=(1e-12, 1.0))[0] >= 0


def test_one_sample_each_says_nothing_of_how_problems_differ():
    with pytest.raises(ValueError, match="one sample of each problem"):
        empirical_prior([1] * 50, [1] * 20 + [0] * 30)


def test_an_estimate_has_an_interval_about_other_problems():
    rng = np.random.default_rng(6)
    c = rng.binomial(10, rng.beta(0.6, 0.8, size=164))
    found = bayes_estimate([10] * 164, c, 10, resamples=100)
    plain = pass_at_k_estimate([10] * 164, c, 10)
    assert found == bayes_estimate([10] * 164, c, 10, resamples=100)
    assert found.high - found.low == pytest.approx(plain.high - plain.low, rel=0.4)
    assert "Beta(" in found.method
    assert bayes_estimate([10] * 164, c, 11, resamples=5).note.startswith("extrapolated")
    assert bayes_estimate([10] * 10, c[:10], 5, resamples=20).low is None

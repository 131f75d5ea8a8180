from __future__ import annotations

import numpy as np
import pytest

from codeeval.scoring.bayes import (
    JEFFREYS,
    UNIFORM,
    bayes_interval,
    bayes_pass_at_k,
    empirical_prior,
)


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

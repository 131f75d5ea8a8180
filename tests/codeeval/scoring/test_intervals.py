from __future__ import annotations

import subprocess
import sys
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, bootstrap, ttest_1samp

from codeeval.scoring.intervals import (
    bootstrap_interval,
    clustered_se,
    combined_se,
    mean_interval,
    mean_se,
    stratified_se,
    wilson_interval,
)
from tests.data import ROOT

SCORES = [1, 1, 1, 0, 0, 0, 0, 1, 0, 1, 1, 1]
CLUSTERS = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3]


# wilson_interval


def test_wilson_equals_the_golden_values(vectors):
    for v in vectors["wilson95"]:
        assert wilson_interval(v["c"], v["n"]) == pytest.approx(v["ci"], rel=1e-12, abs=1e-15), v


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_equals_scipy(counts):
    successes, trials = counts
    expected = binomtest(successes, trials).proportion_ci(0.9, method="wilson")
    interval = wilson_interval(successes, trials, level=0.9)
    assert interval == pytest.approx(tuple(expected), rel=1e-10, abs=1e-15)


@given(st.floats(0, 1), st.integers(1, 10**6))
def test_wilson_holds_the_share_and_has_width(share, trials):
    low, high = wilson_interval(share * trials, trials)
    assert 0 <= low <= share * trials / trials <= high <= 1
    assert low < high


def test_wilson_ends_are_exact_for_none_and_all():
    assert wilson_interval(0, 164)[0] == 0.0
    assert wilson_interval(164, 164)[1] == 1.0


@pytest.mark.parametrize(
    ("trials", "p", "coverage"),
    [(30, 0.9, 0.974), (30, 0.98, 0.978), (164, 0.5, 0.949), (164, 0.9, 0.949), (164, 0.98, 0.952)],
)
def test_wilson_has_the_published_coverage(trials, p, coverage):
    """Summed over all outcomes; the table of specs/estimators.md, section 6."""
    held = [
        low <= p <= high for low, high in (wilson_interval(c, trials) for c in range(trials + 1))
    ]
    assert binom.pmf(np.flatnonzero(held), trials, p).sum() == pytest.approx(coverage, abs=5e-4)


@pytest.mark.parametrize(
    ("successes", "trials", "level"),
    [(-1, 5, 0.95), (6, 5, 0.95), (float("nan"), 5, 0.95), (0, 0, 0.95), (1, 5, 0), (1, 5, 95)],
)
def test_wilson_refuses_what_is_out_of_range(successes, trials, level):
    with pytest.raises(ValueError, match=r"trial|confidence level"):
        wilson_interval(successes, trials, level=level)


# standard errors and the t interval


def test_standard_errors_equal_the_golden_values(vectors):
    for v in vectors["clustered_se"]:
        assert mean_se(v["scores"]) == pytest.approx(v["se_iid"], rel=1e-13)
        assert clustered_se(v["scores"], v["cluster"]) == pytest.approx(
            v["se_cluster_G_over_Gm1"], rel=1e-13
        )


def test_worked_example_of_four_clusters():
    assert mean_se(SCORES) == pytest.approx(0.14865, abs=5e-6)
    assert clustered_se(SCORES, CLUSTERS) == pytest.approx(0.19870, abs=5e-6)
    assert clustered_se(SCORES, CLUSTERS) * sqrt(3 / 4) == pytest.approx(0.17208, abs=5e-6)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=50))
def test_clusters_of_one_are_independent_values(values):
    expected = pytest.approx(mean_se(values), rel=1e-9, abs=1e-12)
    assert clustered_se(values, range(len(values))) == expected


def test_clusters_are_told_apart_by_equality_alone():
    mixed = [(0, "a"), "0", 0, None]
    labels = [mixed[cluster] for cluster in CLUSTERS]
    assert clustered_se(SCORES, labels) == clustered_se(SCORES, CLUSTERS)


def test_clusters_that_disagree_inside_make_the_error_smaller():
    assert clustered_se([1, 0, 0, 1, 1, 0], [0, 0, 1, 1, 2, 2]) == pytest.approx(0, abs=1e-15)


def test_t_interval_equals_scipy():
    expected = ttest_1samp(SCORES, 0).confidence_interval(0.9)
    assert mean_interval(SCORES, level=0.9) == pytest.approx(tuple(expected), rel=1e-12)


def test_t_interval_over_clusters_has_a_degree_less_than_clusters():
    low, high = mean_interval(SCORES, clusters=CLUSTERS)
    half = 3.1824463 * clustered_se(SCORES, CLUSTERS)  # t table, 3 degrees
    assert (low, high) == pytest.approx((7 / 12 - half, 7 / 12 + half))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "at least 2 values, not 0"),
        ([1.0], "at least 2 values, not 1"),
        ([0.0, 1.0, float("nan")], "value 2 is nan"),
        ([0.0, float("inf")], "value 1 is inf"),
        ([[0.0, 1.0], [1.0, 0.0]], r"shape \(2, 2\)"),
        (0.5, r"shape \(\)"),
    ],
)
def test_bad_values_raise(values, message):
    for function in (mean_se, mean_interval):
        with pytest.raises(ValueError, match=message):
            function(values)
    with pytest.raises(ValueError, match=message):
        clustered_se(values, [0, 1])


def test_bad_clusters_raise():
    with pytest.raises(ValueError, match="1 cluster labels for 2 values"):
        clustered_se([0, 1], [0])
    with pytest.raises(ValueError, match="needs 2 clusters; all are 'repo'"):
        mean_interval([0, 1], clusters=["repo", "repo"])
    with pytest.raises(ValueError, match="confidence level"):
        mean_interval([0, 1], level=1)


# bootstrap_interval


@pytest.mark.parametrize("statistic", [np.mean, np.median, np.std])
def test_bootstrap_equals_scipys_bca_but_for_the_draws(statistic):
    values = np.random.default_rng(7).lognormal(size=81)
    reference = bootstrap((values,), statistic, n_resamples=20_000, rng=np.random.default_rng(3))
    expected = tuple(reference.confidence_interval)
    width = expected[1] - expected[0]
    interval = bootstrap_interval(values, statistic, seed=11)
    assert interval == pytest.approx(expected, abs=0.05 * width)


def test_bootstrap_of_a_mean_agrees_with_t_for_many_problems():
    values = np.random.default_rng(1).random(400)
    low, high = mean_interval(values)
    assert bootstrap_interval(values) == pytest.approx((low, high), abs=0.05 * (high - low))


def test_bootstrap_of_a_ratio_resamples_both_rows_together():
    cost = np.random.default_rng(2).random(60) + 0.5

    def ratio(rows, axis):
        return rows[0].sum(axis) / rows[1].sum(axis)

    assert bootstrap_interval([3 * cost, cost], ratio) == pytest.approx((3, 3))
    low, high = bootstrap_interval([cost[::-1], cost], ratio)
    assert low < 1 < high


def test_bootstrap_repeats_itself_for_a_seed():
    values = np.random.default_rng(4).random(50)
    assert bootstrap_interval(values, seed=5) == bootstrap_interval(values, seed=5)
    assert bootstrap_interval(values, seed=5) != bootstrap_interval(values, seed=6)


def test_bootstrap_in_blocks_is_the_bootstrap_at_once(monkeypatch):
    values = np.random.default_rng(4).random(50)
    whole = bootstrap_interval(values)
    monkeypatch.setattr("codeeval.scoring.intervals._BLOCK", 170)
    assert bootstrap_interval(values) == pytest.approx(whole, rel=1e-12)


def test_bootstrap_without_spread_is_the_point():
    assert bootstrap_interval([0.1] * 30) == pytest.approx((0.1, 0.1))


def test_bootstrap_refuses_bad_input():
    with pytest.raises(ValueError, match="at least 2 values"):
        bootstrap_interval([1.0])
    with pytest.raises(ValueError, match="value 1 is nan"):
        bootstrap_interval([1.0, float("nan"), 2.0])
    with pytest.raises(ValueError, match="at least 1 resample, not 0"):
        bootstrap_interval([1.0, 2.0], resamples=0)
    with pytest.raises(ValueError, match="confidence level"):
        bootstrap_interval([1.0, 2.0], level=1.5)


def test_importing_the_estimators_does_not_import_scipy():
    code = "import sys, codeeval.scoring.pass_at_k; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


# strata and several benchmarks


def test_a_spread_between_strata_is_no_uncertainty():
    values = [0.0] * 10 + [1.0] * 10
    assert stratified_se(values, ["easy"] * 10 + ["hard"] * 10) == 0
    assert mean_se(values) > 0.1


def test_the_error_of_strata_is_that_of_resampling_within_them():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.random(40), 2 + rng.random(10)])
    strata = ["a"] * 40 + ["b"] * 10
    means = (
        40 * rng.choice(values[:40], size=(50_000, 40)).mean(axis=1)
        + 10 * rng.choice(values[40:], size=(50_000, 10)).mean(axis=1)
    ) / 50
    plugged_in = stratified_se(values, strata)
    assert means.std() == pytest.approx(plugged_in, rel=0.03)


@pytest.mark.parametrize(
    ("strata", "text"),
    [(["a", "a"], "2 strata for 3 values"), (["a", "a", "b"], "'b' has 1 problem")],
)
def test_strata_that_do_not_fit(strata, text):
    with pytest.raises(ValueError, match=text):
        stratified_se([1.0, 2.0, 3.0], strata)


def test_several_benchmarks():
    assert combined_se([0.03, 0.04], [0.5, 0.5]) == pytest.approx(0.025)
    with pytest.raises(ValueError, match="zip"):
        combined_se([0.03], [0.5, 0.5])


def test_a_bootstrap_within_strata_knows_no_spread_between_them():
    rng = np.random.default_rng(3)
    values = np.concatenate([rng.random(50), 10 + rng.random(50)])
    strata = ["easy"] * 50 + ["hard"] * 50
    low, high = bootstrap_interval(values, strata=strata)
    half = 1.96 * stratified_se(values, strata)
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.01)
    wide = bootstrap_interval(values)
    assert wide[1] - wide[0] > 5 * (high - low)
    with pytest.raises(ValueError, match="1 strata for 100 values"):
        bootstrap_interval(values, strata=["x"])

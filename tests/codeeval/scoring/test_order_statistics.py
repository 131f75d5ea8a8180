from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeeval.scoring.order_statistics import (
    best_of_k,
    best_of_k_by_proxy,
    best_of_k_estimate,
    best_of_k_variance,
    best_of_k_weights,
)
from codeeval.scoring.pass_at_k import pass_at_k, pass_at_k_variance

VALUES = (0.0, 0.35, 0.7, 1.1)
CHANCES = (0.4, 0.3, 0.2, 0.1)
SCORES = st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.5, 1.0, 1.3]), min_size=1, max_size=9)


def exact_weight(n, k, r):
    return Fraction(comb(r - 1, k - 1), comb(n, k))


class TestWeights:
    def test_equal_the_golden_values(self, vectors):
        for v in vectors["best_of_k_weights"]:
            expected = [weight["value"] for weight in v["weights"]]
            assert best_of_k_weights(v["n"], v["k"]) == pytest.approx(expected, rel=1e-14)

    @pytest.mark.parametrize(
        ("n", "k"), [(200, 100), (10_000, 10), (10**6, 10), (10**6, 1000), (10**6, 10**6), (7, 7)]
    )
    def test_sum_to_one(self, n, k):
        assert best_of_k_weights(n, k).sum() == pytest.approx(1, abs=2e-14)

    @pytest.mark.parametrize(("n", "k"), [(200, 100), (10_000, 10), (100_000, 1000)])
    def test_are_exact_to_twelve_digits(self, n, k):
        weights = best_of_k_weights(n, k)
        assert len(weights) == n - k + 1
        for r in np.linspace(n, max(k, n - 20 * n // k), 30).astype(int).tolist():
            expected = exact_weight(n, k, r)
            if expected > Fraction(1, 10**290):
                error = abs(Fraction(float(weights[r - k])) / expected - 1)
                assert error < 1e-12, r

    @pytest.mark.parametrize("k", [0, 6, -1, 2.0, True])
    def test_refuse_a_k_that_is_none(self, k):
        with pytest.raises(ValueError, match=r"best@"):
            best_of_k_weights(5, k)


class TestValue:
    def test_equals_the_golden_values(self, vectors):
        for v in vectors["best_of_k"]:
            assert best_of_k([v["scores"]], v["k"])[0] == pytest.approx(v["value"], rel=1e-14)

    @given(SCORES, st.data())
    def test_is_the_mean_over_all_subsets(self, scores, data):
        k = data.draw(st.integers(1, len(scores)))
        expected = np.mean([max(subset) for subset in combinations(scores, k)])
        assert best_of_k([scores], k)[0] == pytest.approx(expected, abs=1e-12)

    @pytest.mark.parametrize("n", range(1, 6))
    def test_is_unbiased_for_the_greatest_of_k_fresh_samples(self, n):
        outcomes = list(product(range(4), repeat=n))
        chance = np.array([np.prod([CHANCES[i] for i in outcome]) for outcome in outcomes])
        scores = np.array([[VALUES[i] for i in outcome] for outcome in outcomes])
        below = np.cumsum(CHANCES)
        for k in range(1, n + 1):
            steps = np.diff(np.concatenate([[0.0], below**k]))
            truth = float(steps @ VALUES)
            assert chance @ best_of_k(scores, k) == pytest.approx(truth, abs=1e-12)

    @given(st.integers(1, 40), st.data())
    def test_of_passes_and_failures_is_pass_at_k(self, n, data):
        c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
        scores = [1.0] * c + [0.0] * (n - c)
        assert best_of_k([scores], k)[0] == pytest.approx(pass_at_k([n], [c], k)[0], abs=1e-13)

    def test_several_k_and_unequal_n_at_once(self):
        rng = np.random.default_rng(1)
        scores = [rng.random(n) for n in (7, 5, 7, 9)]
        table = best_of_k(scores, [1, 3, 5])
        assert table.shape == (4, 3)
        for column, k in enumerate((1, 3, 5)):
            assert table[:, column] == pytest.approx(best_of_k(scores, k))
        assert table[:, 0] == pytest.approx([row.mean() for row in scores])

    def test_leaves_the_scores_as_they_are(self):
        scores = np.array([[3.0, 1.0, 2.0]])
        best_of_k(scores, 2)
        assert scores.tolist() == [[3.0, 1.0, 2.0]]

    @pytest.mark.parametrize(
        ("scores", "k", "text"),
        [
            ([], 1, "at least 1 problem"),
            ([[1.0, float("nan")]], 1, "problem 0 has the score nan"),
            ([[1.0]], [], "at least 1 k"),
            ([[1.0], [1.0, 2.0]], 2, "best@2 needs at least 2 samples"),
            ([[[1.0]]], 1, "scores of shape"),
        ],
    )
    def test_refuses_what_is_no_table_of_scores(self, scores, k, text):
        with pytest.raises(ValueError, match=text):
            best_of_k(scores, k)


class TestVariance:
    def test_equals_the_golden_values(self, vectors):
        for v in vectors["best_of_k_variance"]:
            value = best_of_k_variance([v["scores"]], v["k"])[0]
            assert value == pytest.approx(v["value"], rel=1e-12)

    @pytest.mark.parametrize("n", range(2, 7))
    def test_is_unbiased(self, n):
        outcomes = list(product(range(4), repeat=n))
        chance = np.array([np.prod([CHANCES[i] for i in outcome]) for outcome in outcomes])
        scores = np.array([[VALUES[i] for i in outcome] for outcome in outcomes])
        for k in range(1, n // 2 + 1):
            values = best_of_k(scores, k)
            truth = chance @ values**2 - (chance @ values) ** 2
            assert chance @ best_of_k_variance(scores, k) == pytest.approx(truth, abs=1e-12)

    @given(st.integers(2, 30), st.data())
    def test_of_passes_and_failures_is_that_of_pass_at_k(self, n, data):
        c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n - 1))
        scores = [1.0] * c + [0.0] * (n - c)
        expected = pass_at_k_variance([n], [c], k)[0]
        assert best_of_k_variance([scores], k)[0] == pytest.approx(expected, abs=1e-12)

    def test_the_jackknife_where_two_subsets_do_not_fit(self):
        x, k = np.array([0.1, 0.4, 0.5, 0.9, 1.0]), 3
        left_out = np.array([best_of_k([np.delete(x, i)], k)[0] for i in range(5)])
        expected = 4 / 5 * ((left_out - left_out.mean()) ** 2).sum()
        assert best_of_k_variance([x], k)[0] == pytest.approx(expected, rel=1e-12)
        assert np.isnan(best_of_k_variance([x], 5)[0])


class TestProxy:
    def test_equals_the_golden_values(self, vectors):
        for v in vectors["best_of_k_by_proxy"]:
            value = best_of_k_by_proxy([v["scores"]], [v["proxy"]], v["k"])[0]
            assert value == pytest.approx(v["value"], abs=1e-14)

    @given(SCORES, st.data())
    def test_is_the_mean_over_subsets_and_ties(self, scores, data):
        proxies = data.draw(st.lists(st.integers(0, 2), min_size=len(scores), max_size=len(scores)))
        k = data.draw(st.integers(1, len(scores)))
        picked = []
        for subset in combinations(range(len(scores)), k):
            best = max(proxies[i] for i in subset)
            picked.append(np.mean([scores[i] for i in subset if proxies[i] == best]))
        value = best_of_k_by_proxy([scores], [proxies], k)[0]
        assert value == pytest.approx(np.mean(picked), abs=1e-12)

    @given(SCORES, st.data())
    def test_an_oracle_gives_best_at_k_and_a_blind_one_the_mean(self, scores, data):
        k = data.draw(st.integers(1, len(scores)))
        oracle = best_of_k_by_proxy([scores], [scores], k)[0]
        assert oracle == pytest.approx(best_of_k([scores], k)[0], abs=1e-12)
        blind = best_of_k_by_proxy([scores], [[0] * len(scores)], k)[0]
        assert blind == pytest.approx(np.mean(scores), abs=1e-12)

    def test_refuses_proxies_that_do_not_fit(self):
        with pytest.raises(ValueError, match="'P' has 2 scores and 1 proxies"):
            best_of_k_by_proxy([[1, 2]], [[1]], 1, problem_ids=["P"])


def test_an_estimate_has_both_standard_errors():
    rng = np.random.default_rng(3)
    scores = rng.beta(0.5, 1, size=(40, 10))
    estimate = best_of_k_estimate(scores, 3, bounds=(0.0, 1.0))
    values = best_of_k(scores, 3)
    assert estimate.value == pytest.approx(values.mean())
    assert estimate.se == pytest.approx(values.std(ddof=1) / np.sqrt(40))
    assert estimate.se_sampling == pytest.approx(np.sqrt(best_of_k_variance(scores, 3).sum()) / 40)
    assert estimate.metric == "best@3"
    assert estimate.low < estimate.value < estimate.high
    same = best_of_k_estimate([[2.0, 2.0]] * 30, 1)
    assert (same.low, same.note) == (None, "no interval: all problems have the same value")


@pytest.mark.parametrize(("n", "c", "k"), [(10**6, 10**6 - 10, 2), (200, 199, 5), (500, 3, 200)])
def test_a_small_variance_keeps_its_digits(n, c, k):
    scores = [1.0] * c + [0.0] * (n - c)
    expected = pass_at_k_variance([n], [c], k)[0]
    assert best_of_k_variance([scores], k)[0] == pytest.approx(expected, rel=1e-6, abs=1e-18)


def test_large_equal_scores_have_no_variance():
    assert best_of_k_variance([[1e6] * 20], 3)[0] == 0.0


def test_a_table_and_its_rows_are_the_same():
    table = np.random.default_rng(5).random((50, 12))
    assert best_of_k(table, [1, 4, 12]) == pytest.approx(best_of_k(list(table), [1, 4, 12]))
    with pytest.raises(ValueError, match="best@13 needs at least 13 samples"):
        best_of_k(table, 13)

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from codeeval.scoring.comparison import (
    benjamini_hochberg,
    compare_means,
    compare_paired,
    holm,
    mcnemar,
    paired_values,
    permutation_test,
    sign_test,
)
from codeeval.scoring.intervals import mean_interval
from codeeval.scoring.planning import problems_for_mcnemar


class TestMcNemar:
    def test_equals_the_golden_values(self, vectors):
        for v in vectors["mcnemar"]:
            exact, mid = mcnemar(v["b"], v["c"])
            assert exact == pytest.approx(v["exact"], rel=1e-12)
            assert mid == pytest.approx(v["midp"], rel=1e-12)

    def test_is_the_sign_test(self):
        assert sign_test([0.1, 0.2, 0, -3, 0.5]) == mcnemar(3, 1)

    def test_refuses_counts_below_zero(self):
        with pytest.raises(ValueError, match="not below 0"):
            mcnemar(-1, 2)


class TestPermutation:
    @given(st.lists(st.integers(-3, 3), min_size=1, max_size=9))
    @settings(deadline=None)
    def test_tries_all_flips_of_few(self, values):
        d = [v / 10 for v in values]
        observed = abs(sum(d))
        sums = [abs(sum(s * v for s, v in zip(signs, d, strict=True)))
                for signs in product((1, -1), repeat=len(d))]  # fmt: skip
        expected = np.mean([each >= observed - 1e-12 for each in sums])
        assert permutation_test(d) == pytest.approx(expected)

    def test_of_many_has_the_same_law(self):
        rng = np.random.default_rng(0)
        d = rng.normal(0.1, 1, size=200)
        p = permutation_test(d)
        assert p == permutation_test(d)
        z = abs(d.mean()) / (d.std(ddof=1) / np.sqrt(200))
        from scipy.stats import norm

        assert p == pytest.approx(2 * norm.sf(z), abs=0.01)

    @pytest.mark.parametrize("scale", [1e6 / 3, 1.0, 1e-13])
    def test_does_not_depend_on_the_scale(self, scale):
        assert permutation_test(np.array([1] * 7 + [-1] * 4) * scale) == pytest.approx(0.5488281)

    def test_is_never_zero(self):
        assert permutation_test(np.ones(100)) == pytest.approx(1 / 100_001)
        assert permutation_test(np.zeros(10)) == 1.0

    def test_flips_clusters_together(self):
        d = [0.1] * 12
        assert permutation_test(d) == pytest.approx(2 / 2**12)
        assert permutation_test(d, clusters="aaabbbcccddd") == pytest.approx(2 / 2**4)

    def test_has_its_level(self):
        """Under the hypothesis p is at most 0.05 in at most 5 % of cases."""
        rng = np.random.default_rng(1)
        ps = [permutation_test(rng.normal(size=12)) for _ in range(2000)]
        assert np.mean(np.array(ps) <= 0.05) == pytest.approx(0.05, abs=0.015)


class TestCorrections:
    def test_equal_the_golden_values(self, vectors):
        for v in vectors["holm_bh"]:
            assert holm(v["p"]) == pytest.approx(v["holm"])
            assert benjamini_hochberg(v["p"]) == pytest.approx(v["bh"])

    def test_keep_the_order_they_were_given(self):
        assert holm([0.2, 0.001]).tolist() == [0.2, 0.002]
        assert holm([]).size == benjamini_hochberg([]).size == 0

    @pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
    def test_refuse_what_is_no_p_value(self, adjust):
        with pytest.raises(ValueError, match="from 0 to 1"):
            adjust([0.1, 1.1])


class TestPaired:
    def test_one_sample_each(self):
        a = np.array([1.0] * 20 + [0.0] * 10 + [1.0] * 70)
        b = np.array([0.0] * 20 + [1.0] * 10 + [1.0] * 70)
        found = compare_paired(a, b, metric="pass@1")
        assert found.difference == pytest.approx(0.1)
        assert (found.better, found.worse, found.tasks) == (20, 10, 100)
        assert found.test == "McNemar mid-p"
        assert found.p_value == pytest.approx(0.070756, abs=1e-6)
        assert found.p_exact == pytest.approx(0.098737, abs=1e-6)
        d = a - b
        assert found.se == pytest.approx(d.std(ddof=1) / 10)
        assert found.low < 0.1 < found.high
        assert problems_for_mcnemar(found.detectable, 0.3) == 100
        assert found.note == ""

    def test_the_error_is_that_of_correlated_scores(self):
        rng = np.random.default_rng(2)
        a = rng.random(50)
        b = np.clip(a + rng.normal(0, 0.1, 50), 0, 1)
        found = compare_paired(a, b, metric="pass@10")
        sa, sb = a.std(ddof=1) / np.sqrt(50), b.std(ddof=1) / np.sqrt(50)
        expected = np.sqrt(sa**2 + sb**2 - 2 * found.correlation * sa * sb)
        assert found.se == pytest.approx(expected)
        assert found.test == "permutation"
        assert found.p_exact is None

    def test_clusters_count_once(self):
        d = np.repeat([0.2, -0.1, 0.3, 0.1, 0.2], 10)
        plain = compare_paired(0.5 + d, np.full(50, 0.5), metric="x")
        clustered = compare_paired(
            0.5 + d, np.full(50, 0.5), metric="x", clusters=np.repeat(range(5), 10).tolist()
        )
        assert clustered.se > 3 * plain.se
        assert clustered.p_value > plain.p_value

    def test_of_a_model_with_itself_is_nothing(self):
        values = [1.0, 0.0] * 20
        found = compare_paired(values, values, metric="x")
        assert (found.difference, found.p_value, found.se) == (0.0, 1.0, None)
        assert (found.low, found.high) == (None, None)
        assert found.note == "no interval: the difference is the same on all problems"
        assert compare_paired([1.0], [0.0], metric="x").se is None

    def test_a_constant_shift_has_no_interval_of_no_width(self):
        a = np.random.default_rng(0).random(50) / 2
        found = compare_paired(a + 0.1, a, metric="x")
        assert (found.low, found.detectable) == (None, None)
        assert found.p_value == pytest.approx(1 / 100_001)

    def test_few_problems_have_no_interval(self):
        found = compare_paired(np.arange(19) % 2, np.zeros(19), metric="x")
        assert found.low is None
        assert found.note == "no interval of the difference is reliable for 19 problems"

    def test_an_interval_stays_within_what_there_can_be(self):
        a = np.array([1.0] * 24 + [0.0])
        found = compare_paired(a, np.zeros(25), metric="x")
        assert found.high == 1.0

    def test_what_would_have_been_seen_is_no_less_than_what_the_test_can_show(self):
        """One problem of 164 differs: five one-sided ones are the least that mid-p tells apart."""
        a = np.zeros(164)
        a[0] = 1
        found = compare_paired(a, np.zeros(164), metric="x")
        assert found.detectable > 5 / 164
        harder = compare_paired(a, np.zeros(164), metric="x", alpha=0.01)
        assert harder.detectable > found.detectable

    def test_the_interval_covers(self):
        """Pass@1 of 5 samples of 100 problems, two models with correlated chances."""
        rng = np.random.default_rng(3)
        held = []
        for _ in range(1000):
            p = rng.beta(0.6, 0.8, size=100)
            q = np.clip(p + rng.normal(0.03, 0.1, 100), 0, 1)
            a, b = rng.binomial(5, p) / 5, rng.binomial(5, q) / 5
            low, high = mean_interval(a - b)  # as compare_paired does
            held.append(low <= TRUE_DIFFERENCE <= high)
        assert 0.93 <= np.mean(held) <= 0.97

    def test_a_problem_missing_on_one_side_is_an_error(self):
        with pytest.raises(ValueError, match="1 problems are missing in the second: y"):
            paired_values({"x": 1, "y": 2}, {"x": 1})
        a, b = paired_values({"x": 1, "y": 2}, {"y": 3, "x": 4})
        assert (a.tolist(), b.tolist()) == ([1, 2], [4, 3])

    @pytest.mark.parametrize("b", [[1.0], [1.0, float("nan")], [[1.0, 2.0]]])
    def test_refuses_what_is_no_pair(self, b):
        with pytest.raises(ValueError, match="values"):
            compare_paired([1.0, 0.0], b, metric="x")


def _true_difference() -> float:
    rng = np.random.default_rng(99)
    p = rng.beta(0.6, 0.8, size=4_000_000)
    return float((p - np.clip(p + rng.normal(0.03, 0.1, p.size), 0, 1)).mean())


TRUE_DIFFERENCE = _true_difference()


def test_welch_is_scipys():
    a, b = np.arange(10.0), np.arange(0, 40, 2.0)
    difference, low, high, p = compare_means(a, b)
    assert difference == pytest.approx(a.mean() - b.mean())
    assert low < difference < high
    assert p == pytest.approx(ttest_ind(a, b, equal_var=False).pvalue)
    with pytest.raises(ValueError, match="at least 2"):
        compare_means([1.0], b)
    with pytest.raises(ValueError, match="values that differ"):
        compare_means([1.0, 1.0], [2.0, 2.0])

from __future__ import annotations

from itertools import combinations, product
from math import comb

import numpy as np
import pytest
from scipy.stats import binom

from codeeval.scoring.mixtures import pass_at_fixed_plan, pass_at_random_settings
from codeeval.scoring.pass_at_k import pass_at_k


def test_equal_the_golden_values(vectors):
    from fractions import Fraction

    for v in vectors["mixture_pass_at_k"]:
        shares = [float(Fraction(text)) for text in v["pi"]]
        value = pass_at_random_settings(v["n"], v["c"], v["k"], shares)
        assert value == pytest.approx(v["value"], rel=1e-12)


def test_the_worked_example():
    n, c = [10, 10], [0, 8]
    assert pass_at_fixed_plan(n, c, [1, 1]) == pytest.approx(0.8)
    assert pass_at_fixed_plan(n, c, [0, 2]) == pytest.approx(0.9778, abs=5e-5)
    assert pass_at_random_settings(n, c, 2, [0.5, 0.5]) == pytest.approx(0.6444, abs=5e-5)
    assert pass_at_k([20], [8], 2)[0] == pytest.approx(0.6526, abs=5e-5)  # pooled: neither


@pytest.mark.parametrize("k", [1, 2, 3])
def test_random_settings_are_unbiased(k):
    n, p, shares = (3, 4), (0.2, 0.7), (0.4, 0.6)
    mean = sum(
        binom.pmf(a, n[0], p[0]) * binom.pmf(b, n[1], p[1])
        * pass_at_random_settings(n, (a, b), k, shares)
        for a, b in product(range(n[0] + 1), range(n[1] + 1))
    )  # fmt: skip
    truth = 1 - (1 - np.dot(shares, p)) ** k
    assert mean == pytest.approx(truth, abs=1e-12)


def test_one_setting_is_pass_at_k_even_for_many_samples():
    value = pass_at_random_settings([400], [7], 200, [1.0])
    assert value == pytest.approx(pass_at_k([400], [7], 200)[0], rel=1e-10)
    fixed = pass_at_fixed_plan([5, 6], [2, 1], [2, 3])
    draws = [
        any(i < 2 for i in first) or any(i < 1 for i in second)
        for first in combinations(range(5), 2)
        for second in combinations(range(6), 3)
    ]
    assert fixed == pytest.approx(sum(draws) / (comb(5, 2) * comb(6, 3)))


@pytest.mark.parametrize("shares", [[0.5, 0.6], [1.0], [-0.5, 1.5]])
def test_shares_sum_to_one(shares):
    with pytest.raises(ValueError, match="must sum to 1"):
        pass_at_random_settings([5, 5], [1, 1], 2, shares)


def test_numbers_out_of_range():
    with pytest.raises(ValueError, match=r"draws \[1.5, 1\]"):
        pass_at_fixed_plan([5, 5], [1, 1], [1.5, 1])
    with pytest.raises(ValueError, match="up to k = 1000"):
        pass_at_random_settings([2000], [1], 1500, [1.0])
    with pytest.raises(ValueError, match="must sum to 1"):
        pass_at_random_settings([5, 5], [1, 1], 2, [float("nan"), 0.5])
    assert pass_at_random_settings([9, 9], [0, 0], 3, [0.3, 0.7 + 1e-10]) == 0.0

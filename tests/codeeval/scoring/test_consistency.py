from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from codeeval.scoring.consistency import g_pass_at_k, mg_pass_at_k, pass_hat_k
from codeeval.scoring.pass_at_k import pass_at_k

COUNTS = st.integers(1, 60).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))
)


def test_they_equal_the_golden_values(vectors):
    for v in vectors["pass_hat_k"]:
        assert pass_hat_k([v["n"]], [v["c"]], v["k"])[0] == pytest.approx(v["value"], rel=1e-13)
    for v in vectors["g_pass"]:
        value = g_pass_at_k([v["n"]], [v["c"]], v["k"], v["tau"])[0]
        assert value == pytest.approx(v["value"], rel=1e-12)
    for v in vectors["mg_pass"]:
        if v["k"] % 2 == 0:
            value = mg_pass_at_k([v["n"]], [v["c"]], v["k"])[0]
            assert value == pytest.approx(v["value"], rel=1e-12)


@given(COUNTS)
def test_g_pass_goes_from_pass_at_k_to_pass_hat_k(counts):
    n, c, k = counts
    assert g_pass_at_k([n], [c], k, 0)[0] == pytest.approx(pass_at_k([n], [c], k)[0], abs=1e-12)
    assert g_pass_at_k([n], [c], k, 1)[0] == pytest.approx(pass_hat_k([n], [c], k)[0], abs=1e-12)
    assert pass_hat_k([n], [c], k)[0] == pytest.approx(comb(c, k) / comb(n, k), rel=1e-12)


@pytest.mark.parametrize("tau", ["0", "0.3", "0.5", "0.75", "1"])
@pytest.mark.parametrize("p", [0.0, 0.2, 0.7, 1.0])
def test_they_are_unbiased(tau, p):
    for n in range(1, 9):
        chance = binom.pmf(np.arange(n + 1), n, p)
        for k in range(1, n + 1):
            least = max(1, -(-Fraction(tau) * k // 1))
            mean = chance @ g_pass_at_k([n] * (n + 1), range(n + 1), k, tau)
            assert mean == pytest.approx(binom.sf(least - 1, k, p), abs=1e-12)
            mean = chance @ pass_hat_k([n] * (n + 1), range(n + 1), k)
            assert mean == pytest.approx(p**k, abs=1e-12)


def test_the_share_is_the_decimal_number_that_was_written():
    assert g_pass_at_k([100], [55], 100, 0.55)[0] == 1.0  # ceil(0.55 * 100) is 56
    assert g_pass_at_k([100], [54], 100, 0.55)[0] == 0.0


def test_a_perfect_model_reaches_one_for_an_even_k_only():
    assert mg_pass_at_k([16], [16], 8)[0] == pytest.approx(1.0)
    with pytest.raises(ValueError, match="mG-Pass@5 needs an even k"):
        mg_pass_at_k([10], [7], 5)


@pytest.mark.parametrize(("n", "c", "k"), [(10**6, 500_000, 10), (10**6, 999_990, 10**5)])
def test_a_million_samples(n, c, k):
    exact = (
        Fraction(comb(n - k, n - c), comb(n, n - c))
        if n - c < 100
        else Fraction(np.prod([Fraction(c - i, n - i) for i in range(k)]))
    )
    assert pass_hat_k([n], [c], k)[0] == pytest.approx(float(exact), rel=1e-12)


@pytest.mark.parametrize("tau", [-0.1, 1.1])
def test_a_share_lies_between_0_and_1(tau):
    with pytest.raises(ValueError, match="tau is a share"):
        g_pass_at_k([5], [2], 2, tau)

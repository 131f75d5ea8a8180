from __future__ import annotations

import numpy as np
import pytest

from codeeval.scoring.flaky import (
    corrected_rate,
    flakiness_bound,
    hodges_lehmann,
    majority_error,
    retried_pass_rate,
)


def test_majority_error_equals_the_golden_values(vectors):
    for v in vectors["majority_error"]:
        assert majority_error(v["eps"], v["R"]) == pytest.approx(v["value"], rel=1e-12)
    with pytest.raises(ValueError, match="odd number"):
        majority_error(0.1, 2)


def test_trying_again_is_not_neutral():
    rates = [round(retried_pass_rate(0.3, tries), 3) for tries in (2, 3, 5)]
    assert rates == [0.51, 0.657, 0.832]


def test_the_rule_of_three():
    assert flakiness_bound(30) == pytest.approx(0.095, abs=5e-4)
    assert flakiness_bound(1000) == pytest.approx(3 / 1000, rel=0.01)


def test_a_rate_is_corrected_back():
    observed = 0.1 * (1 - 0.02) + 0.9 * 0.01
    assert corrected_rate(observed, 0.02, 0.01, se=0.01) == (
        pytest.approx(0.1), pytest.approx(0.01 / 0.97),
    )  # fmt: skip
    assert corrected_rate(0.001, 0.02, 0.01) == (0.0, None)
    with pytest.raises(ValueError, match="must sum below 1"):
        corrected_rate(0.5, 0.6, 0.4)


def test_hodges_lehmann_is_not_moved_by_one_slow_run():
    assert hodges_lehmann([1.0, 1.0, 1.0, 100.0]) == 1.0
    values = np.random.default_rng(0).normal(5, 1, 50)
    pairs = [(a + b) / 2 for i, a in enumerate(values) for b in values[i:]]
    assert hodges_lehmann(values) == pytest.approx(np.median(pairs))


def test_a_rate_is_a_share():
    with pytest.raises(ValueError, match="from 0 to 1, not 5"):
        corrected_rate(5, 0, 0)

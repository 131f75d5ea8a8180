from __future__ import annotations

import numpy as np
import pytest

from codeeval.scoring.efficiency import (
    beyond,
    dps,
    eff_at_k,
    efficient_at_k,
    faster_share,
    optimized_at_k,
    ratio_of_sums,
    speedup_at_k,
    speedup_estimate,
    speedups,
)

NAN = float("nan")
BASE = np.array([10.0, 10.0, 10.0, 100.0])
TIMES = np.array([5.0, 10.0, 20.0, 50.0])


def test_eff_at_k_and_efficient_at_k_are_what_they_are_made_of():
    assert eff_at_k([[0.0, 0.0, 0.35, 0.7, 0.7, 0.95, 1.1, 0.2]], 1)[0] == pytest.approx(0.5)
    assert efficient_at_k([10], [3], 2)[0] == pytest.approx(8 / 15)


def test_a_wrong_or_slower_sample_leaves_the_original():
    ratios = speedups(10.0, [5.0, 20.0, 1.0, 0.0], [True, True, True, False])
    assert ratios.tolist() == [2.0, 1.0, 10.0, 1.0]
    with pytest.raises(ValueError, match="above 0"):
        speedups(10.0, [0.0], [True])


def test_speedup_is_the_geometric_mean():
    ratios = [[base / time] for base, time in zip(BASE, TIMES, strict=True)]
    assert np.prod(speedup_at_k(ratios, 1)) ** 0.25 == pytest.approx(1.189, abs=5e-4)
    many = ratios * 10
    estimate = speedup_estimate(many, 1)
    assert estimate.value == pytest.approx(2**0.25)
    inverse = speedup_estimate([[1 / row[0]] for row in many], 1)
    assert inverse.value == pytest.approx(1 / estimate.value)
    assert inverse.low == pytest.approx(1 / estimate.high)
    assert estimate.method == "t of logs"


def test_speedup_of_k_is_that_of_the_best():
    assert speedup_at_k([[1.0, 4.0]], 2)[0] == pytest.approx(4.0)
    assert speedup_at_k([[1.0, 4.0]], 1)[0] == pytest.approx(2.0)
    assert optimized_at_k([[1.0, 1.05, 1.1, 4.0]], 1)[0] == pytest.approx(0.5)


def test_ratio_of_sums():
    ratio, se = ratio_of_sums(BASE, TIMES)
    assert ratio == pytest.approx(1.529, abs=5e-4)
    rest = ((BASE - ratio * TIMES) ** 2).sum()
    assert se == pytest.approx(np.sqrt(4 / 3 * rest) / TIMES.sum())
    with pytest.raises(ValueError, match="two rows"):
        ratio_of_sums([1.0], [1.0])


def test_dps_is_the_score_of_the_fastest_reference_that_is_not_faster():
    costs, scores = [100.0, 50.0, 10.0], [20.0, 60.0, 100.0]
    assert dps(costs, scores, 5.0) == (100.0, 100.0)
    assert dps(costs, scores, 10.0) == (100.0, 100.0)
    assert dps(costs, scores, 11.0) == (60.0, pytest.approx(200 / 3))
    assert dps(costs, scores, 101.0) == (0.0, 0.0)
    with pytest.raises(ValueError, match="0 costs"):
        dps([], [], 1.0)


def test_faster_share_counts_ties_half():
    assert faster_share([1.0, 2.0, 2.0, 3.0], 2.0) == pytest.approx(0.5)
    assert faster_share([1.0], 0.5) == 1.0


def test_beyond_is_clipped_and_zero_for_a_failure():
    assert beyond([1.0, 5.0], 2.0, correct=True) == pytest.approx(0.75)
    assert beyond([1.0, 5.0], 9.0, correct=True) == 0.0
    assert beyond([1.0, 5.0], 0.1, correct=True) == 1.0
    assert beyond([1.0, 5.0], 1.0, correct=False) == 0.0
    assert beyond([2.0, 2.0], 2.0, correct=True) == 1.0
    assert beyond([2.0], 2.1, correct=True) == 0.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: speedups(10.0, [NAN], [True]),
        lambda: speedups(10.0, [float("inf")], [True]),
        lambda: optimized_at_k([[1.0, NAN]], 1),
        lambda: dps([50.0, 100.0], [20.0, 60.0], 10.0),
        lambda: dps([100.0], [20.0], NAN),
        lambda: faster_share([1.0], NAN),
        lambda: beyond([1.0], NAN, correct=True),
        lambda: beyond([], 1.0, correct=True),
    ],
)
def test_what_is_no_number_is_refused(call):
    with pytest.raises(ValueError, match=r"finite|numbers|slowest"):
        call()


def test_logs_are_no_passes_and_failures():
    estimate = speedup_estimate([[1.0], [float(np.e)]] * 20, 1)
    assert estimate.method == "t of logs"

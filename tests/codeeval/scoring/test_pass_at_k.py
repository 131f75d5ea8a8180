from __future__ import annotations

import json
import time
from itertools import combinations
from math import comb, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeeval.scoring.intervals import clustered_se, mean_se, wilson_interval
from codeeval.scoring.pass_at_k import (
    pass_at_k,
    pass_at_k_estimate,
    pass_at_k_variance,
    usable_ks,
)

SMALL = [(n, c, k) for n in range(1, 9) for c in range(n + 1) for k in range(1, n + 1)]
COUNTS = st.integers(1, 300).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))
)


def one(function, n, c, k):
    return float(function([n], [c], k)[0])


def relative_error(value, numerator, denominator):
    """Return |value - numerator / denominator| / (numerator / denominator), formed in integers."""
    top, bottom = value.as_integer_ratio()
    return abs(top * denominator - numerator * bottom) / (numerator * bottom)


def exact_miss(n, c, k):
    """Return C(n-c, k) and C(n, k), both divided by the same number."""
    few, many = sorted((c, k))
    return comb(n - many, few), comb(n, few)


# pass_at_k


def test_pass_at_k_equals_the_golden_values(vectors):
    for v in vectors["pass_at_k"]:
        assert one(pass_at_k, v["n"], v["c"], v["k"]) == pytest.approx(v["value"], rel=1e-14), v


@pytest.mark.parametrize(("n", "c", "k"), SMALL)
def test_equals_the_share_of_draws_that_hold_a_correct_sample(n, c, k):
    draws = list(combinations([True] * c + [False] * (n - c), k))
    expected = sum(map(any, draws)) / len(draws)
    assert one(pass_at_k, n, c, k) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("p", [0.0, 0.05, 0.3, 0.5, 0.9, 1.0])
def test_has_the_expectation_of_k_fresh_samples(p):
    for n in range(1, 11):
        chance = np.array([comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1)])
        for k in range(1, n + 1):
            mean = chance @ pass_at_k([n] * (n + 1), range(n + 1), k)
            assert mean == pytest.approx(1 - (1 - p) ** k, abs=1e-14)


@given(COUNTS)
def test_equals_the_exact_fraction(counts):
    n, c, k = counts
    miss, draws = comb(n - c, k), comb(n, k)
    value = one(pass_at_k, n, c, k)
    assert value == 0.0 if c == 0 else relative_error(value, draws - miss, draws) < 1e-14


@pytest.mark.parametrize(
    ("n", "c", "k"),
    [
        (10**6, 1, 2),
        (10**6, 2, 3),
        (10**6, 1, 10**5),
        (10**6, 10, 10**5),
        (10**6, 500_000, 2),
        (10**6, 3_000, 1_000),
        (10**6, 37, 99_999),
        (10**6, 999, 100_000),
        (999_983, 2_000, 12),
        (20_000, 7, 10_000),
    ],
)
def test_keeps_twelve_digits_up_to_a_million_samples(n, c, k):
    miss, draws = exact_miss(n, c, k)
    assert relative_error(one(pass_at_k, n, c, k), draws - miss, draws) < 1e-14


@given(COUNTS)
def test_edges_are_exact(counts):
    n, c, k = counts
    assert one(pass_at_k, n, 0, k) == 0.0
    assert one(pass_at_k, n, c, 1) == c / n
    assert one(pass_at_k, n, n - k + 1, k) == 1.0


@given(COUNTS)
def test_stays_in_the_unit_interval_and_rises_with_c_and_k(counts):
    n, c, k = counts
    value = one(pass_at_k, n, c, k)
    assert 0.0 <= value <= 1.0
    if c < n:
        assert one(pass_at_k, n, c + 1, k) >= value
    if k < n:
        assert one(pass_at_k, n, c, k + 1) >= value


@given(COUNTS)
def test_correct_samples_and_drawn_samples_may_trade_places(counts):
    n, c, k = counts
    if c:
        assert one(pass_at_k, n, c, k) == pytest.approx(one(pass_at_k, n, k, c), rel=1e-14)


def test_worked_example_of_ten_samples_with_three_correct():
    values = [one(pass_at_k, 10, 3, k) for k in (1, 2, 3, 4, 5, 8)]
    assert values == pytest.approx([0.3, 0.533333, 0.708333, 0.833333, 0.916667, 1.0], abs=5e-7)


def test_zero_has_no_sign():
    assert not np.signbit(pass_at_k([5], [0], 3)).any()


def test_problems_with_unequal_counts_keep_their_order():
    values = pass_at_k(np.array([10, 5, 10]), np.array([3, 5, 3]), 2)
    assert values.tolist() == pytest.approx([8 / 15, 1, 8 / 15])


def test_ten_thousand_problems_and_ten_ks_take_well_under_a_second():
    """A generous bound for slow machines; typical is 30 ms."""
    correct = np.random.default_rng(0).integers(0, 201, 10_000)
    samples = np.full(10_000, 200)
    started = time.perf_counter()
    for k in (1, 2, 5, 10, 20, 25, 50, 75, 100, 150):
        pass_at_k(samples, correct, k)
    assert time.perf_counter() - started < 0.5


# bad input


def test_golden_bad_inputs_raise(vectors):
    for function in (pass_at_k, pass_at_k_variance, pass_at_k_estimate):
        for v in vectors["pass_at_k_errors"]:
            with pytest.raises(ValueError, match=r"pass@|correct out of"):
                function([v["n"]], [v["c"]], v["k"])


@pytest.mark.parametrize(
    ("num_samples", "num_correct", "k", "message"),
    [
        ([9, 5], [1, 6], 1, "'b' has 6 correct out of 5 samples"),
        ([9, 5], [1, -1], 1, "'b' has -1 correct out of 5 samples"),
        ([9, 5], [1, 2], 6, "pass@6 needs at least 6 samples of every problem; 'b' has 5"),
        ([9, 0], [1, 0], 1, "pass@1 needs at least 1 sample of every problem; 'b' has 0"),
        ([9, 5.0], [1, 2], 1, "'b' has 5.0 samples; a count is an integer"),
        ([9, 5], [1, 2.5], 1, "'b' has 2.5 correct samples; a count is an integer"),
        ([9, 5], [1, float("nan")], 1, "'b' has nan correct samples; a count is an integer"),
        ([9, 5], [1, None], 1, "'b' has None correct samples; a count is an integer"),
        ([9, 5], [True, True], 1, "'a' has True correct samples; a count is an integer"),
        ([9, 5], [1], 1, "2 problem ids for 1 problems"),
        ([9, 5], [1, 2], 0, "pass@0: k is an integer from 1 on, not 0"),
        ([9, 5], [1, 2], 2.0, "pass@2.0: k is an integer from 1 on, not 2.0"),
        ([9, 5], [1, 2], True, "pass@True: k is an integer from 1 on, not True"),
        ([], [], 1, "pass@k needs at least 1 problem"),
    ],
)
@pytest.mark.parametrize("function", [pass_at_k, pass_at_k_variance, pass_at_k_estimate])
def test_bad_input_raises_and_names_the_problem(function, num_samples, num_correct, k, message):
    with pytest.raises(ValueError) as caught:
        function(num_samples, num_correct, k, problem_ids=["a", "b"])
    assert str(caught.value) == message


def test_without_ids_the_position_names_the_problem():
    with pytest.raises(ValueError, match="problem 1 has 6 correct out of 5 samples"):
        pass_at_k([9, 5], [1, 6], 1)
    with pytest.raises(ValueError, match="sample counts of 2 problems, correct counts of 1"):
        pass_at_k([9, 5], [1], 1)


# pass_at_k_variance


def test_variance_equals_the_golden_values(vectors):
    for v in vectors["pass_at_k_variance"]:
        value = one(pass_at_k_variance, v["n"], v["c"], v["k"])
        assert value == pytest.approx(v["value"], rel=1e-13), v


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.8, 1.0])
def test_variance_is_unbiased_while_2k_is_at_most_n(p):
    for n in range(2, 11):
        chance = np.array([comb(n, c) * p**c * (1 - p) ** (n - c) for c in range(n + 1)])
        for k in range(1, n // 2 + 1):
            values = pass_at_k([n] * (n + 1), range(n + 1), k)
            truth = chance @ values**2 - (chance @ values) ** 2
            estimate = chance @ pass_at_k_variance([n] * (n + 1), range(n + 1), k)
            assert estimate == pytest.approx(truth, abs=1e-14)


@given(COUNTS)
def test_variance_equals_the_exact_fraction_and_is_never_negative(counts):
    n, c, k = counts
    if 2 * k > n:
        return
    value = one(pass_at_k_variance, n, c, k)
    numerator = comb(n - c, k) ** 2 * comb(n, 2 * k) - comb(n - c, 2 * k) * comb(n, k) ** 2
    denominator = comb(n, k) ** 2 * comb(n, 2 * k)
    assert value >= 0
    if numerator:
        assert relative_error(value, numerator, denominator) < 1e-12
    else:
        assert value == 0


@pytest.mark.parametrize(
    ("n", "c", "k"), [(10**6, 1, 1), (10**6, 2, 3), (10**6, 400, 7), (10**6, 7, 400)]
)
def test_variance_keeps_twelve_digits_for_a_million_samples(n, c, k):
    (miss, draws), (miss2, draws2) = exact_miss(n, c, k), exact_miss(n, c, 2 * k)
    numerator = miss**2 * draws2 - miss2 * draws**2
    value = one(pass_at_k_variance, n, c, k)
    assert relative_error(value, numerator, draws**2 * draws2) < 1e-12


@pytest.mark.parametrize(("n", "c"), [(2, 1), (10, 3), (200, 77)])
def test_variance_of_pass_at_1_is_that_of_a_mean(n, c):
    assert one(pass_at_k_variance, n, c, 1) == pytest.approx(c * (n - c) / (n**2 * (n - 1)))


@pytest.mark.parametrize(("n", "c", "k"), [t for t in SMALL if t[0] // 2 < t[2] < t[0]], ids=str)
def test_variance_is_the_jackknife_while_2k_exceeds_n(n, c, k):
    outcomes = [1] * c + [0] * (n - c)
    left_out = [one(pass_at_k, n - 1, sum(outcomes[:i] + outcomes[i + 1 :]), k) for i in range(n)]
    expected = (n - 1) * np.var(left_out)
    assert one(pass_at_k_variance, n, c, k) == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_variance_is_undefined_when_all_samples_are_drawn():
    assert np.isnan(pass_at_k_variance([5, 1], [2, 1], 1)).tolist() == [False, True]
    assert np.isnan(one(pass_at_k_variance, 5, 2, 5))


# pass_at_k_estimate


def test_estimate_averages_problems_and_never_pools_samples():
    """Pooled, 10 of 20 would give 0.9837."""
    assert pass_at_k_estimate([10, 10], [0, 10], 5).value == 0.5


def test_estimate_of_several_samples_has_a_t_interval():
    counts = [0, 1, 2, 3, 4] * 8
    estimate = pass_at_k_estimate([4] * 40, counts, 1)
    values = np.array(counts) / 4
    se = sqrt(((values - values.mean()) ** 2).sum() / (40 * 39))
    assert (estimate.metric, estimate.method) == ("pass@1", "t")
    assert (estimate.tasks, estimate.samples) == (40, 160)
    assert estimate.value == pytest.approx(0.5)
    assert estimate.se == pytest.approx(se)
    assert estimate.high - estimate.value == pytest.approx(2.0226909 * se)  # t table, 39 degrees
    assert estimate.value - estimate.low == pytest.approx(2.0226909 * se)
    within = sum(c * (4 - c) / (16 * 3) for c in counts)
    assert estimate.se_sampling == pytest.approx(sqrt(within) / 40)
    assert estimate.note == ""


def test_estimate_of_single_samples_has_wilsons_interval():
    estimate = pass_at_k_estimate([1] * 164, [1] * 120 + [0] * 44, 1)
    assert estimate.method == "Wilson"
    assert (estimate.low, estimate.high) == pytest.approx((0.6592, 0.7936), abs=5e-5)
    assert estimate.se == pytest.approx(mean_se([1] * 120 + [0] * 44))
    assert estimate.se_sampling is None


@pytest.mark.parametrize("n", [1, 5])
def test_estimate_without_spread_falls_back_to_wilson(n):
    perfect = pass_at_k_estimate([n] * 164, [n] * 164, 1)
    assert (perfect.value, perfect.high, perfect.method) == (1.0, 1.0, "Wilson")
    assert perfect.low == pytest.approx(0.9771, abs=5e-5)
    assert perfect.se is None
    assert perfect.se_sampling is None


def test_estimate_of_equal_fractions_is_not_certain():
    estimate = pass_at_k_estimate([3] * 50, [1] * 50, 1)
    assert (estimate.low, estimate.high) == pytest.approx(wilson_interval(50 / 3, 50))
    assert estimate.se is None
    assert estimate.se_sampling > 0


def test_estimate_stays_in_the_unit_interval():
    estimate = pass_at_k_estimate([2] * 40, [0] * 39 + [2], 1)
    assert estimate.method == "Wilson"  # t would be far too narrow so near 0
    assert 0.0 < estimate.low < estimate.value < estimate.high
    among = pass_at_k_estimate([2] * 40, [0] * 29 + [2] * 11, 1)
    assert among.method == "t"


@pytest.mark.parametrize("size", [1, 2, 19])
def test_estimate_of_few_problems_has_no_interval_and_says_so(size):
    estimate = pass_at_k_estimate([2] * size, [1] * size, 1)
    assert (estimate.low, estimate.high, estimate.method) == (None, None, "none")
    assert estimate.note == f"no interval is reliable for {size} problems"


def test_estimate_over_clusters_uses_their_standard_error():
    counts, labels = [1, 1, 0, 0, 1] * 10, [i // 2 for i in range(50)]
    estimate = pass_at_k_estimate([1] * 50, counts, 1, clusters=labels)
    se = clustered_se(counts, labels)
    assert estimate.method == "t over 25 clusters"
    assert estimate.se == pytest.approx(se)
    assert estimate.high - estimate.value == pytest.approx(2.0638986 * se)  # t, 24 degrees
    assert estimate.note == ""


def test_estimate_over_clusters_without_spread_counts_clusters_as_trials():
    estimate = pass_at_k_estimate([1] * 60, [1] * 60, 1, clusters=[i // 2 for i in range(60)])
    assert estimate.method == "Wilson over 30 clusters"
    assert (estimate.low, estimate.high) == wilson_interval(30, 30)


def test_estimate_over_few_clusters_says_so():
    few = pass_at_k_estimate([1] * 40, [0, 1, 1, 1] * 10, 1, clusters=[i // 10 for i in range(40)])
    assert few.note == "4 clusters make a rough interval"
    single = pass_at_k_estimate([1] * 40, [0, 1] * 20, 1, clusters=["repo"] * 40)
    assert (single.low, single.se) == (None, None)
    assert single.note == "no interval is reliable for 1 cluster"


def test_estimate_refuses_clusters_of_another_length():
    with pytest.raises(ValueError, match="1 cluster labels for 2 problems"):
        pass_at_k_estimate([1, 1], [0, 1], 1, clusters=["a"])


@given(st.lists(st.integers(0, 4), min_size=20, max_size=60), st.integers(1, 4))
def test_every_interval_holds_its_value_and_has_width(correct, k):
    estimate = pass_at_k_estimate([4] * len(correct), correct, k)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    assert estimate.low < estimate.high
    assert estimate.se != 0


def test_missing_samples_count_as_failures():
    """Ten asked for, two missing, four of the eight correct."""
    assert one(pass_at_k, 10, 4, 1) == 0.4
    assert one(pass_at_k, 10, 4, 5) == pytest.approx(0.9762, abs=5e-5)
    assert one(pass_at_k, 8, 4, 5) == 1.0


def test_estimate_becomes_json():
    record = pass_at_k_estimate(np.array([1, 1]), np.array([0, 1]), 1).as_dict()
    assert json.loads(json.dumps(record)) == record
    assert record["value"] == 0.5
    assert record["low"] is None


# usable_ks


def test_usable_ks_are_those_that_every_problem_has_samples_for():
    assert usable_ks([10, 20], [1, 10, 5]) == ([1, 10, 5], {})


def test_refused_ks_come_with_the_reason():
    usable, refused = usable_ks([20, 5], [1, 10], problem_ids=["HumanEval/2", "HumanEval/3"])
    assert usable == [1]
    assert refused == {
        10: "pass@10 needs at least 10 samples of every problem; 'HumanEval/3' has 5"
    }


def test_a_reason_names_three_problems_and_counts_the_rest():
    _, refused = usable_ks([1, 2, 1, 1, 1], [2])
    assert refused[2] == (
        "pass@2 needs at least 2 samples of every problem; "
        "problem 0 has 1, problem 2 has 1, problem 3 has 1 and 1 more are short"
    )


@given(st.lists(st.integers(0, 9), min_size=1), st.sets(st.integers(1, 9)))
def test_a_k_is_refused_exactly_when_pass_at_k_refuses_it(num_samples, ks):
    usable, refused = usable_ks(num_samples, sorted(ks))
    for k in usable:
        pass_at_k(num_samples, [0] * len(num_samples), k)
    for k, reason in refused.items():
        with pytest.raises(ValueError) as caught:
            pass_at_k(num_samples, [0] * len(num_samples), k)
        assert str(caught.value) == reason
    assert sorted([*usable, *refused]) == sorted(ks)


@pytest.mark.parametrize("k", [0, -1, 1.5])
def test_a_senseless_k_raises(k):
    with pytest.raises(ValueError, match="k is an integer from 1 on"):
        usable_ks([5], [k])


def test_more_samples_than_can_be_told_apart_are_refused():
    with pytest.raises(ValueError, match="more than 2147483647 samples"):
        pass_at_k([5_000_000_000], [3], 2)
    assert one(pass_at_k, 2**31 - 1, 3, 2) == pytest.approx(6 / (2**31 - 1), rel=1e-6)

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeeval.scoring.majority import maj_at_k, maj_at_k_sampled

CLASSES = st.lists(st.integers(1, 4), min_size=1, max_size=4)


def by_enumeration(sizes, correct, k, classless):
    samples = [index for index, size in enumerate(sizes) for _ in range(size)]
    samples += [None] * classless
    won = []
    for subset in combinations(samples, k):
        counts = Counter(each for each in subset if each is not None)
        top = max(counts.values(), default=0)
        tied = [index for index, count in counts.items() if count == top]
        won.append(sum(index in correct for index in tied) / len(tied) if tied else 0.0)
    return sum(won) / len(won)


def test_equals_the_golden_values(vectors):
    for v in vectors["maj_at_k"]:
        value = maj_at_k(v["class_counts"], v["correct"], v["k"])
        assert value == pytest.approx(v["value"], abs=1e-14), v


@given(CLASSES, st.integers(0, 3), st.data())
@settings(max_examples=60, deadline=None)
def test_equals_the_mean_over_all_subsets(sizes, classless, data):
    correct = data.draw(st.sets(st.integers(0, len(sizes) - 1)))
    k = data.draw(st.integers(1, sum(sizes) + classless))
    expected = by_enumeration(sizes, correct, k, classless)
    assert maj_at_k(sizes, correct, k, classless=classless) == pytest.approx(expected, abs=1e-12)


def test_random_subsets_come_near():
    exact = maj_at_k([60, 30, 10], [1], 15, classless=5)
    value, se = maj_at_k_sampled([60, 30, 10], [1], 15, classless=5, draws=20_000)
    assert 0 < se < 0.01
    assert abs(value - exact) < 4 * se
    assert maj_at_k_sampled([6, 3], [0], 3) == maj_at_k_sampled([6, 3], [0], 3)


def test_samples_that_produce_nothing_cannot_win():
    assert maj_at_k([1], [0], 3, classless=9) == pytest.approx(0.3)
    assert maj_at_k_sampled([0], [0], 3, classless=9) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("sizes", "correct", "k", "text"),
    [([2], [1], 1, "no class 1"), ([2], [0], 3, "maj@3 needs k"), ([-1], [0], 1, "not below 0")],
)
def test_refuses_what_is_out_of_range(sizes, correct, k, text):
    with pytest.raises(ValueError, match=text):
        maj_at_k(sizes, correct, k)


@pytest.mark.parametrize("judge", [maj_at_k, maj_at_k_sampled])
def test_without_any_class_there_is_nothing_to_vote_for(judge):
    with pytest.raises(ValueError, match="at least 1 class"):
        judge([], [], 2, classless=4)

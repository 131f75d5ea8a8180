from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeeval.scoring.efficiency import (
    beyond,
    beyond_at_k,
    beyond_percentile,
    beyond_unbounded,
    faster_share,
)
from codeeval.scoring.first_k import best_of_first_k, first_k, mean_of_first_k

NAN, INF = float("nan"), float("inf")
ROWS = st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=5), min_size=1, max_size=5)
KNOWN = [0.10, 0.20, 0.30, 0.50]
TIMES = st.lists(st.floats(0.001, 10), min_size=1, max_size=12)


class TestFirstK:
    @given(ROWS, st.integers(1, 3))
    def test_later_samples_do_not_count(self, rows, k):
        assert first_k(rows, k).tolist() == [row[:k] for row in rows]
        assert best_of_first_k(rows, k).tolist() == [max(row[:k]) for row in rows]
        assert mean_of_first_k(rows, k) == pytest.approx([sum(row[:k]) / k for row in rows])

    def test_a_later_score_may_be_anything(self):
        assert mean_of_first_k([[1.0, 0.0, NAN]], 2).tolist() == [0.5]

    @pytest.mark.parametrize(
        ("rows", "k", "said"),
        [
            ([[1.0]], 2, "needs at least 2 samples of every problem; problem 0 has 1"),
            ([], 1, "at least 1 problem"),
            ([[1.0], [NAN]], 1, "problem 1 has the score nan"),
            ([[[1.0]]], 1, r"problem 0 has scores of shape \(1, 1\)"),
            ([[1.0]], True, "k is an integer"),
        ],
    )
    def test_what_cannot_be_is_refused(self, rows, k, said):
        with pytest.raises(ValueError, match=said):
            first_k(rows, k)

    def test_problems_are_named(self):
        with pytest.raises(ValueError, match="'two-sum' has 1"):
            first_k([[1.0]], 2, problem_ids=["two-sum"])
        with pytest.raises(ValueError, match="2 problem ids for 1 problems"):
            first_k([[1.0]], 1, problem_ids=["a", "b"])


class TestMercury:
    """Du et al. 2024, Beyond and what stands beside it."""

    @pytest.mark.parametrize(
        ("known", "seconds", "bounded", "unbounded"),
        [
            (KNOWN, 0.05, 1.0, 1.125),
            (KNOWN, 0.10, 1.0, 1.0),
            (KNOWN, 0.22, 0.7, 0.7),
            (KNOWN, 0.50, 0.0, 0.0),
            (KNOWN, 9.00, 0.0, 0.0),
            ([1.0, 2.0, 3.0, 4.0, 5.0], 2.0, 0.75, 0.25),
        ],
    )
    def test_the_worked_examples(self, known, seconds, bounded, unbounded):
        assert beyond(known, seconds, correct=True) == pytest.approx(bounded)
        assert beyond_unbounded(known, seconds, correct=True) == pytest.approx(unbounded)

    def test_beyond_at_k_is_the_mean_and_not_the_best(self):
        scores = [[1.0, 0.0, 0.5], [0.2, 0.4, 0.9]]
        assert beyond_at_k(scores, 1).tolist() == [1.0, 0.2]
        assert beyond_at_k(scores, 2) == pytest.approx([0.5, 0.3])
        assert beyond_at_k(scores, 3) == pytest.approx([0.5, 0.5])

    def test_the_percentile_form_counts_ties_half(self):
        known = [1.0, 2.0, 2.0, 1000.0]
        assert beyond_percentile(known, 2.0, correct=True) == pytest.approx(0.5)
        assert beyond_percentile(known, 0.5, correct=True) == 1.0
        # One slow solution more or less hardly matters to it, and is all that matters to beyond.
        assert beyond(known, 2.0, correct=True) == pytest.approx(998 / 999)

    @given(TIMES, st.floats(0, 20))
    def test_scores_lie_in_0_to_1(self, known, seconds):
        assert 0 <= beyond(known, seconds, correct=True) <= 1
        assert beyond_percentile(known, seconds, correct=True) == faster_share(known, seconds)
        assert 0 <= beyond_percentile(known, seconds, correct=True) <= 1
        assert beyond_unbounded(known, seconds, correct=True) >= 0

    @given(TIMES, st.floats(0, 20), st.floats(0, 20))
    def test_a_slower_sample_never_scores_more(self, known, a, b):
        for score in (beyond, beyond_percentile, beyond_unbounded):
            fast, slow = (
                score(known, min(a, b), correct=True),
                score(known, max(a, b), correct=True),
            )
            assert slow <= fast

    @pytest.mark.parametrize("score", [beyond, beyond_percentile, beyond_unbounded])
    def test_a_wrong_sample_scores_0(self, score):
        assert score(KNOWN, NAN, correct=False) == 0.0
        assert score(KNOWN, INF, correct=True) == 0.0
        with pytest.raises(ValueError, match="at least 1"):
            score([], 1.0, correct=False)
        with pytest.raises(ValueError, match="numbers"):
            score(KNOWN, NAN, correct=True)

    def test_equal_known_times_leave_one_step(self):
        for score in (beyond, beyond_unbounded):
            assert score([2.0, 2.0], 2.0, correct=True) == 1.0
            assert score([2.0, 2.0], 2.1, correct=True) == 0.0

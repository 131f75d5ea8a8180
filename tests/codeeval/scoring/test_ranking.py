from __future__ import annotations

from itertools import permutations
from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeeval.scoring.ranking import dcg_at_k, ndcg_at_k


def test_equals_the_golden_values(vectors):
    for v in vectors["ndcg"]:
        value = ndcg_at_k(v["relevance"], v["score"], v["k"], gain=v["gain"])
        assert value == pytest.approx(v["value"], rel=1e-12)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=6),
    st.integers(1, 7),
)
@settings(max_examples=60, deadline=None)
def test_equal_scores_give_the_mean_over_orders(items, k):
    relevance, scores = zip(*items, strict=True)
    values = []
    for order in permutations(range(len(items))):
        ranked = sorted(order, key=lambda i: -scores[i])  # stable: ties in the order drawn
        gains = [2 ** relevance[i] - 1 for i in ranked[:k]]
        values.append(sum(gain / log2(place + 2) for place, gain in enumerate(gains)))
    assert dcg_at_k(relevance, scores, k) == pytest.approx(np.mean(values), abs=1e-12)


def test_is_not_defined_where_nothing_is_relevant():
    assert ndcg_at_k([0, 0], [1, 2], 2) is None
    assert ndcg_at_k([1, 0], [2, 1], 9) == 1.0


@pytest.mark.parametrize(
    ("relevance", "scores", "options", "text"),
    [
        ([1], [1, 2], {"k": 1}, "1 relevances for 2 scores"),
        ([-1], [1], {"k": 1}, "not below 0"),
        ([1], [float("nan")], {"k": 1}, "a score is nan"),
        ([1], [1], {"k": 0}, "from 1 on"),
        ([1], [1], {"k": 1.5}, "from 1 on"),
        ([2000], [1], {"k": 1}, "has no gain"),
        ([], [], {"k": 1}, "at least 1 item"),
        ([1], [1], {"k": 1, "gain": "log"}, "gain must be"),
    ],
)
def test_refuses_what_is_out_of_range(relevance, scores, options, text):
    with pytest.raises(ValueError, match=text):
        ndcg_at_k(relevance, scores, **options)

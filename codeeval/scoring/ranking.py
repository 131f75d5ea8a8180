"""NDCG@k: how well a ranking of samples agrees with their relevance."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codeeval.scoring.counts import check_k

__all__ = ["dcg_at_k", "ndcg_at_k"]

Gain = Literal["2^rel-1", "linear"]


def ndcg_at_k(
    relevance: ArrayLike, scores: ArrayLike, k: int, *, gain: Gain = "2^rel-1"
) -> float | None:
    """Return DCG@k of the order by score, as a share of that of the best order.

    Args:
        relevance: What each item is worth, at least 0, shape ``(items,)``.
        scores: What it is ranked by, the greatest first, same shape. Items of equal score are in
            random order; the value is the mean over these orders.
        k: Positions that count; all items if there are fewer.
        gain: ``2^rel-1`` or ``linear``: part of the metric's name.

    Returns:
        A number in [0, 1]; None if no item is relevant, where it is not defined: leave the problem
        out and say so.

    Raises:
        ValueError: If shapes differ, or a number is out of range.

    Source: Jarvelin and Kekalainen 2002; the gain: Burges et al. 2005; ties: McSherry and Najork
    2008.
    """
    best = dcg_at_k(relevance, relevance, k, gain=gain)
    return dcg_at_k(relevance, scores, k, gain=gain) / best if best > 0 else None


def dcg_at_k(relevance: ArrayLike, scores: ArrayLike, k: int, *, gain: Gain = "2^rel-1") -> float:
    """Return ``sum_i g(rel_i) / log2(i + 1)`` over the first k positions of the order by score.

    Args and errors are those of `ndcg_at_k`.
    """
    worth, ranked_by = _finite(relevance, "relevance"), _finite(scores, "score")
    if worth.shape != ranked_by.shape:
        raise ValueError(f"{worth.size} relevances for {ranked_by.size} scores")
    if (worth < 0).any():
        raise ValueError(f"a relevance is not below 0: {worth.min()}")
    check_k(k, f"ndcg@{k}")
    if gain == "2^rel-1" and worth.max() > 1000:
        raise ValueError(f"a relevance of {worth.max()} has no gain of 2^rel - 1")
    if gain not in ("2^rel-1", "linear"):
        raise ValueError(f"gain must be 2^rel-1 or linear, not {gain!r}")
    gains = np.exp2(worth) - 1 if gain == "2^rel-1" else worth
    # All items of a tie share the discounts of the positions that the tie takes.
    _, group = np.unique(-ranked_by, return_inverse=True)
    means = np.bincount(group, weights=gains) / np.bincount(group)
    expected = means[np.sort(group)][:k]
    return float((expected / np.log2(np.arange(expected.size) + 2)).sum())


def _finite(values: ArrayLike, what: str) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"expected a {what} for each of at least 1 item, found {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"a {what} is {array[~np.isfinite(array)][0]}, no finite number")
    return array

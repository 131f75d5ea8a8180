"""Numbers from the first k samples of each problem, as some benchmarks define theirs.

They depend on the order of the samples. Where a metric has an estimate over all subsets of k, such
as `codeeval.scoring.order_statistics.best_of_k`, that one has the same mean and a smaller variance;
these are here for the sake of equal numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from codeeval.scoring.counts import check_k, shortage
from codeeval.scoring.order_statistics import Scores

__all__ = ["best_of_first_k", "first_k", "mean_of_first_k"]


def first_k(
    scores: Scores,
    k: int,
    *,
    metric: str = "first@k",
    problem_ids: Sequence[str] | None = None,
) -> NDArray[np.float64]:
    """Return the scores of the first k samples of each problem, shape ``(problems, k)``.

    Args:
        scores: For each problem the scores of its samples in their order, shape ``(n,)`` each.
        k: Samples taken, ``1 <= k <= min(n)``.
        metric: Its name with its k, for messages.
        problem_ids: Names for messages, one for each problem.

    Raises:
        ValueError: If there is no problem, one has fewer than k samples, one of its first k scores
            is not finite, or the number of names differs.
    """
    check_k(k, metric)
    if len(scores) == 0:
        raise ValueError(f"{metric} needs at least 1 problem")
    if problem_ids is not None and len(problem_ids) != len(scores):
        raise ValueError(f"{len(problem_ids)} problem ids for {len(scores)} problems")
    names = problem_ids or [f"problem {index}" for index in range(len(scores))]
    rows = [np.asarray(row, dtype=np.float64) for row in scores]
    for name, row in zip(names, rows, strict=True):
        if row.ndim != 1:
            raise ValueError(f"{name} has scores of shape {row.shape}; expected one per sample")
    lengths = np.array([row.size for row in rows], dtype=np.int64)
    if k > lengths.min():
        raise ValueError(shortage(lengths, k, metric, problem_ids))
    table = np.stack([row[:k] for row in rows])
    wrong = np.argwhere(~np.isfinite(table))
    if wrong.size:
        problem, sample = wrong[0]
        raise ValueError(
            f"{names[problem]} has the score {table[problem, sample]}, no finite number"
        )
    return table


def best_of_first_k(
    scores: Scores, k: int, *, problem_ids: Sequence[str] | None = None
) -> NDArray[np.float64]:
    """Return the greatest score of the first k samples of each problem, shape ``(problems,)``.

    Args and errors are those of `first_k`.
    """
    table = first_k(scores, k, metric=f"best of the first {k}", problem_ids=problem_ids)
    return np.asarray(table.max(axis=1), dtype=np.float64)


def mean_of_first_k(
    scores: Scores, k: int, *, problem_ids: Sequence[str] | None = None
) -> NDArray[np.float64]:
    """Return the mean score of the first k samples of each problem, shape ``(problems,)``.

    Args and errors are those of `first_k`.
    """
    table = first_k(scores, k, metric=f"mean of the first {k}", problem_ids=problem_ids)
    return np.asarray(table.mean(axis=1), dtype=np.float64)

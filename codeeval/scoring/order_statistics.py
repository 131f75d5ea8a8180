"""best@k: the expected best of k samples, for any score; pass@k and eff@k are cases of it.

It is the average of the greatest score over all subsets of k of a problem's n samples: unbiased for
the greatest of k fresh samples, with the least variance that any use of these samples can have.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from math import nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codeeval.scoring.counts import check_k, shortage
from codeeval.scoring.estimate import Estimate
from codeeval.scoring.means import mean_estimate

__all__ = [
    "best_of_k",
    "best_of_k_by_proxy",
    "best_of_k_estimate",
    "best_of_k_variance",
    "best_of_k_weights",
]

Scores = Sequence[ArrayLike] | NDArray[np.floating]
"""The scores of the samples of each problem: rows of equal or of different length."""
Rows = list[NDArray[np.float64]] | NDArray[np.float64]


def best_of_k_weights(n: int, k: int) -> NDArray[np.float64]:
    """Return what each of the n sorted scores is worth in best@k.

    The r-th smallest is the greatest of ``C(r-1, k-1)`` of the ``C(n, k)`` subsets, so with
    ``w_r = C(r-1, k-1) / C(n, k)`` best@k is ``sum_r w_r x_(r)`` over r = k..n.

    Args:
        n: Samples of a problem.
        k: Samples drawn, ``1 <= k <= n``.

    Returns:
        ``w_k .. w_n``, shape ``(n - k + 1,)``: for the scores from the k-th smallest on. They sum
        to 1; small ones may underflow to 0.

    Raises:
        ValueError: If k is no integer from 1 to n.

    Source: U-statistic of the maximum, Hoeffding 1948; for eff@k: Qiu et al. 2024, "How Efficient
    is LLM-Generated Code?".
    """
    check_k(k, f"best@{k}")
    if k > n:
        raise ValueError(shortage(np.array([n]), k, f"best@{k}", None))
    # From the top: w_n = k/n, w_r = w_(r+1) (1 - (k-1)/r). Logs of gamma functions lose 6 digits.
    ranks = np.arange(n - 1, k - 1, -1.0)
    falling = k / n * np.cumprod(1 - (k - 1) / ranks)
    return np.concatenate([falling[::-1], [k / n]])


def best_of_k(
    scores: Scores, k: int | Sequence[int], *, problem_ids: Sequence[str] | None = None
) -> NDArray[np.float64]:
    """Estimate the expected greatest score of k samples for each problem, without bias.

    Args:
        scores: For each problem the scores of its samples, shape ``(n,)`` each.
        k: Samples drawn, ``1 <= k <= min(n)``; or several of them.
        problem_ids: Names for messages, one for each problem.

    Returns:
        Shape ``(problems,)``; with several k ``(problems, ks)``.

    Raises:
        ValueError: If a score is not finite, or a k is out of range.
    """
    ks = [k] if isinstance(k, int | np.integer) else list(k)
    rows = _rows(scores, ks, problem_ids)
    values = np.empty((len(rows), len(ks)))
    for where, table in _by_length(rows):
        number = table.shape[1]
        weights = np.zeros((number, len(ks)))
        for column, drawn in enumerate(ks):
            weights[drawn - 1 :, column] = best_of_k_weights(number, drawn)
        values[where] = np.sort(table, axis=1) @ weights
    return values[:, 0] if isinstance(k, int | np.integer) else values


def best_of_k_variance(
    scores: Scores, k: int, *, problem_ids: Sequence[str] | None = None
) -> NDArray[np.float64]:
    """Estimate the variance of each problem's best@k under fresh samples.

    For ``2k <= n`` it is unbiased: ``best@k^2`` less the mean product of the maxima of two
    subsets that share no sample. For ``n/2 < k < n`` it is the jackknife; for ``k = n`` NaN.

    Args and errors are those of `best_of_k`.

    Source: Hoeffding 1948; the jackknife: Efron and Stein 1981.
    """
    rows = _rows(scores, [k], problem_ids)
    return np.array([_variance(np.sort(row), k) for row in rows])


def best_of_k_by_proxy(
    scores: Scores, proxies: Scores, k: int, *, problem_ids: Sequence[str] | None = None
) -> NDArray[np.float64]:
    """Estimate the score of the sample of k that a selector picks, without bias.

    The selector takes the sample with the greatest proxy: of a ranker, a reward model, visible
    tests. Among equal proxies it takes any with equal chance.

    Args:
        scores: As in `best_of_k`.
        proxies: What the selector sees, of the same shape as ``scores``.
        k: As in `best_of_k`.
        problem_ids: As in `best_of_k`.

    Raises:
        ValueError: As `best_of_k` does, and if a problem has not as many proxies as scores.
    """
    rows = _rows(scores, [k], problem_ids)
    seen = _rows(proxies, [k], problem_ids)
    if len(rows) != len(seen):
        raise ValueError(f"scores of {len(rows)} problems, proxies of {len(seen)}")
    values = []
    for index, (row, proxy) in enumerate(zip(rows, seen, strict=True)):
        if row.size != proxy.size:
            name = f"problem {index}" if problem_ids is None else repr(problem_ids[index])
            raise ValueError(f"{name} has {row.size} scores and {proxy.size} proxies")
        _, group = np.unique(proxy, return_inverse=True)
        means = np.bincount(group, weights=row) / np.bincount(group)
        values.append(means[np.sort(group)][k - 1 :] @ best_of_k_weights(row.size, k))
    return np.array(values)


def best_of_k_estimate(
    scores: Scores,
    k: int,
    *,
    metric: str | None = None,
    bounds: tuple[float, float] | None = None,
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
    problem_ids: Sequence[str] | None = None,
) -> Estimate:
    """Estimate a benchmark's best@k: the mean over problems, with its interval.

    Args:
        scores: As in `best_of_k`.
        k: As in `best_of_k`.
        metric: The name; ``best@k`` if None.
        bounds: The least and the greatest score that there can be, to which the interval is cut.
        clusters: As in `mean_estimate`.
        level: As in `mean_estimate`.
        problem_ids: As in `best_of_k`.

    Raises:
        ValueError: As `best_of_k` and `mean_estimate` do.
    """
    rows = _rows(scores, [k], problem_ids)
    return mean_estimate(
        best_of_k(rows, k),
        metric=metric or f"best@{k}",
        samples=sum(row.size for row in rows),
        variances=best_of_k_variance(rows, k),
        binary=bounds == (0.0, 1.0) and all(row.size == 1 and row[0] in (0, 1) for row in rows),
        bounds=bounds,
        clusters=clusters,
        level=level,
    )


def _variance(x: NDArray[np.float64], k: int) -> float:
    """Return the variance of best@k for the sorted scores of one problem."""
    n = x.size
    if k == n:
        return nan
    x = x - x[-1]  # the same variance, and nothing large to cancel
    if 2 * k > n:
        return _jackknife(x, k)
    weights = np.zeros(n)
    weights[k - 1 :] = best_of_k_weights(n, k)
    value = float(weights @ x)
    # The second subset comes from the n - k samples that the first one left; where x_(s) is the
    # greater maximum, all k of the first are below it.
    below = np.concatenate([[0.0], np.cumsum(weights * x)[:-1]])
    second = best_of_k_weights(n - k, k)
    product = 2 * float((second * x[2 * k - 1 :]) @ below[2 * k - 1 :])
    variance = value**2 - product
    return variance if abs(variance) > 1e-15 * x[0] ** 2 else 0.0


def _jackknife(x: NDArray[np.float64], k: int) -> float:
    n = x.size
    weights = np.zeros(n - 1)
    weights[k - 1 :] = best_of_k_weights(n - 1, k)
    before = np.concatenate([[0.0], np.cumsum(weights * x[:-1])])
    after = np.concatenate([np.cumsum((weights * x[1:])[::-1])[::-1], [0.0]])
    left_out = before + after  # without the i-th, those above it move down by one rank
    return float((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())


def _rows(scores: Scores, ks: Sequence[int], problem_ids: Sequence[str] | None) -> Rows:
    """Return the scores of each problem as an array of their own, or all of them as a table.

    Raises:
        ValueError: If there are none, one is not finite, or there are fewer than a k asks for.
    """
    for k in ks:
        check_k(k, f"best@{k}")
    if not ks:
        raise ValueError("best@k needs at least 1 k")
    if len(scores) == 0:
        raise ValueError("best@k needs at least 1 problem")
    if problem_ids is not None and len(problem_ids) != len(scores):
        raise ValueError(f"{len(problem_ids)} problem ids for {len(scores)} problems")
    if isinstance(scores, np.ndarray) and scores.ndim == 2 and np.isfinite(scores).all():
        table = scores.astype(np.float64)
        for k in ks:
            if k > table.shape[1]:
                raise ValueError(
                    shortage(np.full(len(table), table.shape[1]), k, f"best@{k}", problem_ids)
                )
        return table
    rows = [np.asarray(row, dtype=np.float64) for row in scores]
    for index, row in enumerate(rows):
        name = f"problem {index}" if problem_ids is None else repr(problem_ids[index])
        if row.ndim != 1:
            raise ValueError(f"{name} has scores of shape {row.shape}; expected one per sample")
        if not np.isfinite(row).all():
            raise ValueError(f"{name} has the score {row[~np.isfinite(row)][0]}, no finite number")
    lengths = np.array([row.size for row in rows])
    for k in ks:
        if k > lengths.min():
            raise ValueError(shortage(lengths, k, f"best@{k}", problem_ids))
    return rows


def _by_length(
    rows: Rows,
) -> Iterator[tuple[list[int] | slice, NDArray[np.float64]]]:
    """Yield for each number of samples the problems that have it, and a table of their scores."""
    if isinstance(rows, np.ndarray):
        yield slice(None), rows
        return
    groups: dict[int, list[int]] = {}
    for index, row in enumerate(rows):
        groups.setdefault(row.size, []).append(index)
    for which in groups.values():
        yield which, np.stack([rows[i] for i in which])

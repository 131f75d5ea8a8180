"""pass@k: the chance that at least one of k samples of a problem is correct.

Source: Chen et al. 2021, "Evaluating Large Language Models Trained on Code", eq. 1.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from math import exp, expm1, nan

import numpy as np
from numpy.typing import NDArray

from codeeval.scoring.counts import (
    Counts,
    check_k,
    checked_counts,
    for_each,
    integers,
    log_miss,
    shortage,
)
from codeeval.scoring.estimate import Estimate
from codeeval.scoring.means import mean_estimate

__all__ = ["pass_at_k", "pass_at_k_estimate", "pass_at_k_variance", "usable_ks"]


def pass_at_k(
    num_samples: Counts,
    num_correct: Counts,
    k: int,
    *,
    problem_ids: Sequence[str] | None = None,
) -> NDArray[np.float64]:
    """Estimate pass@k for each problem, without bias.

    For a problem with ``n`` samples of which ``c`` are correct this is ``1 - C(n-c, k) / C(n, k)``:
    the chance that ``k`` samples, drawn without replacement, hold a correct one. It is 0 for
    ``c = 0``, 1 for ``c > n - k`` and ``c / n`` for ``k = 1``, each exactly.

    Args:
        num_samples: ``n`` of each problem, shape ``(problems,)``. A sample that was asked for but
            not obtained counts, as a failure.
        num_correct: ``c`` of each problem, same shape, ``0 <= c <= n``.
        k: Samples drawn, ``1 <= k <= min(n)``.
        problem_ids: Names for error messages, same shape.

    Returns:
        Probabilities in [0, 1], shape ``(problems,)``. A benchmark's pass@k is their mean.

    Raises:
        ValueError: If a count is no integer or out of range, or the lengths differ.

    Source: Chen et al. 2021, eq. 1.
    """
    n, c = checked_counts(num_samples, num_correct, k, metric=f"pass@{k}", problem_ids=problem_ids)
    return for_each(_pass_at_k, n, c, k)


def pass_at_k_variance(
    num_samples: Counts,
    num_correct: Counts,
    k: int,
    *,
    problem_ids: Sequence[str] | None = None,
) -> NDArray[np.float64]:
    """Estimate the variance of each problem's pass@k under fresh samples.

    With ``q_j = C(n-c, j) / C(n, j)`` it is ``q_k^2 - q_2k`` for ``2k <= n``: unbiased, as q_k and
    q_2k have the means ``(1-p)^k`` and ``(1-p)^2k``, and ``c (n-c) / (n^2 (n-1))`` for ``k = 1``.
    For ``n/2 < k < n`` it is the jackknife, and for ``k = n`` NaN: one draw has no spread.

    Args and errors are those of ``pass_at_k``.

    Source: q_k is a U-statistic: Hoeffding 1948, "A Class of Statistics with Asymptotically Normal
    Distribution"; the jackknife: Efron and Stein 1981, "The Jackknife Estimate of Variance".
    """
    n, c = checked_counts(num_samples, num_correct, k, metric=f"pass@{k}", problem_ids=problem_ids)
    return for_each(_variance, n, c, k)


def pass_at_k_estimate(
    num_samples: Counts,
    num_correct: Counts,
    k: int,
    *,
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
    problem_ids: Sequence[str] | None = None,
) -> Estimate:
    """Estimate a benchmark's pass@k: the mean over problems, with its interval.

    For the interval see `mean_estimate`.

    Args:
        num_samples: As in ``pass_at_k``.
        num_correct: As in ``pass_at_k``.
        k: As in ``pass_at_k``.
        clusters: For each problem the source that it shares with others: a repository, a database.
        level: Confidence level of the interval, in (0, 1).
        problem_ids: Names for error messages.

    Raises:
        ValueError: As ``pass_at_k`` does, and if ``clusters`` has another length.

    Source: Miller 2024, "Adding Error Bars to Evals".
    """
    return mean_estimate(
        pass_at_k(num_samples, num_correct, k, problem_ids=problem_ids),
        metric=f"pass@{k}",
        samples=int(np.sum(num_samples)),
        variances=pass_at_k_variance(num_samples, num_correct, k),
        binary=bool(np.max(num_samples) == 1),
        clusters=clusters,
        level=level,
    )


def usable_ks(
    num_samples: Counts, ks: Iterable[int], *, problem_ids: Sequence[str] | None = None
) -> tuple[list[int], dict[int, str]]:
    """Split ``ks`` into those that may be reported and those that may not.

    pass@k needs k samples of every problem: leaving short problems out would change the benchmark.

    Args:
        num_samples: ``n`` of each problem.
        ks: Candidates for k.
        problem_ids: Names for the reasons, same length as ``num_samples``.

    Returns:
        The usable k in the given order, and for each other k the reason in words.

    Raises:
        ValueError: If a k or a count is no integer, or k is below 1.
    """
    n = integers(num_samples, "samples", "pass@k", problem_ids)
    wanted = list(dict.fromkeys(ks))
    for k in wanted:
        check_k(k, f"pass@{k}")
    refused = {k: shortage(n, k, f"pass@{k}", problem_ids) for k in wanted if k > n.min()}
    return [k for k in wanted if k not in refused], refused


def _pass_at_k(n: int, c: int, k: int) -> float:
    if c == 0:
        return 0.0
    if k == 1:
        return c / n
    # Not 1 - prod(1 - k/i): that forms 1 minus a number near 1 and loses up to 6 digits.
    return -expm1(log_miss(n, c, k))


def _variance(n: int, c: int, k: int) -> float:
    if k == n:
        return nan
    if c in (0, n):
        return 0.0
    if 2 * k > n:
        # (n-1)/n [c (A-m)^2 + (n-c) (B-m)^2] with m = (c A + (n-c) B) / n is this, for A and B
        # the values without one correct and without one wrong sample.
        gap = exp(log_miss(n - 1, c - 1, k)) - exp(log_miss(n - 1, c, k))
        return (n - 1) * c * (n - c) / n**2 * gap**2
    square = exp(2 * log_miss(n, c, k))
    if n - c < 2 * k:
        return square
    # q_k^2 - q_2k = q_k^2 (1 - q_2k / q_k^2). The quotient, taken factor by factor, is a product of
    # 1 - k many / ((i-k) (i-many)): nothing cancels, as the difference itself would for small c.
    few, many = min(c, k), max(c, k)
    i = np.arange(n - few + 1, n + 1)
    return -square * expm1(float(np.log1p(-(k / (i - k)) * (many / (i - many))).sum()))

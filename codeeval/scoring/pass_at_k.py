"""pass@k: the chance that at least one of k samples of a problem is correct.

Source: Chen et al. 2021, "Evaluating Large Language Models Trained on Code", eq. 1.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from math import exp, expm1, inf, nan, sqrt

import numpy as np
from numpy.typing import NDArray

from codeeval.scoring.estimate import Estimate
from codeeval.scoring.intervals import clustered_se, mean_interval, mean_se, wilson_interval

Counts = Sequence[int] | NDArray[np.integer]

FEWEST_PROBLEMS = 20  # below this no interval over problems is reliable
_NO_SPREAD = 1e-12  # a standard error below this is zero but for rounding


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
    return _for_each(_pass_at_k, *_checked(num_samples, num_correct, k, problem_ids), k)


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
    return _for_each(_variance, *_checked(num_samples, num_correct, k, problem_ids), k)


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

    The interval is Student's t over the values of the problems, or over ``clusters`` of them, cut
    to [0, 1]. It is Wilson's for one sample per problem without clusters, and wherever the values
    show no spread; there the trials are the problems, or the clusters if given. Below 20 problems
    and for a single cluster there is none.

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
    values = pass_at_k(num_samples, num_correct, k, problem_ids=problem_ids)
    size, value = values.size, float(values.mean())
    if clusters is not None and len(clusters) != size:
        raise ValueError(f"{len(clusters)} cluster labels for {size} problems")
    groups = size if clusters is None else len(set(clusters))
    where = "" if clusters is None else f" over {groups} clusters"

    se = None
    if groups > 1:
        spread = mean_se(values) if clusters is None else clustered_se(values, clusters)
        se = spread if spread > _NO_SPREAD else None
    within = pass_at_k_variance(num_samples, num_correct, k)
    se_sampling = sqrt(float(within.sum())) / size
    single = clusters is None and np.max(num_samples) == 1

    low: float | None
    high: float | None
    note = ""
    if size < FEWEST_PROBLEMS or groups == 1:
        low, high, method = None, None, "none"
        few = "1 cluster" if size >= FEWEST_PROBLEMS else f"{size} problems"
        note = f"no interval is reliable for {few}"
    elif single or se is None:
        low, high = wilson_interval(value * groups, groups, level=level)
        method = "Wilson" + where
    else:
        low, high = mean_interval(values, clusters=clusters, level=level)
        low, high = max(low, 0.0), min(high, 1.0)
        method = "t" + where
    if 1 < groups < FEWEST_PROBLEMS <= size:
        note = f"{groups} clusters make a rough interval"

    return Estimate(
        metric=f"pass@{k}",
        value=value,
        low=low,
        high=high,
        level=level,
        tasks=size,
        samples=int(np.sum(num_samples)),
        method=method,
        se=se,
        se_sampling=se_sampling if se_sampling > 0 else None,  # NaN > 0 is false
        note=note,
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
    n = _integers(num_samples, "samples", problem_ids)
    wanted = list(dict.fromkeys(ks))
    for k in wanted:
        _check_k(k)
    refused = {k: _shortage(n, k, problem_ids) for k in wanted if k > n.min()}
    return [k for k in wanted if k not in refused], refused


def _log_miss(n: int, c: int, k: int) -> float:
    """Return log q_k, the log of the chance that k of n samples hold none of the c correct ones.

    ``C(n-c, k) / C(n, k) = C(n-k, c) / C(n, c)``, so min(c, k) factors do.
    """
    if n - c < k:
        return -inf
    few, many = min(c, k), max(c, k)
    return float(np.log1p(-many / np.arange(n - few + 1, n + 1)).sum())


def _pass_at_k(n: int, c: int, k: int) -> float:
    if c == 0:
        return 0.0
    if k == 1:
        return c / n
    # Not 1 - prod(1 - k/i): that forms 1 minus a number near 1 and loses up to 6 digits.
    return -expm1(_log_miss(n, c, k))


def _variance(n: int, c: int, k: int) -> float:
    if k == n:
        return nan
    if c in (0, n):
        return 0.0
    if 2 * k > n:
        # (n-1)/n [c (A-m)^2 + (n-c) (B-m)^2] with m = (c A + (n-c) B) / n is this, for A and B
        # the values without one correct and without one wrong sample.
        gap = exp(_log_miss(n - 1, c - 1, k)) - exp(_log_miss(n - 1, c, k))
        return (n - 1) * c * (n - c) / n**2 * gap**2
    square = exp(2 * _log_miss(n, c, k))
    if n - c < 2 * k:
        return square
    # q_k^2 - q_2k = q_k^2 (1 - q_2k / q_k^2). The quotient, taken factor by factor, is a product of
    # 1 - k many / ((i-k) (i-many)): nothing cancels, as the difference itself would for small c.
    few, many = min(c, k), max(c, k)
    i = np.arange(n - few + 1, n + 1)
    return -square * expm1(float(np.log1p(-(k / (i - k)) * (many / (i - many))).sum()))


def _for_each(
    function: Callable[[int, int, int], float],
    n: NDArray[np.int64],
    c: NDArray[np.int64],
    k: int,
) -> NDArray[np.float64]:
    """Apply ``function`` to each (n, c), once for equal ones: a benchmark has few different."""
    pairs = list(zip(n.tolist(), c.tolist(), strict=True))
    value = {pair: function(*pair, k) for pair in set(pairs)}
    return np.array([value[pair] for pair in pairs])


def _checked(
    num_samples: Counts, num_correct: Counts, k: int, problem_ids: Sequence[str] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    _check_k(k)
    n = _integers(num_samples, "samples", problem_ids)
    c = _integers(num_correct, "correct samples", problem_ids)
    if n.size != c.size:
        raise ValueError(f"sample counts of {n.size} problems, correct counts of {c.size}")
    if k > n.min():
        raise ValueError(_shortage(n, k, problem_ids))
    wrong = np.flatnonzero((c < 0) | (c > n))
    if wrong.size:
        first = wrong[0]
        raise ValueError(
            f"{_name(first, problem_ids)} has {c[first]} correct out of {n[first]} samples"
        )
    return n, c


def _integers(counts: Counts, what: str, problem_ids: Sequence[str] | None) -> NDArray[np.int64]:
    if len(counts) == 0:
        raise ValueError("pass@k needs at least 1 problem")
    if problem_ids is not None and len(problem_ids) != len(counts):
        raise ValueError(f"{len(problem_ids)} problem ids for {len(counts)} problems")
    array = np.asarray(counts)
    if array.ndim == 1 and array.dtype.kind in "iu":
        return array.astype(np.int64)
    for index, count in enumerate(counts):
        if isinstance(count, bool) or not isinstance(count, int | np.integer):
            name = _name(index, problem_ids)
            raise ValueError(f"{name} has {count!r} {what}; a count is an integer")
    raise ValueError(f"counts of {what} do not fit 64 bits: {counts!r}")


def _check_k(k: int) -> None:
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise ValueError(f"pass@{k}: k is an integer from 1 on, not {k!r}")


def _shortage(n: NDArray[np.int64], k: int, problem_ids: Sequence[str] | None) -> str:
    short = np.flatnonzero(n < k)
    named = ", ".join(f"{_name(index, problem_ids)} has {n[index]}" for index in short[:3])
    more = f" and {short.size - 3} more are short" if short.size > 3 else ""
    plural = "" if k == 1 else "s"
    return f"pass@{k} needs at least {k} sample{plural} of every problem; {named}{more}"


def _name(index: int, problem_ids: Sequence[str] | None) -> str:
    return f"problem {index}" if problem_ids is None else repr(problem_ids[index])

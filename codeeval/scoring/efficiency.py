"""Efficiency: from times and costs to scores, and from scores to numbers of a benchmark.

Every score here is bounded, so best@k applies to it: see `codeeval.scoring.order_statistics`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from math import exp, inf, isnan, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codeeval.scoring.counts import Counts
from codeeval.scoring.estimate import Estimate
from codeeval.scoring.first_k import mean_of_first_k
from codeeval.scoring.order_statistics import Scores, best_of_k, best_of_k_estimate
from codeeval.scoring.pass_at_k import pass_at_k

__all__ = [
    "beyond",
    "beyond_at_k",
    "beyond_percentile",
    "beyond_unbounded",
    "dps",
    "eff_at_k",
    "efficient_at_k",
    "faster_share",
    "optimized_at_k",
    "ratio_of_sums",
    "speedup_at_k",
    "speedup_estimate",
    "speedups",
]


def eff_at_k(
    scores: Scores, k: int, *, problem_ids: Sequence[str] | None = None
) -> NDArray[np.float64]:
    """Estimate eff@k for each problem, without bias: best@k of efficiency scores.

    A score is 0 for a sample with a wrong answer or a timeout in the first level, else the weighted
    mean over levels of ``max(0, T - t) / (T - t_ref)``, with t the slowest test of a level, T the
    time limit. A sample that is faster than the reference scores above 1. That t is only known to
    exceed T costs nothing: there the score is 0 whatever it is.

    Args, returns and errors are those of `best_of_k`.

    Source: Qiu et al. 2024, "How Efficient is LLM-Generated Code?".
    """
    return best_of_k(scores, k, problem_ids=problem_ids)


def efficient_at_k(
    num_samples: Counts,
    num_efficient: Counts,
    k: int,
    *,
    problem_ids: Sequence[str] | None = None,
) -> NDArray[np.float64]:
    """Estimate efficient@k for each problem, without bias: pass@k of the efficient samples.

    A sample counts if it is correct and takes strictly fewer instructions, summed over the stress
    tests, than the reference does.

    Args, returns and errors are those of `pass_at_k`.

    Source: Peng et al. 2025, "COFFE".
    """
    return pass_at_k(num_samples, num_efficient, k, problem_ids=problem_ids)


def speedups(base_seconds: float, seconds: ArrayLike, correct: ArrayLike) -> NDArray[np.float64]:
    """Return how many times faster than the original each sample of a problem is, at least 1.

    A sample that is wrong or slower leaves one with the original: 1.

    Args:
        base_seconds: Time of the original program, above 0.
        seconds: Time of each sample, above 0 where it is correct; shape ``(n,)``.
        correct: Whether it is correct, same shape.

    Raises:
        ValueError: If a time is not above 0.

    Source: Shypula et al. 2024, "Learning Performance-Improving Code Edits".
    """
    times, right = np.asarray(seconds, dtype=np.float64), np.asarray(correct, dtype=bool)
    if not 0 < base_seconds < inf or not ((times[right] > 0) & np.isfinite(times[right])).all():
        raise ValueError("times of correct programs are finite and above 0")
    ratios = np.ones(times.shape)
    ratios[right] = np.maximum(1.0, base_seconds / times[right])
    return ratios


def speedup_at_k(
    ratios: Scores, k: int, *, problem_ids: Sequence[str] | None = None
) -> NDArray[np.float64]:
    """Return exp(best@k of log speedup) for each problem: the greatest speedup of k samples.

    Ratios are averaged as logs: their arithmetic mean would not be symmetric, as halving and
    doubling the time would come out as faster.

    Args:
        ratios: For each problem what `speedups` returns.
        k: As in `best_of_k`.
        problem_ids: As in `best_of_k`.
    """
    return np.exp(best_of_k([np.log(row) for row in ratios], k, problem_ids=problem_ids))


def speedup_estimate(
    ratios: Scores,
    k: int,
    *,
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
    problem_ids: Sequence[str] | None = None,
) -> Estimate:
    """Estimate a benchmark's speedup@k: the geometric mean over problems, with its interval.

    Mean, interval and standard errors are those of the logs; value and interval are given as
    ratios again, the standard errors as that of the value (the delta method).

    Args:
        ratios: As in `speedup_at_k`.
        k: As in `speedup_at_k`.
        clusters: As in `mean_estimate`.
        level: As in `mean_estimate`.
        problem_ids: As in `best_of_k`.
    """
    logs = best_of_k_estimate(
        [np.log(row) for row in ratios],
        k,
        metric=f"speedup@{k}",
        clusters=clusters,
        level=level,
        problem_ids=problem_ids,
    )
    value = exp(logs.value)
    return replace(
        logs,
        value=value,
        low=None if logs.low is None else exp(logs.low),
        high=None if logs.high is None else exp(logs.high),
        se=None if logs.se is None else value * logs.se,
        se_sampling=None if logs.se_sampling is None else value * logs.se_sampling,
        method=f"{logs.method} of logs" if logs.low is not None else logs.method,
    )


def optimized_at_k(
    ratios: Scores, k: int, *, least: float = 1.1, problem_ids: Sequence[str] | None = None
) -> NDArray[np.float64]:
    """Estimate the chance that one of k samples is at least ``least`` times faster: %Opt.

    Args:
        ratios: As in `speedup_at_k`.
        k: As in `pass_at_k`.
        least: The speedup from which a program counts as optimised.
        problem_ids: As in `pass_at_k`.

    Source: Shypula et al. 2024.
    """
    for index, row in enumerate(ratios):
        if not np.isfinite(row).all():
            raise ValueError(f"problem {index} has a speedup that is no finite number")
    counts = [int((np.asarray(row) >= least).sum()) for row in ratios]
    return pass_at_k([np.size(row) for row in ratios], counts, k, problem_ids=problem_ids)


def ratio_of_sums(numerators: ArrayLike, denominators: ArrayLike) -> tuple[float, float]:
    """Return ``R = sum a / sum b`` over problems, and its standard error.

    Slow problems dominate it; it is here for the sake of equal numbers.

    Args:
        numerators: a of each problem, such as the time of the original, shape ``(problems,)``.
        denominators: b of each problem, such as the time of the sample, same shape.

    Raises:
        ValueError: If there are fewer than 2 problems, or the denominators do not sum above 0.

    Source: linearisation; Cochran 1977, "Sampling Techniques", ch. 6.
    """
    a, b = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    if a.shape != b.shape or a.ndim != 1 or a.size < 2:
        raise ValueError(f"a ratio of sums needs two rows of at least 2, not {a.shape}, {b.shape}")
    if not b.sum() > 0:
        raise ValueError("the sum of the denominators must be above 0")
    ratio = float(a.sum() / b.sum())
    size = a.size
    rest = float(((a - ratio * b) ** 2).sum())
    return ratio, sqrt(size / (size - 1) * rest) / float(b.sum())


def dps(
    reference_costs: Sequence[float], reference_scores: Sequence[float], cost: float
) -> tuple[float, float]:
    """Return DPS and DPS_norm of one sample that is correct.

    The references are groups of solutions from the slowest to the fastest. The sample gets the
    score of the fastest one that is not faster than it is; 0 if all are.

    Args:
        reference_costs: Cost of each reference, from the slowest to the fastest.
        reference_scores: Their cumulative scores, in [0, 100], same length.
        cost: Cost of the sample: its mean count of instructions.

    Returns:
        The score, and ``100 (j + 1) / n`` for the j-th of n references; both in [0, 100].

    Raises:
        ValueError: If there is no reference, lengths differ, or they are in another order.

    Source: Liu et al. 2024, "Evaluating Language Models for Efficient Code Generation" (EvalPerf).
    """
    size = len(reference_costs)
    if not size or size != len(reference_scores):
        raise ValueError(f"{size} costs and {len(reference_scores)} scores of references")
    if isnan(cost) or sorted(reference_costs, reverse=True) != list(reference_costs):
        raise ValueError("references go from the slowest to the fastest, and a cost is a number")
    for j in reversed(range(size)):
        if cost <= reference_costs[j]:
            return float(reference_scores[j]), 100 * (j + 1) / size
    return 0.0, 0.0


def faster_share(reference_costs: ArrayLike, cost: float) -> float:
    """Return the share of references that are slower; those that are equal count one half.

    Raises:
        ValueError: If there is no reference.
    """
    costs = np.asarray(reference_costs, dtype=np.float64)
    if not costs.size or isnan(cost) or np.isnan(costs).any():
        raise ValueError("a share of references needs at least 1, and costs that are numbers")
    return float(((costs > cost).sum() + 0.5 * (costs == cost).sum()) / costs.size)


def beyond(historical_seconds: ArrayLike, seconds: float, *, correct: bool) -> float:
    """Return where a time lies between those of the slowest and the fastest known solution.

    This is ``(t_max - clip(t, t_min, t_max)) / (t_max - t_min)``, and 0 for a wrong sample: a
    benchmark's Beyond is the mean over all samples. Where all known solutions take the same time,
    it is 1 for one that takes no longer, else 0.

    Raises:
        ValueError: If no solution is known.

    Source: Du et al. 2024, "Mercury: A Code Efficiency Benchmark".
    """
    known = np.asarray(historical_seconds, dtype=np.float64)
    if not known.size or not np.isfinite(known).all() or (correct and isnan(seconds)):
        raise ValueError("Beyond needs at least 1 known solution, and times that are numbers")
    if not correct:
        return 0.0
    least, most = float(known.min()), float(known.max())
    if least == most:
        return float(seconds <= least)
    return (most - min(max(seconds, least), most)) / (most - least)


def beyond_unbounded(historical_seconds: ArrayLike, seconds: float, *, correct: bool) -> float:
    """Return Beyond as the program of its authors computes it, for the sake of equal numbers.

    This is ``clip(t_max - t, 0, 1 second) / (t_max - t_min)``: above 1 for a sample that is faster
    than all that are known, and far below 1 for the fastest one of a problem that takes seconds.
    Where all known solutions take the same time, it is what `beyond` is.

    Args and errors are those of `beyond`, which is the one to report.

    Source: the program of Du et al. 2024.
    """
    bounded = beyond(historical_seconds, seconds, correct=correct)
    known = np.asarray(historical_seconds, dtype=np.float64)
    least, most = float(known.min()), float(known.max())
    if not correct or least == most:
        return bounded
    return min(max(most - seconds, 0.0), 1.0) / (most - least)


def beyond_percentile(historical_seconds: ArrayLike, seconds: float, *, correct: bool) -> float:
    """Return the share of known solutions that are slower, and 0 for a wrong sample.

    Ties count one half. Unlike `beyond` it does not hang on the slowest and the fastest known
    solution, whose times are often mostly noise: report it beside.

    Raises:
        ValueError: If no solution is known, or a time is no number.
    """
    # The known times are checked for a wrong sample, too.
    share = faster_share(historical_seconds, seconds if correct else inf)
    return share if correct else 0.0


def beyond_at_k(
    scores: Scores, k: int, *, problem_ids: Sequence[str] | None = None
) -> NDArray[np.float64]:
    """Return Beyond@k of each problem: the mean over its first k samples.

    Not the best of k, so it does not grow with k; for that see `best_of_k`. A benchmark's Beyond@k
    is the mean over problems.

    Args:
        scores: For each problem the Beyond of its samples in their order, or what
            `beyond_percentile` says of them; shape ``(n,)`` each.
        k: Samples taken, ``1 <= k <= min(n)``.
        problem_ids: Names for messages, one for each problem.

    Raises:
        ValueError: As `codeeval.scoring.first_k.first_k` does.

    Source: Du et al. 2024.
    """
    return mean_of_first_k(scores, k, problem_ids=problem_ids)

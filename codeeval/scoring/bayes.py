"""Bayesian pass@k: defined for every n, also for k above n, at the price of a prior."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, expm1, inf, log, nan

import numpy as np
from numpy.typing import NDArray

from codeeval.scoring.counts import Counts, check_k, checked_counts, for_each
from codeeval.scoring.estimate import Estimate
from codeeval.scoring.means import FEWEST_PROBLEMS

__all__ = [
    "JEFFREYS",
    "UNIFORM",
    "bayes_estimate",
    "bayes_interval",
    "bayes_pass_at_k",
    "empirical_prior",
]

Prior = tuple[float, float]
"""The parameters a and b of a beta distribution of a problem's chance to be solved."""
UNIFORM: Prior = (1.0, 1.0)
JEFFREYS: Prior = (0.5, 0.5)


def bayes_pass_at_k(
    num_samples: Counts,
    num_correct: Counts,
    k: int,
    *,
    prior: Prior,
    problem_ids: Sequence[str] | None = None,
) -> NDArray[np.float64]:
    """Return the posterior mean of ``1 - (1 - p)^k`` for each problem.

    With the prior Beta(a, b) it is ``1 - prod_i (b + n - c + i) / (a + b + n + i)`` over
    i = 0..k-1.

    Args:
        num_samples: As in `pass_at_k`.
        num_correct: As in `pass_at_k`.
        k: Samples drawn, from 1 on; above n it is an extrapolation, and must be called one.
        prior: a and b, above 0. A flat one must not be averaged over problems: it gives a problem
            that was never solved in 10 samples a pass@5 of 0.31. See `empirical_prior`.
        problem_ids: As in `pass_at_k`.

    Raises:
        ValueError: As `pass_at_k` does, and if the prior is none.
    """
    n, c = _counts(num_samples, num_correct, k, prior, problem_ids)
    a, b = prior
    i = np.arange(k)

    def value(total: int, good: int, k: int) -> float:
        return -expm1(float(np.log1p(-(a + good) / (a + b + total + i)).sum()))

    return for_each(value, n, c, k)


def bayes_interval(
    num_samples: int, num_correct: int, k: int, *, prior: Prior, level: float = 0.95
) -> tuple[float, float]:
    """Return the equal-tailed credible interval of one problem's ``1 - (1 - p)^k``.

    Args and errors are those of `bayes_pass_at_k`, for one problem.
    """
    from scipy.special import betaincinv

    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1; {level} does not")
    _counts([num_samples], [num_correct], k, prior, None)
    a, b = prior[0] + num_correct, prior[1] + num_samples - num_correct
    tails = ((1 - level) / 2, (1 + level) / 2)
    low, high = (-expm1(k * float(np.log1p(-betaincinv(a, b, tail)))) for tail in tails)
    return low, high


def empirical_prior(
    num_samples: Counts, num_correct: Counts, *, problem_ids: Sequence[str] | None = None
) -> Prior:
    """Return the prior under which the counts of all problems are most likely.

    That is the maximum of the beta-binomial likelihood over a and b. It is sought among
    distributions that are worth 0.01 to 10,000 samples (a + b).

    Args:
        num_samples: n of each problem, shape ``(problems,)``.
        num_correct: c of each problem, same shape.
        problem_ids: Names for messages.

    Raises:
        ValueError: As `pass_at_k` does; if no problem has 2 samples, as one sample says nothing of
            how problems differ; or if all samples are correct, or none.

    Source: empirical Bayes, Robbins 1956.
    """
    n, c = _counts(num_samples, num_correct, 1, UNIFORM, problem_ids)
    if n.max() < 2:
        raise ValueError("one sample of each problem does not tell how problems differ")
    if c.sum() in (0, n.sum()):
        raise ValueError("a prior cannot be found where all samples are alike")
    return _fitted(n, c, np.ones(n.size))


def _fitted(n: NDArray[np.int64], c: NDArray[np.int64], weights: NDArray[np.float64]) -> Prior:
    """Return the most likely prior for problems that count as often as their weights say."""
    from scipy.optimize import minimize
    from scipy.special import betaln, expit

    def loss(parameters: NDArray[np.float64]) -> float:
        mean, size = expit(parameters[0]), exp(parameters[1])
        a, b = mean * size, (1 - mean) * size
        return -float(weights @ (betaln(a + c, b + n - c) - betaln(a, b)))

    share = min(max(float(weights @ c / (weights @ n)), 1e-6), 1 - 1e-6)
    bounds = [(-30.0, 30.0), (log(0.01), log(10_000.0))]
    start = np.array([log(share / (1 - share)), 0.7])
    found = minimize(loss, start, method="L-BFGS-B", bounds=bounds)
    mean, size = float(expit(found.x[0])), exp(found.x[1])
    return max(mean * size, 1e-9), max((1 - mean) * size, 1e-9)


def bayes_estimate(
    num_samples: Counts,
    num_correct: Counts,
    k: int,
    *,
    level: float = 0.95,
    resamples: int = 400,
    seed: int = 0,
    problem_ids: Sequence[str] | None = None,
) -> Estimate:
    """Estimate a benchmark's pass@k by empirical Bayes, also for k above n.

    The value is the mean over problems of the posterior means. The interval is the percentile
    bootstrap over problems, with a prior fitted to each resample; it is about other problems of
    this kind, like the other intervals. All of it rests on pass rates that have a beta
    distribution: where some problems cannot be solved at all, a value far above n is too high, and
    the interval does not show it.

    Args:
        num_samples: As in `pass_at_k`.
        num_correct: As in `pass_at_k`.
        k: Samples drawn, from 1 on.
        level: Confidence level of the interval.
        resamples: Of the bootstrap.
        seed: Of the generator. Equal seeds give equal intervals.
        problem_ids: As in `pass_at_k`.

    Raises:
        ValueError: As `empirical_prior` does.
    """
    n, c = _counts(num_samples, num_correct, k, UNIFORM, problem_ids)
    a, b = prior = empirical_prior(n, c, problem_ids=problem_ids)
    # Problems with equal counts are alike: a resample is how often each kind of them is drawn.
    kinds, often = np.unique(np.stack([n, c], axis=1), axis=0, return_counts=True)
    sizes, good = kinds[:, 0], kinds[:, 1]
    generator = np.random.default_rng(seed)
    values = []
    for drawn in generator.multinomial(n.size, often / n.size, size=resamples).astype(float):
        if 0 < drawn @ good < drawn @ sizes:
            fitted = _fitted(sizes, good, drawn)
            values.append(float(drawn @ bayes_pass_at_k(sizes, good, k, prior=fitted)) / n.size)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2]) if values else (nan, nan)
    few = n.size < FEWEST_PROBLEMS or not values
    note = f"no interval is reliable for {n.size} problems" if few else ""
    if k > n.max():
        note = f"extrapolated: there are no more than {n.max()} samples of a problem"
    return Estimate(
        metric=f"pass@{k}",
        value=float(bayes_pass_at_k(n, c, k, prior=prior).mean()),
        low=None if few else float(low),
        high=None if few else float(high),
        level=level,
        tasks=n.size,
        samples=int(n.sum()),
        method=f"empirical Bayes, Beta({a:.3g}, {b:.3g})",
        note=note,
    )


def _counts(
    num_samples: Counts,
    num_correct: Counts,
    k: int,
    prior: Prior,
    problem_ids: Sequence[str] | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if not all(0 < parameter < inf for parameter in prior):
        raise ValueError(f"a prior has parameters above 0, not {prior}")
    n, c = checked_counts(num_samples, num_correct, 1, metric=f"pass@{k}", problem_ids=problem_ids)
    check_k(k, f"pass@{k}")
    return n, c

"""Standard errors and confidence intervals over problems.

Problems count as a draw from a larger population of problems, so the spread of the values of the
problems already holds the sampling noise inside each of them: resample problems, never samples.

Source: Miller 2024, "Adding Error Bars to Evals".
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Statistic = Callable[..., NDArray[np.float64]]

_BLOCK = 2**21  # indices held at once while resampling: 16 MB


def wilson_interval(successes: float, trials: int, *, level: float = 0.95) -> tuple[float, float]:
    """Bound a proportion by Wilson's score interval.

    It keeps its coverage near 0 and 1, where the mean plus or minus two standard errors does not.

    Args:
        successes: In [0, trials]; a sum of scores in [0, 1] need not be whole.
        trials: At least 1.
        level: Confidence level in (0, 1).

    Raises:
        ValueError: If an argument is out of range.

    Source: Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference".
    """
    _check_level(level)
    if trials < 1:
        raise ValueError(f"a proportion needs at least 1 trial, not {trials}")
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes out of {trials} trials")
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = successes / trials
    centre = share + z**2 / (2 * trials)
    half = z * sqrt(share * (1 - share) / trials + (z / (2 * trials)) ** 2)
    scale = 1 + z**2 / trials
    # Rounding must not push an end past the share or out of [0, 1].
    low = max(0.0, min(share, (centre - half) / scale))
    high = min(1.0, max(share, (centre + half) / scale))
    return low, high


def mean_se(values: ArrayLike) -> float:
    """Return the standard error of the mean of independent values.

    This is ``sqrt(sum (m_i - M)^2 / (N (N - 1)))``.

    Raises:
        ValueError: If there are fewer than 2 values or one is not finite.

    Source: Miller 2024.
    """
    scores = _finite(values)
    return float(scores.std(ddof=1) / sqrt(scores.size))


def clustered_se(values: ArrayLike, clusters: Sequence[Hashable]) -> float:
    """Return the standard error of a mean whose values come in dependent groups.

    With ``R_g`` the sum of ``m_i - M`` over cluster ``g`` this is
    ``sqrt(G / (G - 1) * sum_g R_g^2) / N``. Miller's form lacks the factor ``G / (G - 1)``; with it
    clusters of one value give ``mean_se``.

    Args:
        values: One per problem.
        clusters: The cluster of each, equal for problems that share a source.

    Raises:
        ValueError: If the lengths differ, a value is not finite or there is only one cluster.

    Source: Miller 2024, with the small-sample factor of Cameron and Miller 2015,
    "A Practitioner's Guide to Cluster-Robust Inference".
    """
    scores = _finite(values)
    if len(clusters) != scores.size:
        raise ValueError(f"{len(clusters)} cluster labels for {scores.size} values")
    number = {cluster: index for index, cluster in enumerate(dict.fromkeys(clusters))}
    if len(number) < 2:
        raise ValueError(f"a clustered standard error needs 2 clusters; all are {clusters[0]!r}")
    labels = [number[cluster] for cluster in clusters]
    sums = np.bincount(labels, weights=scores - scores.mean())
    factor = len(number) / (len(number) - 1)
    return sqrt(factor * float(sums @ sums)) / scores.size


def stratified_se(values: ArrayLike, strata: Sequence[Hashable]) -> float:
    """Return the standard error of a mean over strata whose sizes are fixed: difficulty, language.

    This is ``sqrt(sum_h (N_h / N)^2 s_h^2 / N_h)``: a spread between strata is no uncertainty.

    Args:
        values: One per problem.
        strata: The stratum of each; each has at least 2 problems.

    Raises:
        ValueError: If the lengths differ, a value is not finite or a stratum has 1 problem.

    Source: Cochran 1977, "Sampling Techniques", ch. 5.
    """
    scores = _finite(values)
    if len(strata) != scores.size:
        raise ValueError(f"{len(strata)} strata for {scores.size} values")
    members: dict[Hashable, list[int]] = {}
    for index, stratum in enumerate(strata):
        members.setdefault(stratum, []).append(index)
    alone = [stratum for stratum, own in members.items() if len(own) < 2]
    if alone:
        raise ValueError(f"the stratum {alone[0]!r} has 1 problem; its spread cannot be told")
    parts = [(len(own), scores[own].std(ddof=1)) for own in members.values()]
    return sqrt(sum(size * float(spread) ** 2 for size, spread in parts)) / scores.size


def combined_se(errors: Sequence[float], weights: Sequence[float]) -> float:
    """Return the standard error of a weighted sum over benchmarks that share no problem.

    This is ``sqrt(sum_b w_b^2 SE_b^2)``.

    Raises:
        ValueError: If the lengths differ.
    """
    return sqrt(sum((w * se) ** 2 for w, se in zip(weights, errors, strict=True)))


def mean_interval(
    values: ArrayLike, *, clusters: Sequence[Hashable] | None = None, level: float = 0.95
) -> tuple[float, float]:
    """Bound a mean by Student's t.

    Args:
        values: One per problem.
        clusters: The cluster of each; without it the values are independent.
        level: Confidence level in (0, 1).

    Returns:
        Mean minus and plus ``t * SE``, with N - 1 degrees of freedom, or G - 1 for G clusters.
        The ends are not cut to the range of the scores. Equal values give an interval of no
        width, which says nothing: use ``wilson_interval`` for them.

    Raises:
        ValueError: If ``level`` is out of range, or as ``mean_se`` and ``clustered_se`` do.
    """
    from scipy.special import stdtrit

    _check_level(level)
    mean = float(np.mean(_finite(values)))
    se = mean_se(values) if clusters is None else clustered_se(values, clusters)
    groups = np.size(values) if clusters is None else len(set(clusters))
    half = float(stdtrit(groups - 1, (1 + level) / 2)) * se
    return mean - half, mean + half


def bootstrap_interval(
    values: ArrayLike,
    statistic: Statistic = np.mean,
    *,
    resamples: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
    strata: Sequence[Hashable] | None = None,
) -> tuple[float, float]:
    """Bound a statistic by the BCa bootstrap over problems.

    It is meant for medians, ratios and rank statistics; for a mean ``mean_interval`` is as good.
    Below 20 problems no interval is reliable, this one included.

    Args:
        values: Shape ``(problems,)``, or ``(rows, problems)`` for a statistic of several values of
            each problem; rows of cluster sums and sizes resample clusters.
        statistic: Called as ``statistic(values, axis=-1)`` with one more axis before the last;
            a ratio is ``lambda v, axis: v[0].sum(axis) / v[1].sum(axis)``.
        resamples: B.
        seed: Of the generator. Equal seeds give equal intervals.
        level: Confidence level in (0, 1).
        strata: The stratum of each problem, if their sizes are fixed: difficulty, language. Then
            each is resampled by itself.

    Returns:
        The interval; the statistic twice if leaving out any one problem gives the same.

    Raises:
        ValueError: If there are fewer than 2 problems, ``resamples`` is below 1, ``level`` is out
            of range, a value is not finite or there are not as many strata as problems.

    Source: Efron 1987, "Better Bootstrap Confidence Intervals".
    """
    _check_level(level)
    if resamples < 1:
        raise ValueError(f"a bootstrap needs at least 1 resample, not {resamples}")
    scores = _finite(values, most_axes=2)
    size = scores.shape[-1]
    point = float(statistic(scores[..., np.newaxis, :], axis=-1)[0])
    left_out = _over(scores, statistic, _leave_one_out(size))
    if np.allclose(left_out, left_out[0], rtol=1e-12, atol=0):
        return point, point
    if strata is not None and len(strata) != size:
        raise ValueError(f"{len(strata)} strata for {size} values")
    draws = _over(scores, statistic, _resamples(size, resamples, seed, strata))

    normal = NormalDist()
    share = float(np.mean(draws < point) + np.mean(draws == point) / 2)
    # A share of 0 or 1 only means that B was too small to see the other side.
    bias = normal.inv_cdf(min(max(share, 0.5 / resamples), 1 - 0.5 / resamples))
    differences = left_out.mean() - left_out
    acceleration = float((differences**3).sum() / (6 * (differences**2).sum() ** 1.5))

    def rank(z: float) -> float:
        return normal.cdf(bias + (bias + z) / (1 - acceleration * (bias + z)))

    z = normal.inv_cdf((1 + level) / 2)
    low, high = np.quantile(draws, [rank(-z), rank(z)])
    return float(low), float(high)


def _over(
    scores: NDArray[np.float64], statistic: Statistic, blocks: Iterator[NDArray[np.intp]]
) -> NDArray[np.float64]:
    """Return the statistic of every row of indices, block by block to bound the memory."""
    return np.concatenate([statistic(scores[..., rows], axis=-1) for rows in blocks])


def _resamples(
    size: int, count: int, seed: int, strata: Sequence[Hashable] | None
) -> Iterator[NDArray[np.intp]]:
    """Yield ``count`` rows of ``size`` indices drawn with replacement, each from its stratum."""
    generator = np.random.default_rng(seed)
    members = [np.arange(size)]
    if strata is not None:
        where: dict[Hashable, list[int]] = {}
        for index, stratum in enumerate(strata):
            where.setdefault(stratum, []).append(index)
        members = [np.array(own) for own in where.values()]
    step = max(1, _BLOCK // size)
    for start in range(0, count, step):
        rows = min(step, count - start)
        drawn = [own[generator.integers(own.size, size=(rows, own.size))] for own in members]
        yield np.concatenate(drawn, axis=1)


def _leave_one_out(size: int) -> Iterator[NDArray[np.intp]]:
    """Yield ``size`` rows of ``size - 1`` indices; row ``i`` lacks ``i``."""
    kept = np.arange(size - 1)
    step = max(1, _BLOCK // size)
    for start in range(0, size, step):
        missing = np.arange(start, min(start + step, size))[:, np.newaxis]
        yield kept + (kept >= missing)


def _finite(values: ArrayLike, *, most_axes: int = 1) -> NDArray[np.float64]:
    scores = np.asarray(values, dtype=np.float64)
    if not 1 <= scores.ndim <= most_axes:
        raise ValueError(f"values of shape {scores.shape}; expected one value per problem")
    if scores.shape[-1] < 2:
        raise ValueError(f"an error bar needs at least 2 values, not {scores.shape[-1]}")
    bad = np.argwhere(~np.isfinite(scores))
    if bad.size:
        raise ValueError(f"value {bad[0, -1]} is {scores[tuple(bad[0])]}, not a finite number")
    return scores


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"a confidence level lies between 0 and 1; {level} does not")

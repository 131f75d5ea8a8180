"""Two models on the same problems: their difference, how sure it is, and its tests.

Everything is paired by problem: that the problems differ in difficulty then does not matter.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codeeval.scoring.intervals import clustered_se, mean_interval, mean_se
from codeeval.scoring.means import FEWEST_PROBLEMS
from codeeval.scoring.planning import detectable_by_mcnemar, detectable_difference

__all__ = [
    "Comparison",
    "benjamini_hochberg",
    "compare_means",
    "compare_paired",
    "holm",
    "is_binary",
    "mcnemar",
    "paired_values",
    "permutation_test",
    "sign_test",
]

MOST_EXACT = 20
"""Up to so many differences all sign flips are tried."""
_TIE = 1e-12
"""Of the size of the differences: what rounding may make of equal ones."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The difference of two models on the same problems.

    Attributes:
        metric: What was compared: ``pass@1``.
        value_a: Mean of the first.
        value_b: Mean of the second.
        difference: ``value_a - value_b``.
        low: Lower end of its interval at ``level``; None if none is reliable: ``note`` says why.
        high: Upper end.
        level: Confidence level of the interval.
        se: Standard error of the difference, paired; None where it is none or unknown.
        correlation: Of the two models over problems; None if one of them has no spread.
        p_value: Of ``test``, two-sided.
        test: ``McNemar mid-p`` for one sample of each problem, else ``permutation``.
        p_exact: Of the exact McNemar test; None for another test.
        better: Problems on which the first is better.
        worse: Problems on which the second is.
        tasks: Problems, N.
        detectable: The smallest difference that these problems show with 80 % power at
            ``alpha``; None if unknown.
        alpha: The level of the tests for which ``detectable`` holds.
        clusters: Groups of problems that share a source; None if each is its own.
        seed: Of the permutation test.
        note: What a reader must know before trusting the interval; empty when nothing.
    """

    metric: str
    value_a: float
    value_b: float
    difference: float
    low: float | None
    high: float | None
    level: float
    se: float | None
    correlation: float | None
    p_value: float
    test: str
    p_exact: float | None
    better: int
    worse: int
    tasks: int
    detectable: float | None
    alpha: float = 0.05
    clusters: int | None = None
    seed: int | None = None
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the fields in their order, ready for JSON."""
        return asdict(self)


def paired_values(
    a: Mapping[str, float], b: Mapping[str, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the values of two models in the same order of problems.

    Raises:
        ValueError: If one has a problem that the other has not: comparing the rest would be
            comparing on another benchmark.
    """
    for mine, other, name in ((a, b, "second"), (b, a, "first")):
        if missing := [task_id for task_id in mine if task_id not in other]:
            some = ", ".join(missing[:3])
            raise ValueError(f"{len(missing)} problems are missing in the {name}: {some}")
    ids = list(a)
    return np.array([a[i] for i in ids], dtype=float), np.array([b[i] for i in ids], dtype=float)


def compare_paired(
    a: ArrayLike,
    b: ArrayLike,
    *,
    metric: str,
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
    alpha: float = 0.05,
    seed: int = 0,
) -> Comparison:
    """Compare two models on the same problems.

    The interval is Student's t over the differences of problems, or over clusters of them, cut to
    [-1, 1] for values in [0, 1]. There is none below 20 problems, for a single cluster, and where
    all differences are the same. The test is McNemar's (mid-p) for values of 0 and 1 without
    clusters, else a permutation test.

    Args:
        a: Values of the first, shape ``(problems,)``.
        b: Values of the second for the same problems, same shape.
        metric: Its name.
        clusters: For each problem the source that it shares with others.
        level: Confidence level of the interval, in (0, 1).
        alpha: Level of the tests, for ``detectable``.
        seed: Of the permutation test.

    Raises:
        ValueError: If lengths differ, a value is not finite, or there is none.

    Source: Miller 2024, "Adding Error Bars to Evals", section 4.
    """
    first, second = _pair(a, b)
    d = first - second
    size = d.size
    groups = size if clusters is None else len(set(clusters))
    binary = clusters is None and is_binary(first) and is_binary(second)
    share = min(first.min(), second.min()) >= 0 and max(first.max(), second.max()) <= 1
    se = low = high = None
    if groups > 1:
        spread = mean_se(d) if clusters is None else clustered_se(d, clusters)
        se = spread if spread > _TIE * max(1.0, float(np.abs(d).max())) else None
    note = ""
    if size < FEWEST_PROBLEMS or groups == 1:
        few = "1 cluster" if size >= FEWEST_PROBLEMS else f"{size} problems"
        note = f"no interval of the difference is reliable for {few}"
    elif se is None:
        note = "no interval: the difference is the same on all problems"
    else:
        low, high = mean_interval(d, clusters=clusters, level=level)
        if share:
            low, high = max(low, -1.0), min(high, 1.0)
        if groups < FEWEST_PROBLEMS:
            note = f"{groups} clusters make a rough interval"
    better, worse = int((d > _TIE).sum()), int((d < -_TIE).sum())
    p_exact = detectable = None
    if binary:
        p_exact, p_value = mcnemar(better, worse)
        test = "McNemar mid-p"
        detectable = detectable_by_mcnemar(size, (better + worse) / size, level=alpha)
    else:
        p_value = permutation_test(d, clusters=clusters, seed=seed)
        test = "permutation"
        if se is not None and size >= FEWEST_PROBLEMS:
            detectable = detectable_difference(1, omega2=se**2, level=alpha)
    return Comparison(
        metric=metric,
        value_a=float(first.mean()),
        value_b=float(second.mean()),
        difference=float(d.mean()),
        low=low,
        high=high,
        level=level,
        se=se,
        correlation=_correlation(first, second),
        p_value=p_value,
        test=test,
        p_exact=p_exact,
        better=better,
        worse=worse,
        tasks=size,
        detectable=detectable,
        alpha=alpha,
        clusters=None if clusters is None else groups,
        seed=None if binary else seed,
        note=note,
    )


def is_binary(values: ArrayLike) -> bool:
    """Whether all values are 0 or 1."""
    return bool(np.isin(values, (0.0, 1.0)).all())


def compare_means(a: ArrayLike, b: ArrayLike, *, level: float = 0.95) -> tuple[float, ...]:
    """Compare two models on different problems: Welch's t test.

    It takes several times more problems than a paired comparison to see the same difference.

    Args:
        a: Values of the first, one for each of its problems.
        b: Values of the second, one for each of its own.
        level: Confidence level of the interval.

    Returns:
        Difference, lower and upper end of its interval, p-value.

    Raises:
        ValueError: If one has fewer than 2 values, a value is not finite, or none differ.
    """
    from scipy.stats import ttest_ind

    first, second = (np.asarray(values, dtype=np.float64) for values in (a, b))
    if min(first.size, second.size) < 2 or not np.isfinite([first.sum(), second.sum()]).all():
        raise ValueError("Welch's test needs at least 2 finite values on each side")
    if max(float(first.std()), float(second.std())) < _TIE:
        raise ValueError("Welch's test needs values that differ")
    found = ttest_ind(first, second, equal_var=False)
    bounds = found.confidence_interval(level)
    difference = float(first.mean() - second.mean())
    return difference, float(bounds.low), float(bounds.high), float(found.pvalue)


def mcnemar(better: int, worse: int) -> tuple[float, float]:
    """Return the p-values of McNemar's test, two-sided: exact, and mid-p.

    Args:
        better: b, problems that only the first model solves.
        worse: c, problems that only the second one solves.

    Returns:
        ``min(1, 2 P(X <= min(b, c)))`` for X ~ Bin(b + c, 1/2), and the same with half of the
        chance of ``X = min``. Both are 1 for b + c = 0.

    Raises:
        ValueError: If a count is below 0.

    Source: McNemar 1947; mid-p: Fagerland, Lydersen and Laake 2013.
    """
    from scipy.stats import binom

    if min(better, worse) < 0:
        raise ValueError(f"counts are not below 0: {better}, {worse}")
    total, least = better + worse, min(better, worse)
    if total == 0:
        return 1.0, 1.0
    below, at = float(binom.cdf(least, total, 0.5)), float(binom.pmf(least, total, 0.5))
    return min(1.0, 2 * below), min(1.0, 2 * below - at)


def sign_test(differences: ArrayLike) -> tuple[float, float]:
    """Return the p-values of the sign test, exact and mid-p: McNemar's on the signs."""
    d = np.asarray(differences, dtype=np.float64)
    return mcnemar(int((d > _TIE).sum()), int((d < -_TIE).sum()))


def permutation_test(
    differences: ArrayLike,
    *,
    clusters: Sequence[Hashable] | None = None,
    resamples: int = 100_000,
    seed: int = 0,
) -> float:
    """Return the p-value of the sign-flip test that the mean difference is 0, two-sided.

    Under the hypothesis each difference (or the sum over a cluster) is as likely to have the other
    sign. Up to 20 of them all flips are tried, else ``resamples`` random ones, and then p is
    ``(1 + hits) / (resamples + 1)``.

    Args:
        differences: One for each problem, shape ``(problems,)``.
        clusters: For each problem the source that it shares with others; flipped together.
        resamples: How many random flips.
        seed: Of the generator. Equal seeds give equal p-values.

    Raises:
        ValueError: If lengths differ or a value is not finite.

    Source: Fisher 1935, "The Design of Experiments"; the count of one: Phipson and Smyth 2010.
    """
    d = np.asarray(differences, dtype=np.float64)
    if d.ndim != 1 or not np.isfinite(d).all():
        raise ValueError("differences are finite numbers, one for each problem")
    if clusters is not None:
        if len(clusters) != d.size:
            raise ValueError(f"{len(clusters)} cluster labels for {d.size} differences")
        number = {cluster: index for index, cluster in enumerate(dict.fromkeys(clusters))}
        d = np.bincount([number[cluster] for cluster in clusters], weights=d).astype(np.float64)
    scale = float(np.abs(d).max(initial=0.0))
    d = d[np.abs(d) > _TIE * scale]
    if d.size == 0:
        return 1.0
    observed = abs(float(d.sum())) - _TIE * float(np.abs(d).sum())
    if d.size <= MOST_EXACT:
        sums = np.zeros(1)
        for value in d:
            sums = np.concatenate([sums + value, sums - value])
        return float((np.abs(sums) >= observed).mean())
    generator = np.random.default_rng(seed)
    hits, left = 0, resamples
    while left:
        block = min(left, max(1, 2**21 // d.size))
        octets = generator.integers(0, 256, size=(block, -(-d.size // 8)), dtype=np.uint8)
        kept = np.unpackbits(octets, axis=1, count=d.size).astype(np.float64)
        sums = 2 * (kept @ d) - d.sum()
        hits += int((np.abs(sums) >= observed).sum())
        left -= block
    return (1 + hits) / (resamples + 1)


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Return p-values adjusted by Holm: controls the chance of any false claim.

    Raises:
        ValueError: If one is not in [0, 1].

    Source: Holm 1979, "A Simple Sequentially Rejective Multiple Test Procedure".
    """
    p = _p_values(p_values)
    order = np.argsort(p, kind="stable")
    factors = np.arange(p.size, 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(factors * p[order]))
    return adjusted


def benjamini_hochberg(p_values: ArrayLike) -> NDArray[np.float64]:
    """Return p-values adjusted by Benjamini and Hochberg: controls the share of false claims.

    Raises:
        ValueError: If one is not in [0, 1].

    Source: Benjamini and Hochberg 1995.
    """
    from scipy.stats import false_discovery_control

    p = _p_values(p_values)
    return np.asarray(false_discovery_control(p), dtype=np.float64) if p.size else p


def _p_values(values: ArrayLike) -> NDArray[np.float64]:
    p = np.asarray(values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p-values lie from 0 to 1, in one row")
    return p


def _pair(a: ArrayLike, b: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"values of shapes {first.shape} and {second.shape}; expected two rows")
    if first.size == 0:
        raise ValueError("a comparison needs at least 1 problem")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("values are finite numbers")
    return first, second


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float | None:
    spread = float(a.std() * b.std())
    if a.size < 2 or spread < _TIE:
        return None
    return float(((a - a.mean()) * (b - b.mean())).mean() / spread)

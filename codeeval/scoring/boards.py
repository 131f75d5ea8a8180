"""Many models on the same problems: places, ranges of places, win rates, telling problems.

Tables have a row for each model and a column for each problem.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codeeval.scoring.comparison import holm, is_binary
from codeeval.scoring.intervals import clustered_se

__all__ = [
    "discriminations",
    "pairwise_p_values",
    "places",
    "rank_ranges",
    "rank_sets",
    "solved_by",
    "win_rates",
]

_TIE = 1e-9  # scores this near share a place
_NO_SPREAD = 1e-12  # a standard error below this is zero but for rounding


def places(scores: ArrayLike) -> NDArray[np.int64]:
    """Return the place of each model, from 1: ``1, 1, 3``.

    Args:
        scores: One for each model. Scores within 1e-9 share a place.
    """
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise ValueError("scores are finite numbers, one for each model")
    better = values[np.newaxis, :] > values[:, np.newaxis] + _TIE
    return np.asarray(1 + better.sum(axis=1), dtype=np.int64)


def pairwise_p_values(
    table: ArrayLike, *, clusters: Sequence[Hashable] | None = None, mid_p: bool = False
) -> NDArray[np.float64]:
    """Return the p-value of each pair of models, paired by problem.

    It is McNemar's where both have values of 0 and 1 only and there are no clusters, else that of
    a normal ``z = mean(d) / se(d)``; 1 where two models have the same values, and 0 where they
    differ by the same on each problem.

    Args:
        table: Shape ``(models, problems)``, at least 2 problems.
        clusters: For each problem the source that it shares with others.
        mid_p: Whether McNemar's is the mid-p, not the exact one.

    Returns:
        Shape ``(models, models)``, symmetric, 1 on the diagonal.

    Raises:
        ValueError: If a value is not finite.
    """
    from scipy.special import ndtr

    values = _table(table)
    p = np.ones((len(values), len(values)))
    binary = np.array([clusters is None and is_binary(row) for row in values])
    only = values @ (1 - values).T  # problems that the one solves and the other does not
    for i in range(1, len(values)):
        d = values[i] - values[:i]
        means, errors = d.mean(axis=1), _errors(d, clusters)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = 2 * ndtr(-np.abs(means) / errors)
        found[errors <= _NO_SPREAD] = (np.abs(means) <= _TIE)[errors <= _NO_SPREAD]
        both = binary[:i] & binary[i]
        exact, mid = _mcnemar(only[i, :i], only[:i, i])
        p[i, :i] = np.where(both, mid if mid_p else exact, found)
    return np.asarray(np.minimum(p, p.T))


def rank_ranges(
    table: ArrayLike,
    *,
    clusters: Sequence[Hashable] | None = None,
    mid_p: bool = False,
    level: float = 0.05,
) -> list[tuple[int, int]]:
    """Return for each model the places that its tests against the others leave possible.

    Its p-values against the others are adjusted by Holm; it is below those that are significantly
    better, and above those that are significantly worse.

    Args:
        table: As in `pairwise_p_values`.
        clusters: As in `pairwise_p_values`.
        mid_p: As in `pairwise_p_values`.
        level: Of the tests.

    Returns:
        First and last place, from 1, for each model.
    """
    values = _table(table)
    means = values.mean(axis=1)
    p = pairwise_p_values(values, clusters=clusters, mid_p=mid_p)
    ranges = []
    for i in range(len(values)):
        others = np.arange(len(values)) != i
        told_apart = holm(p[i, others]) < level
        better = told_apart & (means[others] > means[i] + _TIE)
        worse = told_apart & (means[others] < means[i] - _TIE)
        ranges.append((1 + int(better.sum()), len(values) - int(worse.sum())))
    return ranges


def rank_sets(
    table: ArrayLike,
    *,
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> tuple[list[tuple[int, int]], float]:
    """Return for each model a set of places, all of which hold at once with the given confidence.

    The critical value c is the quantile, over bootstrap draws of problems (or of clusters), of the
    greatest ``|D*_ij - D_ij| / SE_ij`` of all pairs. A model is below those with
    ``D_ji / SE_ij > c``. Pairs that differ by the same on all problems do not enter c; they are
    told apart unless that difference is 0.

    Args:
        table: As in `pairwise_p_values`.
        clusters: As in `pairwise_p_values`.
        level: The confidence.
        resamples: Bootstrap draws.
        seed: Of the generator. Equal seeds give equal sets.

    Returns:
        First and last place of each model, and c.

    Source: Mogstad, Romano, Shaikh and Wilhelm 2024, "Inference for Ranks".
    """
    values = _table(table)
    models, problems = values.shape
    first, second = np.triu_indices(models, 1)
    labels = range(problems) if clusters is None else clusters
    number = {label: index for index, label in enumerate(dict.fromkeys(labels))}
    group = [number[label] for label in labels]
    sizes = np.bincount(group).astype(np.float64)
    sums = np.stack([np.bincount(group, weights=row) for row in values])
    means = values.mean(axis=1)
    gaps = means[first] - means[second]
    errors = _errors(values[first] - values[second], clusters)
    usable = errors > _NO_SPREAD
    generator = np.random.default_rng(seed)
    greatest = np.zeros(resamples)
    for start in range(0, resamples, 500):
        block = min(500, resamples - start)
        counts = generator.multinomial(sizes.size, np.full(sizes.size, 1 / sizes.size), size=block)
        drawn = counts @ sums.T / (counts @ sizes)[:, np.newaxis]
        moved = np.abs(drawn[:, first] - drawn[:, second] - gaps)[:, usable] / errors[usable]
        greatest[start : start + block] = moved.max(axis=1, initial=0.0)
    critical = float(np.quantile(greatest, level))
    above = np.zeros((models, models), dtype=bool)  # above[i, j]: i is better than j
    clear = np.abs(gaps) > np.where(usable, critical * errors, _TIE)
    above[first, second] = clear & (gaps > 0)
    above[second, first] = clear & (gaps < 0)
    sets = [(1 + int(above[:, i].sum()), models - int(above[i].sum())) for i in range(models)]
    return sets, critical


def win_rates(table: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the model win rate and the task win rate of each model.

    Args:
        table: Shape ``(models, problems)``; NaN where a model has no value for a problem: it did
            not solve it.

    Returns:
        The share of opponents with a lower mean over the problems that both have, and the share of
        opponents and problems, both having it, with a lower value; a tie is one half. NaN for a
        model that shares no problem with any other.

    Source: Liu et al. 2024, "Evaluating Language Models for Efficient Code Generation" (EvalPerf).
    """
    values = np.asarray(table, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"a table of shape {values.shape}; expected models by problems")
    there = ~np.isnan(values)
    model_rates, task_rates = [], []
    for i in range(len(values)):
        beaten: list[float] = []
        won, met = 0.0, 0
        for j in range(len(values)):
            both = there[i] & there[j]
            if i == j or not both.any():
                continue
            mine, other = values[i, both], values[j, both]
            beaten.append(_against(float(mine.mean()), float(other.mean())))
            won += float((mine > other).sum() + 0.5 * (mine == other).sum())
            met += int(both.sum())
        model_rates.append(float(np.mean(beaten)) if beaten else np.nan)
        task_rates.append(won / met if met else np.nan)
    return np.array(model_rates), np.array(task_rates)


def discriminations(table: ArrayLike) -> NDArray[np.float64]:
    """Return how well each problem tells models apart.

    It is the correlation between a model's value of the problem and its mean over the others; NaN
    for a problem on which all models have the same value.

    Args:
        table: As in `pairwise_p_values`, at least 3 models.
    """
    values = _table(table)
    if len(values) < 3:
        raise ValueError(f"a correlation over models needs at least 3, not {len(values)}")
    problems = values.shape[1]
    rest = (values.sum(axis=1, keepdims=True) - values) / (problems - 1)
    x, y = values - values.mean(axis=0), rest - rest.mean(axis=0)
    spread = np.sqrt((x**2).sum(axis=0) * (y**2).sum(axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 1e-12, (x * y).sum(axis=0) / spread, np.nan)


def solved_by(table: ArrayLike) -> tuple[list[int], list[int]]:
    """Return the problems that all models solve, and those that none does, by their columns.

    Args:
        table: As in `pairwise_p_values`; a problem is solved with a value of 1, and not with 0.
    """
    values = _table(table)
    all_solve = np.flatnonzero((values == 1).all(axis=0))
    none_solve = np.flatnonzero((values == 0).all(axis=0))
    return all_solve.tolist(), none_solve.tolist()


def _errors(d: NDArray[np.float64], clusters: Sequence[Hashable] | None) -> NDArray[np.float64]:
    """Return the standard error of the mean of each row."""
    if clusters is not None:
        return np.array([clustered_se(row, clusters) for row in d])
    return np.asarray(d.std(axis=1, ddof=1) / np.sqrt(d.shape[1]))


def _mcnemar(
    better: NDArray[np.float64], worse: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Do as `codeeval.scoring.comparison.mcnemar` for many pairs at once."""
    from scipy.stats import binom

    total, least = np.rint(better + worse), np.rint(np.minimum(better, worse))
    below, at = binom.cdf(least, total, 0.5), binom.pmf(least, total, 0.5)
    return np.minimum(1.0, 2 * below), np.minimum(1.0, 2 * below - at)


def _against(mine: float, other: float) -> float:
    return 0.5 if mine == other else float(mine > other)


def _table(table: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(table, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] < 2 or not np.isfinite(values).all():
        raise ValueError(
            f"a table of shape {values.shape}; expected finite values, models by 2 problems or more"
        )
    return values

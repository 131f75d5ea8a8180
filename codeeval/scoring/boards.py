"""Many models on the same problems: places, ranges of places, win rates, telling problems.

Tables have a row for each model and a column for each problem.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codeeval.scoring.comparison import holm, mcnemar
from codeeval.scoring.intervals import clustered_se, mean_se

__all__ = [
    "discriminations",
    "pairwise_p_values",
    "places",
    "rank_ranges",
    "rank_sets",
    "win_rates",
]

_TIE = 1e-9  # scores this near share a place


def places(scores: ArrayLike) -> NDArray[np.int64]:
    """Return the place of each model, from 1: ``1, 1, 3``.

    Args:
        scores: One for each model. Scores within 1e-9 share a place.
    """
    values = np.asarray(scores, dtype=np.float64)
    better = values[np.newaxis, :] > values[:, np.newaxis] + _TIE
    return np.asarray(1 + better.sum(axis=1), dtype=np.int64)


def pairwise_p_values(
    table: ArrayLike, *, clusters: Sequence[Hashable] | None = None
) -> NDArray[np.float64]:
    """Return the p-value of each pair of models, paired by problem.

    It is that of the exact McNemar test where all values are 0 or 1, else that of a normal
    ``z = mean(d) / se(d)``; 1 where two models have the same values, and 0 where they differ by the
    same on each problem.

    Args:
        table: Shape ``(models, problems)``, at least 2 problems.
        clusters: For each problem the source that it shares with others.

    Returns:
        Shape ``(models, models)``, symmetric, 1 on the diagonal.

    Raises:
        ValueError: If a value is not finite.
    """
    from scipy.special import ndtr

    values = _table(table)
    models = len(values)
    p = np.ones((models, models))
    binary = clusters is None and bool(np.isin(values, (0.0, 1.0)).all())
    for i in range(models):
        for j in range(i):
            d = values[i] - values[j]
            if binary:
                p[i, j] = mcnemar(int((d > 0).sum()), int((d < 0).sum()))[0]
                continue
            se = mean_se(d) if clusters is None else clustered_se(d, clusters)
            mean = float(d.mean())
            if se > 0:
                p[i, j] = 2 * float(ndtr(-abs(mean) / se))
            elif mean:
                p[i, j] = 0.0
    return np.asarray(np.minimum(p, p.T))


def rank_ranges(
    table: ArrayLike, *, clusters: Sequence[Hashable] | None = None, level: float = 0.05
) -> list[tuple[int, int]]:
    """Return for each model the places that its tests against the others leave possible.

    Its p-values against the others are adjusted by Holm; it is below those that are significantly
    better, and above those that are significantly worse.

    Args:
        table: As in `pairwise_p_values`.
        clusters: As in `pairwise_p_values`.
        level: Of the tests.

    Returns:
        First and last place, from 1, for each model.
    """
    values = _table(table)
    means = values.mean(axis=1)
    p = pairwise_p_values(values, clusters=clusters)
    ranges = []
    for i in range(len(values)):
        others = np.arange(len(values)) != i
        told_apart = holm(p[i, others]) < level
        better = told_apart & (means[others] > means[i])
        worse = told_apart & (means[others] < means[i])
        ranges.append((1 + int(better.sum()), len(values) - int(worse.sum())))
    return ranges


def rank_sets(
    table: ArrayLike, *, level: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> tuple[list[tuple[int, int]], float]:
    """Return for each model a set of places, all of which hold at once with the given confidence.

    The critical value c is the quantile, over bootstrap draws of problems, of the greatest
    ``|D*_ij - D_ij| / SE_ij`` of all pairs; pairs without spread are left out. A model is below
    those with ``D_ji / SE_ij > c``.

    Args:
        table: As in `pairwise_p_values`.
        level: The confidence.
        resamples: Bootstrap draws.
        seed: Of the generator. Equal seeds give equal sets.

    Returns:
        First and last place of each model, and c.

    Source: Mogstad, Romano, Shaikh and Wilhelm 2024, "Inference for Ranks".
    """
    values = _table(table)
    models, problems = values.shape
    means = values.mean(axis=1)
    first, second = np.triu_indices(models, 1)
    differences = values[first] - values[second]
    errors = differences.std(axis=1, ddof=1) / np.sqrt(problems)
    usable = errors > 0
    gaps = means[first] - means[second]
    generator = np.random.default_rng(seed)
    greatest = np.zeros(resamples)
    for start in range(0, resamples, 500):
        block = min(500, resamples - start)
        counts = generator.multinomial(problems, np.full(problems, 1 / problems), size=block)
        drawn = counts @ values.T / problems
        moved = np.abs(drawn[:, first] - drawn[:, second] - gaps)[:, usable] / errors[usable]
        greatest[start : start + block] = moved.max(axis=1, initial=0.0)
    critical = float(np.quantile(greatest, level))
    above = np.zeros((models, models), dtype=bool)  # above[i, j]: i is better than j
    clear = np.zeros(len(first), dtype=bool)
    clear[usable] = np.abs(gaps[usable]) / errors[usable] > critical
    clear[~usable] = np.abs(gaps[~usable]) > _TIE
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
    problems = values.shape[1]
    rest = (values.sum(axis=1, keepdims=True) - values) / (problems - 1)
    x, y = values - values.mean(axis=0), rest - rest.mean(axis=0)
    spread = np.sqrt((x**2).sum(axis=0) * (y**2).sum(axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 1e-12, (x * y).sum(axis=0) / spread, np.nan)


def _against(mine: float, other: float) -> float:
    return 0.5 if mine == other else float(mine > other)


def _table(table: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(table, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] < 2 or not np.isfinite(values).all():
        raise ValueError(
            f"a table of shape {values.shape}; expected finite values, models by 2 problems or more"
        )
    return values

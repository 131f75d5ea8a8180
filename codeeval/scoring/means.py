"""From the values of problems to the number of a benchmark: their mean, with its interval."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import isfinite, sqrt

import numpy as np
from numpy.typing import ArrayLike

from codeeval.scoring.estimate import Estimate
from codeeval.scoring.intervals import clustered_se, mean_interval, mean_se, wilson_interval

__all__ = ["FEWEST_PROBLEMS", "mean_estimate"]

FEWEST_PROBLEMS = 20  # below this no interval over problems is reliable
FEWEST_EVENTS = 10  # of problems failed, or solved: with less, t intervals are too narrow
_NO_SPREAD = 1e-12  # a standard error below this is zero but for rounding


def mean_estimate(
    values: ArrayLike,
    *,
    metric: str,
    samples: int,
    variances: ArrayLike | None = None,
    binary: bool = False,
    bounds: tuple[float, float] | None = (0.0, 1.0),
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
) -> Estimate:
    """Estimate a benchmark's number: the mean over problems, with its interval.

    The interval is Student's t over the values of the problems, or over ``clusters`` of them, cut
    to ``bounds``. It is Wilson's for values of 0 and 1 without clusters. It is Wilson's, too, for
    values in [0, 1] with less than 10 problems' worth of failures, or of passes: there the t
    interval would hold in far fewer cases than its level, and Wilson's, whose trials are the
    problems (or the clusters), in more. Below 20 problems and for a single cluster there is none.

    Args:
        values: One per problem, shape ``(problems,)``.
        metric: Name with its k.
        samples: Samples of all problems together.
        variances: The variance of each value under fresh samples, same shape; NaN if unknown.
        binary: Whether each value is one sample's pass or failure.
        bounds: The least and the greatest value that there can be; None if there are none.
        clusters: For each problem the source that it shares with others: a repository, a database.
        level: Confidence level of the interval, in (0, 1).

    Raises:
        ValueError: If there is no value, one is not finite, or a length differs.

    Source: Miller 2024, "Adding Error Bars to Evals".
    """
    scores = np.asarray(values, dtype=np.float64)
    size = scores.size
    if size == 0:
        raise ValueError(f"{metric} needs at least 1 problem")
    value = float(scores.mean())
    if not isfinite(value):
        raise ValueError(
            f"{metric}: problem {np.flatnonzero(~np.isfinite(scores))[0]} has no value"
        )
    if clusters is not None and len(clusters) != size:
        raise ValueError(f"{len(clusters)} cluster labels for {size} problems")
    groups = size if clusters is None else len(set(clusters))
    where = "" if clusters is None else f" over {groups} clusters"

    se = None
    if groups > 1:
        spread = mean_se(scores) if clusters is None else clustered_se(scores, clusters)
        se = spread if spread > _NO_SPREAD else None
    se_sampling = _sampling(variances, size)

    low: float | None
    high: float | None
    note = ""
    proportion = 0 <= value <= 1 and bounds == (0.0, 1.0)
    if size < FEWEST_PROBLEMS or groups == 1 or (se is None and not proportion):
        low, high, method = None, None, "none"
        few = "1 cluster" if size >= FEWEST_PROBLEMS else f"{size} problems"
        note = f"no interval is reliable for {few}"
        if size >= FEWEST_PROBLEMS and groups > 1:
            note = "no interval: all problems have the same value"
    elif (
        (binary and clusters is None)
        or se is None
        or (proportion and groups * min(value, 1 - value) < FEWEST_EVENTS)
    ):
        low, high = wilson_interval(value * groups, groups, level=level)
        method = "Wilson" + where
    else:
        low, high = mean_interval(scores, clusters=clusters, level=level)
        if bounds is not None:
            low, high = max(low, bounds[0]), min(high, bounds[1])
        method = "t" + where
    if 1 < groups < FEWEST_PROBLEMS <= size:
        note = f"{groups} clusters make a rough interval"
    return Estimate(
        metric=metric,
        value=value,
        low=low,
        high=high,
        level=level,
        tasks=size,
        samples=samples,
        method=method,
        se=se,
        se_sampling=se_sampling,
        note=note,
    )


def _sampling(variances: ArrayLike | None, size: int) -> float | None:
    """Return the standard error within problems; None if it is unknown or a meaningless zero."""
    if variances is None:
        return None
    total = float(np.sum(variances))
    return sqrt(total) / size if total > 0 else None  # NaN > 0 is false

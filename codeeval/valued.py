"""Estimates of scores that are no passes and failures: how fast a sample is."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

import numpy as np
from scipy import stats

from codeeval.breakdowns import ProblemRow
from codeeval.scoring.efficiency import ratio_of_sums
from codeeval.scoring.estimate import Estimate
from codeeval.scoring.evalperf import profiled_samples
from codeeval.scoring.means import FEWEST_PROBLEMS, mean_estimate
from codeeval.scoring.order_statistics import best_of_k_estimate

__all__ = ["value_estimates"]

LEVEL = 0.95
MEANS = ("Beyond", "ET %", "MP %", "MI %")
"""Metrics that are the mean over problems of the mean over samples, those that failed as 0."""


def value_estimates(
    rows: Sequence[ProblemRow],
    failed: int,
    metrics: Mapping[str, Sequence[str]],
    ks: Sequence[int],
    *,
    clusters: Sequence[Hashable] | None = None,
) -> dict[str, tuple[Estimate, ...]]:
    """Return the estimates of each column of values.

    Args:
        rows: The problems with samples that count.
        failed: How many problems count as failed, as they have no sample.
        metrics: The metrics of each column: ``eff@k`` and ``efficient@k`` for best@k, which of
            zeros and ones is pass@k; ``mean if passed`` for the mean over samples that pass, which
            is the ratio of two means over problems; ``speedup`` for the ratio of the sum of the
            column ``reference_seconds`` to that of this one; ``DPS`` and ``DPS_norm`` for the mean
            over problems with enough samples that the column ``profiled`` says 1 of; those of
            `MEANS` for the mean over samples.
        ks: The k of each ``@k``.
        clusters: For each row and each failed problem the source that it shares with others.
    """
    return {
        column: tuple(
            estimate
            for name in names
            for estimate in (
                _best(rows, failed, column, name, ks, clusters)
                if name.endswith("@k") or name in MEANS
                else _OTHERS[name](rows, column, name)
            )
        )
        for column, names in metrics.items()
        if names
    }


def _best(
    rows: Sequence[ProblemRow],
    failed: int,
    column: str,
    name: str,
    ks: Sequence[int],
    clusters: Sequence[Hashable] | None,
) -> list[Estimate]:
    fewest = min(row.samples for row in rows)
    scores = [row.values[column] for row in rows] + [(0.0,) * fewest] * failed
    named = {name: 1} if name in MEANS else {f"{name[:-1]}{k}": k for k in ks}
    return [
        best_of_k_estimate(scores, k, metric=metric, clusters=clusters)
        for metric, k in named.items()
    ]


def _if_passed(rows: Sequence[ProblemRow], column: str, name: str) -> list[Estimate]:
    """Return the mean of a column over samples that pass; nothing if none does.

    Source: the ratio of two means, linearised; Cochran 1977, "Sampling Techniques", ch. 6.
    """
    passed = [next(iter(row.correct.values())) / row.samples for row in rows]
    if not any(passed):
        return []
    means = [float(np.mean(row.values[column])) for row in rows]
    samples = sum(next(iter(row.correct.values())) for row in rows)
    return [_ratio(name, zip(means, passed, strict=True), samples)]


def _speedup(rows: Sequence[ProblemRow], column: str, name: str) -> list[Estimate]:
    """Return what the reference takes for all problems by what samples take that finish.

    Source: Peng et al. 2025, "COFFE".
    """
    means = [
        (float(np.mean(row.values["reference_seconds"])), float(np.mean(row.values[column])))
        for row in rows
    ]
    samples = sum(cost > 0 for row in rows for cost in row.values[column])
    return [_ratio(name, means, samples)] if samples else []


def _totals(rows: Sequence[ProblemRow], column: str, name: str) -> list[Estimate]:
    """Return the sum over problems of what samples take that pass by what references take.

    Source: the program of Huang et al. 2024, "EffiBench".
    """
    reference = f"reference_{column.removeprefix('cost_')}"
    means = [
        (float(np.mean(row.values[column])), float(np.mean(row.values[reference]))) for row in rows
    ]
    samples = sum(cost > 0 for row in rows for cost in row.values[column])
    return [_ratio(name, means, samples)] if samples else []


def _dps(rows: Sequence[ProblemRow], column: str, name: str) -> list[Estimate]:
    """Return the mean over problems with enough correct samples of the mean of the first of them.

    Source: Liu et al. 2024, "Evaluating Language Models for Efficient Code Generation".
    """
    means, samples = [], 0
    for row in rows:
        correct = [bool(each) for each in row.values["profiled"]]
        profiled = profiled_samples(correct)
        if profiled is not None:
            means.append(float(np.mean([row.values[column][place] for place in profiled])))
            samples += len(profiled)
    return [mean_estimate(means, metric=name, samples=samples)] if means else []


def _ratio(name: str, means: Iterable[tuple[float, float]], samples: int) -> Estimate:
    """Return the ratio of two sums over problems; those whose second number is 0 do not count."""
    used = [(a, b) for a, b in means if b]
    value, se = sum(a for a, _ in used) / sum(b for _, b in used), None
    low = high = None
    note = f"no interval of {name}: fewer than {FEWEST_PROBLEMS} problems have a pass"
    if len(used) >= FEWEST_PROBLEMS:
        value, se = ratio_of_sums(*zip(*used, strict=True))
        reach = float(stats.t.ppf(0.5 + LEVEL / 2, len(used) - 1)) * se
        low, high, note = max(0.0, value - reach), value + reach, ""
    return Estimate(
        metric=name,
        value=value,
        low=low,
        high=high,
        level=LEVEL,
        tasks=len(used),
        samples=samples,
        method="t, ratio of means" if se is not None else "none",
        se=se or None,
        note=note,
    )


_OTHERS = {
    "mean if passed": _if_passed,
    "speedup": _speedup,
    "DPS": _dps,
    "DPS_norm": _dps,
    **dict.fromkeys(("ET", "MU", "TMU", "NET", "NMU", "NTMU"), _if_passed),
    **dict.fromkeys(("NET (totals)", "NMU (totals)", "NTMU (totals)"), _totals),
}
"""The metrics that have no k."""

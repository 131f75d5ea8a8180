"""Estimates of scores that are no passes and failures: how fast a sample is."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace

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
GROUPED = ("mean", "Acc Mean", "Acc Hard", "Sim", "IC")
"""Metrics by groups of problems, in which those that failed count as 0."""
MEANS = ("Beyond", "ET %", "MP %", "MI %")
"""Metrics that are the mean over problems of the mean over samples, those that failed as 0."""
OPTIMIZED, LEAST_SPEEDUP = "%Opt", 1.1


def value_estimates(
    rows: Sequence[ProblemRow],
    failed: int,
    metrics: Mapping[str, Sequence[str]],
    ks: Sequence[int],
    *,
    clusters: Sequence[Hashable] | None = None,
    failed_rows: Sequence[ProblemRow] = (),
) -> dict[str, tuple[Estimate, ...]]:
    """Return the estimates of each column of values.

    Args:
        rows: The problems with samples that count.
        failed: How many problems count as failed, as they have no sample.
        metrics: The metrics of each column: ``eff@k``, ``efficient@k`` and ``Speedup@k`` for
            best@k, which of zeros and ones is pass@k; ``%Opt@k`` and ``%Opt 1.5@k`` for pass@k of
            whether a speedup is at least 1.1, or 1.5; ``mean if passed`` for the mean over samples
            that pass, which is the ratio of two means; ``speedup`` for the ratio of the sum of the
            column ``reference_seconds`` to that of this one; ``DPS`` and ``DPS_norm`` for the mean
            over problems with enough samples that the column ``profiled`` says 1 of; those of
            `MEANS` for the mean over samples.
        ks: The k of each ``@k``.
        clusters: For each row and each failed problem the source that it shares with others.
        failed_rows: The failed problems, for metrics that go by groups.
    """
    zeros = dict.fromkeys(metrics, (0.0,))
    grouped = [*rows, *(replace(row, values=zeros) for row in failed_rows)]
    return {
        column: tuple(
            estimate
            for name in names
            for estimate in (
                _best(rows, failed, column, name, ks, clusters)
                if name.endswith("@k") or name in MEANS
                else _OTHERS[name](grouped if name in GROUPED else rows, column, name)
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
    nothing = 1.0 if name.startswith(("Speedup", OPTIMIZED)) else 0.0  # what was slow stays so
    scores = [row.values[column] for row in rows] + [(nothing,) * fewest] * failed
    if name.startswith(OPTIMIZED):
        least = float(name[len(OPTIMIZED) : -len("@k")] or LEAST_SPEEDUP)
        scores = [tuple(float(each >= least) for each in row) for row in scores]
    bounds = (0.0, 1.0) if name.startswith((OPTIMIZED, "efficient")) else None
    named = {name: 1} if name in MEANS else {f"{name[:-1]}{k}": k for k in ks}
    return [
        best_of_k_estimate(scores, k, metric=metric, clusters=clusters, bounds=bounds)
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


def _groups(rows: Sequence[ProblemRow]) -> list[list[ProblemRow]]:
    """Return the problems that belong together, such as the calls of one function."""
    found: dict[Hashable, list[ProblemRow]] = {}
    for row in rows:
        found.setdefault(row.metadata.get("group", row.task_id), []).append(row)
    return list(found.values())


def _of_groups(rows: Sequence[ProblemRow], column: str, name: str) -> list[Estimate]:
    """Return the mean over groups of problems of the mean over their problems."""
    means = [
        float(np.mean([np.mean(row.values[column]) for row in group])) for group in _groups(rows)
    ]
    return [mean_estimate(means, metric=name, samples=sum(row.samples for row in rows))]


def _all_in_group(rows: Sequence[ProblemRow], column: str, name: str) -> list[Estimate]:
    """Return the share of groups of which all problems are right: in each round of samples.

    The first samples of its problems are a group's first round, and so on; there are as many rounds
    as the problem has samples that has fewest.
    """
    shares = []
    for group in _groups(rows):
        rounds = zip(*(row.values[column] for row in group), strict=False)
        shares.append(float(np.mean([all(each) for each in rounds])))
    return [mean_estimate(shares, metric=name, samples=sum(row.samples for row in rows))]


def _of_wrong(rows: Sequence[ProblemRow], column: str, name: str) -> list[Estimate]:
    """Return the mean over groups of the mean of wrong samples, whose ``accuracy`` is 0.

    A group without any counts as 0; or not at all, if it is asked for groups with wrong ones.
    """
    means, samples = [], 0
    for group in _groups(rows):
        wrong = [
            value
            for row in group
            for value, right in zip(row.values[column], row.values["accuracy"], strict=True)
            if not right
        ]
        samples += len(wrong)
        if wrong or name == "False Sim":
            means.append(float(np.mean(wrong)) if wrong else 0.0)
    return [mean_estimate(means, metric=name, samples=samples)] if means else []


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


def _of_coverage(rows: Sequence[ProblemRow], column: str, name: str) -> list[Estimate]:
    """Return precision, recall or F1 of answers that say whether a line is covered.

    They are ratios of sums over programs, whose points are no evidence of their own.
    """
    sums: dict[Hashable, list[float]] = {}
    samples = 0
    for row in rows:
        if row.metadata.get("kind") == "coverage":
            said, true = (np.asarray(row.values[each]) for each in ("said_covered", "covered"))
            found = float(np.mean(said * true)), float(np.mean(said)), float(np.mean(true))
            known = sums.setdefault(row.metadata.get("program", row.task_id), [0.0] * 3)
            known[:] = [a + b for a, b in zip(known, found, strict=True)]
            samples += row.samples
    means = [
        {"precision": (both, said), "recall": (both, true), "F1": (2 * both, said + true)}[name]
        for both, said, true in sums.values()
    ]
    if not any(below for _, below in means):
        return []
    estimate = _ratio(name, means, samples)
    high = None if estimate.high is None else min(1.0, estimate.high)
    return [replace(estimate, high=high)]


def _consistent(rows: Sequence[ProblemRow], column: str, name: str) -> list[Estimate]:
    """Return incremental consistency: how far answers about a point are right, one by one.

    All four are worth 1, the first three 0.5, two 0.25, one 0.125; a right answer after a wrong
    one makes it 0. The output belongs to all points of its input.

    Source: Chen et al. 2024, "Reasoning Runtime Behavior of a Program with LLM".
    """
    known = {row.task_id: row for row in rows}
    scores, programs = [], []
    for row in rows:
        point, _, kind = row.task_id.rpartition("/")
        ids = (f"{point}/coverage", f"{point}/state", f"{point}/path")
        asked = [known.get(each) for each in (*ids, f"{point.rpartition('/')[0]}/output")]
        if kind == "coverage" and None not in asked:
            rounds = zip(*(each.values[column] for each in asked if each), strict=False)
            scores.append([CONSISTENT.get(tuple(map(bool, each)), 0.0) for each in rounds])
            programs.append(row.metadata.get("program", point))
    if not scores:
        return []
    bounds = (0.0, 1.0)
    return [best_of_k_estimate(scores, 1, metric=name, clusters=programs, bounds=bounds)]


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


CONSISTENT: Mapping[tuple[bool, ...], float] = {
    (True, True, True, True): 1.0,
    (True, True, True, False): 0.5,
    (True, True, False, False): 0.25,
    (True, False, False, False): 0.125,
}
"""What right and wrong answers to coverage, state, path and output are worth, all others 0."""
_OTHERS = {
    "IC": _consistent,
    **dict.fromkeys(("precision", "recall", "F1"), _of_coverage),
    "mean if passed": _if_passed,
    "speedup": _speedup,
    "DPS": _dps,
    "DPS_norm": _dps,
    "mean": _of_groups,
    "Acc Mean": _of_groups,
    "Sim": _of_groups,
    "Acc Hard": _all_in_group,
    "False Sim": _of_wrong,
    "False Sim if wrong": _of_wrong,
    **dict.fromkeys(("ET", "MU", "TMU", "NET", "NMU", "NTMU"), _if_passed),
    **dict.fromkeys(("NET (totals)", "NMU (totals)", "NTMU (totals)"), _totals),
}
"""The metrics that have no k."""

"""What tasks that measure have in common: from the costs in a verdict to the scores of a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from codeeval.sandbox.costs import fraction, score
from codeeval.sandbox.verdict import Cost, Status, Verdict

__all__ = [
    "whole_cost",
    "EFFICIENCY_VALUES",
    "MEMORY_CLOCKS",
    "SPAN_SECONDS",
    "SPEED_VALUES",
    "efficiency_scores",
    "footprint_scores",
    "speed_scores",
]

SPAN_SECONDS = 0.0005
"""Calls that are shorter are made several times in a process."""

IF_PASSED = "mean if passed"
EFFICIENCY_VALUES: Mapping[str, tuple[str, ...]] = {
    "efficiency": ("eff@k", IF_PASSED),
    "capped": ("eff@k", IF_PASSED),
    "censored": (IF_PASSED,),
}
"""What a sample is scored for beside ``pass``, and the metrics of each."""
SPEED_VALUES: Mapping[str, tuple[str, ...]] = {
    "efficient": ("efficient@k",),
    "efficient_by_2%": ("efficient@k",),
    "cost_seconds": ("speedup",),
    "reference_seconds": (),
}
MARGIN = 0.02
MEMORY_CLOCKS = ("cpu", "wall")
"""The clocks beside which memory is measured."""
MEBIBYTE = 2**20


def efficiency_scores(verdict: Verdict, weights: Sequence[float]) -> dict[str, float]:
    """Return the scores of a sample.

    Args:
        verdict: With the costs of a `Costs` check.
        weights: Of each level; those of 0 were not timed.

    Returns:
        ``pass``: 0 or 1. ``efficiency``: e, the weighted mean over levels of
        ``max(0, T - t) / (T - t_ref)``, 0 for a level that is censored or comes after such a one,
        and for a sample that is wrong. ``capped``: the same with each level's score 1 at most.
        ``censored``: the share of timed levels that were not finished.

    Source: Qiu et al. 2024, "How Efficient is LLM-Generated Code?", eq. 1 to 3.
    """
    if verdict.status is not Status.PASSED:
        return {"pass": 0.0, "efficiency": 0.0, "capped": 0.0, "censored": 0.0}
    costs = {cost.level: cost for result in verdict.results for cost in result.costs}
    timed = [level for level, weight in enumerate(weights) if weight > 0]
    fractions = {
        level: fraction(cost.seconds, cost.reference_seconds, cost.limit_seconds)
        for level, cost in costs.items()
        if not cost.censored
    }
    known = [fractions.get(level, 0.0) for level in timed]
    used = [weights[level] for level in timed]
    return {
        "pass": 1.0,
        "efficiency": score(known, used),
        "capped": score([min(1.0, each) for each in known], used),
        "censored": 1 - len(fractions) / len(timed),
    }


def speed_scores(verdict: Verdict, correctness_tests: int) -> dict[str, float]:
    """Return the scores of a sample whose cost is the sum over its stress tests.

    Args:
        verdict: With the costs of a `Costs` check, whose untimed cases come first.
        correctness_tests: How many those are; without any, the stress tests decide.

    Returns:
        ``pass``: whether the correctness tests passed. ``stress``: whether all stress tests were
        answered, and as the reference answers them. ``efficient``: whether they also took less
        than the reference takes; ``efficient_by_2%``: by 2 % at least, so that noise does not
        decide. ``cost_seconds`` and ``reference_seconds``: the sums; 0 for a sample that did not
        finish.

    Source: Peng et al. 2025, "COFFE: A Code Efficiency Benchmark for Code Generation".
    """
    results = verdict.results
    costs = [cost for result in results for cost in result.costs]
    passed = verdict.status is Status.PASSED
    finished = passed and bool(costs) and not any(cost.censored for cost in costs)
    told = bool(results) and correctness_tests > 0
    correct = results[0].completed >= correctness_tests if told else finished
    cost = sum(each.seconds for each in costs) if finished else 0.0
    reference = sum(each.reference_seconds for each in costs) if finished else 0.0
    return {
        "pass": float(correct),
        "stress": float(finished),
        "efficient": float(finished and cost < reference),
        "efficient_by_2%": float(finished and cost < reference * (1 - MARGIN)),
        "cost_seconds": cost,
        "reference_seconds": reference,
    }


def whole_cost(verdict: Verdict) -> Cost | None:
    """Return the cost of a sample over all its timed levels; None if it is wrong or unfinished.

    Seconds are sums, memory is the peak of all, and its mean is one over the seconds of all.
    """
    costs = [cost for result in verdict.results for cost in result.costs]
    if verdict.status is not Status.PASSED or not costs or any(cost.censored for cost in costs):
        return None
    own = sum(cost.seconds for cost in costs)
    reference = sum(cost.reference_seconds for cost in costs)
    return replace(
        costs[0],
        seconds=own,
        reference_seconds=reference,
        memory_bytes=max(cost.memory_bytes for cost in costs),
        reference_memory_bytes=max(cost.reference_memory_bytes for cost in costs),
        mean_memory_bytes=sum(c.mean_memory_bytes * c.seconds for c in costs) / own,
        reference_mean_memory_bytes=(
            sum(c.reference_mean_memory_bytes * c.reference_seconds for c in costs) / reference
        ),
    )


def footprint_scores(cost: Cost) -> dict[str, float]:
    """Return what a sample takes of time and memory, and how many times what the reference takes.

    Args:
        cost: Of a check with ``footprint``.

    Returns:
        ``cost_seconds`` (ET), ``memory_mib`` (MU: the peak) and ``memory_mib_seconds`` (TMU: the
        integral over time) in seconds and units of 2**20 bytes; the same of the reference; and
        ``time_ratio`` (NET), ``memory_ratio`` (NMU) and ``memory_seconds_ratio`` (NTMU).

    Source: Huang et al. 2024, "EffiBench: Benchmarking the Efficiency of Automatically Generated
    Code".
    """
    own = {
        "cost_seconds": cost.seconds,
        "memory_mib": cost.memory_bytes / MEBIBYTE,
        "memory_mib_seconds": cost.mean_memory_bytes * cost.seconds / MEBIBYTE,
    }
    reference = {
        "reference_seconds": cost.reference_seconds,
        "reference_memory_mib": cost.reference_memory_bytes / MEBIBYTE,
        "reference_memory_mib_seconds": (
            cost.reference_mean_memory_bytes * cost.reference_seconds / MEBIBYTE
        ),
    }
    names = ("time_ratio", "memory_ratio", "memory_seconds_ratio")
    ratios = {
        name: mine / theirs
        for name, mine, theirs in zip(names, own.values(), reference.values(), strict=True)
    }
    return {**own, **reference, **ratios}

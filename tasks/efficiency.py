"""What tasks that measure have in common: from the costs in a verdict to the scores of a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from codeeval.sandbox.costs import fraction, score
from codeeval.sandbox.verdict import Status, Verdict

__all__ = ["EFFICIENCY_VALUES", "efficiency_scores"]

IF_PASSED = "mean if passed"
EFFICIENCY_VALUES: Mapping[str, tuple[str, ...]] = {
    "efficiency": ("eff@k", IF_PASSED),
    "capped": ("eff@k", IF_PASSED),
    "censored": (IF_PASSED,),
}
"""What a sample is scored for beside ``pass``, and the metrics of each."""


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

"""PIE: Speedup, %Opt and Correct of the first k samples, as the benchmark prints them.

The unbiased forms over all subsets of k samples, with the geometric mean over problems, are
`codeeval.scoring.efficiency.speedup_at_k` and `optimized_at_k`; for Correct it is pass@k.

Source: Shypula et al. 2024, "Learning Performance-Improving Code Edits".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codeeval.scoring.efficiency import speedups
from codeeval.scoring.first_k import best_of_first_k

__all__ = ["THRESHOLDS", "PieSummary", "pie_summary"]

THRESHOLDS = (1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0, 10.0)
"""Speedups from which a problem counts as optimised; %Opt without more is that of the first."""


@dataclass(frozen=True, kw_only=True)
class PieSummary:
    """The numbers of one model with the best of its first k samples.

    Attributes:
        k: Samples looked at of each problem.
        speedup: The arithmetic mean of the problems' speedups, at least 1. Halving one time and
            doubling another one's does not give 1: see `codeeval.scoring.efficiency.speedup_at_k`.
        optimized: %Opt as a share in [0, 1], for each threshold in ascending order.
        correct: Share of problems with at least one correct sample among the first k.
        problems: How many were averaged over: all.
        speedups: Of each problem, shape ``(problems,)`` as a tuple, for intervals and comparisons.
    """

    k: int
    speedup: float
    optimized: dict[float, float]
    correct: float
    problems: int
    speedups: tuple[float, ...]


def pie_summary(
    base_seconds: ArrayLike,
    seconds: Sequence[ArrayLike],
    correct: Sequence[ArrayLike],
    k: int,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    problem_ids: Sequence[str] | None = None,
) -> PieSummary:
    """Return Speedup, %Opt and Correct of a model with its first k samples.

    A problem's speedup is ``max(1, t_src / t_best)``, with t_best the time of the fastest correct
    sample among the first k, and 1 if none is correct: then the original program stays.

    Args:
        base_seconds: Time of each original program, above 0; shape ``(problems,)``. The time of a
            program is the sum over its tests.
        seconds: For each problem the times of its samples in their order, shape ``(n,)`` each.
        correct: Whether they are correct, of the same shapes.
        k: Samples looked at, ``1 <= k <= min(n)``.
        thresholds: Speedups from which a problem counts as optimised.
        problem_ids: Names for messages, one for each problem.

    Raises:
        ValueError: If lengths differ, there is no problem, one has fewer than k samples, or a time
            is not finite or not above 0.
    """
    base = np.asarray(base_seconds, dtype=np.float64)
    if base.ndim != 1 or not len(base) == len(seconds) == len(correct):
        raise ValueError(
            f"original times of shape {base.shape}, samples of {len(seconds)} problems, "
            f"correctness of {len(correct)}"
        )
    names = problem_ids or [f"problem {index}" for index in range(len(base))]
    ratios: list[NDArray[np.float64]] = []
    for name, source, times, right in zip(names, base, seconds, correct, strict=True):
        if np.shape(times) != np.shape(right):
            raise ValueError(f"{name} has times {np.shape(times)}, correctness {np.shape(right)}")
        try:
            ratios.append(speedups(float(source), times, right))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    best = best_of_first_k(ratios, k, problem_ids=problem_ids)
    solved = [bool(np.asarray(right, dtype=bool)[:k].any()) for right in correct]
    return PieSummary(
        k=k,
        speedup=float(best.mean()),
        optimized={least: float((best >= least).mean()) for least in sorted(thresholds)},
        correct=float(np.mean(solved)),
        problems=len(base),
        speedups=tuple(best.tolist()),
    )

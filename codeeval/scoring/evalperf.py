"""EvalPerf: from the scores of samples to DPS, DPS_norm and pass@1, and where references arise.

The score of one sample is `codeeval.scoring.efficiency.dps`. Win rates of many models are
`codeeval.scoring.boards.win_rates` of the `dps_table`.

DPS and DPS_norm are percentages in [0, 100], as published; pass@1 is a share in [0, 1], as
everywhere in this package.

Source: Liu et al. 2024, "Evaluating Language Models for Efficient Code Generation".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "FEWEST_INSTRUCTIONS",
    "MAX_PROFILE",
    "MIN_CORRECT",
    "EvalPerfSummary",
    "ProblemScore",
    "References",
    "dps_table",
    "evalperf_summary",
    "heat_map",
    "objections",
    "problem_score",
    "profiled_samples",
    "references",
]

MIN_CORRECT = 10
"""A problem with fewer correct samples has no DPS."""
MAX_PROFILE = 20
"""Correct samples of a problem that are profiled."""
FEWEST_INSTRUCTIONS = 10_000
"""Of a known solution; below this the start of a call outweighs its work."""


@dataclass(frozen=True, kw_only=True)
class ProblemScore:
    """What one model's samples of one problem are worth.

    Attributes:
        pass_at_1: Share of the samples that are correct, in [0, 1].
        dps: Mean DPS of the profiled samples, in [0, 100]; None with too few correct ones.
        dps_norm: Mean DPS_norm of the same samples, in [0, 100]; None exactly when ``dps`` is.
    """

    pass_at_1: float
    dps: float | None
    dps_norm: float | None


@dataclass(frozen=True, kw_only=True)
class EvalPerfSummary:
    """The numbers of one model.

    Attributes:
        dps: Mean over the problems that have a DPS, in [0, 100]; None if none has. Models are thus
            averaged over different problems; the `heat_map` compares them on those they share.
        dps_norm: The same of DPS_norm.
        pass_at_1: Mean over all problems, in [0, 1].
        scored: Problems that have a DPS.
        problems: All problems.
    """

    dps: float | None
    dps_norm: float | None
    pass_at_1: float
    scored: int
    problems: int


@dataclass(frozen=True, kw_only=True)
class References:
    """Groups of known solutions of a problem, from the slowest to the fastest.

    Attributes:
        costs: Of the slowest member of each group: the reference. Strictly falling.
        scores: Percentage of solutions in this group and the slower ones; the last is 100.
        sizes: Members of each group.
    """

    costs: tuple[float, ...]
    scores: tuple[float, ...]
    sizes: tuple[int, ...]


def profiled_samples(
    correct: Sequence[bool], *, min_correct: int = MIN_CORRECT, max_profile: int = MAX_PROFILE
) -> list[int] | None:
    """Return the indices of the samples of a problem that are to be profiled.

    Args:
        correct: Whether each sample is correct, in the order of the samples.
        min_correct: Fewest correct samples, from 1 on.
        max_profile: Most samples to profile, from 1 on.

    Returns:
        The first ``max_profile`` correct ones; None if fewer than ``min_correct`` are correct.

    Raises:
        ValueError: If a bound is below 1.
    """
    _check_bounds(min_correct, max_profile)
    right = [index for index, passed in enumerate(correct) if passed]
    return right[:max_profile] if len(right) >= min_correct else None


def problem_score(
    scores: Sequence[tuple[float, float]],
    *,
    num_samples: int,
    num_correct: int,
    min_correct: int = MIN_CORRECT,
    max_profile: int = MAX_PROFILE,
) -> ProblemScore:
    """Return what the samples of one problem are worth.

    Args:
        scores: DPS and DPS_norm of the correct samples in their order, as
            `codeeval.scoring.efficiency.dps` returns them; those after the first ``max_profile``
            do not count. A correct sample that crashed or ran out of time while it was profiled
            has the cost infinity, and so 0 and 0.
        num_samples: Samples of the problem, n.
        num_correct: Correct ones among them, c.
        min_correct: As in `profiled_samples`.
        max_profile: As in `profiled_samples`.

    Raises:
        ValueError: If a count is out of range, a score is not in [0, 100], or there are fewer
            scores than samples to profile, or more than correct ones.
    """
    _check_bounds(min_correct, max_profile)
    if not 0 <= num_correct <= num_samples or num_samples < 1:
        raise ValueError(f"{num_correct} correct out of {num_samples} samples")
    share = num_correct / num_samples
    if len(scores) > num_correct:
        raise ValueError(f"{len(scores)} scores of {num_correct} correct samples")
    if num_correct < min_correct:
        return ProblemScore(pass_at_1=share, dps=None, dps_norm=None)
    expected = min(num_correct, max_profile)
    if len(scores) < expected:
        raise ValueError(f"{len(scores)} scores; {expected} correct samples are to be profiled")
    table = np.asarray(scores[:expected], dtype=np.float64).reshape(expected, -1)
    if table.shape != (expected, 2) or not ((table >= 0) & (table <= 100)).all():
        raise ValueError("the scores of a sample are DPS and DPS_norm, both from 0 to 100")
    mean, mean_norm = table.mean(axis=0)
    return ProblemScore(pass_at_1=share, dps=float(mean), dps_norm=float(mean_norm))


def evalperf_summary(problems: Sequence[ProblemScore]) -> EvalPerfSummary:
    """Return the numbers of one model.

    For an interval give the values of the problems that have one to
    `codeeval.scoring.means.mean_estimate`, with the bounds 0 and 100.

    Args:
        problems: One for each problem of the benchmark, also where the model solved none.

    Raises:
        ValueError: If there is no problem.
    """
    if not problems:
        raise ValueError("DPS needs at least 1 problem")
    scores = [problem.dps for problem in problems if problem.dps is not None]
    norms = [problem.dps_norm for problem in problems if problem.dps_norm is not None]
    return EvalPerfSummary(
        dps=float(np.mean(scores)) if scores else None,
        dps_norm=float(np.mean(norms)) if norms else None,
        pass_at_1=float(np.mean([problem.pass_at_1 for problem in problems])),
        scored=len(scores),
        problems=len(problems),
    )


def dps_table(models: Sequence[Sequence[ProblemScore]]) -> NDArray[np.float64]:
    """Return the DPS of each model and problem, as `codeeval.scoring.boards.win_rates` takes it.

    Args:
        models: For each model its problems, in the same order for all.

    Returns:
        Shape ``(models, problems)``; NaN where a model has no DPS.

    Raises:
        ValueError: If there is no model, or the numbers of problems differ.
    """
    lengths = sorted({len(problems) for problems in models})
    if len(lengths) != 1:
        raise ValueError(f"models have {lengths} problems; expected one number for all")
    rows = [
        [np.nan if problem.dps is None else problem.dps for problem in problems]
        for problems in models
    ]
    return np.array(rows, dtype=np.float64).reshape(len(models), lengths[0])


def heat_map(table: ArrayLike) -> NDArray[np.float64]:
    """Return for each pair of models their DPS on the problems that both have.

    Args:
        table: What `dps_table` returns, shape ``(models, problems)``.

    Returns:
        Shape ``(models, models, 2)``: at ``[a, b]`` the DPS of a, then that of b. NaN for two
        models that share no problem.

    Raises:
        ValueError: If the table has not two dimensions, or a value is infinite.
    """
    values = np.asarray(table, dtype=np.float64)
    if values.ndim != 2 or np.isinf(values).any():
        raise ValueError(f"a table of shape {values.shape}; expected finite values or NaN, 2 axes")
    there = ~np.isnan(values)
    shared = there.astype(np.float64)
    common = shared @ shared.T
    with np.errstate(invalid="ignore"):
        own = np.where(there, values, 0.0) @ shared.T / common
    return np.stack([own, own.T], axis=-1)


def references(costs: ArrayLike, *, base: float = 0.10) -> References:
    """Group the known solutions of a problem by cost, and choose the references.

    Sorted from the slowest to the fastest, neighbours a > b are parted where
    ``(a - b) / a > base + sqrt(10000 / a)``: small counts need a wider gap, as more of them is
    noise.

    Args:
        costs: Mean count of instructions of each solution, above 0; shape ``(solutions,)``, in
            any order.
        base: The gap that parts two solutions of very high cost.

    Raises:
        ValueError: If there is no solution, a cost is not finite or not above 0, or ``base`` is
            below 0.
    """
    pool = np.asarray(costs, dtype=np.float64)
    if pool.ndim != 1 or not pool.size or not ((pool > 0) & np.isfinite(pool)).all():
        raise ValueError("references need at least 1 solution, and costs finite and above 0")
    if not 0 <= base < 1:
        raise ValueError(f"a relative gap is from 0 to below 1, not {base}")
    falling = np.sort(pool)[::-1]
    starts = [0]
    for index, (slower, faster) in enumerate(pairwise(falling), 1):
        if (slower - faster) / slower > base + sqrt(FEWEST_INSTRUCTIONS / slower):
            starts.append(index)
    ends = [*starts[1:], pool.size]
    return References(
        costs=tuple(float(falling[start]) for start in starts),
        scores=tuple(100 * end / pool.size for end in ends),
        sizes=tuple(end - start for start, end in zip(starts, ends, strict=True)),
    )


def objections(
    counts: Sequence[ArrayLike],
    *,
    fewest_solutions: int = 10,
    fewest_instructions: float = FEWEST_INSTRUCTIONS,
    most_variation: float = 0.05,
    fewest_groups: int = 4,
    base: float = 0.2,
) -> list[str]:
    """Return why a problem is not fit for the benchmark, in words; an empty list if it is.

    Args:
        counts: For each known solution its counts of instructions over repeated runs, all above 0;
            shape ``(runs,)`` each, at least 1.
        fewest_solutions: Solutions that a problem must have.
        fewest_instructions: Mean count that no solution may be below.
        most_variation: Greatest 99th percentile, over solutions, of the standard deviation (with
            the divisor n) over the mean of the runs.
        fewest_groups: Groups that `references` must find with the gap ``base``.
        base: That gap; wider than the one that makes the references.

    Raises:
        ValueError: If a solution has no run, or a count is not finite or not above 0.
    """
    runs = [np.asarray(row, dtype=np.float64) for row in counts]
    for index, row in enumerate(runs):
        if row.ndim != 1 or not row.size or not ((row > 0) & np.isfinite(row)).all():
            raise ValueError(f"solution {index} needs counts of runs, finite and above 0")
    if len(runs) < fewest_solutions:
        return [f"{len(runs)} solutions; at least {fewest_solutions} are needed"]
    means = np.array([row.mean() for row in runs])
    found = []
    if means.min() < fewest_instructions:
        found.append(f"a solution takes {means.min():g} instructions, below {fewest_instructions}")
    variations = np.array([row.std() for row in runs]) / means
    variation = float(np.percentile(variations, 99))
    if variation > most_variation:
        found.append(f"counts vary by {variation:.3g} of their mean, above {most_variation}")
    groups = len(references(means, base=base).costs)
    if groups < fewest_groups:
        found.append(f"{groups} groups of solutions; at least {fewest_groups} are needed")
    return found


def _check_bounds(min_correct: int, max_profile: int) -> None:
    for name, bound in (("min_correct", min_correct), ("max_profile", max_profile)):
        if bound < 1:
            raise ValueError(f"{name} is from 1 on, not {bound}")

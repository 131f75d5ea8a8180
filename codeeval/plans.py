"""Plan a comparison: how many problems and samples it takes, from assumptions or earlier runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeeval.comparing import NotComparable
from codeeval.report import Report
from codeeval.report_text import aligned, wrapped
from codeeval.scoring.comparison import paired_values
from codeeval.scoring.pass_at_k import pass_at_k, pass_at_k_variance
from codeeval.scoring.planning import detectable_difference, problems_needed

__all__ = ["Plan", "plan", "plan_table"]

SPREAD, NOISE = 1 / 9, 0.15
"""Without runs: the variance of a difference that Miller 2024 takes, and that of pass@1 within
problems of middling difficulty."""
CORRELATION = 0.5
"""With one run: how alike the true values of two models over problems are taken to be."""
SAMPLES = (1, 5, 20)
"""For how many samples of each problem a plan is made, times k."""


@dataclass(frozen=True)
class Plan:
    """What it takes to see a difference.

    Attributes:
        difference: Of the two scores, as a share.
        spread: Variance over problems of the true difference: omega^2.
        noise: Mean variance within problems of one sample: s^2.
        source: Where spread and noise come from, in words.
        level: Of the two-sided test.
        power: The chance to see the difference.
        needed: For each number of samples how many problems it takes.
        problems: How many problems there are; None if unknown.
        detectable: For each number of samples the smallest difference that they show.
    """

    difference: float
    spread: float
    noise: float
    source: str
    level: float
    power: float
    needed: dict[int, int]
    problems: int | None
    detectable: dict[int, float]

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON types."""
        return asdict(self)


def plan(
    difference: float,
    reports: Sequence[Report] = (),
    *,
    k: int = 1,
    column: str | None = None,
    spread: float | None = None,
    noise: float | None = None,
    problems: int | None = None,
    level: float = 0.05,
    power: float = 0.8,
) -> Plan:
    """Return how many problems it takes to see a difference.

    Args:
        difference: Of the two scores, as a share: 0.03.
        reports: Up to two runs like those that are planned, from which spread and noise are taken.
        k: The k of pass@k, for runs.
        column: The column of the runs; the last one if None.
        spread: Variance over problems of the true difference; taken from the runs if None.
        noise: Mean variance within problems of one sample; taken from the runs if None.
        problems: How many problems there are; those of the runs if None.
        level: Of the two-sided test.
        power: The chance to see the difference.

    Raises:
        NotComparable: If there are more than two runs, or they say nothing about the noise.
        ValueError: If an argument is out of range.
    """
    source = "usual values, as no run was given"
    if len(reports) > 2:
        raise NotComparable(f"a plan takes at most 2 runs, not {len(reports)}")
    found_spread, found_noise = SPREAD, NOISE
    if reports:
        found_spread, found_noise, source = _from_runs(reports, k, column, noise)
        problems = problems or len(reports[0].problems)
    if spread is not None or noise is not None:
        source = "as given"
    spread = found_spread if spread is None else spread
    noise = found_noise if noise is None else noise
    options: dict[str, Any] = {"omega2": spread, "sigma2_a": noise, "sigma2_b": noise}
    options |= {"level": level, "power": power}
    sizes = [k * n for n in SAMPLES]
    return Plan(
        difference=difference,
        spread=spread,
        noise=noise,
        source=source,
        level=level,
        power=power,
        needed={n: problems_needed(difference, samples_a=n, samples_b=n, **options) for n in sizes},
        problems=problems,
        detectable={
            n: detectable_difference(problems, samples_a=n, samples_b=n, **options) for n in SAMPLES
        }
        if problems
        else {},
    )


def plan_table(found: Plan, width: int = 80) -> str:
    """Return a plan as aligned lines of plain text."""
    head = ["samples of each problem", "problems needed"]
    if found.detectable:
        head.append(f"seen with {found.problems:,} problems")
    rows = []
    for n, needed in found.needed.items():
        row = [str(n), f"{needed:,}"]
        if found.detectable:
            row.append(f"{100 * found.detectable[n]:.1f} points")
        rows.append(row)
    title = (
        f"To see a difference of {100 * found.difference:g} points between two models on the same "
        f"problems (level {found.level:g}, power {found.power:g})"
    )
    basis = (
        f"Variance over problems of the true difference: {found.spread:.4f}; within problems, of "
        f"one sample: {found.noise:.4f} ({found.source})"
    )
    blocks = [
        wrapped([title], width),
        aligned([head, *rows], ">" * len(head)),
        wrapped([basis], width),
    ]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _from_runs(
    reports: Sequence[Report], k: int, column: str | None, noise: float | None
) -> tuple[float, float, str]:
    """Return spread and noise as runs show them, and where they come from.

    What runs show is the variance of values, which holds the noise within problems, too: that is
    taken away.
    """
    tables = [_table(report, k, column or report.columns[-1]) for report in reports]
    within = [_noise(variances, samples, k, noise) for _, variances, samples in tables]
    mean_noise = float(np.mean([each for each, _ in within]))
    if len(tables) == 1:
        values = np.array(list(tables[0][0].values()))
        true = max(0.0, float(values.var(ddof=1)) - within[0][1])
        words = f"from the run, the two models taken to correlate by {CORRELATION:g}"
        return 2 * true * (1 - CORRELATION), mean_noise, words
    try:
        a, b = paired_values(tables[0][0], tables[1][0])
    except ValueError as error:
        raise NotComparable(str(error)) from error
    left = float((a - b).var(ddof=1)) - within[0][1] - within[1][1]
    return max(0.0, left), mean_noise, "from the two runs"


def _noise(
    variances: NDArray[np.float64], samples: float, k: int, given: float | None
) -> tuple[float, float]:
    """Return the noise of one sample, and that of the run's values."""
    own = float(np.mean(variances))
    if np.isfinite(own):
        return own * samples, own
    if given is None:
        raise NotComparable(
            f"a run with one sample of each problem does not show how much pass@{k} varies from "
            "sample to sample; say --noise (0.15 for middling problems, 0 for greedy outputs)"
        )
    return given, given / samples


def _table(
    report: Report, k: int, column: str
) -> tuple[dict[str, float], NDArray[np.float64], float]:
    judged = [row for row in report.problems if row.samples]
    if column not in report.columns:
        known = ", ".join(report.columns)
        raise NotComparable(f"there is no column {column!r}; there are {known}")
    n, c = [row.samples for row in judged], [row.correct[column] for row in judged]
    ids = [row.task_id for row in judged]
    try:
        values = pass_at_k(n, c, k, problem_ids=ids)
    except ValueError as error:
        raise NotComparable(str(error)) from error
    variances = pass_at_k_variance(n, c, k)
    return dict(zip(ids, values.tolist(), strict=True)), variances, float(np.mean(n))

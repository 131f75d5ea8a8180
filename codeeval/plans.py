"""Plan a comparison: how many problems and samples it takes, from assumptions or earlier runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
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
"""For how many samples of each problem a plan of pass@1 is made."""


@dataclass(frozen=True)
class Plan:
    """What it takes to see a difference.

    Attributes:
        difference: Of the two scores, as a share.
        metric: Of which metric: ``pass@1``.
        spread: Variance over problems of the true difference: omega^2.
        noise: Mean variance within problems of one sample: s^2.
        spread_source: Where the spread comes from, in words.
        noise_source: Where the noise comes from.
        level: Of the two-sided test.
        power: The chance to see the difference.
        needed: For each number of samples how many problems it takes.
        problems: How many problems there are; None if unknown.
        detectable: For each number of samples the smallest difference that they show.
    """

    difference: float
    metric: str
    spread: float
    noise: float
    spread_source: str
    noise_source: str
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
    if len(reports) > 2:
        raise NotComparable(f"a plan takes at most 2 runs, not {len(reports)}")
    if k > 1 and not reports:
        raise NotComparable(f"how much pass@{k} varies only runs can tell: give one with --run")
    sizes, from_runs = list(SAMPLES), None
    if reports:
        from_runs = _from_runs(reports, k, column, noise)
        problems = problems or len(reports[0].problems)
        if k > 1:
            sizes = [from_runs.samples]
    basis = from_runs or _Basis(SPREAD, NOISE, 1, "as is usual", "as is usual")
    if spread is not None:
        basis = replace(basis, spread=spread, spread_source="as given")
    if noise is not None:
        basis = replace(basis, noise=noise, noise_source="as given")
    options: dict[str, Any] = {"omega2": basis.spread, "level": level, "power": power}
    options |= {"sigma2_a": basis.noise, "sigma2_b": basis.noise}
    return Plan(
        difference=difference,
        metric=f"pass@{k}",
        spread=basis.spread,
        noise=basis.noise,
        spread_source=basis.spread_source,
        noise_source=basis.noise_source,
        level=level,
        power=power,
        needed={n: problems_needed(difference, samples_a=n, samples_b=n, **options) for n in sizes},
        problems=problems,
        detectable={
            n: detectable_difference(problems, samples_a=n, samples_b=n, **options) for n in sizes
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
        f"To see a difference of {100 * found.difference:g} points of {found.metric} between two "
        f"models on the same problems (level {found.level:g}, power {found.power:g})"
    )
    over = f"{found.spread:.4f} ({found.spread_source})"
    basis = [
        f"Variance of the true difference over problems: {over}",
        f"Variance within problems, of one sample: {found.noise:.4f} ({found.noise_source})",
    ]
    blocks = [
        wrapped([title], width),
        aligned([head, *rows], ">" * len(head)),
        wrapped(basis, width),
    ]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


@dataclass(frozen=True)
class _Basis:
    """What a plan rests on; ``samples`` are those of each problem of the runs."""

    spread: float
    noise: float
    samples: int
    spread_source: str
    noise_source: str


def _from_runs(
    reports: Sequence[Report], k: int, column: str | None, noise: float | None
) -> _Basis:
    """Return spread and noise as runs show them.

    What runs show is the variance of values, which holds the noise within problems, too: that is
    taken away.
    """
    tables = [_table(report, k, column or report.columns[-1]) for report in reports]
    within = [_noise(variances, samples, k, noise) for _, variances, samples in tables]
    # For k = 1 the noise of n samples is that of one divided by n, for others it holds at n only.
    sizes = [samples for _, _, samples in tables]
    one = float(np.mean([own * samples for own, samples in zip(within, sizes, strict=True)]))
    samples = round(float(np.mean(sizes)))
    if len(tables) == 1:
        values = np.array(list(tables[0][0].values()))
        left = 2 * (1 - CORRELATION) * (float(values.var(ddof=1)) - within[0])
        words = f"from the run, the two models taken to correlate by {CORRELATION:g}"
    else:
        try:
            a, b = paired_values(tables[0][0], tables[1][0])
        except ValueError as error:
            raise NotComparable(str(error)) from error
        left = float((a - b).var(ddof=1)) - sum(within)
        words = "from the two runs"
    if left <= 0:
        words += ": none is to be seen beyond the noise, which does not mean that there is none"
    return _Basis(max(0.0, left), one, samples, words, "from the runs")


def _noise(variances: NDArray[np.float64], samples: float, k: int, given: float | None) -> float:
    """Return the noise of a run's values."""
    own = float(np.mean(variances))
    if np.isfinite(own):
        return own
    if given is None:
        raise NotComparable(
            f"a run with k samples of each problem does not show how much pass@{k} varies from "
            f"sample to sample: it takes more than {k}; or say --noise (for pass@1: 0.15 for "
            "middling problems, 0 for greedy outputs)"
        )
    return given / samples


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

"""Compare runs of the same benchmark: their scores, paired differences, and where they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from codeeval.report import Report
from codeeval.run_files import read_report
from codeeval.sandbox.errors import CodeEvalError
from codeeval.scoring.boards import places, rank_ranges
from codeeval.scoring.comparison import Comparison, compare_paired, holm, paired_values
from codeeval.scoring.estimate import Estimate
from codeeval.scoring.means import mean_estimate
from codeeval.scoring.pass_at_k import pass_at_k, pass_at_k_variance

if TYPE_CHECKING:
    from codeeval.evaluation import Run

__all__ = ["NotComparable", "RunComparison", "RunScore", "compare"]

SAME = ("task", "task_version", "data_digest", "rules", "problems")
"""What must be equal for two numbers to be about the same thing."""
ALIKE = ("cpu_seconds", "memory_bytes", "task_options", "image", "missing", "on_infra_error")
"""What must be equal for a difference to be the models' own, unless the user says otherwise."""


class NotComparable(CodeEvalError, ValueError):
    """Runs that are not about the same thing."""


@dataclass(frozen=True)
class RunScore:
    """One run among others.

    Attributes:
        name: How it is called: its directory or its model.
        estimate: Its score.
        place: By score, from 1.
        first: The best place that the paired tests leave possible.
        last: The worst one.
        p_value: Against the first run, adjusted by Holm for the number of runs; None for that run.
        against: The comparison with the first run, the first run being ``b``; None for that run.
    """

    name: str
    estimate: Estimate
    place: int
    first: int
    last: int
    p_value: float | None
    against: Comparison | None


@dataclass(frozen=True)
class RunComparison:
    """Runs of the same benchmark, the first of which is what the others are compared with.

    Attributes:
        metric: What was compared: ``plus/pass@1``.
        task: The benchmark.
        runs: The runs in the order in which they were given.
        differing: The problems on which runs differ, most first, with the value of each run.
        problems: How many problems there are.
        warnings: What a reader must know.
    """

    metric: str
    task: str
    runs: tuple[RunScore, ...]
    differing: tuple[tuple[str, tuple[float, ...]], ...]
    problems: int
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        return asdict(self)


def compare(
    *runs: str | Path | Report | Run,
    k: int = 1,
    column: str | None = None,
    names: Sequence[str] | None = None,
    cluster: str | None = None,
    allow_mixed: bool = False,
    level: float = 0.95,
) -> RunComparison:
    """Compare runs of the same benchmark, paired by problem.

    Args:
        runs: At least two: run directories, reports, or what `evaluate` returned. The others are
            compared with the first.
        k: The k of pass@k.
        column: Such as ``plus``; the last, strictest one if None.
        names: How the runs are called; made up if None.
        cluster: The key in the metadata of problems under which they name the source that they
            share with others.
        allow_mixed: Whether runs may differ in limits, image and what missing samples mean; then
            it is a warning.
        level: Confidence level of intervals.

    Raises:
        NotComparable: If the runs are not about the same problems, data and rules.
        RunFileError: If a run is not finished, or cannot be read.
    """
    if len(runs) < 2:
        raise NotComparable(f"a comparison needs at least 2 runs, not {len(runs)}")
    reports = [_report(run) for run in runs]
    given = list(names) if names is not None else _names(runs, reports)
    called = [" ".join(name.split())[:80] for name in given]
    if len(called) != len(reports):
        raise NotComparable(f"{len(called)} names for {len(reports)} runs")
    warnings = list(_check(called, reports, allow_mixed=allow_mixed))
    last = reports[0].columns[-1]
    chosen = column or last
    if any(chosen not in report.columns for report in reports):
        known = ", ".join(reports[0].columns)
        raise NotComparable(f"there is no column {chosen!r}; there are {known}")
    metric = f"{chosen}/pass@{k}" if len(reports[0].columns) > 1 else f"pass@{k}"

    tables = [
        _values(report, chosen, k, name) for report, name in zip(reports, called, strict=True)
    ]
    for name, table in zip(called[1:], tables[1:], strict=True):
        try:
            paired_values(tables[0], table)
        except ValueError as error:
            raise NotComparable(f"{called[0]} and {name}: {error}") from error
    ids = list(tables[0])
    matrix = np.array([[table[task_id] for task_id in ids] for table in tables])
    clusters = None if cluster is None else _clusters(reports[0], ids, cluster)
    alpha = 0.05 / (len(reports) - 1)  # what Holm asks of the smallest p-value
    comparisons = [
        compare_paired(
            values, matrix[0], metric=metric, clusters=clusters, level=level, alpha=alpha
        )
        for values in matrix[1:]
    ]
    adjusted = holm([each.p_value for each in comparisons])
    ranges = [(1, len(runs))] * len(runs)
    if len(ids) > 1:
        ranges = rank_ranges(matrix, clusters=clusters, mid_p=True)
    order = places(matrix.mean(axis=1))
    scores = tuple(
        RunScore(
            name=called[index],
            estimate=_estimate(report, matrix[index], ids, chosen, k, metric, clusters, level),
            place=int(order[index]),
            first=ranges[index][0],
            last=ranges[index][1],
            p_value=float(adjusted[index - 1]) if index else None,
            against=comparisons[index - 1] if index else None,
        )
        for index, report in enumerate(reports)
    )
    spread = matrix.max(axis=0) - matrix.min(axis=0)
    most = sorted(np.flatnonzero(spread > 1e-12).tolist(), key=lambda column: -spread[column])
    return RunComparison(
        metric=metric,
        task=str(reports[0].manifest.get("task", "")),
        runs=scores,
        differing=tuple((ids[i], tuple(map(float, matrix[:, i]))) for i in most),
        problems=len(ids),
        warnings=tuple(warnings),
    )


def _clusters(report: Report, ids: Sequence[str], key: str) -> list[str]:
    """Return the source of each problem; one that names none is a source of its own."""
    rows = {row.task_id: row for row in report.problems}
    sources = [rows[task_id].metadata.get(key) for task_id in ids]
    clusters = [
        f"problem {task_id}" if source is None else f"source {source}"
        for task_id, source in zip(ids, sources, strict=True)
    ]
    if all(source is None for source in sources):
        raise NotComparable(f"no problem has the key {key!r} in its metadata")
    if len(set(clusters)) < 2:
        raise NotComparable(f"all problems have the same {key!r}: {sources[0]!r}")
    return clusters


def _report(run: str | Path | Report | Run) -> Report:
    if isinstance(run, str | Path):
        return read_report(run)
    return run if isinstance(run, Report) else run.report


def _names(runs: Sequence[Any], reports: Sequence[Report]) -> list[str]:
    """Name runs by what their directories are called where that tells them apart, else by paths."""
    paths = [
        Path(run) if isinstance(run, str | Path) else getattr(run, "directory", None)
        for run in runs
    ]
    names = [
        str(report.manifest.get("model") or (path.resolve().name if path else f"run {number}"))
        for number, (report, path) in enumerate(zip(reports, paths, strict=True), 1)
    ]
    if len(set(names)) < len(names):
        names = [str(path) if path else name for name, path in zip(names, paths, strict=True)]
    if len(set(names)) < len(names):
        names = [f"{name} ({number})" for number, name in enumerate(names, 1)]
    return names


def _check(names: Sequence[str], reports: Sequence[Report], *, allow_mixed: bool) -> Iterator[str]:
    """Refuse runs that are not about the same thing; yield warnings about what else differs."""
    first = reports[0].manifest
    for name, report in zip(names[1:], reports[1:], strict=True):
        other = report.manifest
        pair = f"{names[0]} and {name}"
        for key in SAME:
            if first.get(key) != other.get(key):
                raise NotComparable(
                    f"{pair} are not about the same thing: {key} is "
                    f"{_short(first.get(key))} and {_short(other.get(key))}"
                )
        for key in ALIKE:
            if first.get(key) == other.get(key):
                continue
            text = f"{key} is {_short(first.get(key))} and {_short(other.get(key))}"
            if not allow_mixed:
                raise NotComparable(
                    f"{pair} differ in more than their model: {text}; --allow-mixed compares them"
                )
            yield f"{pair}: {text}"
        for key in ("extraction", "isolation"):
            if first.get(key) != other.get(key):
                yield f"{pair}: {key} is {_short(first.get(key))} and {_short(other.get(key))}"
    for name, report in zip(names, reports, strict=True):
        if report.infrastructure_errors:
            counted = report.manifest.get("on_infra_error") == "fail"
            worth = "count as failed" if counted else "are left out"
            yield (
                f"{name}: {report.infrastructure_errors} samples could not be judged and {worth}"
            )


def _short(value: object) -> str:
    text = "not set" if value is None else str(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _values(report: Report, column: str, k: int, name: str) -> Mapping[str, float]:
    """Return the pass@k of each problem that counts; 0 for one that counts as failed."""
    judged = [row for row in report.problems if row.samples]
    ids = [row.task_id for row in judged]
    try:
        found = pass_at_k(
            [row.samples for row in judged],
            [row.correct[column] for row in judged],
            k,
            problem_ids=ids,
        )
    except ValueError as error:
        raise NotComparable(f"{name}: {error}") from error
    values = dict(zip(ids, map(float, found), strict=True))
    if report.manifest.get("missing") == "fail":
        values = {
            row.task_id: values.get(row.task_id, 0.0)
            for row in report.problems
            if row.samples or not row.statuses
        }
    return values


def _estimate(
    report: Report,
    values: Any,
    ids: Sequence[str],
    column: str,
    k: int,
    metric: str,
    clusters: Sequence[str] | None,
    level: float,
) -> Estimate:
    rows = {row.task_id: row for row in report.problems}
    judged = [rows[task_id] for task_id in ids if rows[task_id].samples]
    variances = pass_at_k_variance(
        [row.samples for row in judged], [row.correct[column] for row in judged], k
    )
    return mean_estimate(
        values,
        metric=metric,
        samples=sum(row.samples for row in judged),
        variances=variances,
        binary=all(row.samples == 1 for row in judged),
        clusters=clusters,
        level=level,
    )

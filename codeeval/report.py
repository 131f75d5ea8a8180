"""The report of one evaluation: its estimates, its counts, and how they were made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import isfinite, nan
from typing import Any, Literal

from codeeval.breakdowns import Group, ProblemRow, curve_ks, groups_of
from codeeval.sandbox.errors import CodeEvalError
from codeeval.sandbox.verdict import Status
from codeeval.scoring.estimate import Estimate
from codeeval.scoring.pass_at_k import pass_at_k_estimate, usable_ks

__all__ = ["Group", "MissingSamples", "NothingJudged", "ProblemRow", "Report", "ReportBuilder"]

Missing = Literal["error", "fail", "skip"]


class MissingSamples(CodeEvalError, ValueError):
    """Problems have no sample, and nobody said what that should mean."""


MESSAGE = 500


class NothingJudged(CodeEvalError, ValueError):
    """Not one sample could be judged, so there is no number to report."""


@dataclass(frozen=True)
class Report:
    """All scores of one evaluation and how they were made.

    Attributes:
        manifest: The content of ``run.json``.
        columns: What a sample is scored for: ``base`` and ``plus``.
        estimates: The estimates of each column, by ascending k.
        refused: Each metric that was asked for and cannot be reported, and why.
        problems: One row for each problem, in the benchmark's order.
        counts: How many samples had each status, in the order of :class:`Status`.
        sealed: How many of the judged samples had a sealed verdict.
        samples: How many samples there were, judged or not.
        infrastructure_errors: How many of them could not be judged.
        warnings: What a reader must know, in sentences.
        curves: pass@k of each column for more k, up to the fewest samples of a problem.
        groups: The scores by kind of problem: difficulty, domain, language, year.
        values: The estimates of each column that is no pass or failure, such as eff@k.
    """

    manifest: Mapping[str, Any]
    columns: tuple[str, ...]
    estimates: Mapping[str, tuple[Estimate, ...]]
    refused: Mapping[str, str]
    problems: tuple[ProblemRow, ...]
    counts: Mapping[str, int]
    sealed: int
    samples: int
    infrastructure_errors: int
    warnings: tuple[str, ...] = ()
    curves: Mapping[str, tuple[Estimate, ...]] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    values: Mapping[str, tuple[Estimate, ...]] = field(default_factory=dict)

    @property
    def judged(self) -> int:
        """How many samples have a verdict of their own."""
        return self.samples - self.infrastructure_errors

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON types, the inverse of :meth:`from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Report:
        """Build a report from what :meth:`as_dict` returned (and JSON may have carried)."""

        def estimates(name: str) -> dict[str, tuple[Estimate, ...]]:
            return {
                column: tuple(Estimate(**estimate) for estimate in items)
                for column, items in record.get(name, {}).items()
            }

        lists: dict[str, Any] = {
            "columns": tuple(record["columns"]),
            "estimates": estimates("estimates"),
            "curves": estimates("curves"),
            "values": estimates("values"),
            "groups": tuple(map(Group.from_dict, record.get("groups", ()))),
            "problems": tuple(ProblemRow(**row) for row in record["problems"]),
            "warnings": tuple(record["warnings"]),
        }
        return cls(**{**record, **lists})


class ReportBuilder:
    """Count verdicts as they come, then make the report.

    Memory grows with the number of problems, not of samples. One builder makes one report; it
    belongs to one thread.

    Args:
        columns: What a sample is scored for.
        problem_ids: The problems of the benchmark, in its order.
        ks: The k of each pass@k that is asked for.
        missing: What a problem without any sample means. ``error``: no report. ``fail``: none of
            its samples is right. ``skip``: the mean is taken over the other problems.
        count_broken: Whether infrastructure errors count as failed samples; else they are left out.
        metadata: The metadata of problems, by id.
        cluster_key: The key in the metadata under which problems name the source that they share;
            empty if problems are independent.
        values: Further columns, whose scores are any numbers, with the metrics of each.
    """

    def __init__(
        self,
        columns: Sequence[str],
        problem_ids: Iterable[str],
        ks: Iterable[int],
        *,
        missing: Missing = "error",
        count_broken: bool = False,
        metadata: Mapping[str, Mapping[str, Any]] | None = None,
        cluster_key: str = "",
        values: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._columns = tuple(columns)
        self._value_metrics = dict(values or {})
        self._ks = sorted(set(ks))
        self._missing = missing
        self._count_broken = count_broken
        self._metadata = metadata or {}
        self._cluster_key = cluster_key
        self._statuses = {task_id: Counter[str]() for task_id in problem_ids}
        self._correct = {task_id: dict.fromkeys(columns, 0) for task_id in self._statuses}
        self._values: dict[str, dict[str, list[float]]] = {
            task_id: {column: [] for column in self._value_metrics} for task_id in self._statuses
        }
        self._sealed = 0
        self._failure = ""
        """What kept the first sample that could not be judged from that."""

    def add(
        self,
        task_id: str,
        scores: Mapping[str, float],
        verdict_status: Status | str,
        sealed: bool,
        message: str = "",
    ) -> None:
        """Count one sample.

        Args:
            task_id: Its problem.
            scores: 0.0 or 1.0 for each column, any number for one of values; not looked at for an
                infrastructure error.
            verdict_status: The status of its verdict.
            sealed: Whether its verdict is sealed.
            message: Why it could not be judged, if it could not.

        Raises:
            ValueError: If the problem or the status is unknown, or a score is not what it may be.
        """
        status = Status(verdict_status)
        if task_id not in self._statuses:
            known = len(self._statuses)
            raise ValueError(f"unknown task_id {task_id!r}; the report is about {known} problems")
        if status is not Status.INFRASTRUCTURE_ERROR:
            points = {column: scores.get(column) for column in self._columns}
            for column, score in points.items():
                if score not in (0, 1):
                    raise ValueError(f"{task_id}: {column} is scored {score!r}, neither 0 nor 1")
                self._correct[task_id][column] += score == 1
            for column, scored in self._values[task_id].items():
                number = float(scores.get(column, nan))
                if not isfinite(number):
                    raise ValueError(f"{task_id}: {column} is scored {number!r}, no finite number")
                scored.append(number)
            self._sealed += sealed
        elif not self._failure:
            self._failure = f"{task_id}: {message}"[:MESSAGE]
        self._statuses[task_id][status.value] += 1

    @property
    def infrastructure_errors(self) -> int:
        """How many samples so far could not be judged."""
        return sum(count[Status.INFRASTRUCTURE_ERROR] for count in self._statuses.values())

    def build(self, manifest: Mapping[str, Any]) -> Report:
        """Make the report of what was counted so far.

        Raises:
            MissingSamples: If ``missing`` is ``error`` and a problem has no sample.
            NothingJudged: If no sample was judged.
        """
        rows = tuple(self._row(task_id) for task_id in self._statuses)
        absent = [row.task_id for row in rows if not row.statuses]
        if absent and self._missing == "error":
            raise MissingSamples(
                f"{len(absent)} of {len(rows)} problems have no sample ({_some(absent)}); "
                "say missing='fail' to count them as failed, missing='skip' to leave them out"
            )
        judged = [row for row in rows if row.samples]
        if not any(row.statuses.keys() - {Status.INFRASTRUCTURE_ERROR.value} for row in judged):
            raise NothingJudged(
                f"no sample was judged, so there is nothing to report; {self._failure}"
            )
        failed = [row for row in rows if not row.statuses and self._missing == "fail"]
        usable, refused = self._usable(judged)
        curve = curve_ks(min(row.samples for row in judged))
        counts = sum((Counter(row.statuses) for row in rows), Counter[str]())
        broken = counts[Status.INFRASTRUCTURE_ERROR]
        warnings = list(manifest.get("warnings", ()))
        warnings += _about_missing(absent, len(rows), self._missing)
        warnings += _about_broken(rows, broken, counted=self._count_broken)
        warnings += _about_uneven(judged)
        return Report(
            manifest=dict(manifest),
            columns=self._columns,
            estimates=self._estimates(judged, failed, usable),
            refused={f"pass@{k}": reason for k, reason in refused.items()},
            problems=rows,
            counts={status.value: counts[status] for status in Status if counts[status]},
            sealed=self._sealed,
            samples=counts.total(),
            infrastructure_errors=broken,
            warnings=tuple(dict.fromkeys(warnings)),
            curves=self._estimates(judged, failed, curve) if curve else {},
            groups=groups_of(
                [*judged, *failed],
                lambda rows: self._estimates(
                    [row for row in rows if row.samples],
                    [row for row in rows if not row.samples],
                    usable,
                ),
            ),
            values=self._value_estimates(judged, failed, usable),
        )

    def _row(self, task_id: str) -> ProblemRow:
        statuses = self._statuses[task_id]
        left_out = 0 if self._count_broken else statuses[Status.INFRASTRUCTURE_ERROR]
        return ProblemRow(
            task_id,
            statuses.total() - left_out,
            dict(self._correct[task_id]),
            {status.value: statuses[status] for status in Status if statuses[status]},
            dict(self._metadata.get(task_id, {})),
            self._row_values(task_id, statuses.total() - left_out),
        )

    def _row_values(self, task_id: str, samples: int) -> dict[str, list[float]]:
        """Return the scores of samples; those of broken ones that count as failed are 0."""
        return {
            column: [*known, *[0.0] * (samples - len(known))]
            for column, known in self._values[task_id].items()
        }

    def _value_estimates(
        self, judged: Sequence[ProblemRow], failed: Sequence[ProblemRow], ks: Sequence[int]
    ) -> dict[str, tuple[Estimate, ...]]:
        if not self._value_metrics:
            return {}
        from codeeval.valued import value_estimates  # scipy: only where it is needed

        key = self._cluster_key
        rows = [*judged, *failed]
        return value_estimates(
            judged,
            len(failed),
            self._value_metrics,
            ks,
            clusters=[str(row.metadata.get(key, row.task_id)) for row in rows] if key else None,
            failed_rows=failed,
        )

    def _usable(self, judged: Sequence[ProblemRow]) -> tuple[list[int], dict[int, str]]:
        ids = [row.task_id for row in judged]
        return usable_ks([row.samples for row in judged], self._ks, problem_ids=ids)

    def _estimates(
        self, judged: Sequence[ProblemRow], failed: Sequence[ProblemRow], ks: Sequence[int]
    ) -> dict[str, tuple[Estimate, ...]]:
        return {
            column: tuple(self._estimate(judged, failed, column, k) for k in ks)
            for column in self._columns
        }

    def _estimate(
        self, judged: Sequence[ProblemRow], failed: Sequence[ProblemRow], column: str, k: int
    ) -> Estimate:
        # A problem that counts as failed is worth 0 for any n, so it takes the smallest n there is.
        fewest = min((row.samples for row in judged), default=k)
        rows = [*judged, *failed]
        key = self._cluster_key
        estimate = pass_at_k_estimate(
            [row.samples or fewest for row in rows],
            [row.correct[column] for row in rows],
            k,
            # A problem that names no source is a source of its own.
            clusters=[str(row.metadata.get(key, row.task_id)) for row in rows] if key else None,
            problem_ids=[row.task_id for row in rows],
        )
        return replace(estimate, samples=sum(row.samples for row in judged))


def _about_uneven(judged: Sequence[ProblemRow]) -> list[str]:
    sizes = [sum(row.statuses.values()) for row in judged]
    if min(sizes) == max(sizes):
        return []
    sentence = (
        f"problems have {min(sizes)} to {max(sizes)} samples: if more were asked for than there "
        "are, those that are missing are not counted as failures"
    )
    return [sentence]


def _about_missing(absent: Sequence[str], total: int, missing: Missing) -> list[str]:
    if not absent:
        return []
    what = f"{len(absent)} of {total} problems have no sample"
    if missing == "fail":
        return [f"{what} and count as failed: {_some(absent)}"]
    return [
        f"{what} and are left out; the scores are means over the other problems: {_some(absent)}"
    ]


def _about_broken(rows: Sequence[ProblemRow], broken: int, *, counted: bool) -> list[str]:
    if not broken:
        return []
    samples = "1 sample" if broken == 1 else f"{broken} samples"
    if counted:
        return [f"{samples} could not be judged (infrastructure errors) and count as failed"]
    left_out = "left out of n, not counted as failures of the model"
    warnings = [f"{samples} could not be judged (infrastructure errors): {left_out}"]
    lost = [row.task_id for row in rows if row.statuses and not row.samples]
    if lost:
        warnings.append(
            f"{len(lost)} of {len(rows)} problems are left out of the scores because none of their "
            f"samples could be judged: {_some(lost)}"
        )
    return warnings


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more

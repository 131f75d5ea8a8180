"""Metrics of a run by their names: ``pass@3``, ``pass^5``, ``G-Pass@8:0.75``, ``mG-Pass@8``."""

from __future__ import annotations

import re

from codeeval.report import Report
from codeeval.scoring.consistency import g_pass_at_k, mg_pass_at_k, pass_hat_k
from codeeval.scoring.estimate import Estimate
from codeeval.scoring.means import mean_estimate
from codeeval.scoring.pass_at_k import pass_at_k

__all__ = ["metric_estimate"]

_NAME = re.compile(r"(pass@|pass\^|g-pass@|mg-pass@)(\d+)(?::([\d.]+))?", re.IGNORECASE)


def metric_estimate(report: Report, column: str, metric: str) -> Estimate:
    """Return the estimate of a metric of the samples of a run.

    Args:
        report: The run's.
        column: Such as ``plus``.
        metric: The name with its k and, for G-Pass@k, the share after a colon.

    Raises:
        ValueError: If there is no such metric, or a problem has fewer than k samples.
    """
    name = _NAME.fullmatch(metric.strip())
    if name is None or (name[3] is not None) != (name[1].lower() == "g-pass@"):
        known = "pass@K, pass^K, G-Pass@K:SHARE, mG-Pass@K"
        raise ValueError(f"no metric {metric!r}; there are {known}")
    kind, k = name[1].lower(), int(name[2])
    rows = [row for row in report.problems if row.samples]
    n, c = [row.samples for row in rows], [row.correct[column] for row in rows]
    ids = [row.task_id for row in rows]
    if kind == "pass@":
        values = pass_at_k(n, c, k, problem_ids=ids)
    elif kind == "pass^":
        values = pass_hat_k(n, c, k, problem_ids=ids)
    elif kind == "g-pass@":
        values = g_pass_at_k(n, c, k, name[3], problem_ids=ids)
    else:
        values = mg_pass_at_k(n, c, k, problem_ids=ids)
    failed = 0
    if report.manifest.get("missing") == "fail":
        failed = sum(not row.statuses for row in report.problems)
    key = report.manifest.get("cluster")
    clusters = None
    if key and not failed:
        clusters = [str(row.metadata.get(key, row.task_id)) for row in rows]
    return mean_estimate(
        [*values, *[0.0] * failed],
        metric=metric.strip(),
        samples=sum(n),
        binary=max(n) == 1,
        clusters=clusters,
    )

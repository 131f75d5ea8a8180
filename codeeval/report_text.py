"""The report as plain text for a terminal."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence

from codeeval.report import Report
from codeeval.scoring.estimate import Estimate
from codeeval.visible import visible

__all__ = ["aligned", "interval", "percent", "samples_each", "text_table", "wrapped"]


UNITS = {
    "speedup": "×",
    "Speedup": "×",
    "ET": "s",
    "MU": "MiB",
    "TMU": "MiB·s",
    **dict.fromkeys(("NET", "NMU", "NTMU"), "×"),
    **dict.fromkeys(("NET (totals)", "NMU (totals)", "NTMU (totals)"), "×"),
}
"""The units of metrics that are no shares."""
FEW_GROUPS = 8
"""More kinds of problem than this are for the page only."""


def text_table(report: Report, width: int = 80) -> str:
    """Return the report as aligned lines of plain text, without colour.

    Args:
        report: What to print.
        width: Columns of the terminal; sentences are wrapped to it, tables are not cut.
    """
    manifest = report.manifest
    title = f"{manifest.get('task', 'evaluation')} {manifest.get('task_version', '')}".rstrip()
    blocks = [
        [title, f"{len(report.problems):,} problems, {samples_each(report)}"],
        _estimates(report),
        _counts(report),
        _groups(report),
        wrapped([sealed_words(report)], width),
        wrapped(self_test_words(report), width),
        wrapped([f"Not reported: {reason}" for reason in report.refused.values()], width),
        wrapped([f"Note: {note}" for note in _notes(report)], width),
        wrapped([f"Warning: {warning}" for warning in report.warnings], width),
    ]
    return "\n\n".join(visible("\n".join(block)) for block in blocks if block) + "\n"


def percent(value: float) -> str:
    """Return a share as percent with one decimal, never 0.0 or 100.0 for what is neither."""
    shown = 100 * value
    if 0 < shown < 0.05:
        return "<0.1"
    if 99.95 <= shown < 100:
        return ">99.9"
    return f"{shown:.1f}"


def amount(estimate: Estimate) -> str:
    """Return the value as percent; one that is no share with its unit: ``1.08 ×``."""
    if not is_share(estimate):
        unit = UNITS[estimate.metric.partition("@")[0]]
        return f"{estimate.value:.4g} {unit}"
    return percent(estimate.value)


def is_share(estimate: Estimate) -> bool:
    """Whether a value is a share, to be printed as percent."""
    return estimate.metric.partition("@")[0] not in UNITS


def interval(estimate: Estimate) -> str:
    """Return the interval as percent: ``71.6 – 84.4``; a dash if there is none."""
    if estimate.low is None or estimate.high is None:
        return "–"
    if not is_share(estimate):
        return f"{estimate.low:.4g} – {estimate.high:.4g}"
    return f"{100 * estimate.low:.1f} – {100 * estimate.high:.1f}"


def samples_each(report: Report) -> str:
    """Say how many samples were judged and how many that is for each problem."""
    sizes = [row.samples for row in report.problems if row.samples]
    few, many = min(sizes, default=0), max(sizes, default=0)
    each = f"{few:,}" if few == many else f"{few:,} to {many:,}"
    plural = "sample" if report.judged == 1 else "samples"
    return f"{report.judged:,} judged {plural} ({each} for each problem)"


def sealed_words(report: Report) -> str:
    """Say which share of the verdicts is sealed, and what that means."""
    share = percent(report.sealed / report.judged if report.judged else 0.0)
    return (
        f"Sealed: {report.sealed:,} of {report.judged:,} verdicts ({share} %) were reached where "
        "the candidate could see neither the tests nor the expected answers"
    )


def self_test_words(report: Report) -> list[str]:
    """Say what references scored beside themselves, if the run measured."""
    known = report.manifest.get("self_test")
    if not known:
        return []
    found = ", ".join(
        f"{each['mean']:.3f} at the {when} (spread {each['spread']:.3f}, {each['references']} of "
        "them)"
        for when, each in known.items()
    )
    return [f"Self-test: references measured beside themselves score {found}; ideal is 1"]


def _estimates(report: Report) -> list[str]:
    head = (
        "",
        "metric",
        "value %",
        f"{_level(report)} % interval",
        "problems",
        "samples",
        "method",
    )
    rows = [
        (
            column if first else "",
            estimate.metric,
            amount(estimate),
            interval(estimate),
            f"{estimate.tasks:,}",
            f"{estimate.samples:,}",
            estimate.method,
        )
        for column, estimates in {**report.estimates, **report.values}.items()
        for first, estimate in _marked(estimates)
    ]
    return aligned([head, *rows], "<<>>>><")


def _groups(report: Report) -> list[str]:
    """Return the first metric of the strictest column by kind of problem, where they are few."""
    column = report.columns[-1]
    sizes = Counter(group.key for group in report.groups)
    head = ("by", "", "problems", f"{_first_metric(report)} %", "interval")
    rows, before = [], ""
    for group in report.groups:
        found = group.estimates[column]
        if found and sizes[group.key] <= FEW_GROUPS:
            key = group.key if group.key != before else ""
            name, count = visible(group.name)[:40], f"{group.problems:,}"
            rows.append((key, name, count, percent(found[0].value), interval(found[0])))
            before = group.key
    return aligned([head, *rows], "<<>>>") if rows else []


def _first_metric(report: Report) -> str:
    column = report.columns[-1]
    prefix = f"{column} " if len(report.columns) > 1 else ""
    return prefix + next((item.metric for item in report.estimates[column]), "")


def _counts(report: Report) -> list[str]:
    rows = [
        (status, f"{count:,}", percent(count / report.samples))
        for status, count in report.counts.items()
    ]
    return aligned([("status", "samples", "%"), *rows], "<>>")


def _notes(report: Report) -> list[str]:
    known = [*report.estimates.values(), *report.values.values()]
    notes = [estimate.note for items in known for estimate in items]
    return [note for note in dict.fromkeys(notes) if note]


def _level(report: Report) -> str:
    levels = [estimate.level for items in report.estimates.values() for estimate in items]
    return f"{100 * levels[0]:g}" if levels else "95"


def _marked(items: Sequence[Estimate]) -> Iterable[tuple[bool, Estimate]]:
    return ((index == 0, item) for index, item in enumerate(items))


def aligned(rows: Sequence[Sequence[str]], sides: str) -> list[str]:
    """Align cells to the left (``<``) or right (``>``), two blanks apart."""
    shown = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return [
        "  ".join(
            f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)
        ).rstrip()
        for row in shown
    ]


def wrapped(sentences: Iterable[str], width: int) -> list[str]:
    """Return sentences as lines that are not longer than ``width``."""
    return [
        line
        for sentence in sentences
        for line in textwrap.wrap(sentence, width, subsequent_indent="  ", break_on_hyphens=False)
    ]

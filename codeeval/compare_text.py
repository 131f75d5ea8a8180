"""A comparison of runs as plain text for a terminal."""

from __future__ import annotations

from codeeval.comparing import RunComparison, RunScore
from codeeval.report_text import aligned, interval, percent, wrapped
from codeeval.visible import visible

__all__ = ["comparison_table", "p_text", "points"]

LISTED = 10


def comparison_table(comparison: RunComparison, width: int = 80) -> str:
    """Return the comparison as aligned lines of plain text, without colour."""
    first = comparison.runs[0]
    several = len(comparison.runs) > 2
    head = ["run", f"{comparison.metric} %", "95 % interval", "place"]
    rows = [
        [run.name, percent(run.estimate.value), interval(run.estimate), _place(run, several)]
        for run in comparison.runs
    ]
    blocks = [
        [f"{comparison.task}, {comparison.problems:,} problems, paired by problem"],
        aligned([head, *rows], "<>>>"),
        _differences(comparison, several),
        wrapped(_sentences(comparison), width),
        _problems(comparison),
        wrapped([f"Warning: {warning}" for warning in comparison.warnings], width),
    ]
    if first.estimate.note:
        blocks.append(wrapped([f"Note: {first.estimate.note}"], width))
    return "\n\n".join(visible("\n".join(block)) for block in blocks if block) + "\n"


def points(value: float | None) -> str:
    """Return a difference of shares in points of percent, with its sign."""
    return "–" if value is None else f"{100 * value:+.1f}"


def p_text(p: float) -> str:
    """Return a p-value with two digits, never 0."""
    return "<0.0001" if p < 0.0001 else f"{p:.2g}" if p < 0.1 else f"{p:.2f}"


def _differences(comparison: RunComparison, several: bool) -> list[str]:
    name = comparison.runs[0].name
    head = [f"against {name}", "points", "95 % interval", "p", "better", "worse"]
    if several:
        head.insert(4, "p (Holm)")
    rows = []
    for run in comparison.runs[1:]:
        found = run.against
        assert found is not None
        between = "–" if found.low is None else f"{points(found.low)} – {points(found.high)}"
        row = [run.name, points(found.difference), between, p_text(found.p_value)]
        if several and run.p_value is not None:
            row.append(p_text(run.p_value))
        rows.append([*row, str(found.better), str(found.worse)])
    return aligned([head, *rows], "<" + ">" * (len(head) - 1))


def _sentences(comparison: RunComparison) -> list[str]:
    """Say in words what the numbers allow to say."""
    said = []
    for run in comparison.runs[1:]:
        found, p = run.against, run.p_value
        assert found is not None
        assert p is not None
        names = f"{run.name} and {comparison.runs[0].name}"
        if p < 0.05:
            word = "better" if found.difference > 0 else "worse"
            said.append(
                f"{run.name} is {word} than {comparison.runs[0].name} by "
                f"{abs(100 * found.difference):.1f} points ({found.test}, p = {p_text(p)})."
            )
        else:
            said.append(f"{names} are not told apart ({found.test}, p = {p_text(p)}).")
        if found.detectable:
            said[-1] += (
                f" With these problems and samples differences from {100 * found.detectable:.1f} "
                "points on would have been seen with 80 % power."
            )
    return said


def _problems(comparison: RunComparison) -> list[str]:
    if not comparison.differing:
        return ["No problem on which they differ"]
    rows = [
        [task_id, *(percent(value) for value in values)]
        for task_id, values in comparison.differing[:LISTED]
    ]
    names = [run.name for run in comparison.runs]
    lines = aligned([["problem", *names], *rows], "<" + ">" * len(names))
    rest = len(comparison.differing) - len(rows)
    more = [f"{rest} more problems differ: see --json or --html"] if rest else []
    return [f"{len(comparison.differing)} problems on which they differ, most first", *lines, *more]


def _place(run: RunScore, several: bool) -> str:
    if not several or run.first == run.last:
        return str(run.place)
    return f"{run.place} ({run.first}–{run.last})"

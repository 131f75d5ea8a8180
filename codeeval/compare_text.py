"""A comparison of runs as plain text for a terminal."""

from __future__ import annotations

from codeeval.comparing import RunComparison, RunScore
from codeeval.report_text import aligned, interval, percent, wrapped
from codeeval.visible import visible

__all__ = ["comparison_table", "notes", "p_text", "place", "points"]

LISTED = 10


def comparison_table(comparison: RunComparison, width: int = 80) -> str:
    """Return the comparison as aligned lines of plain text, without colour."""
    several = len(comparison.runs) > 2
    level = f"{100 * comparison.runs[0].estimate.level:g} % interval"
    head = ["run", f"{comparison.metric} %", level, "place"]
    rows = [
        [run.name, percent(run.estimate.value), interval(run.estimate), place(run)]
        for run in comparison.runs
    ]
    problems = "1 problem" if comparison.problems == 1 else f"{comparison.problems:,} problems"
    blocks = [
        [f"{comparison.task}, {problems}, paired by problem"],
        aligned([head, *rows], "<>>>"),
        _differences(comparison, several),
        wrapped(_sentences(comparison), width),
        _problems(comparison),
        wrapped([f"Note: {note}" for note in notes(comparison)], width),
        wrapped([f"Warning: {warning}" for warning in comparison.warnings], width),
    ]
    return "\n\n".join(visible("\n".join(block)) for block in blocks if block) + "\n"


def notes(comparison: RunComparison) -> list[str]:
    """Return what has to be known of the intervals, and of which run."""
    found = [(run.name, run.estimate.note) for run in comparison.runs]
    found += [(run.name, run.against.note) for run in comparison.runs if run.against is not None]
    return [f"{name}: {note}" for name, note in found if note]


def place(run: RunScore) -> str:
    """Return a run's place, and those that the tests leave possible."""
    return str(run.place) if run.first == run.last else f"{run.place} ({run.first}–{run.last})"


def points(value: float | None) -> str:
    """Return a difference of shares in points of percent, with its sign."""
    return "–" if value is None else f"{100 * value:+.1f}"


def p_text(p: float) -> str:
    """Return a p-value with two digits, never 0."""
    return "< 0.0001" if p < 0.0001 else f"{p:.2g}" if p < 0.1 else f"{p:.2f}"


def _differences(comparison: RunComparison, several: bool) -> list[str]:
    name = comparison.runs[0].name
    level = f"{100 * comparison.runs[0].estimate.level:g} % interval"
    exact = any(run.against and run.against.p_exact is not None for run in comparison.runs)
    more = (["exact p"] if exact else []) + (["p (Holm)"] if several else [])
    head = [f"against {name}", "points", level, "p", *more, "better", "worse"]
    rows = []
    for run in comparison.runs[1:]:
        found = run.against
        assert found is not None
        between = "–" if found.low is None else f"{points(found.low)} – {points(found.high)}"
        row = [run.name, points(found.difference), between, p_text(found.p_value)]
        if exact:
            row.append("–" if found.p_exact is None else p_text(found.p_exact))
        if several and run.p_value is not None:
            row.append(p_text(run.p_value))
        rows.append([*row, str(found.better), str(found.worse)])
    return aligned([head, *rows], "<" + ">" * (len(head) - 1))


def _sentences(comparison: RunComparison) -> list[str]:
    """Say in words what the numbers allow to say."""
    said = []
    first = comparison.runs[0].name
    for run in comparison.runs[1:]:
        found, p = run.against, run.p_value
        assert found is not None
        assert p is not None
        adjusted = "adjusted " if len(comparison.runs) > 2 else ""
        equals = "" if p < 0.0001 else "= "
        test = f"({found.test}, {adjusted}p {equals}{p_text(p)})"
        if p < 0.05:
            word = "better" if found.difference > 0 else "worse"
            size = f"{abs(100 * found.difference):.1f} points"
            said.append(f"{run.name} is {word} than {first} by {size} {test}.")
        else:
            said.append(f"{run.name} and {first} are not told apart {test}.")
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
    count = len(comparison.differing)
    rest = count - len(rows)
    more = [f"{rest} more problems differ: see --json or --html"] if rest else []
    what = "1 problem" if count == 1 else f"{count} problems"
    return [f"{what} on which they differ, most first", *lines, *more]

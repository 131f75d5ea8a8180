"""The part of the page about traces: a program, the path that it takes, and that of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from codeeval.charts import meter
from codeeval.html_parts import table_head, text
from codeeval.report import Report
from codeeval.report_text import percent
from codeeval.sandbox.verdict import Status, Trace, Verdict
from codeeval.tasks.divergence import KINDS
from codeeval.tasks.traces import Step, closeness, collapsed, steps_in
from codeeval.visible import clip, visible

__all__ = ["divergences_figure", "trace_figure"]

BEFORE, AFTER = 6, 8
"""Steps that are shown before and after the first that differs."""
LONGEST_LINE, LONGEST_STEP = 60, 28
STARTS = (1, 2, 3, 5, 9, 17, 33, 65, 129, 5001)
"""Where classes of steps begin."""
KIND_NAMES = {
    "loop": "head of a loop",
    "branch": "branch",
    "return": "return",
    "exception": "exception or its handler",
    "comprehension": "comprehension",
    "call": "call",
    "other": "any other",
    "end": "the end: nothing follows",
}


def divergences_figure(report: Report) -> str:
    """Return where answers first go wrong: at what, and at which step; nothing if none is known."""
    rows = [row.values for row in report.problems if row.values.get("first_divergence")]
    if not rows:
        return ""

    def total(column: str) -> int:
        return int(sum(sum(values[column]) for values in rows))

    kinds = [(KIND_NAMES[kind], total(f"met_{kind}"), total(f"lost_{kind}")) for kind in KINDS]
    places = [
        (int(steps), int(first))
        for values in rows
        for steps, first in zip(values["steps"], values["first_divergence"], strict=True)
        if steps
    ]
    spans = [
        (
            f"{start} – {end}" if end > start else str(start),
            sum(max(0, min(end, first or steps + 1) - start + 1) for steps, first in places),
            sum(start <= first <= end for _, first in places),
        )
        for start, end in ((start, after - 1) for start, after in pairwise(STARTS))
    ]
    return (
        '<figure class="divergences"><figcaption>Where answers first go wrong. Of the steps that '
        "answers had to tell while all before were right, how many were wrong: by the kind of "
        "statement that is executed there, and by the place of the step.</figcaption>"
        f"{_rates('Statement', kinds)}{_rates('Step', spans)}</figure>"
    )


def _rates(what: str, counted: Sequence[tuple[str, int, int]]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{text(name)}</th><td class="r">{met:,}</td>'
        f'<td class="r">{lost:,}</td><td class="r">{percent(lost / met)}</td>'
        f'<td class="bar">{meter(lost / met, "c1")}</td></tr>'
        for name, met, lost in counted
        if met
    )
    head = table_head(what, "Met", "First wrong", "%", "", right=range(1, 4))
    return f'<table class="statuses">{head}<tbody>{rows}</tbody></table>'


def trace_figure(verdict: Verdict) -> str:
    """Return the program beside both paths, the first step that differs marked; or nothing."""
    traces = [result.trace for result in verdict.results if result.trace is not None]
    if not traces:
        return ""
    trace = traces[0]
    actual = collapsed(steps_in(trace.expected) or ())
    answer = collapsed(steps_in(trace.predicted) or ())
    if not actual:
        return ""
    lines = visible(trace.source.rstrip("\n")).split("\n")
    first = None
    if verdict.status is not Status.PASSED:  # of long traces only the beginning is at hand
        first = closeness(actual, answer).first_divergence
    place = len(actual) if first is None else first
    said = _said(actual, answer, first)
    return (
        f'<div class="trace">{_source(lines, actual, answer, first)}'
        f"{_steps(lines, actual, answer, place, first)}</div>"
        f'<p class="note">{said}</p>{_unreadable(trace, answer)}'
    )


def _said(actual: Sequence[Step], answer: Sequence[Step], first: int | None) -> str:
    if first is None:
        return f"The answer has all steps, of which there are {len(answer):,}."
    return (
        f"The first {first - 1:,} of {len(actual):,} steps are right; the answer has "
        f"{len(answer):,}. Lines that follow themselves count as one step."
    )


def _unreadable(trace: Trace, answer: Sequence[Step]) -> str:
    if answer or trace.predicted in ("", "[]"):
        return ""
    return (
        f'<p class="label">the list in the answer</p><pre>{text(clip(trace.predicted, 1000))}</pre>'
    )


def _source(
    lines: Sequence[str], actual: Sequence[Step], answer: Sequence[Step], first: int | None
) -> str:
    """Return the program; a dot is a line that is executed, or that the answer has."""
    right, own = set(actual), set(answer)
    here = _at(actual, first), _at(answer, first)
    rows = ""
    for number, line in enumerate(lines, start=1):
        marks = "".join(
            f'<td class="mark {colour}">{"●" if number in steps else ""}</td>'
            for colour, steps in (("c3", right), ("c2", own))
        )
        kind = " ".join(
            name for name, step in zip(("is", "said"), here, strict=True) if step == number
        )
        rows += (
            f'<tr class="{kind}">{marks}<td class="r">{number}</td>'
            f"<td><code>{text(_short(line))}</code></td></tr>"
        )
    return (
        '<table class="program"><caption><span class="key c3"><i></i>executed</span> '
        f'<span class="key c2"><i></i>in the answer</span></caption><tbody>{rows}</tbody></table>'
    )


def _steps(
    lines: Sequence[str],
    actual: Sequence[Step],
    answer: Sequence[Step],
    place: int,
    first: int | None,
) -> str:
    """Return both paths step by step, around the first that differs."""
    start = max(1, place - BEFORE)
    end = min(max(len(actual), len(answer)), place + AFTER)
    rows = "".join(
        f'<tr class="{"is said" if step == first else ""}"><th scope="row" class="r">{step:,}</th>'
        f"{_step(lines, _at(actual, step))}{_step(lines, _at(answer, step))}</tr>"
        for step in range(start, end + 1)
    )
    head = table_head("Step", "Executed", "Answer", right=range(1))
    return f'<table class="steps">{head}<tbody>{rows}</tbody></table>'


def _at(steps: Sequence[Step], place: int | None) -> Step | None:
    return steps[place - 1] if place is not None and place <= len(steps) else None


def _step(lines: Sequence[str], step: Step | None) -> str:
    if step is None:
        return "<td>–</td>"
    shown = str(step)
    if isinstance(step, int) and 1 <= step <= len(lines):
        return (
            f"<td>{shown} <code>{text(_short(lines[step - 1].strip(), LONGEST_STEP))}</code></td>"
        )
    return f"<td>{text(shown)}</td>"


def _short(line: str, longest: int = LONGEST_LINE) -> str:
    return line if len(line) <= longest else line[: longest - 1] + "…"

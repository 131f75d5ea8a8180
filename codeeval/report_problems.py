"""The part of the page that goes through the problems one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from codeeval.charts import meter, profile
from codeeval.excerpts import Excerpt
from codeeval.html_parts import human_bytes, one_line, text, words
from codeeval.report import ProblemRow, Report
from codeeval.report_costs import costs_figure
from codeeval.report_traces import trace_figure
from codeeval.sandbox.verdict import CheckResult
from codeeval.visible import clip, visible

__all__ = ["ROWS", "article", "lead", "problems_section", "series"]

ROWS = 3000
"""How many problems are listed one by one."""

MESSAGE_CHARACTERS = 1200

KINDS = {
    "always": "Solved always",
    "sometimes": "Sometimes",
    "never": "Never",
    "unjudged": "Not judged",
}


def lead(report: Report) -> str:
    """Say in a sentence what the strictest column, the last, means problem by problem."""
    column = report.columns[-1]
    kinds = [_kind(row, column) for row in report.problems]
    total = len(kinds) - kinds.count("unjudged")
    always, never = kinds.count("always"), kinds.count("never")
    start = f"{always:,} of {total:,} problems are solved"
    if len(report.columns) > 1:
        start = f"Judged by {text(column)}, {start}"
    if all(row.samples <= 1 for row in report.problems):
        return f"{start}, with one sample each."
    return f"{start} by every sample, {kinds.count('sometimes'):,} by some and {never:,} by none."


def problems_section(report: Report, articles: Mapping[str, Sequence[str]]) -> str:
    """Return the charts over all problems and the list of them.

    Args:
        report: The report.
        articles: For each problem the samples that are shown, as HTML.
    """
    rows, column = report.problems[:ROWS], report.columns[-1]
    heat = "".join(_heat(number, row, column) for number, row in enumerate(rows))
    items = "".join(
        _problem(report, number, row, articles.get(row.task_id, ()))
        for number, row in enumerate(rows)
    )
    rest = len(report.problems) - len(rows)
    more = f'<p class="note">{rest:,} more problems are in report.json.</p>' if rest else ""
    return (
        _profile(report)
        + '<figure class="plot"><figcaption>Every problem in the order of the benchmark, '
        + f'{text(column)}: right in no sample <span class="scale"></span> in every sample. '
        + "A cell leads to its problem.</figcaption>"
        + f'<div class="heat" aria-hidden="true">{heat}</div></figure>'
        + f"<h3>One by one</h3>{_filters([_kind(row, column) for row in rows])}"
        + f'<div class="list">{items}</div>{more}'
    )


def _profile(report: Report) -> str:
    judged = [row for row in report.problems if row.samples]
    key = "".join(
        f'<span class="key {series(report, name)}"><i></i>{text(name)}</span>'
        for name in report.columns
    )
    shares = [
        (series(report, name), [row.correct[name] / row.samples for row in judged])
        for name in report.columns
    ]
    return (
        '<figure class="plot"><figcaption>The share of right samples of each problem, from the '
        f"problem solved most often to the one solved least often. {key}</figcaption>"
        '<div class="plane"><p class="ys" aria-hidden="true"><span>100 %</span><span>50</span>'
        f"<span>0</span></p>{profile(shares, lead(report))}"
        '<p class="ends"><span>solved most often</span><span>solved least often</span></p></div>'
        "</figure>"
    )


def _filters(kinds: Sequence[str]) -> str:
    """Return radio buttons that leave only problems of a kind; the style sheet does the work."""
    filters = [("all", f"All {len(kinds):,}", " checked")]
    filters += [
        (kind, f"{name} {kinds.count(kind):,}", "") for kind, name in KINDS.items() if kind in kinds
    ]
    return "".join(
        f'<input class="filter" type="radio" name="kind" id="f-{kind}"{checked}>'
        f'<label for="f-{kind}">{name}</label>'
        for kind, name, checked in filters
    )


def article(excerpt: Excerpt, *, paint: Callable[[str], str]) -> str:
    """Return one sample with its verdict; ``paint`` turns its code into HTML."""
    sample, verdict = excerpt.sample, excerpt.verdict
    facts = [
        "sealed" if verdict.sealed else "not sealed",
        f"{verdict.usage.cpu_seconds:.2f} s CPU",
        f"{verdict.usage.wall_seconds:.2f} s wall",
        human_bytes(verdict.usage.memory_bytes),
    ]
    facts += [f"run {excerpt.attempts} times"] * (excerpt.attempts > 1)
    facts += [text(sample.model)] * bool(sample.model)
    checks = " · ".join(map(_check, verdict.results))
    return (
        f'<article class="s-{verdict.status}"><h4>{words(verdict.status)} '
        f"<span>sample {sample.index}</span></h4>"
        f'<p class="meta">{" · ".join(facts)}<br>{checks}</p>'
        + _output("", clip(verdict.message, MESSAGE_CHARACTERS))
        + costs_figure(verdict)
        + trace_figure(verdict)
        + _code(excerpt, paint)
        + _output("standard output", verdict.stdout)
        + _output("standard error", verdict.stderr)
        + "</article>"
    )


def _check(result: CheckResult) -> str:
    line = f"{text(result.name)}: {words(result.status)}"
    if result.total == 1:
        return line
    line += f", {result.completed:,} of {result.total:,} tests finished"
    return line + (f", first failing test {result.failures[0]:,}" if result.failures else "")


def _code(excerpt: Excerpt, paint: Callable[[str], str]) -> str:
    sample = excerpt.sample
    kind = "completion" if sample.completion is not None else "solution"
    code = visible(sample.text.removesuffix("\n"))
    if not code.strip():
        return f'<p class="label">The {kind} is empty.</p>'
    numbers = "\n".join(map(str, range(1, code.count("\n") + 2)))
    cut = excerpt.characters - len(sample.text)
    more = f'<p class="label">… {cut:,} more characters</p>' if cut > 0 else ""
    return (
        f'<p class="label">{kind}</p><div class="code" tabindex="0" role="group" '
        f'aria-label="{kind}"><pre aria-hidden="true">{numbers}</pre>'
        f"<pre>{paint(code)}</pre></div>{more}"
    )


def _kind(row: ProblemRow, column: str) -> str:
    if not row.samples:
        return "unjudged"
    right = row.correct[column]
    return "never" if not right else "always" if right == row.samples else "sometimes"


def series(report: Report, column: str) -> str:
    """Return the colour class of a column; the only one takes the accent."""
    if column in report.values:
        return "c2"
    number = report.columns.index(column) if len(report.columns) > 1 else 1
    return f"c{number % 4}"


def _problem(report: Report, number: int, row: ProblemRow, articles: Sequence[str]) -> str:
    shares = "".join(
        f'<span class="share">{text(column)}'
        f"{meter(row.correct[column] / row.samples if row.samples else 0, series(report, column))}"
        f"{row.correct[column]}/{row.samples}</span>"
        for column in report.columns
    )
    chips = "".join(
        f'<span><i class="dot s-{status}"></i>{count} {words(status)}</span>'
        for status, count in row.statuses.items()
    )
    known = " · ".join(f"{text(key)} {one_line(item)}" for key, item in row.metadata.items())
    about = f"<p>{known}</p>" if known else ""
    inside = "".join(articles) or "<p>No sample of this problem is shown on this page.</p>"
    return (
        f'<details class="{_kind(row, report.columns[-1])}"><summary>'
        f'<span class="id">{text(row.task_id)}</span><span class="shares">{shares}</span>'
        f'<span class="chips">{chips or "no sample"}</span></summary>'
        f'<div class="inside" id="p{number}">{about}{inside}</div></details>\n'
    )


def _heat(number: int, row: ProblemRow, column: str) -> str:
    title = f"{text(row.task_id)}: {row.correct[column]} of {row.samples}"
    share = f'style="--v:{100 * row.correct[column] / row.samples:.0f}%"' if row.samples else ""
    return f'<a href="#p{number}" tabindex="-1" title="{title}" {share or "class=none"}></a>'


def _output(label: str, content: str) -> str:
    if not content.strip():
        return ""
    title = f'<p class="label">{label}</p>' if label else ""
    return f'{title}<pre class="text">{text(content)}</pre>'

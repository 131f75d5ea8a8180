"""The parts of the page that break scores down: over k, and by kind of problem."""

from __future__ import annotations

from collections.abc import Sequence

from codeeval.breakdowns import Group
from codeeval.charts import axis, curve, curve_axis, forest_row, k_of
from codeeval.html_parts import table_head, text, words
from codeeval.report import Report
from codeeval.report_problems import series
from codeeval.report_text import FEW_GROUPS, interval, percent

__all__ = ["curves_figure", "groups_section"]


def curves_figure(report: Report) -> str:
    """Return pass@k as a curve over k for each column, with its band; nothing for few samples."""
    if not report.curves:
        return ""
    key = "".join(
        f'<span class="key {series(report, name)}"><i></i>{text(name)}</span>'
        for name in report.columns
    )
    lines = [(series(report, name), items) for name, items in report.curves.items()]
    ks = [k_of(item) for item in next(iter(report.curves.values()))]
    ends = ", ".join(
        f"{name}: {items[0].metric} {percent(items[0].value)} %, {items[-1].metric} "
        f"{percent(items[-1].value)} %"
        for name, items in report.curves.items()
    )
    return (
        '<figure class="plot"><figcaption>pass@k for k up to the fewest samples of a problem, on a '
        f"logarithmic scale; the band is the interval. {key}</figcaption>"
        '<div class="plane"><p class="ys" aria-hidden="true"><span>100 %</span><span>50</span>'
        f"<span>0</span></p>{curve(lines, ends)}"
        f'<div class="ks">{curve_axis(ks)}</div></div></figure>'
    )


def groups_section(report: Report) -> str:
    """Return the scores by each key of the problems' metadata, as tables with charts."""
    keys = dict.fromkeys(group.key for group in report.groups)
    tables = "".join(
        _table(report, key, [group for group in report.groups if group.key == key]) for key in keys
    )
    if not tables:
        return ""
    title = '<h2 id="groups-title">By kind of problem</h2>'
    return f'<section aria-labelledby="groups-title">{title}{tables}</section>'


def _table(report: Report, key: str, groups: Sequence[Group]) -> str:
    column = report.columns[-1]
    lines = ""
    for group in groups:
        if not (found := group.estimates[column]):
            continue
        lines += (
            f'<tr><th scope="row">{text(group.name)}</th><td class="r">{group.problems:,}</td>'
            f'<td class="r">{text(percent(found[0].value))}</td>'
            f'<td class="r">{interval(found[0])}</td>'
            f'<td class="chart">{forest_row(found[0], series(report, column))}</td></tr>'
        )
    metric = next((item.metric for item in report.estimates[column]), "")
    if not lines:
        return ""
    name = "Released in" if key == "released" else words(key).capitalize()
    head = table_head(name, "Problems", "%", "Interval", "From 0 to 100 %", right=(1, 2, 3))
    table = (
        f'<table class="groups forests four"><caption>{text(column)}, {text(metric)}</caption>'
        f"{head}<tbody>{lines}</tbody><tfoot aria-hidden=true><tr><td colspan=4></td>"
        f'<td class="chart">{axis()}</td></tr></tfoot></table>'
    )
    if len(groups) <= FEW_GROUPS:
        return table
    summary = f"{name}: {len(groups)} kinds"
    return f'<details class="more"><summary>{summary}</summary>{table}</details>'

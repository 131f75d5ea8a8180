"""A comparison of runs as one HTML page: no outside link, no script."""

from __future__ import annotations

from pathlib import Path

from codeeval.charts import axis, difference_axis, difference_row, forest_row
from codeeval.compare_text import notes, p_text, place, points
from codeeval.comparing import RunComparison
from codeeval.html_parts import table_head, text
from codeeval.report_html import page_of, write_page
from codeeval.report_text import interval, percent

__all__ = ["write_comparison_html"]

LISTED = 500


def write_comparison_html(path: Path, comparison: RunComparison) -> None:
    """Write the comparison as one self-contained page; it appears whole or not at all."""
    page = page_of(
        "compare.html",
        title=f"{text(comparison.task)} · comparison · codeeval",
        heading=f"{text(comparison.task)} <small>{text(comparison.metric)}</small>",
        byline=f"{len(comparison.runs)} runs, {comparison.problems:,} problems, paired by problem",
        warnings=_warnings(comparison),
        scores=_scores(comparison),
        differences=_differences(comparison),
        problems=_problems(comparison),
    )
    write_page(path, page)


def _scores(comparison: RunComparison) -> str:
    level = f"{100 * comparison.runs[0].estimate.level:g} %"
    lines = "".join(
        f'<tr><th scope="row">{text(run.name)}</th><td class="r">{percent(run.estimate.value)}</td>'
        f'<td class="r">{interval(run.estimate)}</td>'
        f'<td class="r">{place(run)}</td>'
        f'<td class="chart">{forest_row(run.estimate, "c1")}</td></tr>'
        for run in comparison.runs
    )
    head = table_head("Run", "%", "Interval", "Place", "From 0 to 100 %", right=(1, 2, 3))
    return (
        f'<table class="forests four"><caption>The dot is the estimate, the line its {level} '
        "interval. In brackets: the places that the paired tests, adjusted by Holm, leave possible."
        "</caption>"
        f"{head}<tbody>{lines}</tbody><tfoot aria-hidden=true><tr><td colspan=4></td>"
        f"<td class=chart>{axis()}</td></tr></tfoot></table>"
    )


def _differences(comparison: RunComparison) -> str:
    found = [(run, run.against) for run in comparison.runs[1:] if run.against is not None]
    reach = max(
        [0.01]
        + [abs(end) for _, each in found for end in (each.low, each.high, each.difference)
           if end is not None]
    )  # fmt: skip
    lines = ""
    for run, each in found:
        between = "–" if each.low is None else f"{points(each.low)} – {points(each.high)}"
        seen = "–" if each.detectable is None else f"{100 * each.detectable:.1f}"
        exact = "–" if each.p_exact is None else text(p_text(each.p_exact))
        adjusted = p_text(1.0 if run.p_value is None else run.p_value)
        lines += (
            f'<tr><th scope="row">{text(run.name)}</th>'
            f'<td class="r">{points(each.difference)}</td><td class="r">{between}</td>'
            f'<td class="r">{text(p_text(each.p_value))}</td><td class="r">{exact}</td>'
            f'<td class="r">{text(adjusted)}</td>'
            f'<td class="r">{each.better} / {each.worse}</td><td class="r">{seen}</td>'
            f'<td class="chart">{difference_row(each.difference, each.low, each.high, reach)}</td>'
            "</tr>"
        )
    head = table_head(
        "Run", "Points", "Interval", "p", "Exact p", "p (Holm)", "Better / worse", "Seen from", "",
        right=range(1, 8),
    )  # fmt: skip
    tests = " and ".join(dict.fromkeys(each.test for _, each in found))
    caption = (
        f"Against <b>{text(comparison.runs[0].name)}</b>, in points of percent; test: "
        f"{text(tests)}. Better and worse count problems. Differences from the last number on "
        "would have been seen with 80 % power."
    )
    foot = (
        "<tfoot aria-hidden=true><tr><td colspan=8></td>"
        f'<td class="chart">{difference_axis(reach)}</td></tr></tfoot>'
    )
    return _scrolling("Differences", caption, f"{head}<tbody>{lines}</tbody>{foot}")


def _problems(comparison: RunComparison) -> str:
    if not comparison.differing:
        return "<p>There is no problem on which they differ.</p>"
    names = [run.name for run in comparison.runs]
    head = table_head("Problem", *map(text, names), right=range(1, len(names) + 1))
    lines = "".join(
        f'<tr><th scope="row">{text(task_id)}</th>'
        + "".join(f'<td class="r">{percent(value)}</td>' for value in values)
        + "</tr>"
        for task_id, values in comparison.differing[:LISTED]
    )
    rest = len(comparison.differing) - LISTED
    more = f'<p class="note">{rest:,} more problems differ.</p>' if rest > 0 else ""
    count = f"{len(comparison.differing):,} problems"
    caption = f"{count} on which they differ, most first: value in percent."
    return _scrolling("Problems", caption, f"{head}<tbody>{lines}</tbody>") + more


def _scrolling(label: str, caption: str, content: str) -> str:
    """Return a table that narrow screens may scroll."""
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{label}"><table>'
        f"<caption>{caption}</caption>{content}</table></div>"
    )


def _warnings(comparison: RunComparison) -> str:
    sentences = [*comparison.warnings, *notes(comparison)]
    if not sentences:
        return ""
    items = "".join(f"<li>{text(sentence)}</li>" for sentence in sentences)
    title = '<h2 id="warnings-title">Before you quote these numbers</h2>'
    return (
        f'<aside class="warnings" aria-labelledby="warnings-title">{title}<ul>{items}</ul></aside>'
    )

"""The report as one HTML page: no outside link, no script, and nothing in it that could act."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from codeeval.charts import axis, forest_row, meter, stacked_bar
from codeeval.excerpts import FAILING, PASSING, Excerpt, choose, load
from codeeval.highlight import highlight
from codeeval.html_parts import decimal, moment, one_line, table_head, text, value, words
from codeeval.report import Report
from codeeval.report_breakdowns import curves_figure, groups_section
from codeeval.report_costs import values_figure
from codeeval.report_problems import (
    MESSAGE_CHARACTERS,
    ROWS,
    article,
    lead,
    problems_section,
    series,
)
from codeeval.report_text import amount, interval, is_share, percent, samples_each
from codeeval.report_traces import divergences_figure
from codeeval.sandbox.verdict import Status
from codeeval.scoring.estimate import Estimate
from codeeval.visible import clip

__all__ = ["page_of", "write_page", "write_report_html"]

MAIN = ("efficiency", "efficient")
"""The columns of values of which the page's headline tells."""
PAGE_BYTES = 5_000_000
"""A page does not grow beyond this, however large the run is."""

EXCERPTS = 4000
"""How many samples are considered for being shown."""

CODE_CHARACTERS, OUTPUT_CHARACTERS = 8000, 1000

MEANINGS = {
    Status.PASSED: "every check passed",
    Status.WRONG_ANSWER: "it ran, and a result was not the expected one",
    Status.RUNTIME_ERROR: "it raised an exception or ended before its checks did",
    Status.SYNTAX_ERROR: "it is not a program of its language",
    Status.COMPILE_ERROR: "its compiler refused it",
    Status.TIMEOUT: "it used up its time",
    Status.MEMORY_LIMIT: "it used up its memory",
    Status.OUTPUT_LIMIT: "it wrote more than it may",
    Status.FORBIDDEN: "it did what is not allowed",
    Status.NO_CODE: "the answer holds no code",
    Status.INFRASTRUCTURE_ERROR: "the machine failed: not judged, left out of n",
}


def write_report_html(path: Path, report: Report, run_directory: Path) -> None:
    """Write ``report`` as one self-contained page, with a few samples of each problem.

    Samples and results are read as streams; of each problem up to three failing samples, of
    different statuses where possible, and one that passes are shown, most telling first, until the
    page is full. The file appears whole or not at all.

    Args:
        path: Where the page goes.
        report: What it says.
        run_directory: Where ``samples.jsonl.gz`` and ``results.jsonl`` are.
    """
    rows = report.problems[:ROWS]
    chosen = choose(run_directory, (row.task_id for row in rows), EXCERPTS)
    excerpts = load(run_directory, chosen, CODE_CHARACTERS, OUTPUT_CHARACTERS)
    models = _models(report, excerpts.values())
    room = PAGE_BYTES - len(_page(report, models, {}, len(excerpts)).encode())
    python = report.manifest.get("language", "python") == "python"
    articles: dict[str, list[str]] = {}
    passing: dict[str, list[str]] = {}
    for key in chosen:
        if key not in excerpts:
            continue
        shown = article(excerpts[key], paint=highlight if python else text)
        if len(shown.encode()) <= room:
            room -= len(shown.encode())
            passed = excerpts[key].verdict.status is Status.PASSED
            (passing if passed else articles).setdefault(key[0], []).append(shown)
    for task_id, items in passing.items():
        articles.setdefault(task_id, []).extend(items)
    page = _page(report, models, articles, sum(map(len, articles.values())))
    write_page(path, page)


def _page(
    report: Report, models: Sequence[str], articles: Mapping[str, Sequence[str]], shown: int
) -> str:
    manifest = report.manifest
    task = text(manifest.get("task", "evaluation"))
    version = text(manifest.get("task_version", ""))
    by = ", ".join(f"<b>{text(model)}</b>" for model in models)
    made = [by, moment(manifest.get("finished") or manifest.get("started") or "")]
    if manifest.get("status", "complete") != "complete":
        made.append(f"the run is <b>{text(manifest['status'])}</b>")
    return page_of(
        "report.html",
        title=" · ".join([task, *map(text, models), "codeeval"]),
        heading=f"{task} <small>{version}</small>" if version else task,
        byline=" · ".join(part for part in made if part),
        headline=_headline(report),
        lead=lead(report),
        facts=_facts(report),
        warnings=_warnings(report),
        scores=_scores(report)
        + curves_figure(report)
        + values_figure(report)
        + divergences_figure(report),
        groups=groups_section(report),
        verdicts=_verdicts(report),
        problems=problems_section(report, articles),
        manifest=value(_without_repeats(manifest)),
        left_out=_left_out(report, shown),
    )


def _headline(report: Report) -> str:
    """Return the first estimate of each column in large figures."""
    main = {column: report.values[column] for column in MAIN if column in report.values}
    several = len(report.columns) + len(main) > 1
    figures = "".join(
        f'<p class="figure {series(report, column)}">'
        f"<span>{f'{text(column)} · ' if several else ''}{text(estimate.metric)}</span>"
        f"<b>{text(percent(estimate.value))}<small>%</small></b>"
        f"<span>{_between(estimate)}</span></p>"
        for column, estimates in {**report.estimates, **main}.items()
        for estimate in estimates[:1]
    )
    return f'<div class="figures">{figures}</div>'


def _between(estimate: Estimate) -> str:
    if estimate.low is None:
        return "no interval"
    return f'{100 * estimate.level:g}&nbsp;% interval <em class="nb">{interval(estimate)}</em>'


def _facts(report: Report) -> str:
    manifest = report.manifest
    digest = str(manifest.get("data_digest", ""))
    isolation = manifest.get("isolation") or "not recorded"
    share = percent(report.sealed / report.judged if report.judged else 0.0)
    facts = (
        ("Problems", f"{len(report.problems):,}", ""),
        (
            "Samples judged",
            f"{report.judged:,}",
            samples_each(report).partition("(")[2].rstrip(")"),
        ),
        ("Sealed verdicts", f"{text(share)} %", f"{report.sealed:,} of {report.judged:,}"),
        ("Isolation", one_line(isolation), ""),
        ("Not judged", f"{report.infrastructure_errors:,}", "infrastructure errors"),
        *_self_test(report),
        ("Data", text(digest[:12] or "not recorded"), "sha256, first digits" if digest else ""),
    )
    cells = "".join(
        f"<div><dt>{name}</dt><dd>{value}{f'<small>{more}</small>' if more else ''}</dd></div>"
        for name, value, more in facts
    )
    return f'<dl class="facts">{cells}</dl>'


def _self_test(report: Report) -> list[tuple[str, str, str]]:
    known = report.manifest.get("self_test")
    if not known:
        return []
    means = " · ".join(f"{each['mean']:.3f}" for each in known.values())
    return [("Self-test", means, "references beside themselves, at start and end; ideal is 1")]


def _warnings(report: Report) -> str:
    sentences = [*report.warnings, *report.refused.values()]
    sentences += dict.fromkeys(
        estimate.note for items in report.estimates.values() for estimate in items if estimate.note
    )
    if not sentences:
        return ""
    items = "".join(f"<li>{text(clip(sentence, 1000))}</li>" for sentence in sentences)
    title = '<h2 id="warnings-title">Before you quote these numbers</h2>'
    return (
        f'<aside class="warnings" aria-labelledby="warnings-title">{title}<ul>{items}</ul></aside>'
    )


def _scores(report: Report) -> str:
    bodies, numbers = "", ""
    for column, estimates in {**report.estimates, **report.values}.items():
        colour = series(report, column)
        lines = "".join(
            f'<tr role="row"><th scope="row" role="rowheader">{text(item.metric)}</th>'
            f'<td class="r" role="cell">{text(amount(item))}</td>'
            f'<td class="r" role="cell">{interval(item)}</td>'
            f'<td class="chart" role="cell">'
            f"{forest_row(item, colour) if is_share(item) else ''}</td></tr>"
            for item in estimates
        )
        lines = lines or '<tr><td colspan="4">No k can be reported.</td></tr>'
        title = f'<i class="{colour}"></i>{text(column)}'
        group = f'<th scope="rowgroup" role="rowheader" colspan="4" class="group">{title}</th>'
        bodies += f'<tbody role="rowgroup"><tr role="row">{group}</tr>{lines}</tbody>'
        numbers += "".join(
            f'<tr><th scope="row">{text(column)} {text(item.metric)}</th>'
            f'<td class="r">{item.value:.6f}</td><td class="r">{decimal(item.se)}</td>'
            f'<td class="r">{decimal(item.se_sampling)}</td><td class="r">{item.tasks:,}</td>'
            f'<td class="r">{item.samples:,}</td><td>{text(item.method)}</td></tr>'
            for item in estimates
        )
    # Roles are spelt out because narrow screens lay this table out as a grid.
    head = "".join(
        f'<th scope="col" role="columnheader" class="{css_class}">{name}</th>'
        for name, css_class in (
            ("Metric", ""), ("%", "r"), ("Interval", "r"), ("From 0 to 100 %", "chart")
        )
    )  # fmt: skip
    caption = "<caption>The dot is the estimate, the line its interval.</caption>"
    more = table_head(
        "Metric", "Value", "SE over problems", "SE of sampling", "Problems", "Samples", "Method",
        right=range(1, 6),
    )  # fmt: skip
    return (
        f'<table class="forests" role="table">{caption}'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>{bodies}'
        '<tfoot aria-hidden="true"><tr><td colspan="3"></td>'
        f'<td class="chart">{axis()}</td></tr></tfoot></table>'
        '<details class="more"><summary>Standard errors and methods</summary>'
        '<div class="scroll" role="region" tabindex="0" aria-label="Standard errors and methods">'
        f"<table>{more}<tbody>{numbers}</tbody></table></div></details>"
    )


def _verdicts(report: Report) -> str:
    label = ", ".join(f"{words(status)} {count:,}" for status, count in report.counts.items())
    lines = "".join(
        f'<tr><th scope="row"><i class="dot s-{status}"></i>{words(status)}'
        f"<small>{MEANINGS[Status(status)]}</small></th>"
        f'<td class="r">{count:,}</td><td class="r">{text(percent(count / report.samples))}</td>'
        f'<td class="bar">{meter(count / report.samples, f"s-{status}")}</td></tr>'
        for status, count in report.counts.items()
    )
    head = table_head("Status", "Samples", "%", "", right=(1, 2))
    caption = (
        f"<caption>How the {report.samples:,} samples ended. A sample passes if it passes every "
        "check.</caption>"
    )
    return (
        stacked_bar(report.counts, label)
        + f'<table class="statuses">{caption}{head}<tbody>{lines}</tbody></table>'
    )


def _left_out(report: Report, shown: int) -> str:
    return (
        f"Of {report.samples:,} samples {shown:,} are shown: of each problem at most {FAILING} "
        f"that fail, of different statuses where possible, and {PASSING} that passes, until the "
        f"page reaches {PAGE_BYTES // 10**6} MB. Code is cut after {CODE_CHARACTERS:,} characters, "
        f"messages after {MESSAGE_CHARACTERS:,}, outputs after {OUTPUT_CHARACTERS:,}. Every sample "
        "and verdict is in samples.jsonl.gz and results.jsonl beside this page. Characters that "
        "cannot be seen are spelt out."
    )


def _without_repeats(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out a part of the manifest that only says again what stands beside it."""
    return {
        key: item
        for key, item in manifest.items()
        if not isinstance(item, Mapping)
        or not item
        or any(manifest.get(name, item) != inner for name, inner in item.items())
    }


def _models(report: Report, excerpts: Iterable[Excerpt]) -> list[str]:
    """Return the model that the manifest names, else those of the samples that are shown."""
    named = report.manifest.get("model")
    if named:
        return [clip(str(named), 200)]
    models = sorted({excerpt.sample.model for excerpt in excerpts if excerpt.sample.model})
    return [*models[:3], f"{len(models) - 3} more"] if len(models) > 3 else models


def page_of(name: str, *, title: str, **parts: str) -> str:
    """Return the page whose body is the template of this name, filled with HTML."""
    body = Template(_template(name)).substitute(parts)
    style = _template("report.css")
    return Template(_template("page.html")).substitute(title=title, style=style, body=body)


def write_page(path: Path, page: str) -> None:
    """Write a page; it appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(page, "utf-8")
    os.replace(temporary, path)


def _template(name: str) -> str:
    return (Path(__file__).parent / "templates" / name).read_text("utf-8")

"""The command ``report``: the numbers of a run again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codeeval.cli.common import Json
from codeeval.cli.exit import FINISHED
from codeeval.cli.values import Compat, ks_of
from codeeval.cli.voice import say

__all__ = ["report_command"]


if TYPE_CHECKING:
    from codeeval.report import Report
    from codeeval.scoring.estimate import Estimate


def report_command(
    run_directory: Annotated[Path, typer.Argument(help="A run directory.")],
    compat: Annotated[Compat | None, typer.Option(help="Write that tool's file.")] = None,
    html: Annotated[bool, typer.Option("--html", help="Write report.html again.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file for --compat or --html.")
    ] = None,
    bayes: Annotated[
        str | None,
        typer.Option(help="Estimate pass@k of these k by empirical Bayes, also above n."),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(help="Such as pass^5, G-Pass@8:0.75, mG-Pass@8 or pass@3; may be repeated."),
    ] = None,
    json_: Json = False,
) -> int:
    """Print the report of a run again, or write it in another form."""
    from codeeval.report_text import text_table
    from codeeval.run_files import read_manifest, read_report

    if bayes is not None and metric:
        raise typer.BadParameter("--bayes and --metric are two reports: ask for one at a time")
    report = read_report(run_directory)
    if json_ and bayes is None and not metric:
        print(json.dumps(report.as_dict(), indent=1))
    if html:
        from codeeval.report_html import write_report_html

        page = output or run_directory / "report.html"
        write_report_html(page, report, run_directory)
        say(f"wrote {page}")
    if compat is not None:
        from codeeval.compat_run import compat_name, write_compat

        manifest = read_manifest(run_directory)
        samples = Path(manifest.get("samples", "samples.jsonl")).name
        path = output or run_directory / compat_name(compat, samples)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_compat(compat, path, run_directory, report)
        say(f"wrote {path}")
    if bayes is not None:
        _print_bayes(report, ks_of(bayes), as_json=json_)
        return FINISHED
    if metric:
        _print_metrics(report, metric, as_json=json_)
        return FINISHED
    if not (json_ or html or compat):
        print(text_table(report, width=min(shutil.get_terminal_size().columns, 100)), end="")
    return FINISHED


def _print_bayes(report: Report, ks: Sequence[int], *, as_json: bool) -> None:
    """Print pass@k by empirical Bayes; problems that count as failed have no right sample."""
    from codeeval.run_files import RunFileError
    from codeeval.scoring.bayes import bayes_estimate

    rows = [row for row in report.problems if row.samples]
    fewest = min(row.samples for row in rows)
    if report.manifest.get("missing") == "fail":
        rows += [row for row in report.problems if not row.statuses]
    n = [row.samples or fewest for row in rows]
    try:
        found = {
            column: [bayes_estimate(n, [row.correct[column] for row in rows], k) for k in ks]
            for column in report.columns
        }
    except ValueError as error:
        raise RunFileError(f"no estimate by empirical Bayes: {error}") from error
    _print_estimates(found, as_json=as_json)


def _print_metrics(report: Report, metrics: Sequence[str], *, as_json: bool) -> None:
    from codeeval.metrics import metric_estimate
    from codeeval.run_files import RunFileError

    try:
        found = {
            column: [metric_estimate(report, column, metric) for metric in metrics]
            for column in report.columns
        }
    except ValueError as error:
        raise RunFileError(str(error)) from error
    _print_estimates(found, as_json=as_json)


def _print_estimates(found: Mapping[str, Sequence[Estimate]], *, as_json: bool) -> None:
    from codeeval.report_text import aligned, interval, percent, wrapped

    if as_json:
        records = {column: [item.as_dict() for item in items] for column, items in found.items()}
        print(json.dumps(records, indent=1))
        return
    head = ("", "metric", "value %", "95 % interval", "method")
    lines = [
        (column, item.metric, percent(item.value), interval(item), item.method)
        for column, items in found.items()
        for item in items
    ]
    print("\n".join(aligned([head, *lines], "<<>><")))
    every = [item for items in found.values() for item in items]
    notes = dict.fromkeys(f"Note: {item.metric}: {item.note}" for item in every if item.note)
    print("\n".join(wrapped(notes, 80)), end="\n" if notes else "")

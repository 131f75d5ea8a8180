"""The command ``report``: the numbers of a run again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer

from codeeval.cli.common import Json
from codeeval.cli.exit import FINISHED
from codeeval.cli.values import Compat
from codeeval.cli.voice import say

__all__ = ["report_command"]


def report_command(
    run_directory: Annotated[Path, typer.Argument(help="A run directory.")],
    compat: Annotated[Compat | None, typer.Option(help="Write that tool's file.")] = None,
    html: Annotated[bool, typer.Option("--html", help="Write report.html again.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file for --compat or --html.")
    ] = None,
    json_: Json = False,
) -> int:
    """Print the report of a run again, or write it in another form."""
    from codeeval.report_text import text_table
    from codeeval.run_files import read_manifest, read_report

    report = read_report(run_directory)
    if json_:
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
    if not (json_ or html or compat):
        print(text_table(report, width=min(shutil.get_terminal_size().columns, 100)), end="")
    return FINISHED

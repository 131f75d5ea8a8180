"""The commands ``compare``, ``matrix`` and ``plan``: how runs differ, what it takes to see it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer

from codeeval.cli.common import Json
from codeeval.cli.exit import FINISHED
from codeeval.cli.voice import say

__all__ = ["compare_command", "matrix_command", "plan_command"]


def compare_command(
    runs: Annotated[list[str], typer.Argument(metavar="A B [C ...]", help="Run directories.")],
    k: Annotated[int, typer.Option("--k", min=1, help="The k of pass@k.")] = 1,
    column: Annotated[
        str | None, typer.Option(help="Such as base; the last, strictest one by default.")
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(help="Name of a run; one for each, in their order.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="Key in the problems' metadata that names a shared source.")
    ] = None,
    allow_mixed: Annotated[
        bool, typer.Option("--allow-mixed", help="Compare runs of different limits or images.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page with charts, too.")
    ] = None,
    json_: Json = False,
) -> int:
    """Compare runs of one task: paired differences, tests, and the problems that differ."""
    from codeeval.compare_text import comparison_table
    from codeeval.comparing import compare

    found = compare(*runs, k=k, column=column, names=name, cluster=cluster, allow_mixed=allow_mixed)
    if html is not None:
        from codeeval.compare_html import write_comparison_html

        write_comparison_html(html, found)
        say(f"wrote {html}")
    if json_:
        print(json.dumps(found.as_dict(), indent=1))
    else:
        width = min(shutil.get_terminal_size().columns, 100)
        print(comparison_table(found, width), end="")
    return FINISHED


def matrix_command(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Run directories.")],
    k: Annotated[int, typer.Option("--k", min=1, help="The k of pass@k.")] = 1,
    column: Annotated[
        str | None, typer.Option(help="Such as safe; the first of the task by default.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page with a heat map, too.")
    ] = None,
    json_: Json = False,
) -> int:
    """Put runs that translate between languages side by side: source by target."""
    from codeeval.matrices import matrix_of, matrix_table, write_matrix_html

    found = matrix_of(runs, k=k, column=column)
    if html is not None:
        write_matrix_html(html, found)
        say(f"wrote {html}")
    print(json.dumps(found.as_dict(), indent=1) if json_ else matrix_table(found), end="")
    return FINISHED


def plan_command(
    difference: Annotated[
        float, typer.Option("--difference", "-d", help="To be seen, in points of percent.")
    ] = 3.0,
    run: Annotated[
        list[str] | None,
        typer.Option(help="A run like those that are planned; give two to be compared."),
    ] = None,
    k: Annotated[int, typer.Option("--k", min=1, help="The k of pass@k.")] = 1,
    column: Annotated[str | None, typer.Option(help="Of the runs, such as base.")] = None,
    spread: Annotated[
        float | None, typer.Option(help="Variance over problems of the true difference: omega^2.")
    ] = None,
    noise: Annotated[
        float | None, typer.Option(help="Mean variance within problems of one sample: s^2.")
    ] = None,
    problems: Annotated[
        int | None, typer.Option("--problems", min=1, help="Problems that there are.")
    ] = None,
    level: Annotated[float, typer.Option(help="Of the two-sided test.")] = 0.05,
    power: Annotated[float, typer.Option(help="The chance to see the difference.")] = 0.8,
    json_: Json = False,
) -> int:
    """Say how many problems and samples it takes to see a difference of two models."""
    from codeeval.plans import plan, plan_table
    from codeeval.run_files import read_report

    if not 0 < difference <= 100:
        raise typer.BadParameter(f"--difference is above 0 and at most 100, not {difference}")
    for flag, value in (("--level", level), ("--power", power)):
        if not 0 < value < 1:
            raise typer.BadParameter(f"{flag} lies between 0 and 1; {value} does not")
    for flag, variance in (("--spread", spread), ("--noise", noise)):
        if variance is not None and not 0 <= variance < float("inf"):
            raise typer.BadParameter(f"{flag} is a variance, not below 0; {variance} is not")
    found = plan(
        difference / 100,
        [read_report(folder) for folder in run or ()],
        k=k,
        column=column,
        spread=spread,
        noise=noise,
        problems=problems,
        level=level,
        power=power,
    )
    if json_:
        print(json.dumps(found.as_dict(), indent=1))
    else:
        print(plan_table(found, min(shutil.get_terminal_size().columns, 100)), end="")
    return FINISHED

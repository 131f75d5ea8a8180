"""The command ``demo``: an evaluation for which everything is there."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from codeeval.cli.common import Json
from codeeval.cli.evaluate import evaluated, outcome, print_report
from codeeval.cli.stop import Stopper
from codeeval.cli.values import chosen

__all__ = ["demo_command"]


def demo_command(
    output: Annotated[Path, typer.Option("--output", "-o", help="The run directory.")] = Path(
        "runs/demo"
    ),
    sandbox: Annotated[str, typer.Option(help="auto, docker or bubblewrap.")] = "auto",
    json_: Json = False,
    quiet: bool = False,
) -> int:
    """Evaluate the recorded samples of the benchmark that ships with codeeval."""
    from codeeval.run_files import read_manifest
    from codeeval.sandbox.executor import SANDBOXES
    from codeeval.tasks.registry import load_task

    chosen("--sandbox", sandbox, SANDBOXES)
    try:
        again = read_manifest(output).get("task") == "starter"
    except (OSError, ValueError):
        again = False
    package = resources.files("codeeval.tasks")
    file = package / "starter" / "samples" / "mixed.jsonl"
    with resources.as_file(file) as samples, Stopper() as stopper:
        run = evaluated(
            samples,
            load_task("starter"),
            stopper,
            output=output,
            overwrite=again,
            progress=not quiet,
            k=(1, 5),
            sandbox=sandbox,
        )
    if json_:
        print(json.dumps({**run.report.as_dict(), "directory": str(run.directory)}, indent=1))
    else:
        print_report(run)
    return outcome([run], {})

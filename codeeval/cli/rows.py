"""The command ``validate-rows``: which problems in the form of MultiPL-E's rows nobody can pass."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from codeeval.cli.common import Json
from codeeval.cli.exit import FINISHED, PARTIAL
from codeeval.cli.stop import Stopper
from codeeval.cli.values import DataFile, TaskOptions, chosen, pairs_of
from codeeval.cli.voice import warn

__all__ = ["validate_rows_command"]


def validate_rows_command(
    sandbox: Annotated[str, typer.Option(help="auto, docker or bubblewrap.")] = "auto",
    workers: Annotated[
        int | None, typer.Option("--workers", "-j", min=1, help="Programs at a time.")
    ] = None,
    data_file: DataFile = None,
    task_option: TaskOptions = None,
    json_: Json = False,
) -> int:
    """Find the problems of multipl-e that no answer can pass: a body that only fails is judged."""
    from codeeval.row_validation import unpassable_rows
    from codeeval.sandbox.executor import SANDBOXES
    from codeeval.tasks.multipl_e import MultiplE
    from codeeval.tasks.registry import load_task

    chosen("--sandbox", sandbox, SANDBOXES)
    task = load_task("multipl-e", data_file=data_file, **pairs_of(task_option or ()))
    assert isinstance(task, MultiplE)
    with Stopper():
        found = list(unpassable_rows(task, sandbox=sandbox, workers=workers))
    broken = [each for each in found if each.is_unknown]
    unpassable = {each.name: each.reason for each in found if not each.is_unknown}
    rows = sum(1 for _ in task.problems())
    if json_:
        print(json.dumps({"rows": rows, "digest": task.digest, "unpassable": unpassable}, indent=1))
    else:
        for name, reason in unpassable.items():
            print(f"{name}: {reason}")
        print(f"{len(unpassable)} of {rows} rows cannot be passed")
    if broken:
        warn(f"{len(broken)} rows could not be validated, such as {broken[0].name}")
        return PARTIAL
    return FINISHED

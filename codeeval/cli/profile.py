"""The command ``profile``: the hot lines of a slow sample."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from codeeval.cli.common import Json
from codeeval.cli.exit import FINISHED
from codeeval.cli.values import DataFile, TaskOptions, chosen, pairs_of
from codeeval.cli.voice import say

__all__ = ["profile_command"]


def profile_command(
    task: Annotated[str, typer.Argument(metavar="TASK", help="A task that measures.")],
    samples: Annotated[str, typer.Argument(metavar="SAMPLES", help="A file or a directory.")],
    task_id: Annotated[str, typer.Option("--task-id", "--id", help="Of which problem.")],
    index: Annotated[int, typer.Option(min=0, help="Which of its samples.")] = 0,
    lines: Annotated[int, typer.Option(min=1, help="How many lines to show.")] = 15,
    sandbox: Annotated[str, typer.Option(help="auto, docker or bubblewrap.")] = "auto",
    data_file: DataFile = None,
    task_option: TaskOptions = None,
    json_: Json = False,
) -> int:
    """Show the lines of a sample that take most of the time, with the slowest input."""
    from codeeval.profiling import ProfileError, profile
    from codeeval.samples.ids import SampleIds
    from codeeval.samples.read import read_samples
    from codeeval.sandbox.executor import SANDBOXES, open_executor
    from codeeval.tasks.registry import load_task
    from codeeval.visible import visible

    chosen("--sandbox", sandbox, SANDBOXES)
    benchmark = load_task(task, data_file=data_file, **pairs_of(task_option or ()))
    ids = SampleIds.of_task(benchmark)
    known = ids.resolve(task_id)
    read = read_samples(samples, ids, report=say)
    sample = next((each for each in read if (each.task_id, each.index) == (known, index)), None)
    if sample is None:
        raise ProfileError(f"{samples} has no sample {index} of {task_id!r}")
    problem = next(each for each in benchmark.problems() if each.id == known)
    with open_executor(sandbox, workers=1) as executor:
        found = profile(benchmark, problem, sample, executor)
    if json_:
        print(json.dumps(asdict(found), indent=1))
        return FINISHED
    more = "" if found.whole else ", then given up"
    print(f"{known}, sample {index}: {found.total:,} lines run{more}\n")
    print("share %       hits  line")
    for line in found.lines[:lines]:
        text = visible(line.text).rstrip()
        print(f"{100 * line.share:7.1f} {line.hits:10,}  {line.number:4}  {text}")
    return FINISHED

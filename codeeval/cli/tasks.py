"""The commands about tasks: ``tasks``, ``info`` and ``validate``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from codeeval.cli.common import Json
from codeeval.cli.exit import BAD_INPUT, FINISHED, PARTIAL, UNABLE
from codeeval.cli.progress import Progress
from codeeval.cli.stop import Stopper
from codeeval.cli.values import DataFile, TaskOptions, chosen, pairs_of
from codeeval.cli.voice import complain, warn

if TYPE_CHECKING:
    from codeeval.judging import SampleResult
    from codeeval.tasks.task import Task

__all__ = ["info_command", "tasks_command", "validate_command"]

_Task = Annotated[str, typer.Argument(metavar="TASK", help="NAME, NAME@VERSION or a folder.")]


def tasks_command(json_: Json = False) -> int:
    """List the tasks."""
    from codeeval.tasks.describe import described_tasks

    tasks = described_tasks()
    if json_:
        print(json.dumps(tasks, indent=1))
        return FINISHED
    width = max(len(task["name"]) for task in tasks)
    for task in tasks:
        print(f"{task['name']:{width}}  {task['summary']}")
        if task["options"]:
            print(f"{'':{width}}  options: {', '.join(task['options'])}")
    return FINISHED


def info_command(
    task: _Task,
    data_file: DataFile = None,
    task_option: TaskOptions = None,
    json_: Json = False,
) -> int:
    """Say what a task is: its version, its data, what it measures, its options."""
    from codeeval.tasks.describe import task_details
    from codeeval.tasks.registry import load_task

    record = task_details(load_task(task, data_file=data_file, **pairs_of(task_option or ())))
    if json_:
        print(json.dumps(record, indent=1, default=str))
        return FINISHED
    options = record.pop("options")
    for name, value in record.items():
        print(f"{name:9} {', '.join(value) if isinstance(value, list) else value}")
    for name, value in options.items():
        print(f"{'option':9} {name} = {value}")
    return FINISHED


def validate_command(
    task: _Task,
    sandbox: Annotated[str, typer.Option(help="auto, docker or bubblewrap.")] = "auto",
    runtime: Annotated[
        str | None, typer.Option(help="For Docker: an OCI runtime such as runsc.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", "-j", min=1, help="Programs at a time.")
    ] = None,
    data_file: DataFile = None,
    task_option: TaskOptions = None,
    json_: Json = False,
    quiet: bool = False,
) -> int:
    """Judge a task's own references: each has to pass, or its scores mean nothing here."""
    from codeeval.sandbox.executor import SANDBOXES
    from codeeval.sandbox.verdict import Status
    from codeeval.tasks.registry import load_task

    chosen("--sandbox", sandbox, SANDBOXES)
    benchmark = load_task(task, data_file=data_file, **pairs_of(task_option or ()))
    options = {"sandbox": sandbox, "runtime": runtime, "workers": workers}
    with Stopper():
        results = _judge_references(benchmark, options, shown=not quiet)
    if not results:
        complain(f"{benchmark.name} has no references to be judged")
        return BAD_INPUT
    broken = [each for each in results if each.verdict.status is Status.INFRASTRUCTURE_ERROR]
    failed = [each for each in results if each.verdict.status is not Status.PASSED]
    record: dict[str, Any] = {
        "task": benchmark.name,
        "version": benchmark.version,
        "references": len(results),
        "passed": len(results) - len(failed),
        "failed": {each.task_id: each.verdict.status.value for each in failed},
    }
    if json_:
        print(json.dumps(record, indent=1))
    else:
        print(f"{benchmark.name} {benchmark.version}: ", end="")
        print(f"{record['passed']} of {len(results)} references pass")
    for each in failed:
        complain(f"{each.task_id}: {each.verdict.status.value} {each.verdict.message[:200]}")
    if broken:
        warn(f"{len(broken)} references could not be judged")
        return PARTIAL
    return UNABLE if failed else FINISHED


def _judge_references(task: Task, options: dict[str, Any], *, shown: bool) -> list[SampleResult]:
    from codeeval.evaluation import evaluate_iter
    from codeeval.tasks.task import Sample

    samples = [
        Sample(problem.id, 0, solution=problem.reference)
        for problem in task.problems()
        if problem.reference
    ]
    results = []
    with Progress(shown=shown) as progress:
        progress(None, len(samples))
        for result in evaluate_iter(samples, task, **options):
            results.append(result)
            progress(result, len(samples))
    order = {sample.task_id: number for number, sample in enumerate(samples)}
    return sorted(results, key=lambda result: order[result.task_id])

"""The commands below ``trace``: questions about what programs do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from codeeval.cli.common import Json, command
from codeeval.cli.exit import FINISHED
from codeeval.cli.values import DataFile, TaskOptions, chosen, pairs_of
from codeeval.cli.voice import say

__all__ = ["trace_app"]

trace_app = typer.Typer(
    help="Questions about what programs do when they run.",
    add_completion=False,
    rich_markup_mode=None,
)


@command(trace_app, "build")
def build_command(
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK",
            help="NAME, NAME@VERSION, the folder of a task, or one with programs (.java, .js).",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path(
        "trace.jsonl"
    ),
    kinds: Annotated[str, typer.Option(help="Kinds of questions, such as next,state; all.")] = "",
    problems: Annotated[int, typer.Option(min=1, help="How many questions.")] = 200,
    inputs: Annotated[int, typer.Option(min=1, help="Inputs of a problem at most.")] = 5,
    seed: Annotated[int, typer.Option(help="The same seed gives the same questions.")] = 0,
    sandbox: Annotated[str, typer.Option(help="auto, docker or bubblewrap.")] = "auto",
    data_file: DataFile = None,
    task_option: TaskOptions = None,
    json_: Json = False,
) -> int:
    """Make fresh questions from a task's references and inputs, for the task ``trace``."""
    from codeeval.sandbox.executor import SANDBOXES, open_executor
    from codeeval.tasks.custom import SETTINGS_FILE
    from codeeval.tasks.fresh_traces import CALL_KINDS, PROGRAM_KINDS
    from codeeval.tasks.registry import load_task
    from codeeval.trace_building import build, build_from_programs

    chosen("--sandbox", sandbox, SANDBOXES)
    folder = Path(task)
    of_programs = folder.is_dir() and not (folder / SETTINGS_FILE).is_file()
    known = PROGRAM_KINDS if of_programs else CALL_KINDS
    wanted = [name.strip() for name in kinds.split(",") if name.strip()] or list(known)
    for name in wanted:
        chosen("--kinds", name, known)
    asked: dict[str, Any] = {"kinds": wanted, "most": problems, "seed": seed}
    with open_executor(sandbox, workers=1) as executor:
        if of_programs:
            built = build_from_programs(folder, executor, **asked)
        else:
            benchmark = load_task(task, data_file=data_file, **pairs_of(task_option or ()))
            built = build(benchmark, executor, inputs=inputs, **asked)
    output.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(record) + "\n" for record in built.records)
    output.write_text(text, encoding="utf-8")
    found = {"output": str(output), "problems": len(built.records), "calls": built.calls}
    left_out = dict(built.left_out.most_common())
    if json_:
        print(json.dumps({**found, "left_out": {k: n for k, n in left_out.items() if n}}))
        return FINISHED
    for reason, count in left_out.items():
        if count:
            say(f"left out: {count} for {reason}")
    print(f"{len(built.records)} questions about {built.calls} calls: {output}")
    print(f"codeeval evaluate trace samples.jsonl --data-file {output}")
    return FINISHED

"""The commands below ``trace``: what programs do, and questions about that."""

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
    help="What programs do when they run, and questions about that.",
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


@command(trace_app, "run")
def run_command(
    programs: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Programs: .py, .java, .js.")
    ],
    call: Annotated[
        str, typer.Option(help="A call of a function of the program, in Python: 'f(3)'.")
    ] = "",
    values: Annotated[bool, typer.Option(help="Record variables, too (Python).")] = False,
    steps: Annotated[int, typer.Option(min=1, help="How many steps to record.")] = 5000,
    sandbox: Annotated[str, typer.Option(help="auto, docker or bubblewrap.")] = "auto",
) -> int:
    """Run programs of your own in the sandbox, and print what they do: a line of JSON for each."""
    from codeeval.sandbox.errors import CodeEvalError
    from codeeval.sandbox.executor import SANDBOXES, open_executor
    from codeeval.sandbox.program import Limits
    from codeeval.sandbox.states import branches
    from codeeval.sandbox.tracing import MEMORY_BYTES, call_trace, program_traces
    from codeeval.traced_programs import SUFFIXES

    chosen("--sandbox", sandbox, SANDBOXES)
    languages = {".py": "python", **SUFFIXES}
    for path in programs:
        chosen(f"the end of {path}", path.suffix, languages)
        if path.suffix != ".py" and (call or values):
            text = f"--call and --values are for programs in Python, not for {path}"
            raise typer.BadParameter(text)
    with open_executor(sandbox, workers=1, limits=Limits(memory_bytes=MEMORY_BYTES)) as executor:
        for path in programs:
            language = languages[path.suffix]
            try:
                source = path.read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise CodeEvalError(f"{path}: cannot be read: {error}") from error
            if language == "python":
                trace = call_trace(executor, source, call, most_steps=steps, values=values)
                trace["branches"] = branches(source, trace)
            else:
                (trace,) = program_traces(executor, language, [source], most_steps=steps)
            print(json.dumps({"file": str(path), "language": language, "call": call, **trace}))
    return FINISHED

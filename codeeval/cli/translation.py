"""The command ``translate``: a task's problems in other languages."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from codeeval.cli.common import Json
from codeeval.cli.exit import FINISHED
from codeeval.cli.values import DataFile, TaskOptions, chosen, pairs_of
from codeeval.cli.voice import say

__all__ = ["translate_command"]


def translate_command(
    task: Annotated[str, typer.Argument(metavar="TASK", help="NAME, NAME@VERSION or a folder.")],
    to: Annotated[str, typer.Option(help="The languages, such as rust,lua; or all.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write to.")] = Path(
        "translated"
    ),
    doctests: Annotated[
        str, typer.Option(help="What becomes of examples: transform, keep or remove.")
    ] = "keep",
    dialect: Annotated[
        str,
        typer.Option(help="published (as MultiPL-E's rows) or fixed (without their defects)."),
    ] = "published",
    cases: Annotated[int, typer.Option(min=1, help="Assertions of a problem at most.")] = 20,
    sandbox: Annotated[str, typer.Option(help="auto, docker or bubblewrap.")] = "auto",
    data_file: DataFile = None,
    task_option: TaskOptions = None,
    json_: Json = False,
) -> int:
    """Compile a task's problems to other languages, for the task ``multipl-e``."""
    from codeeval.sandbox.executor import SANDBOXES, open_executor
    from codeeval.tasks.registry import load_task
    from codeeval.tasks.translate.fixed import DIALECTS
    from codeeval.translating import compiled, sources_of

    chosen("--sandbox", sandbox, SANDBOXES)
    chosen("--doctests", doctests, ("transform", "keep", "remove"))
    chosen("--dialect", dialect, DIALECTS)
    wanted = [name.strip() for name in to.split(",") if name.strip()]
    if wanted == ["all"]:
        wanted = list(DIALECTS[dialect])
    for name in wanted:
        chosen("--to", name, DIALECTS[dialect])
    benchmark = load_task(task, data_file=data_file, **pairs_of(task_option or ()))
    unread: dict[str, str] = {}
    with open_executor(sandbox, workers=1) as executor:
        sources = list(sources_of(benchmark, executor, cases=cases, refused=unread))
    output.mkdir(parents=True, exist_ok=True)
    told = []
    for language in wanted:
        found = compiled(sources, language, doctests=doctests, dialect=dialect)
        path = output / f"{benchmark.name}-{language}.jsonl"
        text = "".join(json.dumps(row) + "\n" for row in found.rows)
        path.write_text(text, encoding="utf-8")
        refused = {**unread, **found.refused}
        told.append(
            {
                "language": language,
                "output": str(path),
                "problems": len(found.rows),
                "refused": refused,
                "assertions_left_out": dict(found.left_out),
            }
        )
        if json_:
            continue
        for reason, count in Counter(refused.values()).most_common():
            say(f"{language}: refused: {count} for {reason}")
        for reason, count in found.left_out.most_common():
            say(f"{language}: left out: {count} assertions for {reason}")
        print(f"{len(found.rows)} problems: {path}")
    if json_:
        print(json.dumps(told))
    return FINISHED

"""The commands about samples: ``convert`` and ``sanitize``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codeeval.cli.common import Json
from codeeval.cli.exit import FINISHED
from codeeval.cli.values import DataFile, SamplesFormat, chosen, unescaped
from codeeval.cli.voice import say
from codeeval.cli.words import two_of

if TYPE_CHECKING:
    from codeeval.samples.ids import SampleIds
    from codeeval.tasks.task import Problem, Sample, Task

__all__ = ["convert_command", "sanitize_command"]

_Task = Annotated[
    str | None, typer.Option("--task", "-t", "--tasks", "--dataset", help="Whose problems.")
]
_Format = Annotated[str | None, typer.Option(help="Format of the samples; told by content.")]
_Field = Annotated[str | None, typer.Option(help="JSONL key of the id, of the code.")]
_Unknown = Annotated[bool, typer.Option("--allow-unknown", help="Leave unknown problems out.")]


def convert_command(
    source: Annotated[str, typer.Argument(metavar="IN", help="Samples in any known format.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="The file or directory to write.")],
    task: _Task = None,
    to: Annotated[
        SamplesFormat | None, typer.Option(help="Format to write; told by OUT's name.")
    ] = None,
    format: _Format = None,
    id_field: _Field = None,
    code_field: _Field = None,
    allow_unknown: _Unknown = False,
    data_file: DataFile = None,
    json_: Json = False,
) -> int:
    """Write samples in another format."""
    from codeeval.samples.formats import FORMATS
    from codeeval.samples.read import read_samples
    from codeeval.samples.write import write_generations, write_jsonl

    name, _ = two_of([], task, source)
    chosen("--format", format, FORMATS)
    kind = to or _format_of(target)
    benchmark, problems, ids = _task(name, data_file)
    samples = read_samples(
        source,
        ids,
        format=format,
        id_field=id_field,
        code_field=code_field,
        allow_unknown=allow_unknown,
        report=say,
    )
    if kind is SamplesFormat.JSONL:
        count = write_jsonl(target, samples)
    else:
        # These formats hold whole programs: a completion gets what stands before it.
        whole = (
            replace(sample, completion=None, solution=benchmark.source(problem, sample))
            for sample in samples
            for problem in (problems[sample.task_id],)
        )
        if kind is SamplesFormat.EVALPLUS_DIR:
            count = _write_directory(target, whole)
        else:
            count = write_generations(target, whole, ids)
    say(f"wrote {count} samples to {target} ({kind})")
    if json_:
        print(json.dumps({"samples": count, "output": str(target), "format": kind.value}))
    return FINISHED


def sanitize_command(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[SAMPLES]", show_default=False)
    ] = None,
    task: _Task = None,
    samples: Annotated[str | None, typer.Option(help="A file or a directory.")] = None,
    extraction: Annotated[str, typer.Option(help="How code is taken from a text.")] = "evalplus",
    stop: Annotated[list[str] | None, typer.Option(help="Where --extraction stop cuts.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="By default X-sanitized.jsonl.")
    ] = None,
    format: _Format = None,
    id_field: _Field = None,
    code_field: _Field = None,
    allow_unknown: _Unknown = False,
    data_file: DataFile = None,
    json_: Json = False,
) -> int:
    """Take the code out of samples and write it beside them, as X-sanitized.jsonl."""
    from codeeval.samples.formats import FORMATS
    from codeeval.samples.read import read_samples
    from codeeval.samples.write import write_jsonl
    from codeeval.tasks.extract import EXTRACTIONS

    name, path = two_of(words or [], task or "", samples)
    chosen("--extraction", extraction, EXTRACTIONS)
    chosen("--format", format, FORMATS)
    benchmark, problems, ids = _task(name, data_file)
    read = read_samples(
        path,
        ids,
        format=format,
        id_field=id_field,
        code_field=code_field,
        allow_unknown=allow_unknown,
        report=say,
    )
    stops = tuple(map(unescaped, stop or ()))
    clean = _sanitized(read, benchmark, problems, extraction, stops)
    source = Path(path)
    target = output or _beside(source)
    count = _write_directory(target, clean) if source.is_dir() else write_jsonl(target, clean)
    say(f"wrote {count} samples to {target}")
    if json_:
        print(json.dumps({"samples": count, "output": str(target)}))
    return FINISHED


def _sanitized(
    samples: Iterable[Sample],
    task: Task,
    problems: dict[str, Problem],
    extraction: str,
    stops: tuple[str, ...],
) -> Iterator[Sample]:
    """Yield whole programs: empty ones where there is no code."""
    from codeeval.judging import extracted

    for sample in samples:
        problem = problems[sample.task_id]
        code = extracted(sample, problem, extraction, stops)
        text = task.source(problem, code) if code is not None else ""
        yield replace(sample, completion=None, solution=text)


def _task(name: str, data_file: Path | None) -> tuple[Task, dict[str, Problem], SampleIds]:
    from codeeval.samples.ids import SampleIds
    from codeeval.tasks.registry import load_task

    task = load_task(name, data_file=data_file)
    problems = {problem.id: problem for problem in task.problems()}
    return task, problems, SampleIds.of_task(task)


def _write_directory(target: Path, samples: Iterable[Sample]) -> int:
    from codeeval.samples.write import write_directory

    return write_directory(target, samples)


def _beside(source: Path) -> Path:
    """Return EvalPlus's name for the sanitized samples: X-sanitized.jsonl, or X-sanitized."""
    stem, dot, _ = source.name.partition(".json")
    return source.with_name(f"{stem}-sanitized{'.jsonl' if dot or source.is_file() else ''}")


def _format_of(target: Path) -> SamplesFormat:
    if ".jsonl" in target.name:
        return SamplesFormat.JSONL
    if target.suffix == ".json":
        return SamplesFormat.HARNESS_GENERATIONS
    if not target.suffix:
        return SamplesFormat.EVALPLUS_DIR
    raise typer.BadParameter(f"{target} names no format; say --to")

"""The commands ``prepare`` and ``cache``: what is fetched and computed once, and kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from codeeval.cli.common import Json, command
from codeeval.cli.exit import BAD_INPUT, FINISHED
from codeeval.cli.stop import Stopper
from codeeval.cli.values import DataFile, TaskOptions, chosen, pairs_of
from codeeval.cli.voice import complain, say

if TYPE_CHECKING:
    from codeeval.sandbox.executor import Pool
    from codeeval.tasks.task import Task

__all__ = ["cache_app", "prepare_command"]

cache_app = typer.Typer(
    help="The cache: data from the hub, and what references return.",
    add_completion=False,
    rich_markup_mode=None,
)


class Section(StrEnum):
    """The folders of the cache."""

    DATASETS = "datasets"
    TRUTHS = "truths"


_OURS = {
    Section.DATASETS: re.compile(r"\w[\w.-]*--[\w.-]+\.jsonl(\w*\.part)?"),
    Section.TRUTHS: re.compile(r"[0-9a-f]{64}(\.\d+\.\d+)?"),
}
"""The names that files of ours have: others are left alone."""
_Sections = Annotated[
    Section | None, typer.Argument(metavar="[datasets|truths]", help="Both without it.")
]


@dataclass(frozen=True)
class Entry:
    """A file of the cache."""

    section: str
    name: str
    bytes: int
    path: str


def prepare_command(
    tasks: Annotated[list[str], typer.Argument(metavar="TASK...", help="Names or patterns.")],
    sandbox: Annotated[str, typer.Option(help="auto, docker or bubblewrap.")] = "auto",
    workers: Annotated[
        int | None, typer.Option("--workers", "-j", min=1, help="References at a time.")
    ] = None,
    runtime: Annotated[
        str | None, typer.Option(help="For Docker: an OCI runtime such as runsc.")
    ] = None,
    data_file: DataFile = None,
    task_option: TaskOptions = None,
    data_only: Annotated[
        bool, typer.Option("--data-only", help="Do not run the references.")
    ] = False,
    json_: Json = False,
) -> int:
    """Fetch the data of tasks and run their references, so that evaluations need no network."""
    from codeeval.options import Options
    from codeeval.sandbox.executor import SANDBOXES
    from codeeval.tasks.registry import load_task, tasks_named

    chosen("--sandbox", sandbox, SANDBOXES)
    options = pairs_of(task_option or ())
    names = [name for text in tasks for name in tasks_named(text)]
    loaded = [load_task(name, data_file=data_file, **options) for name in names]
    records: list[dict[str, Any]] = []
    for task in loaded:
        problems = sum(1 for _ in task.problems())
        path = str(getattr(task, "path", ""))
        record = {"task": task.name, "version": task.version, "problems": problems, "data": path}
        records.append(record)
        say(f"{task.name} {task.version}: {problems} problems in {path}")
    if not data_only:
        settings = Options(sandbox=sandbox, runtime=runtime, workers=workers)
        with Stopper(), settings.executor() as executor:
            for task, record in zip(loaded, records, strict=True):
                record["references"] = _run_references(task, executor)
                say(f"{task.name} {task.version}: {record['references']} references are known")
    if json_:
        print(json.dumps(records, indent=1))
    return FINISHED


def _run_references(task: Task, executor: Pool) -> int:
    """Have what the references return in the cache; return how many there are."""
    from codeeval.tasks.task import Sample
    from codeeval.truth import Truths, cache_directory

    programs = [
        task.program(problem, Sample(problem.id, 0, solution=problem.reference))
        for problem in task.problems()
        if problem.reference
    ]
    truths = Truths(executor, cache_directory() / Section.TRUTHS, executor.workers)
    try:
        for program in programs:
            truths.missing(program)  # begins
        for program in programs:
            truths.resolve(program)
    finally:
        truths.close()
    return len(programs)


@command(cache_app, "list")
def list_command(section: _Sections = None, json_: Json = False) -> int:
    """List what is in the cache."""
    entries = list(_entries(section))
    if json_:
        print(json.dumps([asdict(entry) for entry in entries], indent=1))
        return FINISHED
    for name in _names(section):
        own = [entry for entry in entries if entry.section == name]
        print(f"{name:9} {len(own):7,} files {_mib(own):10,.1f} MiB  {_folder(name)}")
        if name == Section.DATASETS:
            for entry in own:
                print(f"  {entry.name}  {entry.bytes:,} bytes")
    return FINISHED


@command(cache_app, "path")
def path_command(section: _Sections = None, json_: Json = False) -> int:
    """Print where the cache is."""
    from codeeval.truth import cache_directory

    path = str(_folder(section) if section else cache_directory())
    print(json.dumps({"path": path}) if json_ else path)
    return FINISHED


@command(cache_app, "verify")
def verify_command(section: _Sections = None, json_: Json = False) -> int:
    """Read all of the cache, and name what is damaged or old; those files may be deleted."""
    entries = list(_entries(section))
    damaged = [entry for entry in entries if not _is_good(entry)]
    if json_:
        names = [asdict(entry) for entry in damaged]
        print(json.dumps({"files": len(entries), "damaged": names}, indent=1))
    for entry in damaged:
        complain(f"{entry.path}: damaged, or of an older version")
    say(f"{len(entries)} files, {len(damaged)} of them of no use")
    return BAD_INPUT if damaged else FINISHED


@command(cache_app, "clear")
def clear_command(section: _Sections = None, json_: Json = False) -> int:
    """Delete what is in the cache: it changes no score, and is fetched and computed again."""
    entries = list(_entries(section))
    for entry in entries:
        Path(entry.path).unlink(missing_ok=True)
    if json_:
        print(json.dumps({"deleted": len(entries), "bytes": sum(e.bytes for e in entries)}))
    say(f"deleted {len(entries)} files, {_mib(entries):,.1f} MiB")
    return FINISHED


def _names(section: Section | None) -> list[Section]:
    return [section] if section else list(Section)


def _folder(section: Section) -> Path:
    from codeeval.tasks.source import cache_folder
    from codeeval.truth import cache_directory

    return cache_folder() if section is Section.DATASETS else cache_directory() / section


def _entries(section: Section | None) -> Iterator[Entry]:
    """Yield the files of the cache, but none in folders below its own."""
    for name in _names(section):
        folder = _folder(name)
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            ours = _OURS[name].fullmatch(path.name)
            if ours and path.is_file() and not path.is_symlink():
                yield Entry(name.value, path.name, path.stat().st_size, str(path))


def _is_good(entry: Entry) -> bool:
    from codeeval.tasks.source import read_records
    from codeeval.tasks.task import DataError
    from codeeval.truth import is_whole

    if entry.section == Section.TRUTHS:
        return is_whole(Path(entry.path))
    try:
        return sum(1 for _ in read_records(Path(entry.path))) > 0
    except DataError:
        return False


def _mib(entries: list[Entry]) -> float:
    return sum(entry.bytes for entry in entries) / 2**20

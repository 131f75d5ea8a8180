"""Evaluate samples: the library's door to everything from a samples file to a report."""

from __future__ import annotations

import asyncio
import hashlib
import os
import platform
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal

from codeeval.checking import LoadedTask
from codeeval.judging import EvaluationStopped, SampleResult, judge_samples
from codeeval.report import Report, ReportBuilder
from codeeval.run_directory import RunDirectory, find_run
from codeeval.run_files import iter_results
from codeeval.samples.completeness import Completeness
from codeeval.samples.ids import SampleIds
from codeeval.samples.read import read_samples
from codeeval.sandbox.executor import Executor, Pool, default_workers, open_executor
from codeeval.sandbox.program import Limits, Program
from codeeval.scoring.estimate import Estimate
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import Problem, Sample, Task
from codeeval.truth import Truths, cache_directory
from codeeval.version import __version__

__all__ = [
    "EvaluationStopped",
    "Options",
    "Run",
    "aevaluate",
    "evaluate",
    "evaluate_iter",
]

SCHEMA_VERSION = 1
Notice = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """How samples are read, run and scored.

    Attributes:
        k: The k of each pass@k.
        sandbox: ``auto``, ``docker``, ``bubblewrap`` or ``unsafe-local``.
        runtime: For Docker: another OCI runtime, such as ``runsc``.
        workers: Programs at a time; half of the cores if None.
        extraction: How code is taken from a sample's text: a name in ``tasks.extract``.
        stops: Stop sequences of the extraction ``stop``.
        missing: What a problem without samples means: ``error``, ``fail`` or ``skip``.
        allow_unknown: Leave out samples of unknown problems instead of refusing them.
        format: The samples' format; told by their content if None.
        id_field: Where the id stands, if not in ``task_id``.
        code_field: Where the code stands, if not in ``solution`` or ``completion``.
        cpu_seconds: CPU time limit of a check; the task's own if None.
        memory_bytes: Memory limit of a check; the task's own if None.
        include: Ids of the only problems to be evaluated; all if None.
        limit: Evaluate the first so many problems only.
        deduplicate: Run equal programs once.
    """

    k: tuple[int, ...] = (1, 10, 100)
    sandbox: str = "auto"
    runtime: str | None = None
    workers: int | None = None
    extraction: str = "none"
    stops: tuple[str, ...] = ()
    missing: Literal["error", "fail", "skip"] = "error"
    allow_unknown: bool = False
    format: str | None = None
    id_field: str | None = None
    code_field: str | None = None
    cpu_seconds: float | None = None
    memory_bytes: int | None = None
    include: tuple[str, ...] | None = None
    limit: int | None = None
    deduplicate: bool = True

    def adjust(self, program: Program) -> Program:
        """Return the program under these limits."""
        changes: dict[str, Any] = {}
        if self.cpu_seconds is not None:
            wall = program.limits.wall_seconds / program.limits.cpu_seconds * self.cpu_seconds
            changes = {"cpu_seconds": self.cpu_seconds, "wall_seconds": wall}
        if self.memory_bytes is not None:
            changes["memory_bytes"] = self.memory_bytes
        return replace(program, limits=replace(program.limits, **changes)) if changes else program

    def executor(self) -> Pool:
        """Open the executor."""
        limits = Limits()
        if self.memory_bytes is not None:
            limits = replace(limits, memory_bytes=self.memory_bytes)
        return open_executor(
            self.sandbox, workers=self.workers, limits=limits, runtime=self.runtime
        )


@dataclass(frozen=True)
class Run:
    """A finished evaluation.

    Attributes:
        report: All of its numbers.
        directory: Where it is kept; None if nowhere.
    """

    report: Report
    directory: Path | None = None

    @property
    def scores(self) -> Mapping[str, Estimate]:
        """The estimates by name: ``pass@1``, or ``plus/pass@1`` for tasks with several columns."""
        columns = self.report.estimates
        return {
            estimate.metric if len(columns) == 1 else f"{column}/{estimate.metric}": estimate
            for column, estimates in columns.items()
            for estimate in estimates
        }

    def per_task(self) -> list[dict[str, Any]]:
        """Return a record for each problem: samples, correct ones by column, statuses."""
        return [
            {
                "task_id": row.task_id,
                "samples": row.samples,
                "correct": dict(row.correct),
                "statuses": dict(row.statuses),
            }
            for row in self.report.problems
        ]


def evaluate(
    samples: str | Path | Iterable[Sample],
    task: str | Task | LoadedTask,
    *,
    output: str | Path | None = None,
    runs: str | Path | None = None,
    overwrite: bool = False,
    executor: Executor | None = None,
    notice: Notice = lambda text: None,
    progress: Callable[[SampleResult | None, int], None] = lambda result, total: None,
    stop: threading.Event | None = None,
    **options: Any,
) -> Run:
    """Judge samples and score them.

    Args:
        samples: A file or directory in any known format, or samples.
        task: A task, or its name: ``humaneval-plus@0.1.10``.
        output: The run directory; the same evaluation goes on where it was ended before. Without
            it and without ``runs`` nothing is written.
        runs: The folder of all runs: the directory's name below it is made up.
        overwrite: Begin anew in a directory that holds a run.
        executor: Runs the programs; opened and closed here if None.
        notice: Gets what a user should know, line by line.
        progress: Called with each result and the number of samples that are to be judged, if that
            is known, else 0; first with None.
        stop: When set, the evaluation ends with EvaluationStopped.
        options: Fields of :class:`Options`.

    Raises:
        CodeEvalError: Of a kind that says whether the samples, the data, the directory or the
            sandbox are at fault.
    """
    settings = Options(**{**options, "k": tuple(_ints(options.get("k", Options.k)))})
    benchmark = task_of(task)
    problems = chosen_problems(benchmark, settings)
    manifest = _manifest(benchmark, samples, settings, problems)
    warnings: list[str] = []

    def note(text: str) -> None:
        warnings.append(text)
        notice(text)

    ids = SampleIds.of(problems.values())
    counted = Completeness(ids)
    if isinstance(samples, str | Path):
        # All of the file is read before anything runs: a mistake in its last line is told at once.
        for sample in _read(samples, ids, settings, note):
            counted.add(sample)
            _check_stop(stop)
        _check_counts(counted, settings)
        source: Iterable[Sample] = _read(samples, ids, settings, lambda text: None)
    else:
        source = counted.watch(samples)
    total = sum(counted.counts.values())
    builder = ReportBuilder(
        benchmark.columns,
        problems,
        settings.k,
        missing=settings.missing,
        metadata={problem.id: problem.metadata for problem in problems.values()},
    )
    with ExitStack() as stack:
        directory = None
        if output is not None or runs is not None:
            model = "".join(c if c.isalnum() or c in "-._" else "-" for c in benchmark.name)
            path = (
                Path(output) if output else find_run(Path(runs or "runs"), manifest["spec"], model)
            )
            directory = stack.enter_context(RunDirectory(path, manifest, overwrite=overwrite))
            if directory.finished:
                notice(f"{path}: {directory.finished} samples were judged before")
            source = directory.recording(source)
        pool = executor or stack.enter_context(settings.executor())
        _describe_executor(manifest, pool)
        if directory is not None:
            total -= min(total, directory.finished)
        progress(None, total)
        for result in _results(benchmark, problems, source, pool, settings, directory, stop):
            if directory is not None:
                directory.append(result)
            else:
                _count(builder, result)
            progress(result, total)
            _check_stop(stop)
        if not isinstance(samples, str | Path):
            _check_counts(counted, settings)
        manifest["warnings"] = warnings
        if directory is None:
            return Run(builder.build(manifest))
        return Run(_finish(directory, builder, problems, manifest), directory.path)


def evaluate_iter(
    samples: str | Path | Iterable[Sample],
    task: str | Task | LoadedTask,
    *,
    executor: Executor | None = None,
    **options: Any,
) -> Iterator[SampleResult]:
    """Judge samples and yield each result as it is finished; nothing is written.

    Args:
        samples: As for :func:`evaluate`; an iterable is read as far as results are taken.
        task: As for :func:`evaluate`.
        executor: As for :func:`evaluate`.
        options: Fields of :class:`Options`.
    """
    settings = Options(**options)
    benchmark = task_of(task)
    problems = chosen_problems(benchmark, settings)
    if isinstance(samples, str | Path):
        samples = _read(samples, SampleIds.of(problems.values()), settings, lambda text: None)
    with ExitStack() as stack:
        pool = executor or stack.enter_context(settings.executor())
        yield from _results(benchmark, problems, samples, pool, settings, None)


async def aevaluate(samples: Any, task: str | Task | LoadedTask, **options: Any) -> Run:
    """Do what :func:`evaluate` does without blocking the event loop; cancelling ends it."""
    stop = threading.Event()
    work = asyncio.create_task(asyncio.to_thread(evaluate, samples, task, stop=stop, **options))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.gather(work, return_exceptions=True)
        raise


async def aevaluate_iter(
    samples: Any, task: str | Task | LoadedTask, **options: Any
) -> AsyncIterator[SampleResult]:
    """Do what :func:`evaluate_iter` does without blocking the event loop."""
    results = evaluate_iter(samples, task, **options)
    end = object()
    try:
        while (result := await asyncio.to_thread(next, results, end)) is not end:
            assert isinstance(result, SampleResult)
            yield result
    finally:
        results.close()  # type: ignore[attr-defined]


def task_of(task: str | Task | LoadedTask) -> Task:
    """Return the task that a name or a loaded task stands for."""
    if isinstance(task, str):
        return load_task(task)
    return task.task if isinstance(task, LoadedTask) else task


def chosen_problems(task: Task, settings: Options) -> dict[str, Problem]:
    """Return the problems to be evaluated, by id.

    Raises:
        ValueError: If an id that is to be included is unknown.
    """
    problems = {problem.id: problem for problem in task.problems()}
    if settings.include is not None:
        unknown = [task_id for task_id in settings.include if task_id not in problems]
        if unknown:
            raise ValueError(f"no problem {unknown[0]!r} in {task.name}")
        problems = {key: problems[key] for key in problems if key in set(settings.include)}
    if settings.limit is not None:
        problems = dict(list(problems.items())[: settings.limit])
    return problems


def _results(
    task: Task,
    problems: Mapping[str, Problem],
    samples: Iterable[Sample],
    executor: Executor,
    settings: Options,
    directory: RunDirectory | None,
    stop: threading.Event | None = None,
) -> Iterator[SampleResult]:
    workers = settings.workers or default_workers()
    truths = Truths(executor, cache_directory() / "truths", workers)
    try:
        yield from judge_samples(
            task,
            problems,
            samples,
            executor,
            truths,
            workers=workers,
            extraction=settings.extraction,
            stops=settings.stops,
            deduplicate=settings.deduplicate,
            skip=directory.has if directory is not None else lambda sample, digest: False,
            adjust=settings.adjust,
            stop=stop,
        )
    finally:
        truths.close()


def _read(path: str | Path, ids: SampleIds, settings: Options, notice: Notice) -> Iterator[Sample]:
    partial = settings.limit is not None or settings.include is not None
    return read_samples(
        path,
        ids,
        format=settings.format,
        id_field=settings.id_field,
        code_field=settings.code_field,
        allow_unknown=settings.allow_unknown or partial,
        report=notice,
    )


def _check_stop(stop: threading.Event | None) -> None:
    if stop is not None and stop.is_set():
        raise EvaluationStopped("stopped on request; the same call goes on from here")


def _check_counts(counted: Completeness, settings: Options) -> None:
    counted.check(settings.missing)


def _count(builder: ReportBuilder, result: SampleResult) -> None:
    builder.add(result.task_id, result.scores, result.verdict.status, result.verdict.sealed)


def _finish(
    directory: RunDirectory,
    builder: ReportBuilder,
    problems: Mapping[str, Problem],
    manifest: Mapping[str, Any],
) -> Report:
    """Put the results in order, score them, write the reports."""
    from codeeval.report_html import write_report_html  # templates: only where they are needed

    directory.put_in_order(list(problems))
    for _, record in iter_results(directory.path):
        results = record["verdict"]["results"]
        sealed = bool(results) and all(result["sealed"] for result in results)
        builder.add(record["task_id"], record["scores"], record["verdict"]["status"], sealed)
    finished = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    broken = builder.infrastructure_errors
    changes = {
        **manifest,
        "started": directory.manifest["started"],
        "finished": finished,
        "status": "partial" if broken else "complete",
    }
    report = builder.build({**directory.manifest, **changes})
    directory.write_manifest(**changes)
    directory.write_report(report.as_dict())
    write_report_html(directory.path / "report.html", report, directory.path)
    return report


def _manifest(
    task: Task, samples: Any, settings: Options, problems: Mapping[str, Problem]
) -> dict[str, Any]:
    """Return what ``run.json`` says; its ``spec`` is what makes two evaluations the same."""
    spec: dict[str, Any] = {
        "task": task.name,
        "task_version": task.version,
        "task_options": _task_options(task),
        "rules": task.rules,
        "data_digest": task.digest,
        "problems": len(problems),
        "extraction": settings.extraction,
        "stops": list(settings.stops),
        "cpu_seconds": settings.cpu_seconds,
        "memory_bytes": settings.memory_bytes,
        "sandbox": settings.sandbox,
        "runtime": settings.runtime,
        "missing": settings.missing,
        "k": list(settings.k),
    }
    if settings.include is not None:
        spec["include"] = list(settings.include)
    manifest: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "status": "started"}
    if data_file := getattr(task, "data_file", None):
        manifest["data_file"] = str(data_file)
    if isinstance(samples, str | Path):
        spec["samples_sha256"] = _digest_of(Path(samples))
        manifest["samples"] = str(samples)
    return {
        **manifest,
        **spec,
        "spec": spec,
        "codeeval": __version__,
        "python": platform.python_version(),
        "host": {
            "system": platform.platform(),
            "machine": platform.machine(),
            "cores": len(os.sched_getaffinity(0)),
        },
        "workers": settings.workers or default_workers(),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "command": " ".join(sys.argv) if sys.argv and sys.argv[0] else "",
        "warnings": [],
    }


def _task_options(task: Task) -> dict[str, Any]:
    """Return a task's options that are not as usual, as JSON types; files are told by digest."""
    if not is_dataclass(task):
        return {}
    values = {item.name: (item.default, getattr(task, item.name)) for item in fields(task)}
    return {
        name: value if isinstance(value, str | int | float) else str(value)
        for name, (usual, value) in values.items()
        if value != usual and not isinstance(value, Path)
    }


def _digest_of(path: Path) -> str:
    """Return the sha256 of a file, or of the names and contents below a directory."""
    digest = hashlib.sha256()
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    for file in files:
        if path.is_dir():
            digest.update(str(file.relative_to(path)).encode("utf-8", "surrogateescape") + b"\0")
        try:
            with file.open("rb") as content:
                while part := content.read(1 << 20):
                    digest.update(part)
        except OSError:
            continue  # reading the samples says what is wrong
    return digest.hexdigest()


def _describe_executor(manifest: dict[str, Any], executor: Executor) -> None:
    manifest["isolation"] = executor.isolation
    manifest["executor"] = executor.isolation.partition(":")[0]
    image = getattr(executor, "image", None)
    if image:
        manifest["image"] = image


def _ints(ks: int | str | Sequence[int]) -> Iterable[int]:
    """Return the k's of one number, a list, or a text with commas."""
    if isinstance(ks, int):
        return [ks]
    if isinstance(ks, str):
        return [int(part) for part in ks.split(",") if part.strip()]
    return ks

"""Evaluate samples: the library's door to everything from a samples file to a report."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codeeval.checking import LoadedTask
from codeeval.judging import EvaluationStopped, SampleResult, judge_samples
from codeeval.manifest import describe_executor, manifest_of
from codeeval.options import Options, OptionsError
from codeeval.report import Report, ReportBuilder
from codeeval.run_directory import RunDirectory, find_run, new_run
from codeeval.run_files import iter_results
from codeeval.run_log import run_log
from codeeval.samples.completeness import Completeness
from codeeval.samples.errors import SampleError
from codeeval.samples.ids import SampleIds
from codeeval.samples.read import read_samples
from codeeval.sandbox.errors import SandboxError
from codeeval.sandbox.executor import Executor, default_workers
from codeeval.sandbox.nothing import NoExecutor
from codeeval.sandbox.verdict import Status
from codeeval.scoring.estimate import Estimate
from codeeval.self_test import SelfTest
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import Problem, Sample, Task
from codeeval.truth import Truths, cache_directory

__all__ = [
    "EvaluationStopped",
    "Options",
    "Run",
    "aevaluate",
    "aevaluate_iter",
    "check_samples",
    "evaluate",
    "evaluate_iter",
]

Notice = Callable[[str], None]


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
        """The estimates by name: ``pass@1``, or ``plus/pass@1`` for tasks with several columns.

        Those of values have their column in front: ``efficiency/eff@1``.
        """
        columns, values = self.report.estimates, self.report.values
        return {
            f"{column}/{estimate.metric}"
            if len(columns) > 1 or column in values
            else estimate.metric: estimate
            for column, estimates in {**columns, **values}.items()
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
        samples: A file or directory in any known format, or samples. Those are read as they are
            judged, so what is wrong with them is told late.
        task: A task, or its name: ``humaneval-plus@0.1.10``.
        output: The run directory; the same evaluation goes on where it was ended before. Without
            it and without ``runs`` nothing is written.
        runs: The folder of all runs: the directory's name below it is made up. The evaluation of
            a file or directory finds the one that it began before.
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
    settings = Options(**options)
    benchmark = task_of(task)
    problems = chosen_problems(benchmark, settings)
    manifest = manifest_of(benchmark, samples, settings, problems)
    notices: list[str] = []

    def note(text: str) -> None:
        notices.append(text)
        notice(text)

    counted = Completeness(SampleIds.of(problems.values()))
    if isinstance(samples, str | Path):
        # All of the file is read before anything runs: a mistake in its last line is told at once.
        for sample in _read(samples, benchmark, problems, settings, note):
            counted.add(sample)
            _check_stop(stop)
        _check_counts(counted, settings)
        source: Iterable[Sample] = _read(samples, benchmark, problems, settings, lambda text: None)
    else:
        source = counted.watch(_known(samples, problems, benchmark, settings))
    total = sum(counted.counts.values())
    builder = ReportBuilder(
        benchmark.columns,
        problems,
        settings.k,
        missing=settings.missing,
        count_broken=settings.on_infra_error == "fail",
        metadata=_metadata(problems),
        cluster_key=_cluster_key(problems, settings.cluster or getattr(benchmark, "cluster", None)),
        values=getattr(benchmark, "values", None),
    )
    with ExitStack() as stack:
        directory = None
        if output is not None or runs is not None:
            # Without a digest of the samples a run of others would be taken for this one.
            find = find_run if isinstance(samples, str | Path) else new_run
            if output is not None:
                path = Path(output)
            else:
                path = find(Path(runs or "runs"), manifest["spec"], benchmark.name)
            directory = stack.enter_context(RunDirectory(path, manifest, overwrite=overwrite))
            log = stack.enter_context(run_log(path))
            log.info("task %s, data %s, %s samples", benchmark.name, benchmark.digest[:12], total)
            for text in notices:
                log.info("%s", text)
            if directory.finished:
                log.info("%s samples were judged before", directory.finished)
                notice(f"{path}: {directory.finished} samples were judged before")
            source = stack.enter_context(closing(directory.recording(source)))
        pool = executor or stack.enter_context(_executor(benchmark, settings))
        describe_executor(manifest, pool, getattr(benchmark, "language", "python"))
        if directory is not None:
            total -= min(total, directory.finished)
        progress(None, total)
        judges = total > 0 or not isinstance(samples, str | Path)
        self_test = SelfTest(benchmark, problems.values() if judges else (), pool)
        self_test.run("start")
        results = _results(benchmark, problems, source, pool, settings, directory, stop)
        for result in stack.enter_context(closing(results)):
            if directory is not None:
                directory.append(result)
                if result.verdict.status is Status.INFRASTRUCTURE_ERROR:
                    failure = result.verdict.message[:500]
                    log.warning("%s, sample %s: %s", result.task_id, result.index, failure)
            else:
                _count(builder, result)
            progress(result, total)
            _check_stop(stop)
        if not isinstance(samples, str | Path):
            _check_counts(counted, settings)
        self_test.run("end")
        if measured := self_test.record():
            manifest["self_test"] = measured
            manifest["warnings"] = [*manifest["warnings"], *self_test.warnings()]
        manifest["notices"] = notices
        if directory is None:
            return Run(builder.build(manifest))
        report = _finish(directory, builder, problems, manifest)
        log.info("finished: %s", ", ".join(f"{n} {status}" for status, n in report.counts.items()))
        return Run(report, directory.path)


def evaluate_iter(
    samples: str | Path | Iterable[Sample],
    task: str | Task | LoadedTask,
    *,
    executor: Executor | None = None,
    **options: Any,
) -> Generator[SampleResult, None, None]:
    """Judge samples and yield each result as it is finished; nothing is written.

    Args:
        samples: As for :func:`evaluate`; an iterable is read as far as results are taken.
        task: As for :func:`evaluate`.
        executor: As for :func:`evaluate`.
        options: Fields of :class:`Options`.
    """
    return _stream(samples, task, executor, Options(**options), None)


def _stream(
    samples: str | Path | Iterable[Sample],
    task: str | Task | LoadedTask,
    executor: Executor | None,
    settings: Options,
    stop: threading.Event | None,
) -> Generator[SampleResult, None, None]:
    benchmark = task_of(task)
    problems = chosen_problems(benchmark, settings)
    if isinstance(samples, str | Path):
        samples = _read(samples, benchmark, problems, settings, lambda text: None)
    else:
        samples = _known(samples, problems, benchmark, settings)
    with ExitStack() as stack:
        pool = executor or stack.enter_context(_executor(benchmark, settings))
        yield from _results(benchmark, problems, samples, pool, settings, None, stop)


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
    samples: Any,
    task: str | Task | LoadedTask,
    *,
    executor: Executor | None = None,
    **options: Any,
) -> AsyncIterator[SampleResult]:
    """Do what :func:`evaluate_iter` does without blocking the event loop; cancelling ends it."""
    stop = threading.Event()
    results = _stream(samples, task, executor, Options(**options), stop)
    step: asyncio.Future[SampleResult | None] | None = None
    try:
        while True:
            step = asyncio.ensure_future(asyncio.to_thread(next, results, None))
            result = await asyncio.shield(step)
            if result is None:
                return
            yield result
    finally:
        stop.set()
        if step is not None and not step.done():
            await asyncio.gather(step, return_exceptions=True)
        await asyncio.to_thread(results.close)


def _executor(task: Task, settings: Options) -> Executor:
    """Return where programs run; of a task that only reads answers none do."""
    return NoExecutor() if hasattr(task, "answer") else settings.executor()


def task_of(task: str | Task | LoadedTask) -> Task:
    """Return the task that a name or a loaded task stands for."""
    if isinstance(task, str):
        return load_task(task)
    return task.task if isinstance(task, LoadedTask) else task


def chosen_problems(task: Task, settings: Options) -> dict[str, Problem]:
    """Return the problems to be evaluated, by id.

    Raises:
        OptionsError: If an id that is to be included is unknown.
    """
    problems = {problem.id: problem for problem in task.problems()}
    if settings.include is not None:
        unknown = [task_id for task_id in settings.include if task_id not in problems]
        if unknown:
            raise OptionsError(f"no problem {unknown[0]!r} in {task.name}")
        problems = {key: problems[key] for key in problems if key in set(settings.include)}
    if settings.released_from is not None or settings.released_to is not None:
        first, last = settings.released_from or "", settings.released_to or "9"
        problems = {
            key: problem
            for key, problem in problems.items()
            if first <= str(problem.metadata.get("released") or "")[:10] <= last
            and problem.metadata.get("released")
        }
        if not problems:
            raise OptionsError(
                f"no problem of {task.name} is known to be released from {first or 'ever'} to "
                f"{settings.released_to or 'now'}"
            )
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
) -> Generator[SampleResult, None, None]:
    workers = settings.workers or default_workers()
    truths = Truths(executor, cache_directory() / "truths", workers)
    try:
        for result in judge_samples(
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
        ):
            yield result
            _check_broken(result, settings)
    finally:
        truths.close()


def check_samples(
    samples: str | Path, task: str | Task | LoadedTask, *, notice: Notice, **options: Any
) -> None:
    """Read a samples file as `evaluate` would, without judging anything.

    Raises:
        CodeEvalError: As `evaluate` does for samples that are wrong.
    """
    settings = Options(**options)
    benchmark = task_of(task)
    problems = chosen_problems(benchmark, settings)
    counted = Completeness(SampleIds.of(problems.values()))
    for sample in _read(samples, benchmark, problems, settings, notice):
        counted.add(sample)
    _check_counts(counted, settings)


def _read(
    path: str | Path,
    task: Task,
    problems: Mapping[str, Problem],
    settings: Options,
    notice: Notice,
) -> Iterator[Sample]:
    """Read the samples of the problems that are to be evaluated; others of the task are known."""
    samples = read_samples(
        path,
        SampleIds.of_task(task),
        format=settings.format,
        id_field=settings.id_field,
        code_field=settings.code_field,
        allow_unknown=settings.allow_unknown,
        report=notice,
    )
    if not settings.partial:
        return samples
    return (sample for sample in samples if sample.task_id in problems)


def _known(
    samples: Iterable[Sample], problems: Mapping[str, Problem], task: Task, settings: Options
) -> Iterator[Sample]:
    """Pass on the samples whose problem there is."""
    whole = {problem.id for problem in task.problems()} if settings.partial else set()
    for sample in samples:
        if sample.task_id in problems:
            yield sample
        elif not (settings.allow_unknown or sample.task_id in whole):
            raise SampleError(
                f"unknown task_id {sample.task_id!r}; {task.name} has {len(problems)} problems, "
                f"the first of them {next(iter(problems))!r}"
            )


def _metadata(problems: Mapping[str, Problem]) -> dict[str, Mapping[str, Any]]:
    """Return the metadata of problems, with the language where there are several."""
    several = len({problem.language for problem in problems.values()}) > 1
    return {
        problem.id: {**problem.metadata, "language": problem.language}
        if several
        else problem.metadata
        for problem in problems.values()
    }


def _cluster_key(problems: Mapping[str, Problem], key: str | None) -> str:
    if key and not any(problem.metadata.get(key) for problem in problems.values()):
        raise OptionsError(f"no problem has the key {key!r} in its metadata to be clustered by")
    return key or ""


def _check_stop(stop: threading.Event | None) -> None:
    if stop is not None and stop.is_set():
        raise EvaluationStopped("stopped on request; the same call goes on from here")


def _check_broken(result: SampleResult, settings: Options) -> None:
    broken = result.verdict.status is Status.INFRASTRUCTURE_ERROR
    if broken and settings.on_infra_error == "raise":
        raise SandboxError(
            f"{result.task_id}, sample {result.index}, could not be judged: "
            f"{result.verdict.message}"
        )


def _check_counts(counted: Completeness, settings: Options) -> None:
    counted.check(settings.missing)


def _count(builder: ReportBuilder, result: SampleResult) -> None:
    verdict = result.verdict
    builder.add(result.task_id, result.scores, verdict.status, verdict.sealed, verdict.message)


def _finish(
    directory: RunDirectory,
    builder: ReportBuilder,
    problems: Mapping[str, Problem],
    manifest: Mapping[str, Any],
) -> Report:
    """Put the results in order, score them, write the reports."""
    from codeeval.report_html import write_report_html  # templates: only where they are needed

    directory.put_in_order(list(problems))
    isolations = Counter[str]()
    for _, record in iter_results(directory.path):
        isolations[record["verdict"]["isolation"]] += 1
        results = record["verdict"]["results"]
        sealed = bool(results) and all(result["sealed"] for result in results)
        message = next((each["message"] for each in results if each["message"]), "")
        status = record["verdict"]["status"]
        builder.add(record["task_id"], record["scores"], status, sealed, message)
    finished = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    broken = builder.infrastructure_errors
    del isolations[""]  # of samples that were not run
    mixed = [f"verdicts of several sandboxes: {', '.join(sorted(isolations))}"]
    changes = {
        **manifest,
        "warnings": manifest["warnings"] + (mixed if len(isolations) > 1 else []),
        "started": directory.manifest["started"],
        "finished": finished,
        "status": "partial" if broken else "complete",
    }
    report = builder.build({**directory.manifest, **changes})
    directory.write_manifest(**changes)
    directory.write_report(report.as_dict())
    write_report_html(directory.path / "report.html", report, directory.path)
    return report

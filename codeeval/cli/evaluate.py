"""The command ``evaluate``: flags to options, one call of the library, its numbers printed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from codeeval.cli.common import Json
from codeeval.cli.consent import allowed
from codeeval.cli.exit import BELOW, FINISHED, PARTIAL, Stopped
from codeeval.cli.progress import Progress
from codeeval.cli.settings import is_said
from codeeval.cli.stop import Stopper
from codeeval.cli.values import (
    Compat,
    DataFile,
    Missing,
    OnInfraError,
    TaskOptions,
    below,
    chosen,
    ids_chosen,
    ks_of,
    pairs_of,
    size_of,
    thresholds_of,
    unescaped,
)
from codeeval.cli.voice import complain, say, warn
from codeeval.cli.words import of_this_line, two_of
from codeeval.visible import visible

if TYPE_CHECKING:
    from codeeval.evaluation import Run
    from codeeval.tasks.task import Task

__all__ = ["evaluate_command", "evaluated", "outcome", "print_report"]

ELSEWHERE = {"humaneval": "humaneval-plus", "mbpp": "mbpp-plus"}
"""Names that mean another benchmark in EvalPlus, whose users type --dataset."""
TASK_FIELD = "{task}"


def evaluate_command(
    context: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[TASK] [SAMPLES]", show_default=False)
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            "-t",
            "--tasks",
            help="Tasks: NAME, NAME@VERSION or a folder; commas and wildcards for several.",
        ),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="The same as --task.")] = None,
    samples: Annotated[
        str | None,
        typer.Option(help="Samples: a file or a directory; {task} stands for the task's name."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", "--output-path", help="The run directory.")
    ] = None,
    runs: Annotated[
        Path, typer.Option(help="Where a run directory is made up without --output.")
    ] = Path("runs"),
    k: Annotated[str, typer.Option("--k", "--pass-k", help="The k of each pass@k.")] = "1,10,100",
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            "-j",
            "--parallel",
            "--n-workers",
            min=-1,
            help="Programs at a time; half of the cores by default, and for -1.",
        ),
    ] = None,
    sandbox: Annotated[
        str, typer.Option(help="auto, docker, bubblewrap or unsafe-local.")
    ] = "auto",
    isolation: Annotated[
        str, typer.Option(help="worker: warm jails; container: a fresh one for each program.")
    ] = "worker",
    runtime: Annotated[
        str | None, typer.Option(help="For Docker: an OCI runtime such as runsc.")
    ] = None,
    unsafe_local: Annotated[
        bool, typer.Option("--unsafe-local", help="Run trusted code without a sandbox.")
    ] = False,
    allow_code_execution: Annotated[
        bool,
        typer.Option(
            "--allow-code-execution", "--confirm-run-unsafe-code", help="As --unsafe-local; warns."
        ),
    ] = False,
    extraction: Annotated[
        str, typer.Option(help="How code is taken from a text; evalplus, fence-auto, ...")
    ] = "none",
    stop: Annotated[
        list[str] | None, typer.Option(help=r"Where --extraction stop cuts, such as '\ndef'.")
    ] = None,
    format: Annotated[
        str | None, typer.Option(help="Format of the samples; told by their content.")
    ] = None,
    id_field: Annotated[str | None, typer.Option(help="JSONL key of the problem's id.")] = None,
    code_field: Annotated[str | None, typer.Option(help="JSONL key of the code.")] = None,
    missing: Annotated[
        Missing, typer.Option(help="What a problem without samples means.")
    ] = Missing.ERROR,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="The same as --missing skip.")
    ] = False,
    allow_unknown: Annotated[
        bool, typer.Option("--allow-unknown", help="Leave out samples of unknown problems.")
    ] = False,
    timeout: Annotated[
        float | None, typer.Option(help="CPU seconds of a check; the task's own by default.")
    ] = None,
    memory: Annotated[
        str | None, typer.Option(help="Memory of a check: bytes, or such as 4g.")
    ] = None,
    stack: Annotated[
        str | None, typer.Option(help="Stack of a program: bytes, or such as 64m.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-L", min=1, help="The first so many problems.")
    ] = None,
    include: Annotated[
        list[str] | None, typer.Option(help="Id of a problem; may be given again.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Id of a problem to leave out; may be given again.")
    ] = None,
    id_range: Annotated[
        str | None, typer.Option(help="Problems numbered LO to HI - 1: LO-HI.")
    ] = None,
    released_from: Annotated[
        str | None,
        typer.Option("--from", "--released-from", help="Problems released on this day or later."),
    ] = None,
    released_to: Annotated[
        str | None,
        typer.Option("--to", "--released-to", help="Problems released on this day or before."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(help="Key in the problems' metadata that names a source shared by several."),
    ] = None,
    data_file: DataFile = None,
    variant: Annotated[str | None, typer.Option(help="EvalPlus: full, mini, noextreme.")] = None,
    mini: Annotated[bool, typer.Option("--mini", help="The same as --variant mini.")] = False,
    noextreme: Annotated[
        bool, typer.Option("--noextreme", help="The same as --variant noextreme.")
    ] = False,
    base_only: Annotated[
        bool, typer.Option("--base-only", help="EvalPlus: leave the plus inputs out.")
    ] = False,
    test_details: Annotated[
        bool, typer.Option("--test-details", help="EvalPlus: report every failing input.")
    ] = False,
    min_time_limit: Annotated[
        float | None, typer.Option(help="EvalPlus: least CPU seconds of one call.")
    ] = None,
    gt_time_limit_factor: Annotated[
        float | None, typer.Option(help="EvalPlus: times the reference's CPU seconds.")
    ] = None,
    task_option: TaskOptions = None,
    compat: Annotated[
        Compat | None, typer.Option(help="Write that tool's file beside the samples.")
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite/--resume",
            "--no-resume",
            "--i-just-wanna-run",
            help="Begin anew, whatever is there.",
        ),
    ] = False,
    no_deduplicate: Annotated[
        bool, typer.Option("--no-deduplicate", help="Run equal programs each time.")
    ] = False,
    fail_under: Annotated[
        list[str] | None, typer.Option(help="pass@1=0.5: exit 5 if it is not reached.")
    ] = None,
    on_infra_error: Annotated[
        OnInfraError,
        typer.Option(help="A sample that could not be judged: left out, failed, or the end."),
    ] = OnInfraError.SKIP,
    json_: Json = False,
    quiet: bool = False,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="No progress.")] = False,
) -> int:
    """Judge samples and score them; the same command goes on where it was ended.

    TASK may be given as --task, SAMPLES as --samples.
    """
    from codeeval.evaluation import check_samples
    from codeeval.report import NothingJudged
    from codeeval.samples.formats import FORMATS
    from codeeval.sandbox.executor import ISOLATIONS, SANDBOXES
    from codeeval.tasks.extract import EXTRACTIONS
    from codeeval.tasks.registry import load_task, tasks_named

    task, samples = of_this_line(context, words or [], task, dataset, samples)
    wanted, path = two_of(words or [], task, samples)
    if dataset == task and dataset in ELSEWHERE:
        say(f"{dataset} is the original benchmark; EvalPlus's is {ELSEWHERE[dataset]}")
    chosen("--sandbox", sandbox, SANDBOXES)
    chosen("--isolation", isolation, ISOLATIONS)
    chosen("--extraction", extraction, EXTRACTIONS)
    chosen("--format", format, FORMATS)
    for flag, number in (
        ("--timeout", timeout),
        ("--min-time-limit", min_time_limit),
        ("--gt-time-limit-factor", gt_time_limit_factor),
    ):
        if number is not None and not 0 < number < float("inf"):
            raise typer.BadParameter(f"{flag} must be a number above 0, not {number}")
    if workers == 0:
        raise typer.BadParameter("--workers must be at least 1, or -1 for half of the cores")
    if stop and extraction != "stop":
        raise typer.BadParameter("--stop is for --extraction stop")
    if runtime and sandbox not in ("auto", "docker"):
        raise typer.BadParameter(f"--runtime is for Docker, not for {sandbox}")
    if output is not None and output.exists() and not output.is_dir():
        raise typer.BadParameter(f"--output must name a directory, not the file {output}")
    if allow_missing and is_said(context, "allow_missing") >= is_said(context, "missing"):
        if is_said(context, "missing") and missing is not Missing.SKIP:
            raise typer.BadParameter(f"--allow-missing contradicts --missing {missing}")
        missing = Missing.SKIP
    sandbox = allowed(sandbox, unsafe_local, allow_code_execution)
    ks = ks_of(k)
    thresholds = thresholds_of(fail_under or (), ks)
    variants = {"mini": mini, "noextreme": noextreme}
    short = [name for name, said in variants.items() if said]
    if len({*short, *filter(None, [variant if is_said(context, "variant") else None])}) > 1:
        raise typer.BadParameter("--variant, --mini and --noextreme contradict each other")
    on_line = [name for name in short if is_said(context, name)]
    task_options = {
        **pairs_of(task_option or ()),
        **_given(variant=next(iter(on_line), variant or next(iter(short), None))),
        **_given(base_only=base_only or None, all_failures=test_details or None),
        **_given(minimum_seconds=min_time_limit, time_factor=gt_time_limit_factor),
    }
    tasks = [load_task(name, data_file=data_file, **task_options) for name in tasks_named(wanted)]
    folders = _folders(tasks)
    for benchmark in tasks:
        _check_compat(compat, benchmark)
    options: dict[str, Any] = {
        "k": ks,
        "sandbox": sandbox,
        "runtime": runtime,
        "isolation": isolation,
        "workers": None if workers == -1 else workers,
        "extraction": extraction,
        "stops": tuple(map(unescaped, stop or ())),
        "missing": missing.value,
        "allow_unknown": allow_unknown,
        "on_infra_error": on_infra_error.value,
        "format": format,
        "id_field": id_field,
        "code_field": code_field,
        "cpu_seconds": timeout,
        "memory_bytes": size_of(memory),
        "stack_bytes": size_of(stack, "--stack"),
        "limit": limit,
        "cluster": cluster,
        "released_from": released_from,
        "released_to": released_to,
        "deduplicate": not no_deduplicate,
    }
    if len(tasks) > 1:
        _check_several({"--include": include, "--exclude": exclude, "--data-file": data_file})
        if TASK_FIELD not in path:
            if compat is not None:
                raise typer.BadParameter("--compat writes one file beside the samples of one task")
            _check_shared(path, tasks, options)
            options["allow_unknown"] = True
    included = [ids_chosen(each, include or (), exclude or (), id_range) for each in tasks]
    paths = [path.replace(TASK_FIELD, folder) for folder in folders]
    if len(tasks) > 1:
        for own, benchmark, ids in zip(paths, tasks, included, strict=True):
            check_samples(own, benchmark, notice=lambda text: None, include=ids, **options)
    runs_made: list[Run] = []
    judged = True
    with Stopper() as stopper:
        for own, benchmark, folder, ids in zip(paths, tasks, folders, included, strict=True):
            stopper.check()  # a signal may have come while the one before was being finished
            try:
                run = evaluated(
                    own,
                    benchmark,
                    stopper,
                    output=output / folder if output and len(tasks) > 1 else output,
                    runs=runs,
                    overwrite=overwrite,
                    progress=not (quiet or no_progress),
                    include=ids,
                    **options,
                )
            except NothingJudged as error:
                if len(tasks) == 1:
                    raise
                complain(f"{benchmark.name}: {error}")
                judged = False
                continue
            runs_made.append(run)
            if not json_:
                print_report(run)
            _write_compat(compat, own, run)
    if json_:
        documents = [_document(run) for run in runs_made]
        print(json.dumps(documents if len(tasks) > 1 else documents[0], indent=1))
    code = outcome(runs_made, thresholds)
    return code if judged else PARTIAL


def evaluated(
    samples: str | Path,
    task: Task,
    stopper: Stopper,
    *,
    output: Path | None,
    runs: Path | None = None,
    overwrite: bool = False,
    progress: bool = True,
    **options: Any,
) -> Run:
    """Evaluate under the eyes of the user, who may end it by a signal.

    Raises:
        Stopped: If a signal ended it.
    """
    from codeeval.evaluation import EvaluationStopped, evaluate

    with Progress(shown=progress) as shown:

        def show(result: Any, total: int) -> None:
            stopper.begin()
            shown(result, total)

        try:
            return evaluate(
                samples,
                task,
                output=output,
                runs=runs,
                overwrite=overwrite,
                notice=say,
                progress=show,
                stop=stopper.event,
                **options,
            )
        except EvaluationStopped as error:
            raise Stopped(
                stopper.signal,
                f"stopped after {shown.done} samples; the same command goes on from there",
            ) from error


def print_report(run: Run) -> None:
    """Print the table of a run, and where its report is."""
    from codeeval.report_text import text_table

    assert run.directory is not None
    print(text_table(run.report, width=min(shutil.get_terminal_size().columns, 100)))
    print(visible(f"Report: {run.directory / 'report.html'}"))


def outcome(runs: Sequence[Run], thresholds: dict[str, float]) -> int:
    """Return the exit code that runs are worth, and say what is wrong with them."""
    short = [text for run in runs for text in below(run, thresholds)]
    for text in short:
        warn(f"--fail-under: {text}")
    if number := sum(run.report.infrastructure_errors for run in runs):
        warn(f"{number} samples could not be judged; the same command tries them again")
        return PARTIAL
    if short:
        return BELOW
    left_out = any(_leaves_out(run) for run in runs)
    return PARTIAL if left_out else FINISHED


def _leaves_out(run: Run) -> bool:
    """Whether problems without samples are left out of a score."""
    skipped = run.report.manifest.get("missing") == "skip"
    return skipped and any(not row.statuses for row in run.report.problems)


def _check_compat(compat: Compat | None, task: Task) -> None:
    evalplus = compat in (Compat.EVALPLUS, Compat.EVALPLUS_0_3_1)
    if evalplus and task.name not in ("humaneval-plus", "mbpp-plus"):
        raise typer.BadParameter(f"--compat {compat}: EvalPlus has no task {task.name!r}")


def _write_compat(compat: Compat | None, samples: str, run: Run) -> None:
    if compat is None:
        return
    from codeeval.compat_run import compat_name, write_compat

    assert run.directory is not None
    path = compat_name(compat, samples)
    write_compat(compat, path, run.directory, run.report)
    say(f"wrote {path}")


def _check_several(flags: dict[str, Any]) -> None:
    """Refuse what is about one task if there are several."""
    for flag, value in flags.items():
        if value:
            raise typer.BadParameter(f"{flag} is about one task; evaluate one at a time")


def _check_shared(path: str, tasks: Sequence[Task], options: dict[str, Any]) -> None:
    """Refuse samples that belong to none of the tasks; each will leave out those of the others."""
    from codeeval.samples.ids import SampleIds
    from codeeval.samples.read import read_samples

    problems = {problem.id: problem for task in tasks for problem in task.problems()}
    names = ("format", "id_field", "code_field", "allow_unknown")
    reading = {name: options[name] for name in names}
    order = dict.fromkeys(
        name
        for task in tasks
        for name in getattr(task, "order", None) or [problem.id for problem in task.problems()]
    )
    for _ in read_samples(path, SampleIds.of(problems.values(), order), report=say, **reading):
        pass


def _folders(tasks: Sequence[Task]) -> list[str]:
    """Return the name of a folder for each task.

    Raises:
        BadParameter: If there is no task, or two have the same name.
    """
    names = [re.sub(r"[^\w.+-]", "-", task.name).lstrip(".") or "task" for task in tasks]
    if len(set(names)) < len(names):
        names = [f"{name}-{task.version}" for name, task in zip(names, tasks, strict=True)]
    if not names or len(set(names)) < len(names):
        what = "two tasks have the same name" if names else "no task is named"
        raise typer.BadParameter(f"{what}: evaluate one at a time")
    return names


def _document(run: Run) -> dict[str, Any]:
    return {**run.report.as_dict(), "directory": str(run.directory)}


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}

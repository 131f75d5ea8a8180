"""The command ``evaluate``: flags to options, one call of the library, its numbers printed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from codeeval.cli.common import Json
from codeeval.cli.exit import BELOW, FINISHED, PARTIAL, Stopped
from codeeval.cli.progress import Progress
from codeeval.cli.stop import Stopper
from codeeval.cli.values import (
    Compat,
    Missing,
    OnInfraError,
    below,
    chosen,
    ids_chosen,
    ks_of,
    size_of,
    thresholds_of,
    unescaped,
)
from codeeval.cli.voice import say, warn

if TYPE_CHECKING:
    from codeeval.evaluation import Run
    from codeeval.tasks.task import Task

__all__ = ["evaluate_command", "evaluated", "outcome", "print_report", "two_of"]

ALLOW_UNSAFE = "CODEEVAL_ALLOW_UNSAFE"
ALLOW_ELSEWHERE = "HF_ALLOW_CODE_EVAL"
ELSEWHERE = {"humaneval": "humaneval-plus", "mbpp": "mbpp-plus"}
"""Names that mean another benchmark in EvalPlus, whose users type --dataset."""
TASK_FIELD = "{task}"


def evaluate_command(
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
            min=1,
            help="Programs at a time; half of the cores by default.",
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
    data_file: Annotated[Path | None, typer.Option(help="The task's data.")] = None,
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
    task_option: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE of the task; see `codeeval tasks`.")
    ] = None,
    compat: Annotated[
        Compat | None, typer.Option(help="Write that tool's file beside the samples.")
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
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
    from codeeval.samples.formats import FORMATS
    from codeeval.sandbox.executor import SANDBOXES
    from codeeval.tasks.extract import EXTRACTIONS
    from codeeval.tasks.registry import load_task, tasks_named

    wanted, path = two_of(words or [], task or dataset, samples)
    if dataset in ELSEWHERE and not task:
        say(f"{dataset} is the original benchmark; EvalPlus's is {ELSEWHERE[dataset]}")
    chosen("--sandbox", sandbox, SANDBOXES)
    chosen("--extraction", extraction, EXTRACTIONS)
    chosen("--format", format, FORMATS)
    for flag, number in (
        ("--timeout", timeout),
        ("--min-time-limit", min_time_limit),
        ("--gt-time-limit-factor", gt_time_limit_factor),
    ):
        if number is not None and not 0 < number < float("inf"):
            raise typer.BadParameter(f"{flag} must be a number above 0, not {number}")
    sandbox = allowed(sandbox, unsafe_local, allow_code_execution)
    ks = ks_of(k)
    thresholds = thresholds_of(fail_under or (), ks)
    task_options = {
        **_pairs(task_option or ()),
        **_given(
            variant=variant or ("mini" if mini else None) or ("noextreme" if noextreme else None)
        ),
        **_given(base_only=base_only or None, all_failures=test_details or None),
        **_given(minimum_seconds=min_time_limit, time_factor=gt_time_limit_factor),
    }
    names = tasks_named(wanted)
    tasks = [load_task(name, data_file=data_file, **task_options) for name in names]
    for benchmark in tasks:
        _check_compat(compat, benchmark)
    reading = {"format": format, "id_field": id_field, "code_field": code_field}
    shared = len(tasks) > 1 and TASK_FIELD not in path
    if len(tasks) > 1:
        _check_several({"--include": include, "--exclude": exclude, "--data-file": data_file})
        if shared and compat is not None:
            raise typer.BadParameter(
                f"--compat writes one file beside the samples: evaluate one of {wanted} at a time"
            )
    if shared and not allow_unknown:
        _check_shared(path, tasks, reading)
    included = [ids_chosen(each, include or (), exclude or (), id_range) for each in tasks]
    runs_made = []
    for name, benchmark, ids in zip(names, tasks, included, strict=True):
        folder = output / _folder_name(name) if output and len(tasks) > 1 else output
        own = path.replace(TASK_FIELD, _folder_name(name))
        run = evaluated(
            own,
            benchmark,
            output=folder,
            runs=runs,
            overwrite=overwrite,
            progress=not (quiet or no_progress),
            k=ks,
            sandbox=sandbox,
            runtime=runtime,
            isolation=isolation,
            workers=workers,
            extraction=extraction,
            stops=tuple(map(unescaped, stop or ())),
            missing="skip" if allow_missing else missing.value,
            allow_unknown=allow_unknown or shared,
            on_infra_error=on_infra_error.value,
            cpu_seconds=timeout,
            memory_bytes=size_of(memory),
            include=ids,
            limit=limit,
            cluster=cluster,
            released_from=released_from,
            released_to=released_to,
            deduplicate=not no_deduplicate,
            **reading,
        )
        runs_made.append(run)
        if not json_:
            print_report(run)
        _write_compat(compat, own, run)
    if json_:
        documents = [_document(run) for run in runs_made]
        print(json.dumps(documents if len(tasks) > 1 else documents[0], indent=1))
    return outcome(runs_made, thresholds)


def evaluated(
    samples: str | Path,
    task: Task,
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

    with Stopper() as stopper, Progress(shown=progress) as shown:

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
    print(f"Report: {run.directory / 'report.html'}")


def outcome(runs: Sequence[Run], thresholds: dict[str, float]) -> int:
    """Return the exit code that runs are worth, and say what is wrong with them."""
    short = [text for run in runs for text in below(run, thresholds)]
    for text in short:
        warn(f"--fail-under: {text}")
    if number := sum(run.report.infrastructure_errors for run in runs):
        warn(f"{number} samples could not be judged; the same command tries them again")
        return PARTIAL
    return BELOW if short else FINISHED


def two_of(words: Sequence[str], task: str | None, samples: str | None) -> tuple[str, str]:
    """Return task and samples, each from its flag or from its place among the arguments."""
    rest = list(words)
    if task is None and rest:
        task = rest.pop(0)
    if samples is None and rest:
        samples = rest.pop(0)
    if rest:
        raise typer.BadParameter(f"one argument too many: {rest[0]!r}")
    if not task:
        raise typer.BadParameter("no task: name it first, or with --task; see `codeeval tasks`")
    if not samples:
        raise typer.BadParameter("no samples: name their file after the task, or with --samples")
    return task, samples


def allowed(sandbox: str, unsafe_local: bool, elsewhere: bool = False) -> str:
    """Return the sandbox; none at all only for those who asked for it twice.

    Args:
        sandbox: The sandbox that was named.
        unsafe_local: Whether --unsafe-local was.
        elsewhere: Whether a flag was by which other tools are allowed to run code unprotected.
    """
    elsewhere = elsewhere or os.environ.get(ALLOW_ELSEWHERE) == "1"
    if elsewhere and sandbox == "unsafe-local":
        warn("warning: taken for --unsafe-local: model code will run without a sandbox")
        unsafe_local = True
    asked = [sandbox == "unsafe-local", unsafe_local, os.environ.get(ALLOW_UNSAFE) == "1"]
    if not (asked[0] or asked[1]):
        if elsewhere:
            say("model code runs in a sandbox here, so nothing needs to be allowed")
        return sandbox
    if sandbox not in ("auto", "unsafe-local"):
        raise typer.BadParameter(f"--unsafe-local contradicts --sandbox {sandbox}")
    if sum(asked) < 2:
        raise typer.BadParameter(
            "without a sandbox model code can do whatever you can; if you trust it, say both "
            "--sandbox unsafe-local and --unsafe-local"
        )
    os.environ[ALLOW_UNSAFE] = "1"
    return "unsafe-local"


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


def _check_shared(path: str, tasks: Sequence[Task], reading: dict[str, Any]) -> None:
    """Refuse samples that belong to none of the tasks; each will leave out those of the others."""
    from codeeval.samples.ids import SampleIds
    from codeeval.samples.read import read_samples

    problems = {problem.id: problem for task in tasks for problem in task.problems()}
    ids = SampleIds.of(problems.values())
    for _ in read_samples(path, ids, report=lambda text: None, **reading):
        pass


def _folder_name(task: str) -> str:
    return Path(task).name.replace("@", "-")


def _document(run: Run) -> dict[str, Any]:
    return {**run.report.as_dict(), "directory": str(run.directory)}


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise typer.BadParameter(f"--task-option must be NAME=VALUE, not {text!r}")
        pairs[name.strip().replace("-", "_")] = value.strip()
    return pairs

"""The command ``evaluate``: flags to options, one call of the library, its numbers printed."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from codeeval.cli_exit import BELOW, FINISHED, PARTIAL, Stopped
from codeeval.cli_progress import Progress
from codeeval.cli_stop import Stopper
from codeeval.cli_values import (
    Compat,
    Missing,
    below,
    chosen,
    ids_chosen,
    ks_of,
    size_of,
    thresholds_of,
    unescaped,
)

__all__ = ["evaluate_command", "evaluate_to_the_end", "say", "two_of"]

ALLOW_UNSAFE = "CODEEVAL_ALLOW_UNSAFE"
ELSEWHERE = {"humaneval": "humaneval-plus", "mbpp": "mbpp-plus"}
"""Names that mean another benchmark in EvalPlus, whose users type --dataset."""


def evaluate_command(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[TASK] [SAMPLES]", show_default=False)
    ] = None,
    task: Annotated[
        str | None,
        typer.Option("--task", "-t", "--tasks", help="Task: NAME, NAME@VERSION or a folder."),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="The same as --task.")] = None,
    samples: Annotated[str | None, typer.Option(help="Samples: a file or a directory.")] = None,
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
    json_: Annotated[
        bool, typer.Option("--json", help="Print the report as one JSON document.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no notices.")
    ] = False,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="No progress.")] = False,
) -> int:
    """Judge samples and score them; the same command goes on where it was ended.

    TASK may be given as --task, SAMPLES as --samples.
    """
    from codeeval.samples.formats import FORMATS
    from codeeval.sandbox.executor import SANDBOXES
    from codeeval.tasks.extract import EXTRACTIONS
    from codeeval.tasks.registry import load_task

    name, path = two_of(words or [], task or dataset, samples)
    if dataset in ELSEWHERE and not task:
        say(f"{dataset} is the original benchmark; EvalPlus's is {ELSEWHERE[dataset]}", quiet)
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
    sandbox = allowed(sandbox, unsafe_local)
    ks = ks_of(k)
    thresholds = thresholds_of(fail_under or (), ks)
    options = {
        **_pairs(task_option or ()),
        **_given(
            variant=variant or ("mini" if mini else None) or ("noextreme" if noextreme else None)
        ),
        **_given(base_only=base_only or None, all_failures=test_details or None),
        **_given(minimum_seconds=min_time_limit, time_factor=gt_time_limit_factor),
    }
    benchmark = load_task(name, data_file=data_file, **options)
    if compat in (Compat.EVALPLUS, Compat.EVALPLUS_0_3_1) and benchmark.name not in (
        "humaneval-plus",
        "mbpp-plus",
    ):
        raise typer.BadParameter(f"--compat {compat}: EvalPlus has no task {benchmark.name!r}")
    included = ids_chosen(benchmark, include or (), exclude or (), id_range)
    return evaluate_to_the_end(
        path,
        benchmark,
        output=output,
        runs=runs,
        overwrite=overwrite,
        compat=compat,
        thresholds=thresholds,
        as_json=json_,
        quiet=quiet,
        progress=not (quiet or no_progress),
        k=ks,
        sandbox=sandbox,
        runtime=runtime,
        isolation=isolation,
        workers=workers,
        extraction=extraction,
        stops=tuple(map(unescaped, stop or ())),
        missing="skip" if allow_missing else missing.value,
        allow_unknown=allow_unknown,
        format=format,
        id_field=id_field,
        code_field=code_field,
        cpu_seconds=timeout,
        memory_bytes=size_of(memory),
        include=included,
        limit=limit,
        deduplicate=not no_deduplicate,
    )


def evaluate_to_the_end(
    samples: str | Path,
    task: Any,
    *,
    output: Path | None,
    runs: Path | None = None,
    overwrite: bool = False,
    compat: Compat | None = None,
    thresholds: dict[str, float] | None = None,
    as_json: bool = False,
    quiet: bool = False,
    progress: bool = True,
    **options: Any,
) -> int:
    """Evaluate, print the report, return the exit code.

    Raises:
        Stopped: If a signal ended it.
    """
    from codeeval.compat_run import compat_name, write_compat
    from codeeval.evaluation import EvaluationStopped, evaluate
    from codeeval.report_text import text_table

    with Stopper() as stopper, Progress(shown=progress) as shown:

        def show(result: Any, total: int) -> None:
            stopper.begin()
            shown(result, total)

        try:
            run = evaluate(
                samples,
                task,
                output=output,
                runs=runs,
                overwrite=overwrite,
                notice=lambda text: say(text, quiet),
                progress=show,
                stop=stopper.event,
                **options,
            )
        except EvaluationStopped as error:
            raise Stopped(
                stopper.signal,
                f"stopped after {shown.done} samples; the same command goes on from there",
            ) from error
    assert run.directory is not None
    if as_json:
        record = {**run.report.as_dict(), "directory": str(run.directory)}
        print(json.dumps(record, indent=1))
    else:
        print(text_table(run.report, width=min(shutil.get_terminal_size().columns, 100)))
        print(f"Report: {run.directory / 'report.html'}")
    if compat is not None:
        path = compat_name(compat, str(samples))
        write_compat(compat, path, run.directory, run.report)
        say(f"wrote {path}", quiet)
    short = below(run, thresholds or {})
    for text in short:
        say(f"--fail-under: {text}", quiet=False)
    if run.report.infrastructure_errors:
        number = run.report.infrastructure_errors
        say(f"{number} samples could not be judged; the same command tries them again", quiet=False)
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
    if "," in task:
        raise typer.BadParameter(f"one task at a time, not {task!r}")
    return task, samples


def allowed(sandbox: str, unsafe_local: bool) -> str:
    """Return the sandbox; none at all only for those who asked for it twice."""
    asked = [sandbox == "unsafe-local", unsafe_local, os.environ.get(ALLOW_UNSAFE) == "1"]
    if not (asked[0] or asked[1]):
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


def say(text: str, quiet: bool = False) -> None:
    """Write a notice to standard error, around the bar if there is one."""
    if quiet:
        return
    line = f"codeeval: {text}"
    if sys.stderr.isatty():
        from tqdm import tqdm

        tqdm.write(line, file=sys.stderr)
    else:
        print(line, file=sys.stderr, flush=True)


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

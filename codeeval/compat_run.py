"""From a run directory to the result files of other tools: one call for each kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from codeeval.compat import evalplus_name, human_eval_name, write_evalplus, write_human_eval
from codeeval.judging import extracted
from codeeval.report import Report
from codeeval.run_files import read_manifest
from codeeval.sandbox.errors import CodeEvalError
from codeeval.tasks.evalplus import EvalPlus
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import DataError, Sample, Task

__all__ = ["NoSuchFile", "compat_name", "task_of_run", "write_compat"]


class NoSuchFile(CodeEvalError, ValueError):
    """Another tool knows no results of this task."""


def compat_name(kind: str, samples: str) -> Path:
    """Return where a tool, ``evalplus``, ``evalplus-0.3.1`` or ``human-eval``, puts its results."""
    if kind == "human-eval":
        return Path(human_eval_name(samples.rstrip("/")))
    return Path(evalplus_name(samples, version="0.3.1" if kind == "evalplus-0.3.1" else "head"))


def task_of_run(run_directory: Path) -> Task:
    """Return the task of a run, with the data that it had.

    Raises:
        DataError: If the data are others by now.
    """
    manifest = read_manifest(run_directory)
    options: dict[str, Any] = dict(manifest.get("task_options") or {})
    task = load_task(manifest["task"], data_file=manifest.get("data_file"), **options)
    if task.digest != manifest["data_digest"]:
        raise DataError(f"{run_directory}: its data of {task.name} are not those found here")
    return task


def write_compat(kind: str, path: Path, run_directory: Path, report: Report) -> None:
    """Write what another tool writes.

    Args:
        kind: ``evalplus``, ``evalplus-0.3.1`` or ``human-eval``.
        path: The file.
        run_directory: The run.
        report: Its report.

    Raises:
        NoSuchFile: If the tool does not know the task.
        NotJudged: If samples were not judged.
    """
    if kind == "human-eval":
        write_human_eval(path, run_directory)
        return
    manifest = read_manifest(run_directory)
    if manifest["task"] not in ("humaneval-plus", "mbpp-plus"):
        raise NoSuchFile(f"EvalPlus has no task {manifest['task']!r}: only those called ...-plus")
    task = task_of_run(run_directory)
    assert isinstance(task, EvalPlus)
    problems = {problem.id: problem for problem in task.problems()}

    def source(sample: Sample) -> str:
        problem = problems[sample.task_id]
        code = extracted(sample, problem, manifest["extraction"], manifest["stops"])
        return task.source(problem, code) if code is not None else ""

    def failing_input(task_id: str, check: str, position: int) -> list[Any]:
        problem = problems[task_id]
        if f"{check}_input" not in problem.record:
            return []  # data with test code in place of inputs
        return task.input_as_json(problem, check, position)

    write_evalplus(
        path,
        run_directory,
        report,
        source=source,
        failing_input=failing_input,
        dataset_md5=task.md5,
        version="0.3.1" if kind == "evalplus-0.3.1" else "head",
    )

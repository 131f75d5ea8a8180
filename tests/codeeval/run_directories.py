"""Run directories as an evaluation leaves them, made from the real types, for tests of reports."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codeeval.report import Report, ReportBuilder
from codeeval.sandbox.verdict import CheckResult, Status, Usage, Verdict
from codeeval.tasks.task import Sample

COLUMNS = ("base", "plus")

MANIFEST: dict[str, Any] = {
    "schema_version": 1,
    "status": "complete",
    "task": "humaneval-plus",
    "task_version": "0.1.10",
    "rules": "1",
    "data_digest": hashlib.sha256(b"data").hexdigest(),
    "extraction": "fence-last",
    "limits": {
        "cpu_seconds": 10.0,
        "wall_seconds": 30.0,
        "memory_bytes": 4 * 2**30,
        "processes": 64,
        "output_bytes": 65536,
        "disk_bytes": 64 * 2**20,
    },
    "executor": "docker",
    "isolation": "docker",
    "image": "codeeval-python@sha256:" + hashlib.sha256(b"image").hexdigest(),
    "codeeval_version": "0.1.0",
    "python": "3.11.7",
    "host": {"cpu": "AMD EPYC 7763", "cores": 8, "kernel": "6.1.0"},
    "seed": 0,
    "started": "2025-11-26T12:00:00+00:00",
    "finished": "2025-11-26T12:04:31+00:00",
    "command": ["codeeval", "evaluate", "--task", "humaneval-plus", "samples.jsonl"],
    "samples_file": "samples.jsonl",
    "samples_sha256": hashlib.sha256(b"samples").hexdigest(),
    "warnings": [],
}

CODE = '''    """Return the running maxima."""
    best, out = None, []
    for number in numbers:  # one pass
        best = number if best is None else max(best, number)
        out.append(best)
    return out[:{0}]
'''


@dataclass(frozen=True)
class Judged:
    """A sample and what it came to."""

    sample: Sample
    verdict: Verdict
    scores: dict[str, float] = field(default_factory=dict)


def check(name: str, status: Status, message: str = "", failing: int | None = None) -> CheckResult:
    """Return the result of one check with plausible numbers."""
    total = 8 if name == "base" else 960
    done = total if status is Status.PASSED else failing or 0
    failures = () if failing is None else (failing,)
    usage = Usage(0.21, 0.18, 24 * 2**20)
    return CheckResult(name, status, message, done, total, failures, True, usage)


def judged(
    task_id: str,
    index: int,
    base: CheckResult,
    plus: CheckResult,
    *,
    code: str = CODE.format(""),
    stdout: str = "",
    stderr: str = "",
    model: str = "starling-7b-code",
) -> Judged:
    """Return a sample that was judged by ``base`` and ``plus``."""
    results = (base, plus)
    failed = [result.status for result in results if result.status is not Status.PASSED]
    verdict = Verdict(
        failed[0] if failed else Status.PASSED,
        results,
        base.usage + plus.usage,
        stdout,
        stderr,
        isolation="docker",
    )
    right = base.status is Status.PASSED
    scores = {"base": float(right), "plus": float(not failed)}
    return Judged(Sample(task_id, index, completion=code, model=model), verdict, scores)


def realistic(problems: int = 164, samples: int = 10, seed: int = 1) -> list[Judged]:
    """Return a run of a middling model: hard and easy problems, and every kind of failure."""
    generator = random.Random(seed)
    run = []
    for problem in range(problems):
        task_id = f"HumanEval/{problem}"
        skill = min(1.0, generator.betavariate(1.1, 0.45) + 0.03)
        for index in range(samples):
            run.append(_sample(generator, task_id, index, skill))
    return run


def _sample(generator: random.Random, task_id: str, index: int, skill: float) -> Judged:
    code = CODE.format(index or "")
    fine = check("base", Status.PASSED), check("plus", Status.PASSED)
    draw = generator.random()
    if draw < skill * 0.92:
        return judged(task_id, index, *fine, code=code)
    if draw < skill:
        message = "input 12: returned [1, 2, 2], expected [1, 2, 2, 3]"
        return judged(
            task_id, index, fine[0], check("plus", Status.WRONG_ANSWER, message, 12), code=code
        )
    kind = generator.choices(
        [Status.WRONG_ANSWER, Status.RUNTIME_ERROR, Status.TIMEOUT, Status.SYNTAX_ERROR,
         Status.MEMORY_LIMIT, Status.OUTPUT_LIMIT, Status.NO_CODE, Status.INFRASTRUCTURE_ERROR],
        [60, 20, 9, 4, 2, 1, 2, 0.6],
    )[0]  # fmt: skip
    if kind in (Status.SYNTAX_ERROR, Status.NO_CODE, Status.INFRASTRUCTURE_ERROR):
        words = {
            Status.SYNTAX_ERROR: "line 14: '(' was never closed",
            Status.NO_CODE: "the answer holds no code",
            Status.INFRASTRUCTURE_ERROR: "SandboxError: the worker did not answer for 60 s",
        }
        verdict = Verdict.without_run(kind, words[kind])
        text = "" if kind is Status.NO_CODE else "    return max((numbers"
        sample = Sample(task_id, index, completion=text, model="starling-7b-code")
        scores = {} if kind is Status.INFRASTRUCTURE_ERROR else {"base": 0.0, "plus": 0.0}
        return Judged(sample, verdict, scores)
    message = {
        Status.WRONG_ANSWER: "input 3: returned [3, 2, 1], expected [3, 3, 3]",
        Status.RUNTIME_ERROR: "input 0: IndexError: list index out of range",
        Status.TIMEOUT: "input 5: used 4.0 s of CPU time, the limit",
        Status.MEMORY_LIMIT: "used 4 GiB of memory, the limit",
        Status.OUTPUT_LIMIT: "wrote 67,108,864 bytes",
    }[kind]
    place = None if kind in (Status.MEMORY_LIMIT, Status.OUTPUT_LIMIT) else 3
    trace = 'Traceback (most recent call last):\n  File "solution.py", line 9, in rolling_max\n'
    return judged(
        task_id,
        index,
        check("base", kind, message, place),
        check("plus", kind, message, place),
        code=code,
        stdout="debug: numbers = [3, 2, 1]\n" if index % 2 else "",
        stderr=trace + message + "\n" if kind is Status.RUNTIME_ERROR else "",
    )


def write_run(
    folder: Path,
    run: Iterable[Judged],
    *,
    manifest: dict[str, Any] = MANIFEST,
    ks: Iterable[int] = (1,),
) -> Report:
    """Write a run directory, results in another order than samples, and return its report."""
    folder.mkdir(parents=True, exist_ok=True)
    run = list(run)
    (folder / "run.json").write_text(json.dumps(manifest), "utf-8")
    with gzip.open(folder / "samples.jsonl.gz", "wt", encoding="utf-8") as file:
        for item in run:
            file.write(json.dumps(_sample_record(item.sample)) + "\n")
    order = random.Random(0).sample(run, len(run))
    with (folder / "results.jsonl").open("w", encoding="utf-8") as file:
        for item in order:
            file.write(json.dumps(_result_record(item)) + "\n")
    ids = dict.fromkeys(item.sample.task_id for item in run)
    metadata = {task_id: {"difficulty": "easy"} for task_id in ids}
    builder = ReportBuilder(COLUMNS, ids, ks, metadata=metadata)
    for item in run:
        builder.add(item.sample.task_id, item.scores, item.verdict.status, item.verdict.sealed)
    return builder.build(manifest)


def _sample_record(sample: Sample) -> dict[str, Any]:
    kind = "completion" if sample.completion is not None else "solution"
    start = {"task_id": sample.task_id, "index": sample.index, kind: sample.text}
    return {**start, "model": sample.model, **sample.extra}


def _result_record(item: Judged) -> dict[str, Any]:
    return {
        "task_id": item.sample.task_id,
        "index": item.sample.index,
        "program": hashlib.sha256(item.sample.text.encode("utf-8", "replace")).hexdigest(),
        "scores": item.scores,
        "attempts": 1,
        "verdict": item.verdict.as_dict(),
    }

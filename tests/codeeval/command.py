"""The command line as its users call it, in a process of its own or in this one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
STARTER = ROOT / "tasks" / "starter" / "samples"
UNSAFE = ("--sandbox", "unsafe-local", "--unsafe-local")
"""For our own samples: the quickest, and there on every machine."""


def skip_or_fail(reason: str) -> None:
    """Skip a test for which the machine lacks something; fail where everything has to be there."""
    if os.environ.get("CODEEVAL_REQUIRE_ALL"):
        pytest.fail(reason)
    pytest.skip(reason)


def need(sandbox: str) -> None:
    """Skip or fail unless the sandbox is there."""
    from codeeval.sandbox.errors import SandboxUnavailable
    from codeeval.sandbox.executor import open_jails
    from codeeval.sandbox.program import Limits

    try:
        open_jails(sandbox, Limits())
    except SandboxUnavailable as error:
        skip_or_fail(str(error))


def environment(**changes: str) -> dict[str, str]:
    """Return the environment without any setting of ours, with ``changes``."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CODEEVAL_")}
    cache = (
        {"CODEEVAL_CACHE": os.environ["CODEEVAL_CACHE"]} if "CODEEVAL_CACHE" in os.environ else {}
    )
    return {**kept, **cache, "PYTHONPATH": str(ROOT), **changes}


def start(*words: object, cwd: Path, **changes: str) -> subprocess.Popen[str]:
    """Begin ``codeeval WORDS``."""
    return subprocess.Popen(
        [sys.executable, "-m", "codeeval", *map(str, words)],
        cwd=cwd,
        env=environment(**changes),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@dataclass(frozen=True)
class Ended:
    """A finished command."""

    code: int
    out: str
    err: str


def run(*words: object, cwd: Path, **changes: str) -> Ended:
    """Run ``codeeval WORDS`` to its end."""
    process = start(*words, cwd=cwd, **changes)
    out, err = process.communicate(timeout=300)
    return Ended(process.returncode, out, err)


def refused(ended: Ended, code: int, text: str) -> None:
    """Check that a command ended with one line that says why, and nothing else."""
    assert (ended.code, ended.out) == (code, ""), ended
    last = ended.err.splitlines()[-1]
    assert last.startswith("codeeval: error: ")
    assert text in last
    assert "Traceback" not in ended.err


def records(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a JSONL file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def write(path: Path, lines: list[dict[str, Any]]) -> Path:
    """Write a JSONL file."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def judged(run_directory: Path) -> list[tuple[Any, ...]]:
    """Return the results of a run in their order, without what differs from run to run: times."""
    return [
        (
            line["task_id"],
            line["index"],
            line["program"],
            line["scores"],
            line["verdict"]["status"],
            [
                (check["name"], check["status"], check["completed"], check["failures"])
                for check in line["verdict"]["results"]
            ],
        )
        for line in records(run_directory / "results.jsonl")
    ]


def right(count: int = 1, **changes: Any) -> list[dict[str, Any]]:
    """Return right samples, ``count`` different ones of each problem of the starter task."""
    lines = []
    for number in range(count):
        for line in records(STARTER / "right.jsonl"):
            key = "completion" if "completion" in line else "solution"
            lines.append({**line, key: f"{line[key]}\n# {number}\n", **changes})
    return lines


def mount(folder: Path, size: str) -> None:
    """Put a file system of this size there; skip or fail if that is not allowed."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "codeeval-test", str(folder)]
    if os.geteuid() != 0 or not shutil.which("mount") or subprocess.run(command).returncode:
        skip_or_fail("a small file system needs root that may mount")

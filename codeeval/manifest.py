"""What ``run.json`` says: which data, samples, rules, limits and machine an evaluation is of."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import time
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from codeeval.options import Options
from codeeval.sandbox.executor import Executor, default_workers
from codeeval.tasks.task import Problem, Task
from codeeval.truth import image_of
from codeeval.version import __version__

__all__ = ["describe_executor", "manifest_of"]

SCHEMA_VERSION = 1
DATES = ("released_from", "released_to")


def manifest_of(
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
        "jails": settings.isolation,
        "missing": settings.missing,
        "k": list(settings.k),
    }
    if settings.on_infra_error == "fail":  # the others change no number
        spec["on_infra_error"] = "fail"
    chosen = {"cluster": getattr(task, "cluster", None)}
    for name in ("format", "id_field", "code_field", "include", "cluster", "stack_bytes", *DATES):
        if (value := getattr(settings, name) or chosen.get(name)) is not None:
            spec[name] = value if isinstance(value, str | int) else list(value)
    manifest: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "status": "started"}
    for name in ("language", "source_language"):
        if value := getattr(task, name, ""):
            manifest[name] = value
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


def describe_executor(manifest: dict[str, Any], executor: Executor, language: str) -> None:
    """Add where programs in a language run."""
    manifest["isolation"] = executor.isolation
    manifest["executor"] = executor.isolation.partition(":")[0]
    if image := image_of(executor, language):
        manifest["image"] = image

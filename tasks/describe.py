"""The tasks in words: their names, what they are, and the options that they have."""

from __future__ import annotations

import inspect
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any

from codeeval.tasks.registry import TASKS, task_names
from codeeval.tasks.task import Task

__all__ = ["described_tasks", "task_details"]

_NOT_OPTIONS = ("data_file", "folder", "limits")


def described_tasks() -> list[dict[str, Any]]:
    """Return name, summary and options of each task; no data are read, and no plug-in is loaded."""
    return [_described(name, TASKS.get(name)) for name in task_names()]


def task_details(task: Task) -> dict[str, Any]:
    """Return what there is to know about a task: its data are read for it.

    Raises:
        DataError: If they are not there.
    """
    known: Any = fields(task) if is_dataclass(task) else ()
    return {
        "name": task.name,
        "summary": _summary(type(task)),
        "version": task.version,
        "rules": task.rules,
        "problems": sum(1 for _ in task.problems()),
        "columns": list(task.columns),
        "data": str(getattr(task, "path", "")),
        "sha256": task.digest,
        "options": {
            item.name: getattr(task, item.name) for item in known if item.name not in _NOT_OPTIONS
        },
    }


def _summary(make: Any) -> str:
    return (inspect.getdoc(make) or "").split("\n")[0].rstrip(".")


def _described(name: str, target: str | None) -> dict[str, Any]:
    if target is None:
        return {"name": name, "summary": "of another package", "options": []}
    module, _, attribute = target.partition(":")
    make = getattr(import_module(module), attribute)
    known = fields(make) if is_dataclass(make) else ()
    options = [item.name for item in known if item.name not in _NOT_OPTIONS]
    return {"name": name, "summary": _summary(make), "options": options}

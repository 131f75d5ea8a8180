"""The tasks in words: their names, what they are, and the options that they have."""

from __future__ import annotations

import inspect
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any

from codeeval.tasks.registry import TASKS, task_names

__all__ = ["described_tasks"]

_NOT_OPTIONS = ("data_file", "limits")


def described_tasks() -> list[dict[str, Any]]:
    """Return name, summary and options of each task; no data are read, and no plug-in is loaded."""
    return [_described(name, TASKS.get(name)) for name in task_names()]


def _described(name: str, target: str | None) -> dict[str, Any]:
    if target is None:
        return {"name": name, "summary": "of another package", "options": []}
    module, _, attribute = target.partition(":")
    make = getattr(import_module(module), attribute)
    summary = (inspect.getdoc(make) or "").split("\n")[0].rstrip(".")
    known = fields(make) if is_dataclass(make) else ()
    options = [item.name for item in known if item.name not in _NOT_OPTIONS]
    return {"name": name, "summary": summary, "options": options}

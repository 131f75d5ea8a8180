"""The command ``doctor``: what codeeval finds here, and where each setting comes from."""

from __future__ import annotations

import json
import os
import platform
import sys
import warnings
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import typer

from codeeval.cli.common import Json
from codeeval.cli.exit import FINISHED
from codeeval.cli.settings import Setting, effective, variables
from codeeval.version import __version__

__all__ = ["doctor_command"]

OFFLINE = "CODEEVAL_OFFLINE"
PACKAGES = ("datasets", "docker", "numpy", "scipy", "tqdm", "openai", "typer", "pydantic")


def doctor_command(context: typer.Context, json_: Json = False) -> int:
    """Print every setting with its origin, and what there is of packages, data and sandboxes.

    What the sandbox promises is checked by `codeeval sandbox doctor`.
    """
    sections = {
        "settings of evaluate": [asdict(setting) for setting in _settings(context)],
        "environment": [asdict(setting) for setting in variables()],
        "versions": [asdict(setting) for setting in _versions()],
        "tasks": [asdict(setting) for setting in _data()],
        "sandboxes": [asdict(setting) for setting in _sandboxes()],
    }
    if json_:
        print(json.dumps(sections, indent=1, default=str))
        return FINISHED
    for title, settings in sections.items():
        print(title)
        width = max((len(setting["name"]) for setting in settings), default=0)
        for setting in settings:
            origin = f"  [{setting['origin']}]" if setting["origin"] else ""
            print(f"  {setting['name']:{width}}  {_shown(setting['value'])}{origin}")
    return FINISHED


def _settings(context: typer.Context) -> list[Setting]:
    """Return the values that `codeeval evaluate` would take without any flag."""
    root: Any = context.find_root()
    command = root.command.get_command(root, "evaluate")
    config = context.params.get("config")
    words = ["--config", str(config)] if config else []
    with command.make_context("evaluate", words, parent=root, resilient_parsing=True) as evaluate:
        return list(effective(evaluate))


def _versions() -> list[Setting]:
    found = [
        Setting("codeeval", __version__, ""),
        Setting("Python", platform.python_version(), sys.executable),
        Setting("system", platform.platform(), ""),
    ]
    for package in PACKAGES:
        try:
            found.append(Setting(package, version(package), ""))
        except PackageNotFoundError:
            found.append(Setting(package, "missing", ""))
    return found


def _data() -> list[Setting]:
    """Return where the data of each task are; nothing is fetched for it."""
    from codeeval.sandbox.errors import CodeEvalError
    from codeeval.tasks.registry import load_task, task_names

    found = []
    before = os.environ.get(OFFLINE)
    os.environ[OFFLINE] = "1"
    try:
        for name in task_names():
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                try:
                    found.append(Setting(name, str(getattr(load_task(name), "path", "")), ""))
                except CodeEvalError as error:
                    reason = str(caught[0].message if caught else error)
                    found.append(Setting(name, "not available", reason))
    finally:
        if before is None:
            del os.environ[OFFLINE]
        else:
            os.environ[OFFLINE] = before
    return found


def _sandboxes() -> list[Setting]:
    from codeeval.sandbox.errors import SandboxError
    from codeeval.sandbox.executor import open_executor

    found = []
    for name in ("docker", "bubblewrap"):
        try:
            with open_executor(name, workers=1) as executor:
                found.append(Setting(name, "available", executor.isolation))
        except SandboxError as error:
            found.append(Setting(name, "not available", str(error)))
    return found


def _shown(value: object) -> str:
    if value is None or value == []:
        return "-"
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return str(getattr(value, "value", value))

"""The tasks by name: the table of ours, entry points of others, folders of the user."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from codeeval.tasks.custom import SETTINGS_FILE, Custom
from codeeval.tasks.task import DataError, Task, TaskOptionError, UnknownTask

__all__ = ["ENTRY_POINTS", "TASKS", "load_task", "task_names", "tasks_named"]

TASKS = {
    "c-to-rust": "codeeval.tasks.starter_languages:CToRust",
    "coconut": "codeeval.tasks.coconut:CoCoNut",
    "coconut-concurrency": "codeeval.tasks.coconut:CoCoNutConcurrency",
    "coconut-oop": "codeeval.tasks.coconut:CoCoNutOop",
    "coconut-recursion": "codeeval.tasks.coconut:CoCoNutRecursion",
    "coffe-file": "codeeval.tasks.coffe_file:CoffeFile",
    "coffe-function": "codeeval.tasks.coffe:CoffeFunction",
    "cruxeval-input": "codeeval.tasks.cruxeval:CruxEvalInput",
    "cruxeval-output": "codeeval.tasks.cruxeval:CruxEvalOutput",
    "effibench": "codeeval.tasks.effibench:EffiBench",
    "effibench-x": "codeeval.tasks.effibench_x:EffiBenchX",
    "enamel": "codeeval.tasks.enamel:Enamel",
    "evalperf": "codeeval.tasks.evalperf:EvalPerf",
    "humaneval": "codeeval.tasks.humaneval:HumanEval",
    "humaneval-plus": "codeeval.tasks.evalplus:HumanEvalPlus",
    "humaneval-x": "codeeval.tasks.humaneval_x:HumanEvalX",
    "livecodebench-execution": "codeeval.tasks.livecodebench:LiveCodeBenchExecution",
    "livecodebench-test-output": "codeeval.tasks.livecodebench:LiveCodeBenchTestOutput",
    "mbpp": "codeeval.tasks.mbpp:Mbpp",
    "mbxp": "codeeval.tasks.mxeval:Mbxp",
    "mbpp-plus": "codeeval.tasks.evalplus:MbppPlus",
    "mercury": "codeeval.tasks.mercury:Mercury",
    "mbpp-sanitized": "codeeval.tasks.mbpp:MbppSanitized",
    "multipl-e": "codeeval.tasks.multipl_e:MultiplE",
    "multilingual-humaneval": "codeeval.tasks.mxeval:MultilingualHumanEval",
    "pie": "codeeval.tasks.pie:Pie",
    "reval": "codeeval.tasks.reval:REval",
    "starter": "codeeval.tasks.starter_task:Starter",
    "starter-efficiency": "codeeval.tasks.starter_efficiency:StarterEfficiency",
    "starter-multilingual": "codeeval.tasks.starter_languages:StarterMultilingual",
    "starter-tracing": "codeeval.tasks.fresh_traces:StarterTracing",
    "trace": "codeeval.tasks.fresh_traces:FreshTraces",
}
ENTRY_POINTS = "codeeval.tasks"
"""The group under which other packages name a class or function that makes a task."""


def task_names() -> list[str]:
    """Return the names that `load_task` takes beside folders, sorted."""
    return sorted({*TASKS, *(point.name for point in _plugins())})


def tasks_named(text: str) -> list[str]:
    """Return the names that a text such as ``humaneval,mbpp*`` stands for, each once.

    Raises:
        UnknownTask: If a pattern fits no task.
    """
    if _folder(text):
        return [text]
    names: list[str] = []
    for part in filter(None, map(str.strip, text.split(","))):
        if _folder(part) or not any(sign in part for sign in "*?["):
            names.append(part)
            continue
        found = [name for name in task_names() if fnmatchcase(name, part)]
        if not found:
            raise UnknownTask(f"no task is called {part!r}; known: {', '.join(task_names())}")
        names += found
    return list(dict.fromkeys(names))


def load_task(name: str, *, data_file: Path | str | None = None, **options: Any) -> Task:
    """Return a task; its data are read when they are asked for.

    Args:
        name: ``humaneval``; with a data release ``humaneval-plus@0.1.10``; or the path of a
            folder that holds ``task.yaml``.
        data_file: A data file that takes the place of the one found by itself.
        options: Fields of the task's class, such as ``variant="mini"``; texts will do for bools.

    Raises:
        UnknownTask: If there is no such task.
        DataError: If it has no such option or release, or there is no such file.
    """
    if folder := _folder(name):
        task = _make(Custom, name, data_file, {"folder": folder, **options})
        _ = task.name  # a mistake in its settings is the user's to see now
        return task
    base, _, release = name.partition("@")
    if release or name.endswith("@"):
        options["release"] = release
    if target := TASKS.get(base):
        module, _, attribute = target.partition(":")
        return _make(getattr(import_module(module), attribute), base, data_file, options)
    for point in _plugins():
        if point.name == base and (make := _loaded(point)):
            return _make(make, base, data_file, options)
    known = task_names()
    near = get_close_matches(base.lower().replace("_", "-").replace("+", "-plus"), known, n=1)
    hint = f"did you mean {near[0]!r}? Known" if near else "known"
    raise UnknownTask(f"no task {name!r}; {hint}: {', '.join(known)}")


def _folder(name: str) -> Path | None:
    """Return the folder that ``name`` is the path of, if it is one."""
    if name.partition("@")[0] in TASKS:
        return None  # a folder of this name is meant by ./NAME
    path = Path(os.path.expanduser(name))
    if path.name == SETTINGS_FILE and path.is_file():
        return path.parent
    if path.is_dir() and (path / SETTINGS_FILE).is_file():
        return path
    if path.is_dir() and path.name != name:
        raise UnknownTask(f"the folder {name} is no task: there is no {SETTINGS_FILE} in it")
    return None


def _make(
    make: Callable[..., Task], name: str, data_file: Path | str | None, options: dict[str, Any]
) -> Task:
    """Call what makes a task, with the options that it has."""
    if is_dataclass(make):
        known = {item.name: item for item in fields(make)}
        for key, value in options.items():
            if key == "release" and key not in known:
                raise TaskOptionError(f"{name} has one release only: leave '@{value}' out")
            if key not in known:
                raise TaskOptionError(
                    f"{name} has no option {key!r}; it has {', '.join(sorted(known))}"
                )
            if isinstance(known[key].default, bool):
                options[key] = _truth(value, f"{name}: option {key!r}")
    if data_file is not None:
        path = Path(data_file).expanduser()
        if not path.is_file():
            raise DataError(f"the data file of {name} must be a file; there is none at {path}")
        options = {**options, "data_file": path}
    return make(**options)


def _truth(value: Any, what: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if isinstance(value, bool):
        return value
    if str(value).lower() not in words:
        raise TaskOptionError(f"{what} must be true or false, not {value!r}")
    return words[str(value).lower()]


def _plugins() -> Iterator[EntryPoint]:
    """Yield the entry points of other packages, without loading them; our names are ours."""
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        if point.name in TASKS:
            warnings.warn(
                f"the task {point.name!r} of {point.value} is ignored: the name is taken",
                RuntimeWarning,
                stacklevel=3,
            )
        else:
            yield point


def _loaded(point: EntryPoint) -> Callable[..., Task] | None:
    """Return what an entry point names; None with a warning if it cannot be loaded."""
    try:
        make = point.load()
    except Exception as error:  # other people's code
        reason = f"{type(error).__name__}: {error}"
    else:
        if callable(make):
            return make  # type: ignore[no-any-return]
        reason = f"{type(make).__name__} is neither a class nor a function"
    warnings.warn(
        f"the task {point.name!r} of {point.value} is skipped: {reason}",
        RuntimeWarning,
        stacklevel=3,
    )
    return None

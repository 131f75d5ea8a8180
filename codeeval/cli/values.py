"""Values of flags: sizes, lists of k, ranges of ids, thresholds, choices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from codeeval.evaluation import Run
    from codeeval.tasks.task import Task

__all__ = [
    "Compat",
    "DataFile",
    "Missing",
    "OnInfraError",
    "SamplesFormat",
    "TaskOptions",
    "below",
    "chosen",
    "ids_chosen",
    "ks_of",
    "pairs_of",
    "size_of",
    "thresholds_of",
    "unescaped",
]

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
_RANGE = re.compile(r"[\[(]?\s*(\d+)\s*[-,:]\s*(\d+)\s*[\])]?")
_METRIC = re.compile(r"(?:[\w-]+/)?pass@\d+")
_ESCAPES = {r"\n": "\n", r"\t": "\t", r"\r": "\r", r"\\": "\\"}


DataFile = Annotated[
    Path | None, typer.Option("--data-file", "--problem-file", help="The task's data.")
]
TaskOptions = Annotated[
    list[str] | None, typer.Option(help="NAME=VALUE of the task; see `codeeval tasks`.")
]


class Missing(StrEnum):
    """What a problem without samples means."""

    ERROR = "error"
    FAIL = "fail"
    SKIP = "skip"


class OnInfraError(StrEnum):
    """What a sample means that could not be judged."""

    SKIP = "skip"
    FAIL = "fail"
    RAISE = "raise"


class Compat(StrEnum):
    """Whose result files are written."""

    EVALPLUS = "evalplus"
    EVALPLUS_0_3_1 = "evalplus-0.3.1"
    HUMAN_EVAL = "human-eval"


class SamplesFormat(StrEnum):
    """The formats in which samples are written."""

    JSONL = "jsonl"
    EVALPLUS_DIR = "evalplus-dir"
    HARNESS_GENERATIONS = "harness-generations"


def size_of(text: str | None, flag: str = "--memory") -> int | None:
    """Return the bytes that ``512m`` or ``4g`` are; a unit is a power of 1024."""
    if text is None:
        return None
    found = _SIZE.fullmatch(text.strip())
    size = int(float(found[1]) * 1024 ** " kmgt".index(found[2].lower() or " ")) if found else 0
    if not size:
        raise typer.BadParameter(f"{flag} must be a size such as 4g or 536870912, not {text!r}")
    return size


def ks_of(text: str) -> tuple[int, ...]:
    """Return the k's of a text such as ``1,10,100``."""
    words = text.replace(",", " ").strip("[]() ").split()
    if not words or not all(word.isascii() and word.isdigit() and int(word) for word in words):
        raise typer.BadParameter(f"--k must be whole numbers above 0 such as 1,10, not {text!r}")
    return tuple(sorted({int(word) for word in words}))


def ids_in(text: str, task: Task) -> tuple[str, ...]:
    """Return the ids whose number is in the range ``LO-HI`` or ``LO,HI``, HI itself left out."""
    found = _RANGE.fullmatch(text.strip())
    if not found or int(found[1]) >= int(found[2]):
        raise typer.BadParameter(f"--id-range must be LO-HI such as 0-20, not {text!r}")
    low, high = int(found[1]), int(found[2])
    ids = []
    for problem in task.problems():
        number = re.search(r"(\d+)\Z", problem.id)
        if number and low <= int(number[1]) < high:
            ids.append(problem.id)
    if not ids:
        raise typer.BadParameter(f"--id-range {text}: no problem of {task.name} is in it")
    return tuple(ids)


def ids_chosen(
    task: Task, include: Sequence[str], exclude: Sequence[str], id_range: str | None
) -> tuple[str, ...] | None:
    """Return the ids of the problems to be evaluated, None for all of them."""
    known = [problem.id for problem in task.problems()]
    for flag, ids in (("--include", include), ("--exclude", exclude)):
        if unknown := sorted(set(ids) - set(known)):
            raise typer.BadParameter(f"{flag}: no problem {unknown[0]!r} in {task.name}")
    chosen_ids = tuple(include)
    if id_range is not None:
        chosen_ids += tuple(i for i in ids_in(id_range, task) if i not in chosen_ids)
    if not exclude:
        return chosen_ids or None
    left = tuple(i for i in chosen_ids or known if i not in set(exclude))
    if not left:
        raise typer.BadParameter("--exclude: no problem is left")
    return left


def thresholds_of(texts: Iterable[str], ks: Sequence[int]) -> dict[str, float]:
    """Return the least values that ``pass@1=0.5`` asks for, by metric."""
    thresholds = {}
    for text in texts:
        metric, _, value = text.replace(">=", "=").partition("=")
        try:
            least = float(value)
        except ValueError:
            least = -1.0
        k = metric.strip().rpartition("pass@")[2]
        if not 0 <= least <= 1 or not _METRIC.fullmatch(metric.strip()):
            raise typer.BadParameter(f"--fail-under must be such as pass@1=0.5, not {text!r}")
        if int(k) not in ks:
            raise typer.BadParameter(f"--fail-under {text}: add {k} to --k")
        thresholds[metric.strip()] = least
    return thresholds


def below(run: Run, thresholds: dict[str, float]) -> list[str]:
    """Say what was not reached. ``pass@1`` is about every column, ``plus/pass@1`` about one."""
    said = []
    for metric, least in thresholds.items():
        scores = {
            name: estimate.value
            for name, estimate in run.scores.items()
            if name == metric or name.endswith(f"/{metric}")
        }
        if not scores:
            said.append(f"{metric} is not reported, so it does not reach {least:g}")
        said += [
            f"{name} is {value:.4f}, below {least:g}"
            for name, value in scores.items()
            if value < least
        ]
    return said


def chosen(flag: str, value: str | None, known: Iterable[str]) -> None:
    """Refuse a value that is none of the known ones."""
    names = tuple(known)
    if value is not None and value not in names:
        raise typer.BadParameter(f"{flag} must be one of {', '.join(names)}, not {value!r}")


def unescaped(text: str) -> str:
    r"""Return a text in which ``\n`` was typed for a line end."""
    return re.sub(r"\\[ntr\\]", lambda found: _ESCAPES[found[0]], text)


def pairs_of(texts: Sequence[str]) -> dict[str, str]:
    """Return the options of a task that ``NAME=VALUE`` texts say."""
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise typer.BadParameter(f"--task-option must be NAME=VALUE, not {text!r}")
        pairs[name.strip().replace("-", "_")] = value.strip()
    return pairs

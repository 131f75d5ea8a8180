"""Task and samples: from flags, from places on the command line, from files of settings."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from codeeval.cli.settings import is_said

__all__ = ["of_this_line", "two_of"]


def of_this_line(
    context: typer.Context,
    words: Sequence[str],
    task: str | None,
    dataset: str | None,
    samples: str | None,
) -> tuple[str | None, str | None]:
    """Return task and samples: what stands on the command line is more than what files say."""
    said = {name: is_said(context, name) for name in ("task", "dataset", "samples")}
    if said["task"] and said["dataset"] and task != dataset:
        raise typer.BadParameter(f"--task {task} contradicts --dataset {dataset}")
    on_line = (task if said["task"] else None) or (dataset if said["dataset"] else None)
    needed = (not on_line) + (not said["samples"])
    usual = task or dataset
    if len(words) >= needed:  # both are named there, by flags or by places
        return on_line, samples if said["samples"] else None
    if len(words) == 1 and not on_line and not said["samples"]:
        return (None, samples) if samples else (usual, None)
    return on_line or usual, samples


def two_of(words: Sequence[str], task: str | None, samples: str | None) -> tuple[str, str]:
    """Return task and samples, each from its flag or from its place among the arguments."""
    rest = list(words)
    if task is None and rest:
        task = rest.pop(0)
    if samples is None and rest:
        samples = rest.pop(0)
    if rest:
        raise typer.BadParameter(f"one argument too many: {rest[0]!r}")
    if not task:
        raise typer.BadParameter("no task: name it first, or with --task; see `codeeval tasks`")
    if not samples:
        raise typer.BadParameter("no samples: name their file after the task, or with --samples")
    return task, samples

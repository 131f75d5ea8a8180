"""Samples as files, the directory form of EvalPlus: ``HumanEval_0/0.py``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from codeeval.samples.errors import sample_error, shown
from codeeval.samples.intake import Intake
from codeeval.samples.numbering import MAX_INDEX
from codeeval.samples.source import BOM
from codeeval.tasks.task import Sample

__all__ = ["read_directory"]


def read_directory(path: Path, intake: Intake, *, max_file_bytes: int) -> Iterator[Sample]:
    """Yield the programs by problem, in the task's order, and by number.

    A folder is named as its problem with ``/`` turned to ``_``; other files and folders are
    ignored, except folders of numbered programs whose name no problem has.
    """
    if not path.is_dir():
        raise intake.error("not a directory")
    stray = 0
    folders: list[tuple[str, Path]] = []
    for entry in sorted(path.iterdir()):
        if not entry.is_dir() or entry.name.startswith((".", "__")):
            stray += 1
            continue
        if not any(_number(file) is not None for file in entry.iterdir()):
            stray += 1
            continue
        task_id = intake.task_id(entry.name, field="folder")
        if task_id is not None:
            folders.append((task_id, entry))
    order = {task_id: position for position, task_id in enumerate(intake.ids.ids)}
    for task_id, folder in sorted(folders, key=lambda item: (order[item[0]], item[1])):
        numbered: list[tuple[int, Path]] = []
        for file in folder.iterdir():
            number = _number(file)
            if number is None:
                stray += 1
            else:
                numbered.append((number, file))
        for number, file in sorted(numbered):
            text = _program(file, max_file_bytes)
            intake.notice("format", "read as evalplus-dir (whole programs)")
            yield intake.solution(task_id, text, number, extra={})
    if stray:
        intake.notice("stray", f"{stray} files and folders ignored that hold no numbered program")


def _number(file: Path) -> int | None:
    """Return the number that a program's file name is, or None."""
    stem = file.stem
    if file.suffix != ".py" or not (stem.isascii() and stem.isdigit()) or len(stem) > 20:
        return None
    number = int(stem)
    return number if number <= MAX_INDEX and file.is_file() else None


def _program(file: Path, max_file_bytes: int) -> str:
    try:
        with file.open("rb") as source:
            raw = source.read(max_file_bytes + 1)
    except OSError as error:
        raise sample_error(file, f"cannot be read ({error.strerror})") from error
    if len(raw) > max_file_bytes:
        raise sample_error(file, f"longer than {max_file_bytes} bytes")
    try:
        return raw.removeprefix(BOM).decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        found = shown(f"byte 0x{raw[error.start]:02x}")
        raise sample_error(file, f"not UTF-8 ({found})", line=line) from error

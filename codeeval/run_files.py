"""A run directory, read as streams: the manifest, the samples, the results."""

from __future__ import annotations

import gzip
import json
from array import array
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from codeeval.report import Report
from codeeval.sandbox.errors import CodeEvalError
from codeeval.tasks.task import Sample

__all__ = [
    "ResultIndex",
    "RunFileError",
    "iter_results",
    "iter_samples",
    "read_manifest",
    "read_report",
]

_OWN_KEYS = frozenset({"task_id", "index", "sample_id", "completion", "solution", "model"})


class RunFileError(CodeEvalError, ValueError):
    """A file of a run directory is not what this program writes."""


def read_manifest(run_directory: Path) -> dict[str, Any]:
    """Return the content of ``run.json``."""
    manifest: dict[str, Any] = json.loads((run_directory / "run.json").read_text("utf-8"))
    return manifest


def read_report(run_directory: str | Path) -> Report:
    """Return the report of a finished run.

    Raises:
        RunFileError: If there is none, or it cannot be read.
    """
    folder = Path(run_directory)
    try:
        read_manifest(folder)
        return Report.from_dict(json.loads((folder / "report.json").read_text("utf-8")))
    except FileNotFoundError as error:
        name = Path(error.filename).name
        problem = "is not finished" if name == "report.json" else "is no run directory"
        raise RunFileError(f"{folder} {problem}: there is no {name} in it") from error
    except (ValueError, KeyError, TypeError, NotADirectoryError) as error:
        raise RunFileError(f"{folder}: cannot be read: {error}") from error


def iter_samples(run_directory: Path) -> Iterator[Sample]:
    """Yield the samples of ``samples.jsonl.gz`` in their order.

    A line states the sample's number as ``index`` or, as samples files do, as ``sample_id``.
    """
    path = run_directory / "samples.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            record = _loads(line, path, number)
            yield Sample(
                record["task_id"],
                record["index"] if "index" in record else record["sample_id"],
                completion=record.get("completion"),
                solution=record.get("solution"),
                model=record.get("model", ""),
                extra={key: value for key, value in record.items() if key not in _OWN_KEYS},
                line=number,
            )


def iter_results(run_directory: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each line of ``results.jsonl`` with the offset in bytes at which it begins.

    A last line without an end is what a killed run left, and is passed over. A sample may have
    several lines, of which the last counts.
    """
    path, offset = run_directory / "results.jsonl", 0
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                return
            yield offset, _loads(line, path, number)
            offset += len(line)


class ResultIndex:
    """Look up the result of a sample; eight bytes of memory for each sample, not its verdict.

    A context manager: it keeps ``results.jsonl`` open.
    """

    def __init__(self, run_directory: Path) -> None:
        self._offsets: dict[str, array[int]] = {}
        for offset, record in iter_results(run_directory):
            places = self._offsets.setdefault(record["task_id"], array("q"))
            index = record["index"]
            if index >= len(places):
                places.extend([-1] * (index + 1 - len(places)))
            places[index] = offset
        self._file = (run_directory / "results.jsonl").open("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def get(self, task_id: str, index: int) -> dict[str, Any] | None:
        """Return the last result of a sample, or None if it has none yet."""
        places = self._offsets.get(task_id, ())
        if index >= len(places) or places[index] < 0:
            return None
        self._file.seek(places[index])
        record: dict[str, Any] = json.loads(self._file.readline())
        return record


def _loads(line: str | bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(line)
    except ValueError as error:
        raise RunFileError(f"{path}, line {number}: not a JSON object: {error}") from error
    return record

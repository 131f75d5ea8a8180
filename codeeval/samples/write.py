"""Write samples: each file or directory appears whole or not at all."""

from __future__ import annotations

import gzip
import io
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from codeeval.samples.errors import SampleError, sample_error
from codeeval.samples.ids import SampleIds
from codeeval.tasks.task import Sample

__all__ = ["sample_record", "write_directory", "write_generations", "write_jsonl"]


def sample_record(sample: Sample) -> dict[str, Any]:
    """Return the line of a samples file that ``sample`` is."""
    own: dict[str, Any] = {"task_id": sample.task_id, "sample_id": sample.index}
    if sample.solution is not None:
        own["solution"] = sample.solution
    else:
        own["completion"] = sample.completion
    if sample.model:
        own["model"] = sample.model
    return {**own, **{key: value for key, value in sample.extra.items() if key not in own}}


def write_jsonl(path: str | Path, samples: Iterable[Sample]) -> int:
    """Write one line per sample, gzip if ``path`` ends in ``.gz``; return how many.

    Raises:
        SampleError: If the file cannot be written.
    """
    count = 0
    with _new_file(Path(path)) as out:
        for sample in samples:
            # ASCII: texts of models may hold half surrogates, which UTF-8 cannot.
            out.write(json.dumps(sample_record(sample)).encode() + b"\n")
            count += 1
    return count


def write_directory(path: str | Path, samples: Iterable[Sample], suffix: str = ".py") -> int:
    """Write ``HumanEval_0/0.py`` for each sample, its number the sample's index; return how many.

    A sample without code becomes an empty file.

    Raises:
        SampleError: If ``path`` is there already and not an empty directory, a sample is no whole
            program or no UTF-8, or two would be the same file.
    """
    path = Path(path)
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise sample_error(path, "is there already; name a new or an empty directory")
    count = 0
    with _translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = _beside(path)
        partial.mkdir()
        try:
            for sample in samples:
                _write_program(path, partial, sample, suffix)
                count += 1
            partial.replace(path)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    return count


def write_generations(path: str | Path, samples: Iterable[Sample], ids: SampleIds) -> int:
    """Write the ``generations.json`` of bigcode-evaluation-harness; return how many samples.

    One list for each problem, in the task's order, empty where there is no sample; within it the
    programs by index, null for one without code. The texts wait in a temporary file until all
    are there, so memory holds three numbers for each.

    Raises:
        SampleError: If a sample is no whole program, or its problem is not among ``ids``.
    """
    path = Path(path)
    places: dict[str, list[tuple[int, int, int]]] = {task_id: [] for task_id in ids.ids}
    count = 0
    with _new_file(path) as out, tempfile.TemporaryFile() as spool:
        at = 0
        for sample in samples:
            if sample.task_id not in places:
                raise sample_error(path, f"{sample.task_id!r} is no problem of this task")
            code = None if sample.extra.get("no_code") else _whole_program(path, sample)
            text = json.dumps(code).encode()
            spool.write(text)
            places[sample.task_id].append((sample.index, at, len(text)))
            at += len(text)
            count += 1
        for position, programs in enumerate(places.values()):
            out.write(b",\n [" if position else b"[\n [")
            for number, (_, start, length) in enumerate(sorted(programs)):
                spool.seek(start)
                out.write((b",\n  " if number else b"\n  ") + spool.read(length))
            out.write(b"]")
        out.write(b"\n]\n" if places else b"[]\n")
    return count


def _whole_program(path: Path, sample: Sample) -> str:
    if sample.solution is None:
        raise sample_error(
            path,
            f"sample {sample.index} of {sample.task_id!r} is a completion; this format holds whole "
            "programs: put its prompt before it, or write jsonl",
        )
    return sample.solution


def _write_program(path: Path, partial: Path, sample: Sample, suffix: str) -> None:
    name = sample.task_id.replace("/", "_")
    if name in ("", ".", "..") or os.sep in name or "\0" in name:
        raise sample_error(path, f"no folder can be named after {sample.task_id!r}")
    folder = partial / name
    folder.mkdir(exist_ok=True)
    try:
        code = _whole_program(path, sample).encode()
    except UnicodeEncodeError as error:
        problem = f"sample {sample.index} of {sample.task_id!r} is no UTF-8; write jsonl instead"
        raise sample_error(path, problem) from error
    try:
        with (folder / f"{sample.index}{suffix}").open("xb") as out:
            out.write(code)
    except FileExistsError as error:
        problem = f"sample {sample.index} of {sample.task_id!r} came twice"
        raise sample_error(path, problem) from error


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.partial")


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SampleError(f"{path}: cannot be written ({error.strerror or error})") from error


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file beside ``path`` that takes its name when all is written."""
    with _translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = _beside(path)
        try:
            with partial.open("xb") as file:
                if path.suffix == ".gz":
                    # No time and no name within: equal samples give equal files.
                    with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as zipped:
                        buffered = io.BufferedWriter(cast(io.RawIOBase, zipped), 2**20)
                        yield cast(BinaryIO, buffered)
                        buffered.flush()
                else:
                    yield file
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise

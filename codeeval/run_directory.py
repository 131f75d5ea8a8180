"""A run directory as it is written: one evaluation, kept so that nothing finished is ever lost.

``results.jsonl`` grows by one line for each finished sample, written at once. Whatever ends the
process, the same evaluation goes on from what is there. At the end the lines are put in order.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
import time
from array import array
from collections.abc import Generator, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from codeeval.judging import SampleResult
from codeeval.sandbox.errors import CodeEvalError
from codeeval.sandbox.verdict import Status
from codeeval.tasks.task import Sample

__all__ = ["RunConflict", "RunDirectory", "find_run", "new_run"]

SYNC_SECONDS = 1.0
SPEC_KEY = "spec"
SPEC_DIGITS = 8
OWN_FILES = ("results.jsonl", "samples.jsonl.gz", "report.json", "report.html")


class RunConflict(CodeEvalError, ValueError):
    """The directory holds another evaluation, or one that is under way."""


def spec_digest(spec: Mapping[str, Any]) -> str:
    """Return the name of an evaluation: equal for the same task, samples, rules and limits."""
    text = json.dumps(spec, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def find_run(root: Path, spec: Mapping[str, Any], name: str) -> Path:
    """Return the directory of this evaluation below ``root``: the one begun before, or a new one.

    Args:
        root: The folder of all runs.
        spec: What makes the evaluation this one.
        name: What its directory is called between the time and the digest.
    """
    if root.is_dir():
        for path in sorted(root.glob(f"*-{spec_digest(spec)[:SPEC_DIGITS]}"), reverse=True):
            if (path / "run.json").is_file():
                return path
    return new_run(root, spec, name)


def new_run(root: Path, spec: Mapping[str, Any], name: str) -> Path:
    """Return a directory for this evaluation below ``root`` that is not there yet.

    The arguments are those of `find_run`.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    plain = "".join(c if c.isalnum() or c in "-._" else "-" for c in name)
    rest = f"{plain}-{spec_digest(spec)[:SPEC_DIGITS]}"
    path, number = root / f"{stamp}-{rest}", 1
    while path.exists():
        number += 1
        path = root / f"{stamp}-{number}-{rest}"
    return path


class RunDirectory:
    """An evaluation under way on disk. A context manager that holds the directory's lock.

    Args:
        path: The directory; made if it is not there.
        manifest: What ``run.json`` says; its ``spec`` decides what may be resumed.
        overwrite: Begin anew, whatever is there.

    Raises:
        RunConflict: If it holds an evaluation with another spec, or files of these names that
            belong to none, or another process uses it.
    """

    def __init__(self, path: Path, manifest: Mapping[str, Any], *, overwrite: bool = False) -> None:
        self.path = path
        self.manifest = dict(manifest)
        if path.exists() and not path.is_dir():
            raise RunConflict(f"{path}: is no directory; choose another --output")
        path.mkdir(parents=True, exist_ok=True)
        with os.scandir(path) as entries:
            links = [entry.name for entry in entries if entry.is_symlink()]
        if links:
            raise RunConflict(
                f"{path}: {links[0]} is a link: what is written there would go elsewhere"
            )
        self._lock = (path / ".lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise RunConflict(
                f"{path}: another process is evaluating into it; wait, or choose another --output"
            ) from None
        try:
            self._adopt(overwrite)
            self._done: dict[int, int] = {}
            """The sample of each line that was there: what was judged last, 0 if it broke."""
            end = self._load()
            self._results = (path / "results.jsonl").open("ab")
            self._results.truncate(end)
        except BaseException:
            self._lock.close()
            raise
        self._old = set(self._done)
        """Those of them that have not come again."""
        self._synced = time.monotonic()

    def _adopt(self, overwrite: bool) -> None:
        """Take over what is there, if it is the same evaluation."""
        old_path = self.path / "run.json"
        if old_path.exists() and not overwrite:
            try:
                old = json.loads(old_path.read_text("utf-8"))
            except ValueError as error:
                raise RunConflict(
                    f"{old_path}: not JSON ({error}); --overwrite begins anew"
                ) from None
            mine, theirs = self.manifest.get(SPEC_KEY, {}), old.get(SPEC_KEY, {})
            if mine != theirs:
                keys = sorted(k for k in {*mine, *theirs} if mine.get(k) != theirs.get(k))
                raise RunConflict(
                    f"{self.path}: holds another evaluation ({', '.join(keys)} differ); choose "
                    "another --output, or --overwrite it"
                )
            self.manifest["started"] = old.get("started", self.manifest.get("started"))
        elif overwrite:
            for name in OWN_FILES:
                (self.path / name).unlink(missing_ok=True)
        elif found := [name for name in OWN_FILES if (self.path / name).exists()]:
            raise RunConflict(
                f"{self.path}: holds {found[0]} but no run.json, so it is no run directory; choose "
                "another --output, or --overwrite it"
            )
        self.write_manifest(status="started")

    def _load(self) -> int:
        """Note what is finished; return where the last whole line ends."""
        end = 0
        try:
            lines = (self.path / "results.jsonl").open("rb")
        except FileNotFoundError:
            return 0
        with lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                try:
                    record = json.loads(line)
                except ValueError:
                    break
                end += len(line)
                broken = record["verdict"]["status"] == Status.INFRASTRUCTURE_ERROR
                judged = 0 if broken else _number(record["program"])
                self._done[_key(record["task_id"], record["index"])] = judged
        return end

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._results.close()
        self._lock.close()

    @property
    def finished(self) -> int:
        """How many samples were judged before."""
        return len(self._done) - list(self._done.values()).count(0)

    def has(self, sample: Sample, digest: str) -> bool:
        """Whether this sample was judged before, as the program of this digest."""
        if not self._done:
            return False
        key = _key(sample.task_id, sample.index)
        self._old.discard(key)
        return self._done.get(key) == _number(digest)

    def append(self, result: SampleResult) -> None:
        """Write the line of one finished sample."""
        self._results.write(json.dumps(result.as_dict()).encode() + b"\n")
        self._results.flush()
        now = time.monotonic()
        if now - self._synced > SYNC_SECONDS:
            os.fsync(self._results.fileno())
            self._synced = now

    def recording(self, samples: Iterable[Sample]) -> Generator[Sample, None, None]:
        """Pass samples on and keep them in ``samples.jsonl.gz``."""
        with (
            _replacing(self.path / "samples.jsonl.gz") as raw,
            gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1, mtime=0, filename="") as out,
        ):
            for sample in samples:
                out.write(json.dumps(_line_of(sample)).encode() + b"\n")
                yield sample

    def write_manifest(self, **changes: Any) -> None:
        """Write ``run.json`` with some entries changed."""
        self.manifest.update(changes)
        self._write("run.json", json.dumps(self.manifest, indent=2, default=str) + "\n")

    def write_report(self, record: Mapping[str, Any]) -> None:
        """Write ``report.json``."""
        self._write("report.json", json.dumps(record, indent=1) + "\n")

    def _write(self, name: str, text: str) -> None:
        with _replacing(self.path / name) as file:
            file.write(text.encode("utf-8", "backslashreplace"))

    def put_in_order(self, order: Sequence[str]) -> None:
        """Rewrite ``results.jsonl``: problems in their order, samples by index, one line each.

        Samples that were judged before and have not come again are left out.
        """
        self._results.flush()
        ranks = {task_id: rank for rank, task_id in enumerate(order)}
        keys, places = array("q"), array("q")
        path, offset = self.path / "results.jsonl", 0
        with path.open("rb") as lines:
            for line in lines:
                record = json.loads(line)
                if _key(record["task_id"], record["index"]) not in self._old:
                    keys.append(ranks[record["task_id"]] << 32 | record["index"])
                    places.append(offset)
                offset += len(line)
            # Of several lines of one sample the last counts: sorting is stable.
            chosen = sorted(range(len(keys)), key=keys.__getitem__)
            with _replacing(path) as out:
                for position, number in enumerate(chosen):
                    after = chosen[position + 1] if position + 1 < len(chosen) else None
                    if after is None or keys[after] != keys[number]:
                        lines.seek(places[number])
                        out.write(lines.readline())
        self._results.close()
        self._results = path.open("ab")


def _key(task_id: str, index: int) -> int:
    """Return what stands for a sample."""
    return _number(f"{task_id}\0{index}")


def _number(text: str) -> int:
    """Return 63 bits that stand for a text, never 0: a million of them stay small."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1 or 1


def _line_of(sample: Sample) -> dict[str, Any]:
    line: dict[str, Any] = {"task_id": sample.task_id, "index": sample.index}
    if sample.completion is not None:
        line["completion"] = sample.completion
    else:
        line["solution"] = sample.solution
    if sample.model:
        line["model"] = sample.model
    return {**{key: value for key, value in sample.extra.items() if key not in line}, **line}


class _replacing:  # noqa: N801  (used as a function)
    """A file that appears whole, or not at all."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._file: IO[bytes] = self._part.open("wb")

    def __enter__(self) -> IO[bytes]:
        return self._file

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if kind is None:
            os.replace(self._part, self._path)
        else:
            self._part.unlink(missing_ok=True)

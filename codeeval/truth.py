"""Truths: what the references return, computed in the sandbox once and kept by content.

The cache is a folder of files, one for each reference and its inputs, below ``CODEEVAL_CACHE`` (by
default ``~/.cache/codeeval``). Deleting it changes no score. A file is a line of JSON and the raw
bytes that it describes: reading one runs nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from codeeval.sandbox.codec import pack, unpack
from codeeval.sandbox.errors import SandboxError
from codeeval.sandbox.executor import Executor
from codeeval.sandbox.program import Blob, Calls, Limits, Outputs, Program, Truth

__all__ = ["TruthError", "Truths", "cache_directory"]

FORMAT = 2
REFERENCE_LIMITS = Limits(cpu_seconds=300.0, wall_seconds=600.0)


class TruthError(SandboxError):
    """A benchmark's own reference does not run here, so nothing can be compared with it."""


def cache_directory() -> Path:
    """Return the folder of all caches: CODEEVAL_CACHE, or the user's own."""
    configured = os.environ.get("CODEEVAL_CACHE")
    if configured:
        return Path(configured)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "codeeval"


class Truths:
    """Fills in what the references of `Calls` checks return.

    Args:
        executor: Where references run.
        folder: Where truths are kept; None keeps them in memory only.
        threads: How many references run at a time.
    """

    def __init__(self, executor: Executor, folder: Path | None, threads: int) -> None:
        self._executor = executor
        self._folder = folder
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="codeeval-truth")
        self._lock = threading.Lock()
        self._known: dict[str, Future[Truth]] = {}

    def close(self) -> None:
        """Give up what has not begun."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def of(self, check: Calls, limits: Limits) -> Future[Truth]:
        """Return the truth of a check, now or later; it fails with TruthError."""
        key = self._key(check)
        with self._lock:
            known = self._known.get(key)
            if known is None:
                known = self._threads.submit(self._find, key, check, limits)
                self._known[key] = known
        return known

    def resolve(self, program: Program) -> Program:
        """Return the program with the truths of all its checks.

        Raises:
            TruthError: If a reference fails.
        """
        futures = {
            n: self.of(check, program.limits)
            for n, check in enumerate(program.checks)
            if isinstance(check, Calls) and check.truth is None
        }
        if not futures:
            return program
        checks = tuple(
            replace(check, truth=futures[n].result())
            if n in futures and isinstance(check, Calls)
            else check
            for n, check in enumerate(program.checks)
        )
        return replace(program, checks=checks)

    @staticmethod
    def _key(check: Calls) -> str:
        parts = (str(FORMAT), check.entry_point, check.reference, check.inputs.digest)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def _find(self, key: str, check: Calls, limits: Limits) -> Truth:
        kept = self._read(key)
        if kept is not None:
            return kept
        outputs = Outputs(check.entry_point, check.inputs)
        enough = replace(REFERENCE_LIMITS, memory_bytes=limits.memory_bytes)
        try:
            truth = self._executor.truth(Program(check.reference, (outputs,), enough))
        except SandboxError as error:
            raise TruthError(
                f"the check {check.name!r} of {check.entry_point!r}: {error}"
            ) from error
        self._write(key, truth)
        return truth

    def _read(self, key: str) -> Truth | None:
        if self._folder is None:
            return None
        try:
            with open(self._folder / key, "rb") as file:
                head = json.loads(file.readline())
                outputs = [file.read(size) for size in head["sizes"]]
        except (OSError, ValueError, KeyError):
            return None
        if [len(output) for output in outputs] != head["sizes"]:
            return None  # cut short: made again
        return Truth(Blob(pack(outputs)), tuple(head["cpu_seconds"]))

    def _write(self, key: str, truth: Truth) -> None:
        if self._folder is None:
            return
        outputs = unpack(truth.expected.data)
        head = {"sizes": [len(output) for output in outputs], "cpu_seconds": truth.cpu_seconds}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                file.write(json.dumps(head).encode() + b"\n")
                file.writelines(outputs)
            os.replace(file.name, self._folder / key)
        except OSError:
            return  # a cache that cannot be written to costs time, nothing else

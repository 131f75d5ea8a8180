"""Truths: what the references return, computed in the sandbox once and kept by content.

The cache is a folder of files, one for each reference and its inputs, below ``CODEEVAL_CACHE`` (by
default ``~/.cache/codeeval``). Deleting it changes no score. A file is a line of JSON and the raw
bytes that it describes: reading one runs nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from codeeval.sandbox.codec import decode, encode, loads, pack, unpack
from codeeval.sandbox.errors import SandboxError, SandboxUnavailable
from codeeval.sandbox.executor import Executor
from codeeval.sandbox.languages import LANGUAGES
from codeeval.sandbox.program import (
    Asserts,
    Blob,
    Calls,
    Check,
    Costs,
    Limits,
    Outputs,
    Program,
    Truth,
)
from codeeval.sandbox.verdict import Status

__all__ = ["TruthError", "Truths", "cache_directory", "is_whole"]

FORMAT = 14
REFERENCE_LIMITS = Limits(cpu_seconds=300.0, wall_seconds=600.0)
RIGHT = """
def __right(arguments, expected, returned):
    try:
        return bool(__check(arguments, expected, returned))
    except Exception:
        return False
"""


class TruthError(SandboxError):
    """A benchmark's own reference does not run here, so nothing can be compared with it."""


def cache_directory() -> Path:
    """Return the folder of all caches: CODEEVAL_CACHE, or the user's own."""
    configured = os.environ.get("CODEEVAL_CACHE")
    if configured:
        return Path(os.path.expanduser(configured))
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.path.expanduser(base)) / "codeeval"


def is_whole(path: Path) -> bool:
    """Whether a file of the cache is what was written."""
    return _content(path) is not None


def _content(path: Path) -> tuple[dict[str, Any], bytes] | None:
    """Return head and content of a file of the cache; None if it is not what was written."""
    try:
        with path.open("rb") as file:
            head = json.loads(file.readline())
            content = file.read()
        right = head["key"] == path.name and head["sha256"] == _digest(content)
        return (head, content) if right and sum(head["sizes"]) == len(content) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def machine() -> tuple[str, str]:
    """Return what costs depend on beside the image: the name of the host and of its processor."""
    processor = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        processor = names[0] if names else processor
    return platform.node(), processor


def level_seconds(check: Costs, truth: Truth | None) -> tuple[float | None, ...]:
    """Return what a known solution costs in each timed level; None if it fails."""
    ends = list(accumulate((level.cases for level in check.levels), initial=0))
    timed = [n for n, level in enumerate(check.levels) if level.weight > 0]
    if truth is None:
        return (None,) * len(timed)
    return tuple(max(truth.cpu_seconds[ends[n] : ends[n + 1]]) for n in timed)


def image_of(executor: Executor, language: str) -> str:
    """Return the id of the image in which programs in a language run; nothing without any."""
    find = getattr(executor, "image_of", None)
    return str(find(language)) if find is not None else ""


@cache
def version_of(*command: str) -> str:
    """Return what a program of this machine says of its version, or nothing.

    That is what sandboxes have that have no image.
    """
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout.strip()


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


class Truths:
    """Finds out in the sandbox what checks leave open, by running the references once.

    For `Calls` that is what the reference returns; for `Asserts` whether they can be sealed.

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
        self._known: dict[str, Future[Any]] = {}
        self._complete: dict[Check, Check] = {}

    def close(self) -> None:
        """Give up what has not begun."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def missing(self, program: Program) -> list[Future[Any]]:
        """Return what has to be there before `resolve` returns at once."""
        futures = (self._open(check, program) for check in program.checks)
        return [future for future in futures if future is not None]

    def resolve(self, program: Program) -> Program:
        """Return the program with nothing left open.

        Raises:
            TruthError: If a reference fails.
        """
        checks = tuple(self._resolved(check, program) for check in program.checks)
        return replace(program, checks=checks) if checks != program.checks else program

    def _resolved(self, check: Check, program: Program) -> Check:
        known = self._complete.get(check)
        if known is None:
            known = self._complete[check] = self._completed(check, program)
        return known

    def _completed(self, check: Check, program: Program) -> Check:
        future = self._open(check, program)
        if future is None:
            return check
        if isinstance(check, Calls):
            return replace(check, truth=future.result())
        if isinstance(check, Asserts):
            return replace(check, sealed=future.result())
        if isinstance(check, Costs):
            return replace(check, **future.result())
        raise AssertionError(check)

    def _key(self, *parts: str) -> str:
        """Return the name of what is found: other sandboxes and Pythons may find something else."""
        where = f"{self._executor.isolation} {platform.python_version()}"
        text = "\0".join((str(FORMAT), where, *parts))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def _open(self, check: Check, program: Program) -> Future[Any] | None:
        """Return what will settle a check of a program that leaves something open."""
        if isinstance(check, Calls) and check.truth is None:
            key = self._key("calls", check.entry_point, check.reference, check.inputs.digest)
            return self._once(key, self._find_truth, check, program)
        if isinstance(check, Asserts) and check.sealed is None and check.can_be_sealed:
            key = self._key("asserts", check.reference, check.tests, *check.entry_points)
            return self._once(key, self._find_sealed, check, program)
        if isinstance(check, Costs) and check.truth is None:
            given = check.inputs.digest if check.inputs is not None else check.generator
            shape = f"{check.clock} {check.span_seconds} {program.limits.memory_bytes} "
            shape += str([(each.cases, each.weight > 0) for each in check.levels])
            image = image_of(self._executor, program.language)
            parts = [check.entry_point, given, shape, image, *machine(), check.reference]
            if check.clock == "instructions-sim":
                parts.append(version_of("valgrind", "--version"))
            if check.expected is not None:
                parts += [check.checker, check.expected.digest]
            parts += [program.language, *program.flags]
            language = LANGUAGES[program.language]
            if language.tool and not image:
                parts.append(version_of(*(language.version or (language.tool, "--version"))))
            return self._once(
                self._key("costs", *parts, *check.rivals), self._find_costs, check, program
            )
        return None

    def _once(
        self, key: str, find: Callable[..., Any], check: Check, program: Program
    ) -> Future[Any]:
        with self._lock:
            known = self._known.get(key)
            if known is None or (known.done() and known.exception() is not None):
                known = self._threads.submit(find, key, check, program)
                self._known[key] = known
        return known

    def _find_sealed(self, key: str, check: Asserts, program: Program) -> bool:
        """Whether the reference passes its tests when they are sealed."""
        kept = self._read_head(key)
        if kept is not None and isinstance(kept.get("sealed"), bool):
            return bool(kept["sealed"])
        sealed_check = replace(check, sealed=True)
        trial = replace(program, source=check.reference, checks=(sealed_check,))
        verdict = self._executor.run(trial)
        if verdict.status is Status.INFRASTRUCTURE_ERROR:
            raise TruthError(f"the tests {check.name!r}: {verdict.message}")
        sealed = verdict.status is Status.PASSED
        if verdict.status is not Status.TIMEOUT:  # that may be this machine's fault, and today's
            self._write(key, {"sealed": sealed}, ())
        return sealed

    def _find_truth(self, key: str, check: Calls, program: Program) -> Truth:
        outputs = Outputs(check.entry_point, check.inputs)
        trusted = replace(program, source=check.reference, checks=(outputs,))
        return self._run(key, check, trusted)

    def _find_costs(self, key: str, check: Costs, program: Program) -> dict[str, Any]:
        """Have the inputs made, if they are not given, and all known solutions timed with them.

        Returns:
            The fields of the check that were open.
        """
        inputs = check.inputs
        if inputs is None:
            cases = pack([encode(case) for case in check.cases])
            maker = self._key("inputs", check.generator, cases.hex())
            makes = Outputs("generate", Blob(cases), whole=True)
            generator = Program(check.generator, (makes,), program.limits)
            inputs = self._run(maker, check, generator).expected
        outputs = Outputs(check.entry_point, inputs, check.clock, check.span_seconds, check.levels)
        reference, rivals = check.reference, check.rivals
        keys = [key, *(self._key("rival", key, source) for source in rivals)]
        truths: list[Truth | None] = []
        for name, source in zip(keys, (reference, *rivals), strict=True):
            try:
                trusted = replace(program, source=source, checks=(outputs,))
                truths.append(self._run(name, check, trusted))
            except TruthError:
                if check.expected is None and not truths:
                    raise
                truths.append(None)
        if check.expected is not None:
            right = self._right(self._key("right", key), check, inputs, truths, program.limits)
            truths = [truth if good else None for truth, good in zip(truths, right, strict=True)]
            if not any(truths):
                raise TruthError(
                    f"the check {check.name!r} of {check.entry_point!r}: none of "
                    f"{len(truths)} known solutions is right"
                )
        place, truth = next((n, each) for n, each in enumerate(truths) if each is not None)
        sources = (reference, *rivals)
        return {
            "inputs": inputs,
            "truth": replace(truth, expected=check.expected or truth.expected),
            "reference": sources[place],
            "rivals": sources[:place] + sources[place + 1 :],
            "rival_seconds": tuple(
                level_seconds(check, each) for n, each in enumerate(truths) if n != place
            ),
        }

    def _right(
        self,
        key: str,
        check: Costs,
        inputs: Blob,
        truths: Sequence[Truth | None],
        limits: Limits,
    ) -> list[bool]:
        """Return which of the known solutions give what is expected, as the checker sees it."""
        kept = self._read_head(key)
        if kept is not None and isinstance(kept.get("right"), list):
            return [bool(each) for each in kept["right"]]
        assert check.expected is not None
        cases = list(zip(unpack(inputs.data), unpack(check.expected.data), strict=True))
        triples, ends = [], [0]
        for truth in truths:
            answers = unpack(truth.expected.data) if truth is not None else []
            if not any(answer.startswith(b"h") for answer in answers):  # too large to be checked
                for (arguments, expected), answer in zip(cases, answers, strict=False):
                    triples.append(encode((loads(arguments), loads(expected), decode(answer))))
            ends.append(len(triples))
        good: list[bool] = []
        if triples:
            outputs = Outputs("__right", Blob(pack(triples)))
            enough = replace(REFERENCE_LIMITS, memory_bytes=limits.memory_bytes)
            found = self._executor.truth(Program(check.checker + RIGHT, (outputs,), enough))
            good = [decode(each) is True for each in unpack(found.expected.data)]
        right = [
            end - start == len(cases) and all(good[start:end]) for start, end in pairwise(ends)
        ]
        if None not in truths:  # what failed may have been slow today
            self._write(key, {"right": right}, ())
        return right

    def _run(self, key: str, check: Calls | Costs, program: Program) -> Truth:
        """Return what a trusted program gives, which is run unless it is kept."""
        kept = self._read(key)
        if kept is not None:
            return kept
        enough = replace(REFERENCE_LIMITS, memory_bytes=program.limits.memory_bytes)
        try:
            truth = self._executor.truth(replace(program, limits=enough))
        except SandboxUnavailable:
            raise
        except SandboxError as error:
            raise TruthError(
                f"the check {check.name!r} of {check.entry_point!r}: {error}"
            ) from error
        self._keep(key, truth)
        return truth

    def _keep(self, key: str, truth: Truth) -> None:
        names = ("cpu_seconds", "around_seconds", "copies", "native_seconds")
        head = {name: getattr(truth, name) for name in names}
        self._write(key, head, unpack(truth.expected.data))

    def _read_head(self, key: str) -> dict[str, Any] | None:
        found = _content(self._folder / key) if self._folder is not None else None
        return found[0] if found is not None else None

    def _read(self, key: str) -> Truth | None:
        found = _content(self._folder / key) if self._folder is not None else None
        if found is None:
            return None
        head, content = found
        try:
            seconds = tuple(float(second) for second in head["cpu_seconds"])
            around = tuple(float(second) for second in head["around_seconds"])
            copies = tuple(int(count) for count in head["copies"])
            native = tuple(
                (float(call), float(beside), float(second))
                for call, beside, second in head["native_seconds"]
            )
        except (KeyError, TypeError, ValueError):
            return None
        ends = list(accumulate(head["sizes"], initial=0))
        parts = [content[start:end] for start, end in pairwise(ends)]
        return Truth(Blob(pack(parts)), seconds, around, copies, native)

    def _write(self, key: str, head: Mapping[str, Any], parts: Sequence[bytes]) -> None:
        if self._folder is None:
            return
        sizes = [len(each) for each in parts]
        head = {**head, "key": key, "sizes": sizes, "sha256": _digest(*parts)}
        part = self._folder / f"{key}.{os.getpid()}.{threading.get_ident()}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.write(json.dumps(head).encode() + b"\n")
                file.writelines(parts)
            os.replace(part, self._folder / key)
        except OSError:  # a cache that cannot be written to costs time, nothing else
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

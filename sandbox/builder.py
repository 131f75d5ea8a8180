"""Makes programs of source in a language that is compiled: a step of its own, before all checks."""

from __future__ import annotations

import fcntl
import marshal
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from codeeval.sandbox.bench import Bench, BrokenJail, Case
from codeeval.sandbox.host import Lacking, kept, nameless
from codeeval.sandbox.records import ENDED, FAILED, FirstRecord
from codeeval.sandbox.sample import Capture, Order

__all__ = ["Built", "build", "built_reference"]

LIMITS = {
    "cpu_seconds": 60.0,
    "wall_seconds": 120.0,
    "memory_bytes": 2 * 2**30,
    "processes": 32,
    "disk_bytes": 64 * 2**20,
    "stack_bytes": 64 * 2**20,
}
MESSAGE_BYTES = 16 * 1024
KEPT = 4
"""How many references are kept as programs."""
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


@dataclass(frozen=True)
class Built:
    """What a compiler made of a source.

    Attributes:
        program: A file with the program that nobody can write to; None if there is none.
        message: What is wrong with the source, if anything is.
        errors: What the compiler printed.
        left: Whether something is left of it.
        usage: The fields of ``Usage``.
    """

    program: int | None
    message: str
    errors: str
    left: bool
    usage: Mapping[str, Any]


def build(bench: Bench, source: int, how: Mapping[str, Any]) -> Built:
    """Compile a source.

    Args:
        bench: Where the compiler is started, as a user of its own.
        source: A file with it.
        how: The compiler's command line, and what it wants the file to be called.

    Raises:
        BrokenJail: If the compiler cannot be run.
        Lacking: If there is none.
    """
    program = nameless(0o755)
    printed = Capture(MESSAGE_BYTES)
    limits = {**LIMITS, "output_bytes": MESSAGE_BYTES}
    case = Case(source, limits, printed, printed)
    channel, channel_end = os.pipe()
    order = Order(
        *("build", (how["command"], how["source"]), source, channel_end, program, bench.nothing)
    )
    first = FirstRecord()
    sample = bench.start(case, order)
    left = bench.await_word(sample, channel, first)
    errors = printed.text()
    fcntl.fcntl(program, fcntl.F_ADD_SEALS, _SEALS)
    message = ""
    if first.record != (ENDED, b"") or sample.ending.limit:
        os.close(program)
        message = sample.ending.describe()[1]
        if first.record is not None and first.record[0] == FAILED and not sample.ending.limit:
            status, _, message = first.record[1].decode("utf-8", "replace").partition("\n")
            if status == "no_compiler":
                raise Lacking(f"no compiler in this sandbox: {message}")
        said = [line for line in errors.splitlines() if "error" in line] or errors.splitlines()
        message = "; ".join(filter(None, (message, said[0][:400] if said else "")))
        return Built(None, message or "the compiler failed", errors, left, sample.ending.usage())
    return Built(program, "", errors, left, sample.ending.usage())


def built_reference(bench: Bench, source: bytes, how: Mapping[str, Any] | None) -> Case:
    """Return a trusted program, made of its source if need be; it is kept for a while.

    Raises:
        BrokenJail: If it cannot be compiled.
    """
    if how is None:
        return bench.quiet(kept(source))
    key = marshal.dumps((source, how["command"]), 2)
    program = bench.programs.pop(key, None)
    if program is None:
        file = kept(source)
        try:
            built = build(bench, file, how)
        finally:
            os.close(file)
        if built.program is None:
            raise BrokenJail(f"a reference cannot be compiled: {built.message}")
        program = built.program
    bench.programs[key] = program
    while len(bench.programs) > KEPT:
        os.close(bench.programs.pop(next(iter(bench.programs))))
    return replace(bench.quiet(os.dup(program)), build=how)

"""Makes programs of source in languages other than Python, and says how they are started."""

from __future__ import annotations

import fcntl
import marshal
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from glob import glob
from typing import Any

from codeeval.sandbox.bench import Bench, BrokenJail, Case
from codeeval.sandbox.compiled import archive_of, needed
from codeeval.sandbox.host import Lacking, kept, nameless
from codeeval.sandbox.records import ENDED, FAILED, FirstRecord
from codeeval.sandbox.resident import Made
from codeeval.sandbox.sample import Capture, Order

__all__ = ["Built", "blame", "build", "built_reference", "require", "start_of"]

LIMITS = {
    "cpu_seconds": 60.0,
    "wall_seconds": 120.0,
    "memory_bytes": 2 * 2**30,
    "processes": 64,
    "disk_bytes": 64 * 2**20,
    "stack_bytes": 64 * 2**20,
}
MESSAGE_BYTES = 16 * 1024
KEPT = 4
"""How many references are kept as programs."""
SHARE = 0.875
"""How much of the memory and of the stack a runtime may give to a program; the rest is its own."""
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


@dataclass(frozen=True)
class Built:
    """What a compiler made of a source.

    Attributes:
        program: A file with the program that nobody can write to; None if there is none.
        refused: Whether the compiler took its time to say that something is wrong.
        message: What is wrong with the source, if anything is.
        errors: What the compiler printed.
        left: Whether something is left of it.
        usage: The fields of ``Usage``.
    """

    program: int | None
    refused: bool
    message: str
    errors: str
    left: bool
    usage: Mapping[str, Any]


def start_of(
    case: Case, *, paced: bool = False, alone: bool = False
) -> tuple[str, tuple[Any, ...]]:
    """Return kind and arguments of the order that starts a program.

    Args:
        case: The program.
        paced: Whether it is to pause before its code begins.
        alone: Whether it may have threads only, and no processes; not asked of Python.
    """
    recipe, limits = case.recipe, case.limits
    if recipe is None:
        return "script", (paced,)
    words = {
        "memory_mib": max(16, int(limits["memory_bytes"] * SHARE) >> 20),
        "stack_kib": max(256, int(limits["stack_bytes"] * SHARE) >> 10),
    }
    command = [word.format(**words) for word in recipe["command"]]
    return "program", (paced, alone, recipe["product"], command, recipe["environment"])


def build(bench: Bench, source: int, how: Mapping[str, Any]) -> Built:
    """Compile a source.

    Args:
        bench: Where the compiler is started, as a user of its own.
        source: A file with it.
        how: The recipe; see `codeeval.sandbox.languages.recipe_of`.

    Raises:
        BrokenJail: If the compiler cannot be run.
        Lacking: If there is none.
    """
    require(how)
    made = bench.residents.compile(how, os.pread(source, os.fstat(source).st_size, 0))
    if made is not None:
        return _built(made, how)
    program = nameless(0o755)
    printed = Capture(MESSAGE_BYTES)
    limits = {**LIMITS, "output_bytes": MESSAGE_BYTES}
    case = Case(source, limits, printed, printed)
    channel, channel_end = os.pipe()
    order = Order(*("build", (dict(how),), source, channel_end, program, bench.nothing))
    first = FirstRecord()
    sample = bench.start(case, order)
    left = bench.await_word(sample, channel, first)
    errors = printed.text()
    fcntl.fcntl(program, fcntl.F_ADD_SEALS, _SEALS)
    message = ""
    if first.record != (ENDED, b"") or sample.ending.limit:
        os.close(program)
        message = sample.ending.describe()[1]
        refused = first.record is not None and first.record[0] == FAILED
        if not refused and not sample.ending.limit:
            raise BrokenJail(f"a compiler cannot be run: {message}")
        if first.record is not None and not sample.ending.limit:
            message = first.record[1].decode("utf-8", "replace").partition("\n")[2]
        message = "; ".join(filter(None, (message, _first_error(errors))))
        message = message or "the compiler failed"
        return Built(None, refused, message, errors, left, sample.ending.usage())
    return Built(program, False, "", errors, left, sample.ending.usage())


def _built(made: Made, how: Mapping[str, Any]) -> Built:
    """Return what a compiler that stays has made."""
    usage = {"wall_seconds": made.wall_seconds, "cpu_seconds": made.cpu_seconds}
    usage |= {"memory_bytes": 0, "waiting_seconds": 0.0}
    product: str = how["product"]
    whole = made.files if product.endswith(".jar") else made.files.get(product)
    if not made.passed or not whole:
        message = _first_error(made.errors) or "the compiler failed"
        return Built(None, True, message, made.errors[:MESSAGE_BYTES], False, usage)
    if product.endswith(".jar"):
        content = archive_of(made.files, made.name, needed(how["libraries"]))
    else:
        content = made.files[product]
    program = kept(content)
    fcntl.fcntl(program, fcntl.F_ADD_SEALS, _SEALS)
    return Built(program, False, "", made.errors[:MESSAGE_BYTES], False, usage)


def _first_error(printed: str) -> str:
    lines = [line for line in printed.splitlines() if not line.startswith("# ")]  # Go's titles
    said = [line for line in lines if "error" in line] or lines
    return said[0][:400] if said else ""


def blame(how: Mapping[str, Any], source: int) -> None:
    """Make sure that a program that failed did not for want of a library of this machine.

    Raises:
        Lacking: If it did.
    """
    text = os.pread(source, os.fstat(source).st_size, 0)
    for name, path in how["libraries"].items():
        if name.encode() in text and not glob(path):
            raise Lacking(f"the library {name!r} is missing in this sandbox: there is no {path}")


def require(how: Mapping[str, Any]) -> None:
    """Make sure that the commands of a recipe are there.

    Raises:
        Lacking: If it is not.
    """
    binary = how["product"] == "program"
    words = (how["tool"], *how["compiler"][:1], *how["checker"][:1])
    for command in (*words, *(() if binary else how["command"][:1])):
        if shutil.which(command) is None:
            package = how["package"]
            raise Lacking(
                f"there is no command {command!r} in this sandbox; see Debian's {package}"
            )


def built_reference(bench: Bench, source: bytes, candidate: Case) -> Case:
    """Return a trusted program, made of its source if need be; it is kept for a while.

    A runtime gives it as much memory as it gives the candidate.

    Raises:
        BrokenJail: If it cannot be compiled.
    """
    how = candidate.recipe
    if how is None:
        return bench.quiet(kept(source))
    if not how["compiler"]:
        return _alike(bench.quiet(kept(source)), candidate)
    key = marshal.dumps((source, how["compiler"]), 2)
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
    return _alike(bench.quiet(os.dup(program)), candidate)


def _alike(trusted: Case, candidate: Case) -> Case:
    same = {key: candidate.limits[key] for key in ("memory_bytes", "stack_bytes")}
    return replace(trusted, recipe=candidate.recipe, limits={**trusted.limits, **same})

"""Traces of programs, made in the sandbox, in languages for which there is a tracer.

A trace of a program in Java or JavaScript has the form of one in Python, which is made by
`codeeval.sandbox.tracer`: the lines that were reached in order, each with the number of its call;
the calls, each with its name, how deep it is nested and its thread; exceptions that were thrown. A
line that goes on after a call has returned is no further step, nor is the brace at a block's end.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import resources
from typing import Any

from codeeval.sandbox.codec import decode, encode, pack, unpack
from codeeval.sandbox.executor import Executor
from codeeval.sandbox.program import Blob, Limits, Outputs, Program

__all__ = ["TRACED", "call_trace", "program_traces"]

TRACED = {"java": "Tracer.java", "javascript": "tracer.js"}
"""The languages of whole programs that can be traced beside Python's, with the tracers."""
IN_PYTHON = """

def __traced(source, call, most_steps, values):
    import contextlib, io
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        found = traced(source, call, most_steps=most_steps, values=values)
    return {**found, "printed": printed.getvalue()[:1 << 20]}
"""
MOST_STEPS = 5000
OWN_SECONDS = 30.0
"""What a tracer takes for itself at most."""
MEMORY_BYTES = 2 * 2**30
"""What a program may take with its tracer, where both are beside each other."""


def program_traces(
    executor: Executor,
    language: str,
    programs: Sequence[str],
    *,
    most_steps: int = MOST_STEPS,
    seconds: float = 10.0,
) -> list[dict[str, Any]]:
    """Run trusted programs in the sandbox under a tracer.

    Args:
        executor: Where they are run.
        language: A key of `TRACED`.
        programs: Their sources; they get nothing on the standard input.
        most_steps: How many steps are recorded. A program with more is ended: see ``is_cut``.
        seconds: How long each may take, with its tracer.

    Returns:
        For each program ``runtime`` (what it ran on), ``steps`` (line numbers), ``frames`` (the
        number of each step's call), ``calls`` (name, depth, thread), ``raised`` (after how many
        steps, the type, the call), ``is_cut``, ``statements`` (the lines where one begins),
        ``printed``, ``error`` (the type of the exception that ended it, or nothing), and
        ``failure``, which says why there is no trace.

    Raises:
        ValueError: If there is no tracer for the language.
        SandboxError: If the tracer cannot be run.
    """
    if language not in TRACED:
        raise ValueError(f"no tracer for {language!r}; there are {', '.join(TRACED)}")
    if not programs:
        return []
    tracer = resources.files("codeeval.sandbox") / "tracers" / TRACED[language]
    asked = "\0".join(
        [
            str(most_steps),
            str(round(seconds * 1000)),
            *(each.replace("\0", "") for each in programs),
        ]
    )
    enough = OWN_SECONDS + seconds * len(programs)
    limits = Limits(cpu_seconds=2 * enough, wall_seconds=enough, memory_bytes=MEMORY_BYTES)
    check = Outputs("", Blob(pack([encode((asked,))])), whole=True)
    truth = executor.truth(Program(tracer.read_text("utf-8"), (check,), limits, language))
    (printed,) = unpack(truth.expected.data)
    return [json.loads(line) for line in decode(printed).strip("\n").split("\n")]


def call_trace(
    executor: Executor,
    source: str,
    call: str = "",
    *,
    most_steps: int = MOST_STEPS,
    seconds: float = 10.0,
    values: bool = False,
) -> dict[str, Any]:
    """Run a trusted program in Python, or a call of its functions, in the sandbox under the tracer.

    Args:
        executor: Where it is run.
        source: The program.
        call: An expression; empty for the program itself, which is run as the main program.
        most_steps: How many steps are recorded. A program with more goes on without being watched.
        seconds: How long it may take.
        values: Whether to record what variables are; see `codeeval.sandbox.states`.

    Returns:
        As `codeeval.sandbox.tracer.traced`, with what was ``printed``.

    Raises:
        SandboxError: If it cannot be run, or takes longer.
    """
    tracer = (resources.files("codeeval.sandbox") / "tracer.py").read_text("utf-8")
    limits = Limits(cpu_seconds=seconds, wall_seconds=2 * seconds, memory_bytes=2**29)
    given = Blob(pack([encode((source, call, most_steps, values))]))
    check = Outputs("__traced", given, whole=True)
    truth = executor.truth(Program(tracer + IN_PYTHON, (check,), limits))
    found: dict[str, Any] = decode(unpack(truth.expected.data)[0])
    return found

"""Traces of whole programs, in languages for which there is a tracer.

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

__all__ = ["TRACED", "program_traces"]

TRACED = {"java": "Tracer.java", "javascript": "tracer.js"}
"""The languages of programs that can be traced, with the tracers."""
MOST_STEPS = 5000
OWN_SECONDS = 30.0
"""What a tracer takes for itself at most."""
MEMORY_BYTES = 2 * 2**30


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
        steps, and the type), ``is_cut``, ``statements`` (the lines where one begins), ``printed``,
        ``error`` (the type of the exception that ended it, or nothing), and ``failure``, which
        says why there is no trace.

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
    return [json.loads(line) for line in decode(printed).splitlines()]

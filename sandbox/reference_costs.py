"""Times a trusted reference once: what it returns, and what its calls cost."""

from __future__ import annotations

import marshal
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from codeeval.sandbox.bench import Bench, Case
from codeeval.sandbox.costs import Repeat
from codeeval.sandbox.launching import timer_of
from codeeval.sandbox.pacing import NO_USAGE, Call
from codeeval.sandbox.records import DIGEST

__all__ = ["REFERENCE_SECONDS", "copies_of", "reference_costs"]

REFERENCE_SECONDS = 300.0
"""What a call of a reference may take."""
REPEATS, FEWER, SHORT_SECONDS = 6, 2, 0.25
"""How often a call is made again: fewer times if noise is a small part of it."""
WARM, WARM_IF_LARGE, LARGE, COPIES, COPIED_BYTES = 6, 2, 20_000, 200, 2**20


def reference_costs(bench: Bench, check: Mapping[str, Any], case: Case) -> dict[str, Any]:
    """Run a trusted reference; return its outputs and what each call costs.

    All calls are gone through several times: a machine is slow for a while, not for one call.
    """
    timer = timer_of(bench, check["clock"], check, case)
    inputs: list[bytes] = marshal.loads(bench.host.blob(check["inputs"]))
    outputs: list[bytes] = []
    known: list[list[Repeat]] = [[] for _ in inputs]
    copies = [1] * len(inputs)
    timed = [weight > 0 for count, weight, _ in check["levels"] for _ in range(count)]
    status, message, left = "passed", "", False
    for turn in range(1 + REPEATS):
        for number, call in enumerate(inputs):
            if turn and not (timed[number] and (turn <= FEWER or is_short(known[number]))):
                continue
            run = timer.run(case, [Call(call, REFERENCE_SECONDS, copies[number])])
            left |= run.left
            if run.status != "passed":
                status, message = run.status, f"call {number + 1}: {run.message}"
                break
            if not turn:
                kind, answer = run.answers[0]
                outputs.append(b"h" + answer if kind == DIGEST else answer)
            known[number].append(run.repeats[0])
        if status != "passed":
            break
        if not turn:
            first = [repeats[0].call for repeats in known]
            counts = [count for count, _, _ in check["levels"]]
            copies = copies_of_levels(counts, first, list(map(len, inputs)), check["span_seconds"])
    steady = [min((repeat.steady for repeat in repeats), default=0.0) for repeats in known]
    cold = [min((repeat.cold for repeat in repeats), default=0.0) for repeats in known]
    around = [max(0.0, every - one) for every, one in zip(cold, steady, strict=True)]
    return {
        "status": status,
        "message": message,
        "completed": len(outputs),
        "total": len(inputs),
        "failures": [],
        "sealed": True,
        "usage": NO_USAGE,
        "recycle": left,
        "outputs": marshal.dumps((outputs, steady, around, copies, []), 2),
    }


def is_short(repeats: Sequence[Repeat]) -> bool:
    """Whether a call is so short that noise may be a large part of it."""
    return min(repeat.cold for repeat in repeats) < SHORT_SECONDS


def copies_of_levels(
    counts: Sequence[int], seconds: Sequence[float], sizes: Sequence[int], span: float
) -> list[int]:
    """Return how often to make each call in one process: the same within a level."""
    found: list[int] = []
    for count in filter(None, counts):
        place = slice(len(found), len(found) + count)
        found += [copies_of(max(seconds[place]), max(sizes[place]), span)] * count
    return found


def copies_of(seconds: float, size: int, span: float) -> int:
    """Return how often to make a call in one process: once, or so often that it is warm.

    Args:
        seconds: What the call takes.
        size: The bytes of its arguments.
        span: What all of them should take at least.
    """
    if seconds >= span:
        return 1
    if size >= LARGE:  # to have arguments takes longer than the call
        return WARM_IF_LARGE if WARM_IF_LARGE * size <= COPIED_BYTES else 1
    return min(max(WARM, ceil(span / seconds)), COPIES, COPIED_BYTES // size)

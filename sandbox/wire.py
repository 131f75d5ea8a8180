"""What the host and the runner say to each other: programs as frames, replies as verdicts.

A frame is two lengths (4 bytes each, big-endian), a JSON header, a payload. To the runner go blobs
(``{"blob": digest}``, its bytes), what to forget of them (``{"drop": digest}``) and programs (the
source as payload). For each program comes one reply.
"""

from __future__ import annotations

import json
import marshal
import struct
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from codeeval.sandbox.codec import pack
from codeeval.sandbox.languages import recipe_of
from codeeval.sandbox.program import (
    END,
    Asserts,
    Blob,
    Calls,
    Check,
    Costs,
    Ending,
    Limits,
    Outputs,
    Program,
    Stdio,
    Truth,
    UnitTests,
)
from codeeval.sandbox.verdict import CheckResult, Cost, Status, Usage, Verdict

__all__ = ["FRAME", "blobs_of", "encode_program", "frame", "truth_of", "verdict_of"]

FRAME = struct.Struct(">II")


def frame(header: Mapping[str, Any], payload: bytes = b"") -> bytes:
    """Return a frame's bytes."""
    text = json.dumps(header).encode()
    return FRAME.pack(len(text), len(payload)) + text + payload


def blobs_of(program: Program) -> list[Blob]:
    """Return what the program's checks need in the jail, beside the program.

    Raises:
        ValueError: If a check has no truth.
    """
    found = []
    for check in program.checks:
        if isinstance(check, Calls | Outputs):
            found.append(check.inputs)
        if isinstance(check, Calls):
            found.append(_truth_blob(check))
        if isinstance(check, Costs):
            found.append(check.blob)
            if check.inputs is not None:
                found.append(check.inputs)
        if isinstance(check, Asserts) and check.sealed:
            found.append(check.blob)
        if isinstance(check, Stdio):
            found.extend(_case_blobs(check.cases))
    return found


@lru_cache(maxsize=16)
def _case_blobs(cases: tuple[tuple[str, str], ...]) -> tuple[Blob, Blob]:
    """Return the inputs and the expected outputs of cases."""
    inputs, expected = zip(*cases, strict=True) if cases else ((), ())
    return Blob(marshal.dumps(list(inputs), 2)), Blob(marshal.dumps(list(expected), 2))


def _levels(check: Costs | Outputs) -> list[tuple[int, float, float]]:
    return [(level.cases, level.weight, level.size) for level in check.levels]


def _truth_blob(check: Calls) -> Blob:
    if check.truth is None:
        raise ValueError(
            f"the check {check.name!r} has no truth; run its reference first (codeeval.truth)"
        )
    return check.truth.blob


def encode_program(program: Program) -> bytes:
    """Return the frame of a program."""
    recipe = recipe_of(program.language, program.flags)
    header = {
        **({"recipe": recipe} if recipe else {}),
        "checks": [_encode_check(check) for check in program.checks],
        "limits": _encode_limits(program.limits),
    }
    return frame(header, program.source.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=16)
def _encode_limits(limits: Limits) -> dict[str, Any]:
    return asdict(limits)


def _kind_of(check: Outputs) -> str:
    if check.clock:
        return "costs_of_reference"
    return "outputs" if check.entry_point else "printed"


def _encode_check(check: Check) -> dict[str, Any]:
    if isinstance(check, Asserts):
        if check.sealed:
            return {"kind": "sealed", "name": check.name, "tests": check.blob.digest}
        return {
            "kind": "asserts",
            "name": check.name,
            "tests": check.tests,
            "setup": check.setup,
        }
    if isinstance(check, UnitTests):
        return {
            "kind": "unittests",
            "name": check.name,
            "tests": check.tests,
            "names": list(check.names),
            "all_failures": check.all_failures,
        }
    if isinstance(check, Ending):
        return {
            "kind": "ending",
            "name": check.name,
            "end": END,
            "wrong": check.wrong,
            "fails": check.fails,
            "after": check.after,
        }
    if isinstance(check, Stdio):
        inputs, expected = _case_blobs(check.cases)
        return {
            "kind": "stdio",
            "name": check.name,
            "inputs": inputs.digest,
            "expected": expected.digest,
            "all_failures": check.all_failures,
        }
    common = {
        "name": check.name,
        "entry_point": check.entry_point,
        "inputs": check.inputs.digest if check.inputs is not None else "",
    }
    if isinstance(check, Costs):
        return {
            "kind": "costs",
            **common,
            "trusted": check.blob.digest,
            "levels": _levels(check),
            "score": check.score,
            "rivals": check.rival_seconds,
            "censoring": check.censoring,
            "clock": check.clock,
            "limit_factor": check.limit_factor,
            "limit_floor": check.limit_floor,
            "precision": check.precision,
            "repeats": check.repeats,
            "span_seconds": check.span_seconds,
            "footprint": check.footprint,
            "given": check.expected is not None,
        }
    if isinstance(check, Outputs):
        return {
            "kind": _kind_of(check),
            **common,
            "clock": check.clock,
            "span_seconds": check.span_seconds,
            "levels": _levels(check),
            "whole": check.whole,
        }
    return {
        "kind": "calls",
        **common,
        "expected": _truth_blob(check).digest,
        "oracle": check.oracle,
        "listed": check.oracle == "evalplus:set",
        "atol": check.atol,
        "minimum_seconds": check.minimum_seconds,
        "time_factor": check.time_factor,
        "all_failures": check.all_failures,
    }


def verdict_of(reply: Mapping[str, Any], isolation: str) -> Verdict:
    """Return the verdict that a reply holds."""
    results = tuple(
        CheckResult(
            name=result["name"],
            status=Status(result["status"]),
            message=result["message"],
            completed=result["completed"],
            total=result["total"],
            failures=tuple(result["failures"]),
            sealed=result["sealed"],
            usage=Usage(**result["usage"]),
            costs=tuple(map(Cost.from_dict, result.get("costs", ()))),
        )
        for result in reply["results"]
    )
    status = next((r.status for r in results if r.status is not Status.PASSED), Status.PASSED)
    usage = Usage()
    for result in results:
        usage += result.usage
    return Verdict(
        status, results, usage, reply["stdout"], reply["stderr"], reply["truncated"], isolation
    )


def truth_of(payload: bytes) -> Truth:
    """Return the truth that a reply carries."""
    outputs, *times = marshal.loads(payload)
    return Truth(Blob(pack(outputs)), *map(tuple, times))

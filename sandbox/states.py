"""What can be read out of a trace: the state before and after a step, the outcomes of branches."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

__all__ = ["branches", "following", "state_after", "state_before"]


def following(trace: Mapping[str, Any], step: int) -> int | None:
    """Return the next step of the same call, from 0; None if there is none.

    Args:
        trace: As `codeeval.sandbox.tracer.traced` returns it.
        step: The number of a step, from 0.
    """
    frames = trace["frames"]
    later = range(step + 1, len(frames))
    return next((place for place in later if frames[place] == frames[step]), None)


def state_before(trace: Mapping[str, Any], step: int) -> dict[str, Any]:
    """Return what the variables of a step's call are when its line begins.

    Args:
        trace: One with values.
        step: The number of a step, from 0.

    Returns:
        For each variable ``t``, the type, and of plain data that is not large ``v``, its text.
    """
    return _state(trace, trace["frames"][step], step)


def state_after(trace: Mapping[str, Any], step: int) -> dict[str, Any]:
    """Return what they are when the call goes on to its next line, or ends; see `state_before`."""
    after = following(trace, step)
    return _state(trace, trace["frames"][step], len(trace["steps"]) if after is None else after)


def _state(trace: Mapping[str, Any], call: int, place: int) -> dict[str, Any]:
    found = {
        name: value for seen, own, name, value in trace["changes"] if own == call and seen <= place
    }
    return {name: value for name, value in found.items() if value["t"]}


def branches(source: str, trace: Mapping[str, Any]) -> list[tuple[int, int, bool]]:
    """Return which way each decision went.

    Args:
        source: The program, in Python.
        trace: Its trace.

    Returns:
        For each time that the head of an ``if``, a ``while`` or a ``for`` decided: the number of
        the step from 0, the line of the head, and whether its body was begun. A head whose body
        stands in the same line decides nothing that steps could tell, and is left out; so is one
        that raised an exception.
    """
    heads: dict[int, tuple[int, range]] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.If | ast.While | ast.For | ast.AsyncFor):
            begun = [node.body[0], *getattr(node.body[0], "decorator_list", ())]
            first, last = min(each.lineno for each in begun), node.body[-1].end_lineno or 0
            for line in range(node.lineno, first):
                heads[line] = node.lineno, range(first, last + 1)
    last_of: dict[int, int] = {}
    found: list[tuple[int, int, bool]] = []

    def decide(step: int, after: int) -> None:
        head, body = heads[trace["steps"][step]]
        call = trace["frames"][step]
        line = trace["steps"][after] if after < len(trace["steps"]) else 0
        goes_on = heads.get(line, (0,))[0] == head  # in a further line of the head
        failed = any(
            step < place <= after and own == call and kind != "StopIteration"
            for place, kind, own in trace["raised"]
        )
        if not (goes_on or failed):
            found.append((step, head, line in body))

    for step, call in enumerate(trace["frames"]):
        before = last_of.get(call)
        if before is not None and trace["steps"][before] in heads:
            decide(before, step)
        last_of[call] = step
    for step in last_of.values():
        if trace["steps"][step] in heads:
            decide(step, len(trace["steps"]))
    return sorted(found)

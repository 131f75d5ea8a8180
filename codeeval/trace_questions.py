"""The questions that can be asked about a call, by kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import Any

from codeeval.traced_calls import Call

__all__ = ["QUESTIONS"]

LONGEST_VALUE, LONGEST_PATH = 200, 60
"""Characters of a value, and steps of a path, that are asked for."""


def ask_next(call: Call) -> Iterator[dict[str, Any]]:
    """Ask for the line after a certain visit of another one."""
    seen: Counter[int] = Counter()
    for place, line in enumerate(call.steps):
        seen[line] += 1
        after = call.steps[place + 1] if place + 1 < len(call.steps) else -1
        if after != line and line not in call.again and call.threads == 1:
            yield {"line": line, "occurrence": seen[line], "answer": str(after)}


def ask_path(call: Call) -> Iterator[dict[str, Any]]:
    """Ask for all lines in order."""
    steps = [line for line, _ in groupby(call.steps)]
    if len(steps) <= LONGEST_PATH and call.threads == 1:
        yield {"answer": str(steps)}


def ask_coverage(call: Call) -> Iterator[dict[str, Any]]:
    """Ask whether a line is executed; not the first, which always is."""
    covered = set(call.steps)
    for line in call.lines:
        if line != call.steps[0]:
            yield {"line": line, "answer": "YES" if line in covered else "NO"}


def ask_state(call: Call) -> Iterator[dict[str, Any]]:
    """Ask for the value of a variable after a certain visit of a line that changes it."""
    for line, name, values in call.values:
        if line in call.again or call.threads > 1 or call.steps.count(line) != len(values):
            continue
        for number, value in enumerate(values, start=1):
            if value is not None and len(value) <= LONGEST_VALUE:
                yield {"line": line, "occurrence": number, "variable": name, "answer": value}


def ask_output(call: Call) -> Iterator[dict[str, Any]]:
    """Ask what a call returns."""
    if call.result is not None and not call.error and len(call.result) <= LONGEST_VALUE:
        yield {"answer": call.result}


def ask_exception(call: Call) -> Iterator[dict[str, Any]]:
    """Ask which exception a call raises, if any."""
    yield {"answer": call.error or "None"}


def ask_iterations(call: Call) -> Iterator[dict[str, Any]]:
    """Ask how often the body of a loop is begun."""
    visited = set(call.steps)
    for line, count in call.begun:
        if line in visited:
            yield {"line": line, "answer": str(count)}


def ask_printed(call: Call) -> Iterator[dict[str, Any]]:
    """Ask what a program prints."""
    if call.result and call.result.strip() and len(call.result) <= LONGEST_VALUE:
        yield {"answer": call.result}


QUESTIONS: Mapping[str, Callable[[Call], Iterator[dict[str, Any]]]] = {
    "next": ask_next,
    "path": ask_path,
    "coverage": ask_coverage,
    "state": ask_state,
    "output": ask_output,
    "exception": ask_exception,
    "iterations": ask_iterations,
    "printed": ask_printed,
}

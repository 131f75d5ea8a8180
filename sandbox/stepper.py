"""Takes down what a call of a program does, statement by statement. Standard library only.

Runs beside the program in the sandbox. Programs are to have statements of one line each, so that a
line is a statement; lambdas, comprehensions and generator expressions are part of the statement in
which they stand, and no steps of their own.
"""

from __future__ import annotations

import ast
import sys
import threading
import types
from typing import Any

__all__ = ["examine"]

NAME = "<stepped program>"
MOST_STEPS = 5000


class TooLong(BaseException):
    """There are more steps than are taken down."""


class Stepper:
    """Takes down steps.

    Args:
        assigned: The names that each line gives a value to.
        loops: For the line of each loop the first line of its body.

    Attributes:
        steps: The lines in order; what a line does again without another one between, as a
            comprehension does from Python 3.12 on, is no further step.
        values: For each line and name the value after each visit, as a literal, None if it is none.
        begun: How often the body of each loop was begun.
        depth: How many calls of the program there were at a time at most.
        recursion: Whether a function was called while it ran.
        threads: The threads that there were.
    """

    def __init__(self, assigned: dict[int, list[str]], loops: dict[int, int]) -> None:
        self._assigned, self._loops = assigned, loops
        self.steps: list[int] = []
        self.values: dict[tuple[int, str], list[str | None]] = {
            (line, name): [] for line, names in assigned.items() for name in names
        }
        self.begun = dict.fromkeys(loops, 0)
        self.depth, self.recursion = 0, False
        self.threads: set[int] = set()
        self._last: dict[types.FrameType, int] = {}

    def call(self, frame: types.FrameType, event: str, argument: Any) -> Any:
        """Take down that a call begins."""
        if frame.f_code.co_filename != NAME or frame.f_code.co_name.startswith("<"):
            return None
        depth, outer = 1, frame.f_back
        while outer is not None:
            if outer in self._last:
                depth += 1
                self.recursion |= outer.f_code is frame.f_code
            outer = outer.f_back
        self.depth = max(self.depth, depth)
        self.threads.add(threading.get_ident())
        return self.within

    def within(self, frame: types.FrameType, event: str, argument: Any) -> Any:
        """Take down what happens in a call."""
        last = self._last.get(frame)
        if event == "line" and last == frame.f_lineno:
            return self.within
        if last:
            for name in self._assigned.get(last, ()):
                known = event != "exception" and name in frame.f_locals
                self.values[last, name].append(told(frame.f_locals[name]) if known else None)
            self._last[frame] = 0
        if event == "line":
            line = frame.f_lineno
            if last and self._loops.get(last) == line:
                self.begun[last] += 1
            if len(self.steps) >= MOST_STEPS:
                raise TooLong
            self.steps.append(line)
            self._last[frame] = line
        elif event == "return":
            self._last.pop(frame, None)
        return self.within


def told(value: object) -> str | None:
    """Return a value as a literal that gives it again; None if there is none."""
    try:
        text = repr(value)
        again = ast.literal_eval(text)
    except Exception:
        return None
    return text if again == value and type(again) is type(value) else None


def examine(
    source: str, call: str, assigned: dict[int, list[str]], loops: dict[int, int]
) -> dict[str, Any] | str:
    """Return what a call does; the name of an exception if the program does not even load.

    Args:
        source: The program; running it is no step.
        call: An expression.
        assigned: The names that each line gives a value to.
        loops: For the line of each loop the first line of its body.
    """
    namespace = types.ModuleType("stepped").__dict__
    stepper = Stepper(assigned, loops)
    result, error = None, ""
    try:
        exec(compile(source, NAME, "exec", dont_inherit=True), namespace)
        code = compile(call, "<call>", "eval", dont_inherit=True)
    except BaseException as failure:
        return type(failure).__name__
    value: object = None
    threading.settrace(stepper.call)
    sys.settrace(stepper.call)
    try:
        value = eval(code, namespace)
    except TooLong:
        return "TooLong"
    except BaseException as failure:
        error = type(failure).__name__
    finally:
        sys.settrace(None)
        threading.settrace(None)
    if not error:
        result = told(value)
    values = [(line, name, each) for (line, name), each in stepper.values.items()]
    return {
        "runtime": f"Python {sys.version.split()[0]}",
        "steps": stepper.steps,
        "values": values,
        "begun": list(stepper.begun.items()),
        "depth": stepper.depth,
        "recursion": stepper.recursion,
        "threads": len(stepper.threads),
        "result": result,
        "error": error,
    }

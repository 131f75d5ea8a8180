"""Records what a program does, line by line. Runs beside it in the sandbox; standard library only.

Two ways see the same: ``sys.settrace``, and ``sys.monitoring`` from Python 3.12 on, which costs
less. A program is known by the name of its file, which nothing else has, so library code is no part
of a trace.
"""

from __future__ import annotations

import ast
import copy
import itertools
import operator
import sys
import threading
import types
from collections.abc import Callable, Iterator, Sequence
from threading import get_ident
from typing import Any

__all__ = ["reval", "reval_values", "traced"]

MOST_STEPS = 5000
"""Steps of which no more are recorded; the program goes on without being watched."""
CHANGES = 4
"""How many changes of variables are recorded for each of these at most."""
LONGEST_VALUE, DEEPEST = 200, 6
PLAIN = (int, float, complex, bool, str, bytes, type(None))
CONTAINERS = (list, tuple, dict, set, frozenset)
GONE = {"t": ""}
RESUMED = 0x20 | 0x80 | 0x200
"""Flags of generators and coroutines."""
TOOL = 4
"""The number under which `sys.monitoring` knows us."""
OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
SKIPPED = (
    *(types.ModuleType, types.FunctionType, types.BuiltinFunctionType),
    *(types.GeneratorType, Iterator),
)
"""What is no value of a variable in REval's sense."""


class Recorder:
    """Takes down steps.

    Args:
        names: The names of the program's files.
        most_steps: How many steps are recorded.
        values: Whether to take down what variables are, too.

    Attributes:
        path: The number of each line that was reached, in order, and that of its call, from 0 in
            order of their beginnings.
        calls: For each call the name of its function, how deep it is nested in other calls of the
            program, and the thread, from 0.
        raised: Exceptions that passed a line: how many steps there were, the type, and the number
            of the call.
        changes: Where variables of a call have another value than before: how many steps there
            were, the number of the call, the variable, and the value as `typed` has it; of one
            that is gone, or is none that is recorded, `GONE`.
        is_cut: Whether steps were left out.
    """

    def __init__(self, names: Sequence[str], most_steps: int, values: bool = False) -> None:
        self.names, self.most, self.values = names, most_steps, values
        self.changes: list[tuple[int, int, str, dict[str, str]]] = []
        self._known: dict[int, dict[str, dict[str, str]]] = {}
        self.path: list[tuple[int, int]] = []
        self.calls: list[tuple[str, int, int]] = []
        self.raised: list[tuple[int, str, int]] = []
        self.is_cut = False
        self.numbers: dict[int, int] = {}
        """The number of the call that a frame is of, by the address of the frame."""
        self._resumed: list[types.FrameType] = []
        """Frames that go on after they return: no other may get the address of one."""
        self._threads: dict[int, int] = {}

    def begin(self, frame: types.FrameType) -> None:
        """Take down that a call begins; a generator that goes on is the same call."""
        if id(frame) not in self.numbers:
            self.begin_anew(frame)
            if frame.f_code.co_flags & RESUMED:
                self._resumed.append(frame)

    def begin_anew(self, frame: types.FrameType) -> None:
        """Take down that a call begins, whatever had its frame's address before."""
        if len(self.calls) >= self.most:
            self.numbers.pop(id(frame), None)
            return
        thread = self._threads.setdefault(get_ident(), len(self._threads))
        calls, numbers, names = self.calls, self.numbers, self.names
        depth, outer = 0, frame.f_back
        while outer is not None:
            known = numbers.get(id(outer))
            if known is not None and outer.f_code.co_filename in names:
                depth = calls[known][1] + 1
                break
            outer = outer.f_back
        numbers[id(frame)] = len(calls)
        calls.append((frame.f_code.co_qualname, depth, thread))

    def line(self, frame: types.FrameType, number: int) -> None:
        """Take down a step."""
        if len(self.path) >= self.most:
            self.is_cut = True
            return
        self.begin(frame)
        self.look(frame)
        self.path.append((number, self.numbers.get(id(frame), -1)))

    def look(self, frame: types.FrameType) -> None:
        """Take down which variables of a call have changed."""
        call = self.numbers.get(id(frame), -1)
        if not self.values or call < 0 or len(self.path) >= self.most:
            return
        known = self._known.setdefault(call, {})
        now = {
            name: typed(value)
            for name, value in dict(frame.f_locals).items()
            if not name.startswith((".", "__")) and not isinstance(value, SKIPPED)
        }
        for name in (*now, *(known.keys() - now.keys())):
            value = now.get(name, GONE)
            if known.get(name, GONE) != value and len(self.changes) < CHANGES * self.most:
                known[name] = value
                self.changes.append((len(self.path), call, name, value))

    def end(self, frame: types.FrameType) -> None:
        """Take down that a call is over, or waits to go on."""
        self.look(frame)
        if not frame.f_code.co_flags & RESUMED:
            self.numbers.pop(id(frame), None)

    def exception(self, error: BaseException | type[BaseException], frame: types.FrameType) -> None:
        """Take down an exception; not that which ends a generator, of which not all ways tell."""
        kind = error if isinstance(error, type) else type(error)
        if len(self.raised) < self.most and kind is not GeneratorExit:
            call = self.numbers.get(id(frame), -1)
            self.raised.append((len(self.path), kind.__name__, call))

    def as_dict(self) -> dict[str, Any]:
        """Return what was recorded as plain data."""
        return {
            "runtime": f"Python {sys.version.split()[0]}",
            "steps": [number for number, _ in self.path],
            "frames": [frame for _, frame in self.path],
            "calls": self.calls,
            "raised": self.raised,
            "changes": self.changes,
            "is_cut": self.is_cut,
        }


def typed(value: Any) -> dict[str, str]:
    """Return the type of a value (``t``) and, of plain data that is not large, its text (``v``)."""
    kind = type(value)
    found = {"t": kind.__name__}
    if is_small(value, [LONGEST_VALUE], DEEPEST):
        text = repr(sorted(value, key=repr)) if kind in (set, frozenset) else repr(value)
        if len(text) <= LONGEST_VALUE:
            found["v"] = text
    return found


def is_small(value: Any, room: list[int], depth: int) -> bool:
    """Whether a value is plain data of not more parts, and not deeper, than there is room for."""
    kind = type(value)
    room[0] -= 1
    if kind is int:
        return bool(value.bit_length() < LONGEST_VALUE * 3)
    if kind in PLAIN:
        return kind not in (str, bytes) or len(value) <= LONGEST_VALUE
    if kind not in CONTAINERS or depth == 0 or len(value) > room[0]:
        return False
    parts = itertools.chain(value, value.values()) if kind is dict else value
    return room[0] >= 0 and all(is_small(each, room, depth - 1) for each in parts)


def watched_by_settrace(recorder: Recorder, run: Callable[[], Any]) -> None:
    """Run something while ``sys.settrace`` tells of lines in a program's files."""

    def within(frame: types.FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            recorder.line(frame, frame.f_lineno)
        elif event == "exception":
            recorder.exception(argument[0], frame)
        elif event == "return":
            recorder.end(frame)
        return within

    def begin(frame: types.FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename not in recorder.names:
            return None
        recorder.begin(frame)
        return within

    threading.settrace(begin)
    sys.settrace(begin)
    try:
        run()
    finally:
        sys.settrace(None)
        threading.settrace(None)


def watched_by_monitoring(recorder: Recorder, code: types.CodeType, run: Callable[[], Any]) -> None:
    """Run something while ``sys.monitoring`` tells of lines in a program's code.

    A jump back to the line that it comes from counts as a step, as it does for ``sys.settrace``.
    What is told stays as it is afterwards, until the next time: nobody runs that code any more.
    """
    tell, own_frame = sys.monitoring, sys._getframe  # type: ignore[attr-defined,unused-ignore]
    events = tell.events
    numbers, most = recorder.numbers, recorder.most
    path, add = recorder.path, recorder.path.append
    loops: dict[tuple[int, int], int] = {}

    def start(own: types.CodeType, offset: int) -> None:
        recorder.begin_anew(own_frame(1))

    def line(own: types.CodeType, number: int) -> None:
        if len(path) < most:
            add((number, numbers.get(id(own_frame(1)), -1)))
        else:
            recorder.is_cut = True

    def jump(own: types.CodeType, offset: int, target: int) -> Any:
        number = loops.get((id(own), offset))
        if number is None:
            number = line_of(own, target)
            if target >= offset or number is None or number != line_of(own, offset):
                return tell.DISABLE  # it leads to the same place each time
            loops[id(own), offset] = number
        if len(path) < most:
            add((number, numbers.get(id(own_frame(1)), -1)))
        else:
            recorder.is_cut = True
        return None

    def raised(own: types.CodeType, offset: int, error: BaseException) -> None:
        if own.co_filename in recorder.names:
            recorder.exception(error, own_frame(1))

    if tell.get_tool(TOOL) is None:
        tell.use_tool_id(TOOL, "codeeval")
    tell.register_callback(TOOL, events.PY_START, start)
    tell.register_callback(TOOL, events.LINE, line)
    tell.register_callback(TOOL, events.JUMP, jump)
    tell.register_callback(TOOL, events.RAISE, raised)
    if tell.get_events(TOOL) != events.RAISE:
        tell.set_events(TOOL, events.RAISE)  # there is none for some code alone
    wanted = events.PY_START | events.LINE | events.JUMP
    for each in all_code(code):
        tell.set_local_events(TOOL, each, wanted)
    run()


def all_code(code: types.CodeType) -> list[types.CodeType]:
    """Return a code object and those in it."""
    inner = (each for each in code.co_consts if isinstance(each, types.CodeType))
    return [code, *(found for each in inner for found in all_code(each))]


def line_of(code: types.CodeType, offset: int) -> int | None:
    """Return the line of an offset."""
    return next((line for start, end, line in code.co_lines() if start <= offset < end), None)


def traced(
    source: str,
    call: str,
    name: str = "<traced program>",
    also: Sequence[str] = (),
    most_steps: int = MOST_STEPS,
    by: str = "",
    values: bool = False,
) -> dict[str, Any]:
    """Run a program, then an expression in its namespace, whose steps are recorded.

    Args:
        source: The program; running it is no part of the trace, unless there is no expression: then
            it is run as the main program, and that is the trace.
        call: The expression; empty for the program itself.
        name: The name of its file.
        also: Names of further files whose lines count: ``<string>``. By ``sys.settrace`` only.
        most_steps: How many steps are recorded.
        by: ``settrace`` or ``monitoring``; empty for what costs less here.
        values: Whether to record what variables are: by ``sys.settrace`` in any case.

    Returns:
        `Recorder.as_dict`, with ``result``, the value's ``repr``, and ``error``, the type of the
        exception that ended it, or nothing.
    """
    code = compile(source, name, "exec", dont_inherit=True)
    module = types.ModuleType("__main__" if not call else "traced")
    namespace = module.__dict__
    recorder, outcome = Recorder((name, *also), most_steps, values), {"result": "", "error": ""}
    if call:
        exec(code, namespace)
    expression = compile(call, "<call>", "eval", dont_inherit=True) if call else code

    def run() -> None:
        try:
            value = eval(expression, namespace)
            outcome["result"] = repr(value)[:MOST_STEPS]
        except BaseException as error:
            outcome["error"] = type(error).__name__

    if by != "settrace" and not (also or values) and hasattr(sys, "monitoring"):
        watched_by_monitoring(recorder, code, run)
    else:
        watched_by_settrace(recorder, run)
    return {**recorder.as_dict(), **outcome}


def reval(
    source: str, call: str, points: Sequence[tuple[int, str]]
) -> list[tuple[bool, list[int], list[str] | None, list[str] | None]]:
    """Answer REval's questions as `reval_values` does, in words.

    Returns:
        As there, with the values as ``repr`` gives them, and the names of their types.
    """
    return [
        (
            *(covered, following),
            *(list(map(repr, values)) if values else None,),
            *([type(each).__name__ for each in values] if values else None,),
        )
        for covered, following, values in reval_values(source, call, points)
    ]


def reval_values(
    source: str,
    call: str,
    points: Sequence[tuple[int, str]],
    *,
    before: str = "",
    name: str = "<traced program>",
) -> list[tuple[bool, list[int], list[Any] | None]]:
    """Answer REval's questions about a run: what is covered, what comes next, what has which value.

    Args:
        source: The program.
        call: An expression or statements that are run in its namespace.
        points: Lines, each with a variable or an expression.
        before: Statements that are run before that, and are no part of the trace.
        name: The name of the program's file.

    Returns:
        For each point whether its line is covered; the lines that follow it, -1 for none; the
        values after it, None if there are none.

    Source: the rules of the program of Chen et al. 2024, "Reasoning Runtime Behavior of a Program
    with LLM".
    """
    namespace = types.ModuleType("traced").__dict__
    exec(compile(source, name, "exec", dont_inherit=True), namespace)
    exec(compile(before, "<before>", "exec", dont_inherit=True), namespace)
    states: list[tuple[int, dict[str, Any]]] = []

    def within(frame: types.FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            if not states or states[-1][0] != frame.f_lineno:
                states.append((frame.f_lineno, {}))
            states[-1][1].update(copied(frame.f_locals))
        elif event in ("return", "exception") and (not states or states[-1][0] != frame.f_lineno):
            states.append((frame.f_lineno, {}))
        return within

    def begin(frame: types.FrameType, event: str, argument: Any) -> Any:
        return within if frame.f_code.co_filename == name else None

    code = compile(call, "<call>", "exec", dont_inherit=True)
    sys.settrace(begin)
    try:
        exec(code, namespace)
    except Exception:  # what was run until then counts
        pass
    finally:
        sys.settrace(None)
    return [answered(states, line, variable) for line, variable in points]


def copied(values: dict[str, Any]) -> dict[str, Any]:
    """Return copies of the values of variables, of those that can be copied."""
    found = {}
    for name, value in values.items():
        if isinstance(value, SKIPPED):
            continue
        try:
            found[name] = copy.deepcopy(value)
        except Exception:
            continue
    return found


def answered(
    states: Sequence[tuple[int, dict[str, Any]]], line: int, variable: str
) -> tuple[bool, list[int], list[Any] | None]:
    """Return the answers about one line, given all states; see `reval_values`."""
    visits = [place for place, (number, _) in enumerate(states) if number == line]
    if not visits:
        return False, [-1], None
    last = len(states) - 1
    following = {states[place + 1][0] if place < last else -1 for place in visits}
    after = [states[min(place + 1, last)][1] for place in visits]
    values = evaluated(ast.parse(variable, mode="eval").body, after)
    return True, sorted(following), values or None


def evaluated(node: ast.expr, states: Sequence[dict[str, Any]]) -> list[Any]:
    """Return the values that an expression has: all combinations of those of its parts."""
    if isinstance(node, ast.Name):
        return [state[node.id] for state in states if node.id in state]
    if isinstance(node, ast.Constant):
        return [node.value]
    if isinstance(node, ast.Tuple):
        return list(itertools.product(*(evaluated(each, states) for each in node.elts)))
    if isinstance(node, ast.Attribute):
        return list(kept(lambda value: getattr(value, node.attr), evaluated(node.value, states)))
    if isinstance(node, ast.Subscript):
        pairs = itertools.product(evaluated(node.value, states), evaluated(node.slice, states))
        return list(kept(lambda pair: pair[0][pair[1]], pairs))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return list(kept(lambda value: -value, evaluated(node.operand, states)))
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        apply = OPERATORS[type(node.op)]
        pairs = itertools.product(evaluated(node.left, states), evaluated(node.right, states))
        return list(kept(lambda pair: apply(*pair), pairs))
    return []


def kept(make: Callable[[Any], Any], values: Any) -> Iterator[Any]:
    """Yield what is made of each value of which that can be made."""
    for value in values:
        try:
            yield make(value)
        except Exception:
            continue

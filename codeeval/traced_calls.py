"""Calls that a task makes of its references, traced in the sandbox.

A reference is traced three times with each of its inputs; what does not come out alike, and what
nobody could follow by reading, is left out.
"""

from __future__ import annotations

import ast
import io
import random
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources

from codeeval.sandbox.codec import decode, encode, loads, pack, unpack
from codeeval.sandbox.errors import SandboxError, SandboxUnavailable
from codeeval.sandbox.executor import Executor
from codeeval.sandbox.program import Asserts, Blob, Calls, Costs, Limits, Outputs, Program
from codeeval.tasks.task import Problem, Sample, Task

__all__ = [
    "LONGEST_CODE",
    "MOST_STEPS",
    "RUNS",
    "Call",
    "bare",
    "call_texts",
    "examined",
    "spoiled",
]

LIMITS = Limits(cpu_seconds=2.0, wall_seconds=20.0, memory_bytes=2**29)
RUNS = 3
SPOILS = (None, -1, "x", 0.5)
LONGEST_CODE = 6000
"""Characters of what a question shows."""
MOST_STEPS, MOST_POINTS = 5000, 40
REFUSED = (ast.With, ast.AsyncWith, ast.AsyncFor, ast.AsyncFunctionDef, ast.Match, ast.TryStar)
"""Statements of which lines are visited in ways that nobody would guess."""
UNSEEN = (ast.Global, ast.Nonlocal)
ORDER = re.compile(r"\bset\(|\bfrozenset\(|\{[^{}:]+\}|hash\(|\bid\(")
"""Programs that may depend on the order of a set; of texts nobody can know it."""


@dataclass(frozen=True)
class Call:
    """A call of a reference, or a run of a program, and what it does.

    Attributes:
        origin: Where it comes from.
        code: The program.
        text: The call; empty for a program that is run.
        steps: The lines in order.
        again: Lines that are executed twice in a row in one call.
        values: For lines and names the value after each visit, as a literal, None if it is none.
        begun: How often the body of each loop is begun, by the loop's line.
        lines: Those of which somebody may ask whether they are executed.
        loops: Whether the body of a loop was begun more than once.
        depth: How many calls of the program there are at a time at most.
        result: What it returns as a literal, or prints; None if it cannot be told.
        error: The exception that it ends with, or nothing.
        runtime: What it ran on.
    """

    origin: str
    code: str
    text: str
    steps: list[int]
    again: set[int]
    values: list[tuple[int, str, list[str | None]]]
    begun: list[tuple[int, int]]
    lines: list[int]
    loops: bool
    depth: int
    recursion: bool
    threads: int
    result: str | None
    error: str
    runtime: str
    language: str = "python"


def call_texts(task: Task, problem: Problem, executor: Executor) -> Iterator[str]:
    """Yield the calls that a task makes of a reference, as source."""
    if not problem.reference or problem.language != "python":
        return
    program = task.program(problem, Sample(problem.id, 0, solution=problem.reference))
    for check in program.checks:
        if isinstance(check, Asserts):
            yield from literal_calls(check.tests, problem.entry_point, check.entry_points)
        if not isinstance(check, Calls | Costs) or not check.entry_point:
            continue
        data = check.inputs
        if data is None and isinstance(check, Costs):
            cases = Blob(pack([encode(case) for case in check.cases]))
            made = Program(check.generator, (Outputs("generate", cases, whole=True),), LIMITS)
            data = executor.truth(made).expected
        for each in unpack(data.data) if data is not None else ():
            arguments = loads(each)
            try:
                text = f"{check.entry_point}({', '.join(map(repr, arguments))})"
                if ast.literal_eval(repr(arguments)) == arguments:
                    yield text
            except (SyntaxError, TypeError, ValueError, RecursionError, MemoryError):
                continue


def literal_calls(tests: str, entry_point: str, names: Iterable[str]) -> Iterator[str]:
    """Yield the calls in tests whose arguments are literals."""
    known = {entry_point, "candidate", *names} - {""}
    try:
        tree = ast.parse(tests)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if node.func.id in known and not node.keywords:
            try:
                given = [repr(ast.literal_eval(each)) for each in node.args]
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                continue
            name = entry_point if node.func.id == "candidate" else node.func.id
            yield f"{name}({', '.join(given)})"


def spoiled(call: str, chooser: random.Random) -> str:
    """Return a call with another value in place of one of its arguments: it may well raise."""
    tree = ast.parse(call, mode="eval").body
    if isinstance(tree, ast.Call) and tree.args:
        place = chooser.randrange(len(tree.args))
        tree.args[place] = ast.Constant(chooser.choice(SPOILS))
    return ast.unparse(tree)


def bare(code: str) -> str | None:
    """Return a program without docstrings and comments, whose examples would give answers away.

    None if a line of it is more or less than a statement, so that it cannot be asked about.
    """
    try:
        tree = ast.parse(code)
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (SyntaxError, ValueError, RecursionError, tokenize.TokenError):
        return None
    lines = code.rstrip().split("\n")
    for token in tokens:
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    dropped: set[int] = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and len(body) > 1 and is_text(body[0]):
            dropped.update(range(body[0].lineno, body[0].end_lineno + 1))
    kept = "\n".join(line for number, line in enumerate(lines, 1) if number not in dropped)
    kept = re.sub(r"\n{3,}", "\n\n\n", kept).strip("\n")
    return kept if is_plain(kept) else None


def is_text(node: ast.AST) -> bool:
    """Whether a statement is a text that stands for itself."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def is_plain(code: str) -> bool:
    """Whether each line of a program is one statement, or the head of one."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError):
        return False
    seen: set[int] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt):
            continue
        body = getattr(node, "body", None)
        first = body[0].lineno if isinstance(body, list) and body else 0
        parts = [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]
        last = max([node.lineno, *(each.end_lineno or 0 for each in parts)])
        if (
            isinstance(node, REFUSED)
            or node.lineno in seen
            or getattr(node, "decorator_list", None)
        ):
            return False
        if last != node.lineno or (first and first <= node.lineno) or is_text(node):
            return False
        if not first and node.end_lineno != node.lineno:
            return False
        seen.add(node.lineno)
    return True


def examined(
    origin: str, code: str, calls: Sequence[str], executor: Executor, left_out: Counter[str]
) -> Iterator[Call]:
    """Trace calls of a program in the sandbox; yield those that do the same each time."""
    if ORDER.search(code) and any("'" in text or '"' in text for text in calls):
        left_out["the order of a set of texts"] += len(calls)
        return
    names: dict[int, list[str]] = {}
    for line, name in assigned(code)[:MOST_POINTS]:
        names.setdefault(line, []).append(name)
    loops = dict(loops_of(code))
    source = (resources.files("codeeval.sandbox") / "stepper.py").read_text("utf-8")
    given = [encode((code, text, names, loops)) for text in calls]
    for text, runs in zip(calls, runs_of(source, given, executor), strict=True):
        if not runs:
            left_out["a call that takes long or ends the process"] += 1
            continue
        if len(set(runs)) > 1:
            left_out["not the same each time"] += 1
            continue
        found = decode(runs[0])
        if isinstance(found, str):
            left_out[f"cannot be traced: {found}"] += 1
            continue
        if found["error"] == "RecursionError":
            left_out["a recursion without an end"] += 1
            continue
        if not 0 < len(found["steps"]) < MOST_STEPS:
            left_out["5,000 steps or more, or none"] += 1
            continue
        found["loops"] = any(count > 1 for _, count in found["begun"])
        yield Call(origin, code, text, again=set(), lines=body_lines(code), **found)


def runs_of(source: str, given: list[bytes], executor: Executor) -> list[tuple[bytes, ...]]:
    """Return what some runs say of each call; nothing of one that cannot be run.

    All are run in one process; if that fails, each in one of its own.
    """
    program = Program(source, (Outputs("examine", Blob(pack(given)), whole=True),), LIMITS)
    try:
        runs = [unpack(executor.truth(program).expected.data) for _ in range(RUNS)]
    except SandboxUnavailable:
        raise
    except SandboxError:
        if len(given) < 2:
            return [()] * len(given)
        return [runs_of(source, [each], executor)[0] for each in given]
    return list(zip(*runs, strict=True))


def assigned(code: str) -> list[tuple[int, str]]:
    """Return lines of a program with the names that they give a value to."""
    found = []
    for node in ast.walk(ast.parse(code)):
        targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            found += [(node.lineno, each.id) for each in targets if isinstance(each, ast.Name)]
    return sorted(set(found))


def loops_of(code: str) -> Iterator[tuple[int, int]]:
    """Yield the line of each loop with the first line of its body, but for endless ones."""
    for node in ast.walk(ast.parse(code)):
        endless = isinstance(node, ast.While) and isinstance(node.test, ast.Constant)
        if isinstance(node, ast.For | ast.While) and not endless:
            yield node.lineno, node.body[0].lineno


def body_lines(code: str) -> list[int]:
    """Return the lines of statements in functions that may be executed or not."""
    found = []
    for function in ast.walk(ast.parse(code)):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in (each for one in function.body for each in ast.walk(one)):
            bare_name = isinstance(node, ast.AnnAssign) and node.value is None
            if isinstance(node, ast.stmt) and not isinstance(node, UNSEEN) and not bare_name:
                found.append(node.lineno)
    return found

"""Fresh questions about what programs do, from the references and inputs of any task.

References are traced in the sandbox, three times; what does not come out alike is left out. From
each trace questions of several kinds can be asked; they are drawn so that short and long traces,
loops, recursion and threads have their share. The same seed gives the same questions.
"""

from __future__ import annotations

import ast
import io
import random
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import resources
from itertools import groupby
from typing import Any

from codeeval.sandbox.codec import decode, encode, loads, pack, unpack
from codeeval.sandbox.errors import CodeEvalError, SandboxError, SandboxUnavailable
from codeeval.sandbox.executor import Executor
from codeeval.sandbox.program import Asserts, Blob, Calls, Costs, Limits, Outputs, Program
from codeeval.tasks.fresh_traces import KINDS, LENGTHS
from codeeval.tasks.task import Problem, Sample, Task
from codeeval.tasks.traces import length_class

__all__ = ["BuildError", "Built", "build"]

VERSION = "trace-v1"
LIMITS = Limits(cpu_seconds=2.0, wall_seconds=20.0, memory_bytes=2**29)
RUNS = 3
SPOILS = (None, -1, "x", 0.5)
LONGEST_CALL, LONGEST_VALUE, LONGEST_CODE = 300, 200, 6000
"""Characters of what a question shows, and asks for."""
MOST_STEPS, LONGEST_PATH, MOST_POINTS = 5000, 60, 40
REFUSED = (ast.With, ast.AsyncWith, ast.AsyncFor, ast.AsyncFunctionDef, ast.Match, ast.TryStar)
"""Statements of which lines are visited in ways that nobody would guess."""
UNSEEN = (ast.Global, ast.Nonlocal)
ORDER = re.compile(r"\bset\(|\bfrozenset\(|\{[^{}:]+\}|hash\(|\bid\(")
"""Programs that may depend on the order of a set; of texts nobody can know it."""


class BuildError(CodeEvalError, ValueError):
    """No questions can be made of this task."""


@dataclass
class Built:
    """Questions, and what became of the rest.

    Attributes:
        records: The questions, as a file holds them.
        left_out: How many calls were left out, by reason.
        calls: How many were traced.
    """

    records: list[dict[str, Any]]
    left_out: Counter[str] = field(default_factory=Counter)
    calls: int = 0


@dataclass(frozen=True)
class Call:
    """A call of a reference and what it does."""

    problem: str
    code: str
    text: str
    steps: list[int]
    again: set[int]
    values: list[tuple[int, str, list[str | None]]]
    begun: list[tuple[int, int]]
    depth: int
    recursion: bool
    threads: int
    result: str | None
    error: str
    python: str

    @property
    def loops(self) -> bool:
        """Whether the body of a loop was begun more than once."""
        return any(count > 1 for _, count in self.begun)


def build(
    task: Task,
    executor: Executor,
    *,
    kinds: Sequence[str] = KINDS,
    most: int = 200,
    inputs: int = 5,
    seed: int = 0,
) -> Built:
    """Make questions from a task's references and inputs.

    Args:
        task: A task whose programs call a function.
        executor: Where references are traced.
        kinds: Which questions to ask: of ``KINDS``.
        most: How many questions.
        inputs: How many inputs of each problem are traced at most.
        seed: Of the choice of inputs, of questions and of their order.

    Raises:
        BuildError: If there is no call that can be traced.
        SandboxUnavailable: If there is no sandbox.
    """
    built = Built([])
    questions: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    for problem in task.problems():
        code = bare(problem.reference)
        if code is None or len(code) > LONGEST_CODE:
            built.left_out["a program that is long, or has statements of several lines"] += 1
            continue
        try:
            calls = sorted(set(call_texts(task, problem, executor)))
        except SandboxUnavailable:
            raise
        except SandboxError:
            built.left_out["a generator that fails"] += 1
            continue
        short = [text for text in calls if len(text) <= LONGEST_CALL]
        built.left_out["a long call"] += len(calls) - len(short)
        chooser = random.Random(f"{seed} {task.digest} {problem.id}")
        chosen = chooser.sample(short, min(inputs, len(short)))
        spoilt = [spoiled(text, chooser) for text in chosen] if "exception" in kinds else []
        more = [text for text in dict.fromkeys(spoilt) if text not in chosen]
        for call in examined(problem.id, code, [*chosen, *more], executor, built.left_out):
            built.calls += 1
            own = random.Random(f"{seed} {task.digest} {problem.id} {call.text}")
            for kind in kinds if call.text in chosen else ("exception",):
                asked = list(QUESTIONS[kind](call))
                if kind == "coverage":  # of a program most lines are executed
                    wanted = own.choice(("YES", "NO"))
                    asked = [each for each in asked if each["answer"] == wanted]
                if asked:
                    about = {**own.choice(asked), "kind": kind}
                    key = stratum(call, kind, str(about["answer"]))
                    questions.append((key, record_of(task, call, about, seed)))
    if not questions:
        raise BuildError(
            f"{task.name}: no call of a function with arguments that can be written out"
        )
    random.Random(f"{seed} {task.digest}").shuffle(questions)
    built.records = drawn(questions, most)
    for number, record in enumerate(built.records):
        record["task_id"] = f"Trace/{number}"
    return built


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
    problem: str, code: str, calls: Sequence[str], executor: Executor, left_out: Counter[str]
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
        if not 0 < len(found["steps"]) < MOST_STEPS:
            left_out["5,000 steps or more, or none"] += 1
            continue
        yield Call(problem, code, text, **{**found, "again": set(found["again"])})


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
    """Ask whether a line of a function is executed; not the first, which always is."""
    covered = set(call.steps)
    for function in ast.walk(ast.parse(call.code)):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in (each for one in function.body for each in ast.walk(one)):
            bare_name = isinstance(node, ast.AnnAssign) and node.value is None
            if not isinstance(node, ast.stmt) or isinstance(node, UNSEEN) or bare_name:
                continue
            if node.lineno != call.steps[0]:
                yield {"line": node.lineno, "answer": "YES" if node.lineno in covered else "NO"}


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


QUESTIONS = {
    "next": ask_next,
    "path": ask_path,
    "coverage": ask_coverage,
    "state": ask_state,
    "output": ask_output,
    "exception": ask_exception,
    "iterations": ask_iterations,
}


def stratum(call: Call, kind: str, answer: str) -> tuple[Any, ...]:
    """Return the kind of question and of trace, of which each is to have its share."""
    structure = call.recursion, call.loops, call.threads > 1, min(call.depth, 3)
    usual = answer in ("YES", "None")
    return kind, usual, length_class(len(call.steps), LENGTHS), *structure


def record_of(task: Task, call: Call, about: dict[str, Any], seed: int) -> dict[str, Any]:
    """Return a question as a file holds it."""
    identity = sha256(f"{call.code}\0{call.text}".encode("utf-8", "surrogatepass")).hexdigest()
    return {
        "task_id": "",
        **about,
        "code": call.code,
        "call": call.text,
        "steps": len(call.steps),
        "depth": call.depth,
        "loops": call.loops,
        "recursion": call.recursion,
        "threads": call.threads,
        "source": f"{task.name}@{task.version} {call.problem}",
        "sha256": identity,
        "tracer": VERSION,
        "python": call.python,
        "seed": seed,
    }


def drawn(
    questions: Sequence[tuple[tuple[Any, ...], dict[str, Any]]], most: int
) -> list[dict[str, Any]]:
    """Draw from each stratum in turn, those with few questions first, until there are enough.

    Of one program there are no more than a twentieth, or five. Of kinds with an answer that is the
    usual one, half of the questions have it.
    """
    largest = max(5, most // 20)
    of_program: Counter[str] = Counter()
    of_answer: Counter[tuple[Any, ...]] = Counter()
    strata: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for key, record in questions:
        strata.setdefault(key, []).append(record)
    order = sorted(strata, key=lambda key: (len(strata[key]), repr(key)))
    found: list[dict[str, Any]] = []
    while len(found) < most and any(strata.values()):
        for key in order:
            while strata[key] and len(found) < most:
                record = strata[key].pop()
                kind, usual = key[:2]
                enough = usual and of_answer[kind, True] > of_answer[kind, False]
                if of_program[record["source"]] < largest and not enough:
                    of_program[record["source"]] += 1
                    of_answer[kind, usual] += 1
                    found.append(record)
                    break
    return found

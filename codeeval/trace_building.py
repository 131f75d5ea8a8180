"""Fresh questions about what programs do, from the references and inputs of any task.

References are traced in the sandbox, three times; what does not come out alike is left out. From
each trace questions of several kinds can be asked; they are drawn so that short and long traces,
loops, recursion and threads have their share. The same seed gives the same questions.
"""

from __future__ import annotations

import ast
import random
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
from codeeval.tasks.fresh_traces import KINDS, length_class
from codeeval.tasks.task import Problem, Sample, Task

__all__ = ["BuildError", "Built", "build"]

VERSION = "trace-v1"
LIMITS = Limits(cpu_seconds=2.0, wall_seconds=20.0, memory_bytes=2**29)
RUNS = 3
SPOILS = (None, -1, "x", 0.5)
COMPREHENSIONS = ("<listcomp>", "<dictcomp>", "<setcomp>")
"""Calls of their own up to Python 3.11, and none later: they are taken as part of their caller."""
LONGEST_CALL, LONGEST_VALUE, LONGEST_CODE = 300, 200, 6000
"""Characters of what a question shows, and asks for."""
MOST_STEPS, LONGEST_PATH, MOST_POINTS = 5000, 60, 40
EXAMINE = '''
def examine(source, call, points):
    """Return what a call does, and the values of variables; None if it cannot be traced."""
    import ast

    def told(value):
        text = repr(value)
        try:
            same = ast.literal_eval(text)
            return text if same == value and type(same) is type(value) else None
        except Exception:
            return None

    try:
        found = traced(source, call, most_steps={most})
        states = reval_values(source, call, points)
    except BaseException as error:
        return type(error).__name__
    result = found["result"] if not found["error"] else ""
    values = [[told(each) for each in values or ()] for _, _, values in states]
    return found["steps"], found["frames"], found["calls"], found["is_cut"], (
        result, found["error"], values
    )
'''


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
    """Lines, those that follow themselves in one call taken as one."""
    depth: int
    loops: bool
    recursion: bool
    threads: int
    result: str
    error: str
    values: dict[tuple[int, str], list[str | None]]


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
    chooser = random.Random(f"{seed} {task.digest}")
    questions: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    for problem in task.problems():
        code = without_docstrings(problem.reference)
        if len(code) > LONGEST_CODE:
            built.left_out["a long program"] += 1
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
        chosen = chooser.sample(short, min(inputs, len(short)))
        bad = [spoiled(text, chooser) for text in chosen] if "exception" in kinds else []
        for call in examined(problem.id, code, [*chosen, *bad], executor, built.left_out):
            built.calls += 1
            for kind in kinds if call.text in chosen else ("exception",):
                asked = list(QUESTIONS[kind](call))
                if kind == "coverage":  # of a program most lines are executed
                    wanted = chooser.choice(("YES", "NO"))
                    asked = [each for each in asked if each["answer"] == wanted] or asked
                if asked:
                    about = {**chooser.choice(asked), "kind": kind}
                    key = stratum(call, kind, str(about["answer"]))
                    questions.append((key, record_of(task, call, about, seed)))
    if not questions:
        raise BuildError(
            f"{task.name}: no call of a function with arguments that can be written out"
        )
    chooser.shuffle(questions)
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
            except (SyntaxError, ValueError, RecursionError, MemoryError):
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


def without_docstrings(code: str) -> str:
    """Return a program without its docstrings, whose examples would give answers away."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError):
        return code
    lines = code.rstrip().split("\n")
    dropped: set[int] = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list) or len(body) < 2:
            continue
        first = body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            alone = body[1].lineno > (first.end_lineno or 0)
            if isinstance(first.value.value, str) and alone:
                dropped.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return "\n".join(line for number, line in enumerate(lines, 1) if number not in dropped)


def examined(
    problem: str, code: str, calls: Sequence[str], executor: Executor, left_out: Counter[str]
) -> Iterator[Call]:
    """Trace calls of a program in the sandbox; yield those that do the same each time."""
    points = assigned(code)[:MOST_POINTS]
    tracer = (resources.files("codeeval.sandbox") / "tracer.py").read_text("utf-8")
    source = tracer + EXAMINE.format(most=MOST_STEPS)
    for text, runs in zip(calls, runs_of(source, code, calls, points, executor), strict=True):
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
        steps, frames, inner, is_cut, (result, error, values) = found
        if is_cut or not steps:
            left_out["more steps than 5,000, or none"] += 1
            continue
        owners = list(frames)
        for place, frame in enumerate(frames):
            if place and inner[frame][0].rpartition(".")[2] in COMPREHENSIONS:
                owners[place] = owners[place - 1]
        pairs = [key for key, _ in groupby(zip(owners, steps, strict=True))]
        depths: dict[str, set[int]] = {}
        for name, depth, _ in inner:
            if not name.endswith(">"):
                depths.setdefault(name, set()).add(depth)
        yield Call(
            *(problem, code, text),
            steps=[line for _, line in pairs],
            depth=1 + max(max(each) for each in depths.values()),
            loops=max(Counter(pairs).values()) > 1,
            recursion=any(len(each) > 1 for each in depths.values()),
            threads=len({thread for _, _, thread in inner}),
            result=result,
            error=error,
            values=dict(zip(points, values, strict=True)),
        )


def runs_of(
    source: str,
    code: str,
    calls: Sequence[str],
    points: Sequence[tuple[int, str]],
    executor: Executor,
) -> list[tuple[bytes, ...]]:
    """Return what some runs say of each call; nothing of one that cannot be run.

    All are run in one process; if that fails, each in one of its own.
    """
    given = Blob(pack([encode((code, text, points)) for text in calls]))
    program = Program(source, (Outputs("examine", given, whole=True),), LIMITS)
    try:
        runs = [unpack(executor.truth(program).expected.data) for _ in range(RUNS)]
    except SandboxUnavailable:
        raise
    except SandboxError:
        if len(calls) < 2:
            return [()] * len(calls)
        return [runs_of(source, code, [text], points, executor)[0] for text in calls]
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
    """Yield the line of each loop with the first line of its body, if they are two."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.For | ast.While) and node.body[0].lineno > node.lineno:
            yield node.lineno, node.body[0].lineno


def ask_next(call: Call) -> Iterator[dict[str, Any]]:
    """Ask for the line after a certain visit of another one."""
    seen: Counter[int] = Counter()
    for place, line in enumerate(call.steps):
        seen[line] += 1
        after = call.steps[place + 1] if place + 1 < len(call.steps) else -1
        if after == line:
            continue
        yield {"line": line, "occurrence": seen[line], "answer": str(after)}


def ask_path(call: Call) -> Iterator[dict[str, Any]]:
    """Ask for all lines in order."""
    if len(call.steps) <= LONGEST_PATH and call.threads == 1:
        yield {"answer": str(call.steps)}


def ask_coverage(call: Call) -> Iterator[dict[str, Any]]:
    """Ask whether a line is executed: one that is and, where there is any, one that is not."""
    covered = set(call.steps)
    lines = {node.lineno for node in ast.walk(ast.parse(call.code)) if isinstance(node, ast.stmt)}
    first = min(covered)
    inside = sorted(line for line in lines if line >= first)
    for wanted in (True, False):
        of_kind = [line for line in inside if (line in covered) is wanted]
        for line in of_kind:
            yield {"line": line, "answer": "YES" if wanted else "NO"}


def ask_state(call: Call) -> Iterator[dict[str, Any]]:
    """Ask for the value of a variable after a certain visit of a line that changes it."""
    visits = Counter(call.steps)
    for (line, name), values in call.values.items():
        if len(values) != visits[line]:
            continue
        for number, value in enumerate(values, start=1):
            if value is not None and len(value) <= LONGEST_VALUE:
                yield {"line": line, "occurrence": number, "variable": name, "answer": value}


def ask_output(call: Call) -> Iterator[dict[str, Any]]:
    """Ask what a call returns."""
    try:
        readable = bool(call.result) and ast.literal_eval(call.result) is not Ellipsis
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    if readable and not call.error and len(call.result) <= LONGEST_VALUE:
        yield {"answer": call.result}


def ask_exception(call: Call) -> Iterator[dict[str, Any]]:
    """Ask which exception a call raises, if any."""
    yield {"answer": call.error or "None"}


def ask_iterations(call: Call) -> Iterator[dict[str, Any]]:
    """Ask how often the body of a loop is begun."""
    visits = Counter(call.steps)
    for line, body in loops_of(call.code):
        if line in visits:
            yield {"line": line, "answer": str(visits[body])}


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
    return kind, usual, length_class(len(call.steps)), *structure


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
        "seed": seed,
    }


def drawn(
    questions: Sequence[tuple[tuple[Any, ...], dict[str, Any]]], most: int
) -> list[dict[str, Any]]:
    """Draw from each stratum in turn, those with few questions first, until there are enough.

    Of one program there are no more than a twentieth, or five.
    """
    largest = max(5, most // 20)
    of_program: Counter[str] = Counter()
    strata: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for key, record in questions:
        strata.setdefault(key, []).append(record)
    order = sorted(strata, key=lambda key: (len(strata[key]), repr(key)))
    found: list[dict[str, Any]] = []
    while len(found) < most and any(strata.values()):
        for key in order:
            while strata[key] and len(found) < most:
                record = strata[key].pop()
                of_program[record["source"]] += 1
                if of_program[record["source"]] <= largest:
                    found.append(record)
                    break
    return found

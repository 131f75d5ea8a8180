"""Problems of any task that calls a function in Python, compiled to other languages.

What a problem asks is taken from its prompt, what is right from its reference, which is run in the
sandbox with the arguments that the task's tests have.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from codeeval.sandbox.codec import encode, loads, pack, unpack
from codeeval.sandbox.errors import SandboxError, SandboxUnavailable
from codeeval.sandbox.executor import Executor
from codeeval.sandbox.program import Blob, Limits, Outputs, Program
from codeeval.tasks.task import Problem, Task
from codeeval.tasks.translate.fixed import DIALECTS
from codeeval.tasks.translate.source import Type, Untranslatable
from codeeval.tasks.translate.translator import translate
from codeeval.tasks.translate.types import declared, type_of_values
from codeeval.traced_calls import call_texts

__all__ = ["Compiled", "Source", "compiled", "sources_of"]

LIMITS = Limits(cpu_seconds=20.0, wall_seconds=60.0, memory_bytes=2**29)
LONGEST = 400
"""Characters of a test."""


@dataclass(frozen=True)
class Source:
    """A problem in Python as the compiler takes it.

    Attributes:
        name: What the compiled problem is called.
        prompt: The head of a function with types, and its docstring.
        tests: A function of assertions.
    """

    name: str
    prompt: str
    tests: str


@dataclass
class Compiled:
    """Problems in one language.

    Attributes:
        rows: The problems, as a file holds them.
        refused: Names of those that the language cannot express, with the reasons.
        left_out: How many assertions were left out, by reason.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


def sources_of(
    task: Task, executor: Executor, *, cases: int = 20, refused: dict[str, str] | None = None
) -> Iterator[Source]:
    """Yield the problems of a task as the compiler takes them.

    Args:
        task: A task whose programs call a function.
        executor: Where references are run.
        cases: How many assertions a problem has at most.
        refused: Where the names of others go, with the reasons.

    Raises:
        SandboxUnavailable: If there is no sandbox.
    """
    for problem in task.problems():
        try:
            yield _source(task, problem, executor, cases)
        except SandboxUnavailable:
            raise
        except (Untranslatable, SandboxError) as reason:
            if refused is not None:
                refused[problem.id] = str(reason)


def compiled(
    sources: Sequence[Source],
    language: str,
    *,
    doctests: str = "keep",
    dialect: str = "published",
) -> Compiled:
    """Compile problems to a language.

    Args:
        sources: The problems.
        language: A language of the dialect.
        doctests: What becomes of examples; see `codeeval.tasks.translate.translator.translate`.
        dialect: A key of ``DIALECTS``.
    """
    made, found = DIALECTS[dialect][language], Compiled()
    marked = {} if dialect == "published" else {"dialect": dialect}
    for source in sources:
        try:
            row = translate(made, source.prompt, source.tests, doctests=doctests)
        except Untranslatable as reason:
            found.refused[source.name] = str(reason)
            continue
        found.left_out.update(row.left_out)
        found.rows.append(
            {
                "name": source.name,
                "language": made.name,
                "prompt": row.prompt,
                "doctests": doctests,
                "original": f"{source.name}.py",
                "prompt_terminology": "reworded",
                "tests": row.tests,
                "stop_tokens": list(row.stop_tokens),
                **marked,
            }
        )
    return found


def _source(task: Task, problem: Problem, executor: Executor, cases: int) -> Source:
    function = _function(problem)
    name = function.name
    arguments = []
    for text in dict.fromkeys(call_texts(task, problem, executor)):
        if text.startswith(f"{name}(") and len(text) <= LONGEST:
            call = ast.parse(text, mode="eval").body
            assert isinstance(call, ast.Call)
            arguments.append(tuple(map(ast.literal_eval, call.args)))
    arguments = arguments[:cases]
    if not arguments:
        raise Untranslatable("no call with arguments that can be written out")
    inputs = Blob(pack([encode(each) for each in arguments]))
    check = Outputs(name, inputs, whole=True)
    truth = executor.truth(Program(problem.reference, (check,), LIMITS))
    results = [loads(each) for each in unpack(truth.expected.data)]
    pairs = [
        (given, result)
        for given, result in zip(arguments, results, strict=True)
        if len(given) == len(function.args.args) and len(repr(result)) <= LONGEST
    ]
    if not pairs:
        raise Untranslatable("no call with all of its arguments")
    kinds = [
        declared(each.annotation) or type_of_values(given[place] for given, _ in pairs)
        for place, each in enumerate(function.args.args)
    ]
    returns = declared(function.returns) or type_of_values(result for _, result in pairs)
    names = [each.arg for each in function.args.args]
    prefix, _, number = problem.id.rpartition("/")
    prefix, number = (re.sub(r"[\W_]", "", each) for each in (prefix or task.name, number))
    lines = [
        f"    assert candidate({', '.join(map(repr, given))}) == {result!r}"
        for given, result in pairs
    ]
    return Source(
        f"{prefix}_{number}_{name}",
        _prompt(name, names, kinds, returns, _description(problem)),
        "\n".join(["def check(candidate):", *lines, ""]),
    )


def _function(problem: Problem) -> ast.FunctionDef:
    """Return the function that a problem asks for."""
    if not problem.reference or problem.language != "python":
        raise Untranslatable("no reference in Python")
    try:
        tree = ast.parse(problem.reference)
    except SyntaxError as error:
        raise Untranslatable(f"a reference that is no Python: {error}") from error
    found = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == problem.entry_point
    ]
    if not found:
        raise Untranslatable(f"no function {problem.entry_point!r} in the reference")
    given = found[-1].args
    if given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs:
        raise Untranslatable("parameters that are not all plain")
    return found[-1]


def _description(problem: Problem) -> str:
    """Return what a problem asks for: the docstring in its prompt, or the prompt itself."""
    for text in (problem.prompt, problem.prompt + "\n    pass", problem.reference):
        try:
            tree = ast.parse(text)
        except SyntaxError:
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name == problem.entry_point:
                found = ast.get_docstring(node, clean=False)
                if found:
                    return found
    return f" {problem.prompt.strip()}\n    "


def _prompt(
    name: str, names: Sequence[str], kinds: Sequence[Type], returns: Type, description: str
) -> str:
    """Return a head with types and a docstring."""
    given = ", ".join(f"{each}: {kind}" for each, kind in zip(names, kinds, strict=True))
    text = description.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if text.endswith('"'):
        text += " "
    return f'def {name}({given}) -> {returns}:\n    """{text}"""\n'

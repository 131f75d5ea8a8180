"""LeetCode's solutions: a class with a method, called with all inputs one after the other.

All calls of a problem are one call for whoever measures. A solution's process knows inputs only:
what is right, and the code that tells, are in the process that compares.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable
from importlib import resources

from codeeval.tasks.sanitize import parsed

__all__ = ["CALL", "HEADER", "SOLUTION", "RecordedTests", "helpers", "with_header"]

CALL = "__run"
"""The function that makes all calls."""
SOLUTION = "Solution"
STARRED = (
    *("bisect", "collections", "copy", "datetime", "heapq", "math", "re", "string", "random"),
    *("itertools", "functools", "operator", "typing"),
)
PLAIN = (*STARRED[:-1], "sys")
HEADER = "".join(f"from {name} import *\n" for name in STARRED)
HEADER += "from builtins import *\n"
HEADER += "".join(f"import {name}\n" for name in PLAIN)
"""What a solution finds imported."""
RECORD = """
def {call}():
    __answers = []
    def __answer(value, *arguments):
        __answers.append({keep}([value, arguments]))
        return value
    def __changed(call, *arguments, **named):
        return __answer(call(*arguments, **named), *arguments, *named.values())
{tests}
    return __answers
"""
REPLAY = """
def __check(_, __, __answers):
    if type(__answers) is not list:
        return False
    __left = iter(__answers)
    def __answer(*_):
        return {revive}(next(__left))[0]
    def __changed(*arguments):
        value, after = {revive}(next(__left))
        for mine, his in zip(arguments, after, strict=True):
            if isinstance(mine, (list, dict, set)):
                mine.clear()
                (mine.extend if isinstance(mine, list) else mine.update)(his)
        return value
{tests}
    return next(__left, None) is None
"""
NODES = ("ListNode", "TreeNode", "Node(", "lctk")


def helpers() -> str:
    """Return the source of what stands above programs and checkers."""
    path = resources.files("codeeval.tasks") / "leetcode_helpers.py"
    return path.read_text("utf-8").replace("from __future__ import annotations\n", "")


def with_header(code: str, *, below: str) -> str:
    """Return a program with `HEADER` and helpers above it, and more below.

    Imports from the future stay first.
    """
    tree = parsed(code)
    future: list[str] = []
    if tree is not None:
        lines = code.split("\n")
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                future.append(ast.unparse(node))
                last = (node.end_lineno or node.lineno) - 1
                lines[node.lineno - 1 : last] = [""] * (last - node.lineno + 1)
                lines[last] = lines[last][node.end_col_offset :].lstrip("; ")
        code = "\n".join(lines)
    return "\n".join([*future, helpers(), HEADER, code, below])


class RecordedTests:
    """Tests that call ``solution``, as two functions: one makes its calls, one the assertions.

    The first runs in the solution's process and has no assertions. The second runs where answers
    are compared: in place of each call it takes what was returned, in turn.

    Args:
        tests: Statements, with ``assert solution.method(arguments) == expected`` among them.

    Raises:
        SyntaxError: If they cannot be parsed.
    """

    def __init__(self, tests: str) -> None:
        nodes = any(name in tests for name in NODES)
        self.methods = sorted(
            {_method(node) for node in ast.walk(ast.parse(tests)) if _is_call(node)}
        )
        """The methods that are called."""
        made = _needed([each for node in ast.parse(tests).body for each in _calls_only(node)])
        self.record = RECORD.format(
            call=CALL, keep="_coded" if nodes else "_kept", tests=_indented(made)
        )
        replayed = [_Replay().visit(node) for node in ast.parse(tests).body]
        self.replay = REPLAY.format(revive="_revived" if nodes else "", tests=_indented(replayed))


def _needed(statements: list[ast.stmt]) -> list[ast.stmt]:
    """Leave out assignments to names that nothing else uses: what calls should return, mostly."""
    while True:
        used = {
            node.id
            for statement in statements
            for node in ast.walk(statement)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        }
        kept = [each for each in statements if not _is_unused(each, used)]
        if len(kept) == len(statements):
            return kept
        statements = kept


def _is_unused(statement: ast.stmt, used: Collection[str]) -> bool:
    """Whether a statement only gives values to names that nobody uses."""
    if not isinstance(statement, ast.Assign):
        return False
    if any(_is_call(node) or _is_solution(node) for node in ast.walk(statement)):
        return False
    return all(isinstance(each, ast.Name) and each.id not in used for each in statement.targets)


def _is_solution(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in (SOLUTION, "__answer", "__changed")


def _indented(statements: Iterable[ast.stmt]) -> str:
    lines = "\n".join(ast.unparse(ast.fix_missing_locations(node)) for node in statements)
    return "\n".join(f"    {line}" for line in (lines or "pass").split("\n"))


def _is_call(node: ast.AST) -> bool:
    """Whether it is ``solution.method(...)`` or ``Solution().method(...)``."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    owner = node.func.value
    if isinstance(owner, ast.Call):
        return isinstance(owner.func, ast.Name) and owner.func.id == SOLUTION
    return isinstance(owner, ast.Name) and owner.id == "solution"


def _method(call: ast.AST) -> str:
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Attribute)
    return call.func.attr


def _calls_only(statement: ast.stmt) -> list[ast.stmt]:
    """Return what the solution's process runs of a statement: of an assertion only its calls."""
    if isinstance(statement, ast.Assert):
        return [ast.Expr(_Record().visit(each)) for each in _outermost(statement.test)]
    made = _Record().visit(statement)
    return [made] if isinstance(made, ast.stmt) else list(made)


def _outermost(node: ast.AST) -> list[ast.expr]:
    """Return the calls of a solution that stand in no other one."""
    if isinstance(node, ast.Call) and _is_call(node):
        return [node]
    return [each for child in ast.iter_child_nodes(node) for each in _outermost(child)]


class _Record(ast.NodeTransformer):
    """Has what calls return taken down, and drops assertions."""

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt] | ast.stmt:
        return _calls_only(node) or ast.Pass()

    def visit_Expr(self, node: ast.Expr) -> ast.Expr:
        if _is_call(node.value):
            call = node.value
            assert isinstance(call, ast.Call)
            return ast.Expr(_named_call("__changed", [call.func, *call.args], call.keywords))
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        return _named_call("__answer", [node]) if _is_call(node) else node


class _Replay(ast.NodeTransformer):
    """Has what was returned taken in place of calls; the solution itself is left out."""

    def visit_Assign(self, node: ast.Assign) -> ast.Assign:
        made = node.value.func if isinstance(node.value, ast.Call) else None
        if isinstance(made, ast.Name) and made.id == SOLUTION:
            node.value = ast.Constant(None)
        self.generic_visit(node)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.Expr:
        if _is_call(node.value):
            call = node.value
            assert isinstance(call, ast.Call)
            given = [*call.args, *(each.value for each in call.keywords)]
            return ast.Expr(_named_call("__changed", given))
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        outer = _is_call(node)
        self.generic_visit(node)
        return _named_call("__answer", node.args) if outer else node


def _named_call(
    name: str, arguments: list[ast.expr], keywords: list[ast.keyword] | None = None
) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), arguments, keywords or [])

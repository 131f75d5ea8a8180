"""Answers in the replies of models: what stands between tags, and the sides of an assertion."""

from __future__ import annotations

import ast
import warnings

__all__ = [
    *("ANSWER", "after_answer_tag", "expression", "returning", "right_side", "sides_of", "written")
]

ANSWER = "answer"
"""The name of the function that gives what a reply says."""

OPEN, CLOSED = "[ANSWER]", "[/ANSWER]"
LONGEST = 100_000
"""Longer texts are no assertion; to parse them would cost time."""


def after_answer_tag(reply: str) -> str:
    """Return what stands behind the first opening tag, or the whole, up to a closing tag."""
    _, tag, rest = reply.partition(OPEN)
    return (rest if tag else reply).partition(CLOSED)[0].strip()


def parsed_as(text: str, mode: str) -> ast.AST | None:
    """Return a text's syntax tree; None if it has none."""
    if len(text) > LONGEST:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text, mode=mode)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def expression(text: str) -> ast.expr | None:
    """Return the syntax tree of an expression; None if the text is none."""
    tree = parsed_as(text.strip(), "eval")
    return tree.body if isinstance(tree, ast.Expression) else None


def sides_of(text: str) -> tuple[str, str] | None:
    """Return the sides of the first comparison with ``==``, asserted or not; None without one."""
    tree = parsed_as(text.strip(), "exec")
    for statement in tree.body if isinstance(tree, ast.Module) else ():
        test = statement.test if isinstance(statement, ast.Assert) else None
        test = statement.value if isinstance(statement, ast.Expr) else test
        if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.Eq):
            left, right = written(test.left), written(test.comparators[0])
            return (left, right) if left and right else None
    return None


def written(node: ast.AST) -> str:
    """Return the source of a syntax tree; nothing if it cannot be written."""
    try:
        return ast.unparse(node)
    except (RecursionError, ValueError):
        return ""


def right_side(reply: str) -> str:
    """Return what a reply says that something equals; the whole of one that asserts nothing."""
    sides = sides_of(reply)
    if sides is not None:
        return sides[1]
    if "==" in reply and expression(reply) is None:
        return reply.split("==")[1].strip()
    return reply.strip()


def returning(value: str) -> str:
    """Return the source of a function that returns the value of an expression."""
    return f"def {ANSWER}():\n    return (\n{value}\n)\n"

"""What tests call in a candidate, so that they can run in another process than it."""

from __future__ import annotations

import ast

from codeeval.tasks.sanitize import parsed

__all__ = ["called_functions"]


def called_functions(tests: str, reference: str) -> tuple[str, ...]:
    """Return the functions of a reference that its tests use, in the reference's order.

    They are what a candidate has to define. Nothing is returned if the tests use a class of the
    reference too: its instances cannot cross to another process.
    """
    test_tree, tree = parsed(tests), parsed(reference)
    if test_tree is None or tree is None:
        return ()
    used = {node.id for node in ast.walk(test_tree) if isinstance(node, ast.Name)}
    body = tree.body
    if any(isinstance(node, ast.ClassDef) and node.name in used for node in body):
        return ()
    names = (node.name for node in body if isinstance(node, ast.FunctionDef) and node.name in used)
    return tuple(dict.fromkeys(names))

"""What tests are made of, from their text alone: nothing of them is run to find out."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from codeeval.tasks.sanitize import parsed

__all__ = ["called_functions", "has_test_methods", "test_names"]


def called_functions(tests: str, reference: str) -> tuple[str, ...]:
    """Return the functions of a reference that its tests use, in the reference's order.

    They are what a candidate has to define. Nothing is returned if the tests use something else of
    the reference, too: instances of its classes cannot cross to another process, and a module that
    it imports is one that a candidate may fail to import.
    """
    test_tree, tree = parsed(tests), parsed(reference)
    if test_tree is None or tree is None:
        return ()
    used = {node.id for node in ast.walk(test_tree) if isinstance(node, ast.Name)}
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    others = [node for node in tree.body if not isinstance(node, ast.FunctionDef)]
    if used & _bound(others) - _bound(test_tree.body):
        return ()
    return tuple(dict.fromkeys(name for name in functions if name in used))


def _bound(statements: Iterable[ast.stmt]) -> set[str]:
    """Return the names that statements bind, wherever in them."""
    names = set[str]()
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
            elif isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                names.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
    return names


def test_names(tests: str) -> tuple[str, ...]:
    """Return the tests of the classes of unittest in a text, as ``Class.method``.

    A class is one if the name of a base of it ends in ``TestCase``; it has the tests of those of
    its bases that are in the text. The order is that of unittest: by class, then by name.
    """
    tree = parsed(tests)
    if tree is None:
        return ()
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    names = list[str]()
    for kind in classes:
        family = _family(kind, classes)
        if any(name.endswith("TestCase") for name in family - {kind}):
            methods = {
                node.name
                for name in family
                if name in classes
                for node in classes[name].body
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            }
            names += [f"{kind}.{name}" for name in sorted(methods) if name.startswith("test")]
    return tuple(names)


def has_test_methods(tests: str) -> bool:
    """Whether a text has a class, wherever in it, with a method named as a test is."""
    tree = parsed(tests)
    return tree is not None and any(
        isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)) and method.name[:5] == "test_"
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for method in node.body
    )


def _family(name: str, classes: dict[str, ast.ClassDef]) -> set[str]:
    """Return the names of a class's bases, and of theirs, and its own."""
    found, rest = {name}, [name]
    while rest:
        node = classes.get(rest.pop())
        for base in node.bases if node is not None else ():
            text = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
            if text and text not in found:
                found.add(text)
                rest.append(text)
    return found

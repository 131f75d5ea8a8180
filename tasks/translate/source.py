"""What is read of a problem in Python: a signature with types, a docstring, assertions."""

from __future__ import annotations

import ast
from dataclasses import dataclass

__all__ = ["Assertion", "Signature", "Type", "Untranslatable", "read_assertions", "read_signature"]


class Untranslatable(Exception):
    """A problem, or a part of it, that a language cannot express; the message says why."""


@dataclass(frozen=True)
class Type:
    """A type of Python.

    Attributes:
        name: ``int``, ``float``, ``str``, ``bool``, ``None``, ``Any``, ``List``, ``Tuple``,
            ``Dict``, ``Optional``, ``Union``, or ``...``.
        parts: The types in brackets.
    """

    name: str
    parts: tuple[Type, ...] = ()

    def __str__(self) -> str:
        """Return it as it is written in Python."""
        inner = ", ".join(map(str, self.parts))
        return f"{self.name}[{inner}]" if inner else self.name


@dataclass(frozen=True)
class Signature:
    """A function.

    Attributes:
        name: Its name.
        parameters: The names of its parameters, each with its type if it has one.
        returns: The type of what it returns, if it is told.
        docstring: What it is to do.
    """

    name: str
    parameters: tuple[tuple[str, Type | None], ...]
    returns: Type | None
    docstring: str


@dataclass(frozen=True)
class Assertion:
    """An assertion that two expressions are equal."""

    left: ast.expr
    right: ast.expr


def read_signature(prompt: str) -> Signature:
    """Return the function that a prompt begins.

    Raises:
        Untranslatable: If the prompt is anything else than imports, a head and a docstring.
    """
    try:
        tree = ast.parse(prompt + "    pass")
    except SyntaxError as error:
        raise Untranslatable(f"the prompt is no Python: {error}") from error
    functions = [each for each in tree.body if not isinstance(each, ast.Import | ast.ImportFrom)]
    if len(functions) != 1 or not isinstance(functions[0], ast.FunctionDef):
        raise Untranslatable("the prompt has more than one function and imports")
    function = functions[0]
    given = function.args
    if given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs or given.defaults:
        raise Untranslatable("parameters that are not all plain")
    match function.body:
        case [ast.Expr(ast.Constant(str(docstring))), ast.Pass()]:
            pass
        case _:
            raise Untranslatable("the function has no docstring, or more than one")
    return Signature(
        function.name,
        tuple((each.arg, type_of(each.annotation)) for each in given.args),
        type_of(function.returns),
        docstring,
    )


def type_of(node: ast.expr | None) -> Type | None:
    """Return the type that an annotation names."""
    match node:
        case None:
            return None
        case ast.Constant(None):
            return Type("None")
        case ast.Constant(value) if value is ...:
            return Type("...")
        case ast.Name(name):
            return Type(name)
        case ast.Subscript(ast.Name(name), ast.Tuple(parts)):
            return Type(name, tuple(known(type_of(each)) for each in parts))
        case ast.Subscript(ast.Name(name), part):
            return Type(name, (known(type_of(part)),))
        case _:
            raise Untranslatable(f"the type {ast.unparse(node)}")


def known(found: Type | None) -> Type:
    """Return a type that is there."""
    if found is None:
        raise Untranslatable("a type without a part")
    return found


def read_assertions(tests: str) -> list[Assertion]:
    """Return the assertions in a function ``check``.

    Raises:
        Untranslatable: If the function has any other statements.
    """
    try:
        tree = ast.parse(tests)
    except SyntaxError as error:
        raise Untranslatable(f"the tests are no Python: {error}") from error
    checks = [each for each in tree.body if isinstance(each, ast.FunctionDef)]
    if not checks:
        raise Untranslatable("the tests have no function")
    found = []
    for node in checks[0].body:
        match node:
            case ast.Assert(ast.Compare(left, [ast.Eq()], [right])):
                found.append(Assertion(left, right))
            case ast.Expr(ast.Name("print")):
                continue
            case _:
                raise Untranslatable(f"a test that is no assertion: {ast.unparse(node)[:60]}")
    return found

"""Types of functions that do not tell them: those of the values that they get and return."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import reduce
from itertools import zip_longest
from typing import Any

from codeeval.tasks.translate.source import Type, Untranslatable

__all__ = ["declared", "joined", "type_of_value", "type_of_values"]

UNKNOWN = Type("?")
ANY, NONE = Type("Any"), Type("None")
PLAIN = {bool: "bool", int: "int", float: "float", str: "str", type(None): "None"}
BUILTIN = {"list": "List", "tuple": "Tuple", "dict": "Dict"}
NAMES = ("int", "float", "str", "bool", "None", "Any", "List", "Tuple", "Dict", "Optional", "Union")


def declared(node: ast.expr | None) -> Type | None:
    """Return the type that an annotation names; None if it says nothing that can be used."""
    match node:
        case ast.Constant(None):
            return NONE
        case ast.Constant(str(text)):
            try:
                return declared(ast.parse(text, mode="eval").body)
            except SyntaxError:
                return None
        case ast.Constant(value) if value is ...:
            return Type("...")
        case ast.Name(name) if name in NAMES and name not in ("List", "Tuple", "Dict"):
            return Type(name)
        case ast.BinOp(left, ast.BitOr(), right):
            parts = [declared(left), declared(right)]
            if NONE in parts and len(parts) == 2:
                (other,) = (each for each in parts if each != NONE)
                return Type("Optional", (other,)) if other is not None else None
            return None
        case ast.Subscript(ast.Name(name), inner):
            nodes = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            parts = [declared(each) for each in nodes]
            name = BUILTIN.get(name, name)
            if name not in NAMES or any(each is None for each in parts):
                return None
            return Type(name, tuple(each for each in parts if each is not None))
        case _:
            return None


def type_of_values(values: Iterable[Any]) -> Type:
    """Return the type that all of some values have.

    Raises:
        Untranslatable: If one of them is of a type that not all languages have.
    """
    return finished(reduce(joined, map(type_of_value, values), UNKNOWN))


def type_of_value(value: Any) -> Type:
    """Return the type of a value; see `type_of_values`."""
    kind = type(value)
    if kind in PLAIN:
        return Type(PLAIN[kind])
    if kind is list:
        return Type("List", (reduce(joined, map(type_of_value, value), UNKNOWN),))
    if kind is tuple:
        return Type("Tuple", tuple(map(type_of_value, value)))
    if kind is dict:
        keys, values = (reduce(joined, map(type_of_value, each), UNKNOWN) for each in
                        (value, value.values()))  # fmt: skip
        return Type("Dict", (keys, values))
    raise Untranslatable(f"a value of the type {kind.__name__}")


def joined(one: Type, other: Type) -> Type:
    """Return the narrowest type that has the values of two."""
    if UNKNOWN in (one, other):
        return other if one == UNKNOWN else one
    if one == other:
        return one
    if {one.name, other.name} == {"int", "float"}:
        return Type("float")
    for first, second in ((one, other), (other, one)):
        if first == NONE:
            return second if second.name == "Optional" else Type("Optional", (second,))
        if first.name == "Optional":
            return Type("Optional", (joined(first.parts[0], second.parts[0] if second.name ==
                                            "Optional" else second),))  # fmt: skip
    if one.name == other.name == "Tuple":
        return joined_tuples(one, other)
    if one.name == other.name and one.parts:
        return Type(one.name, tuple(map(joined, one.parts, other.parts)))
    return ANY


def joined_tuples(one: Type, other: Type) -> Type:
    """Return the type of two kinds of tuples; those of different lengths may have any."""
    dots = Type("...")
    if len(one.parts) == len(other.parts) and dots not in (*one.parts, *other.parts):
        return Type("Tuple", tuple(map(joined, one.parts, other.parts)))
    parts = [each for pair in zip_longest(one.parts, other.parts) for each in pair]
    items = [each for each in parts if each is not None and each != dots]
    return Type("Tuple", (reduce(joined, items, UNKNOWN), dots))


def finished(kind: Type) -> Type:
    """Return a type in which nothing is unknown."""
    if kind == UNKNOWN:
        return ANY
    return Type(kind.name, tuple(map(finished, kind.parts)))

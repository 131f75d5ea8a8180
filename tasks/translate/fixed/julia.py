"""Julia, with types that can be read, and vectors of the declared types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from codeeval.tasks.translate.directed import TOLERANCE
from codeeval.tasks.translate.fixed.corrected import ESCAPES, Written
from codeeval.tasks.translate.julia import Julia
from codeeval.tasks.translate.source import Type

__all__ = ["FixedJulia"]

COMPARE = f"""\
same_in_tests(actual, expected) = actual == expected
same_in_tests(actual::Real, expected::AbstractFloat) =
    abs(actual - expected) <= {TOLERANCE} + {TOLERANCE} * abs(expected)
same_in_tests(actual::AbstractVector, expected::AbstractVector) =
    length(actual) == length(expected) && all(map(same_in_tests, actual, expected))
same_in_tests(actual::Tuple, expected::Tuple) =
    length(actual) == length(expected) && all(map(same_in_tests, actual, expected))
same_in_tests(actual::AbstractDict, expected::AbstractDict) =
    length(actual) == length(expected) &&
    all(haskey(actual, key) && same_in_tests(actual[key], each) for (key, each) in expected)
"""
RESERVED = (
    "baremodule begin break catch const continue do else elseif end export false finally for "
    "function global if import let local macro module quote return struct true try using while"
)


class FixedJulia(Written, Julia):
    """Julia."""

    plain: ClassVar[dict[str, str]] = {
        "int": "Int64",
        "float": "Float64",
        "str": "String",
        "bool": "Bool",
        "Any": "Any",
        "None": "Nothing",
    }
    escapes: ClassVar[Mapping[str, str]] = {**ESCAPES, "$": "\\$"}
    keys = ("str", "int", "bool", "float", "Tuple", "Any")
    reserved = frozenset(RESERVED.split())
    least = "typemin(Int64)"

    def list_of(self, item: Type) -> str:
        """Return the type of a list."""
        return f"Vector{{{self.kind(item)}}}"

    def tuple_of(self, parts: Sequence[Type]) -> str:
        """Return the type of a tuple."""
        return f"Tuple{{{', '.join(map(self.kind, parts))}}}"

    def dict_of(self, key: Type, value: Type) -> str:
        """Return the type of a dictionary."""
        return f"Dict{{{self.kind(self.key(key))}, {self.kind(value)}}}"

    def optional_of(self, item: Type) -> str:
        """Return the type of what may be none."""
        return f"Union{{{self.kind(item)}, Nothing}}"

    def union_of(self, parts: Sequence[Type]) -> str:
        """Return the type of what is one of several."""
        return f"Union{{{', '.join(map(self.kind, parts))}}}"

    def list_value(self, items: Sequence[str], item: Type) -> str:
        """Return a vector; one of another type would be no argument."""
        return f"{self.kind(item)}[{', '.join(items)}]"

    def tuple_value(self, items: Sequence[str], parts: Sequence[Type]) -> str:
        """Return a tuple."""
        return f"({', '.join(items)}{',' if len(parts) == 1 else ''})"

    def dict_value(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Return a dictionary."""
        return f"{self.dict_of(key, value)}({', '.join(f'{n} => {each}' for n, each in items)})"

    def prompt(self, description: str) -> str:
        """Return a docstring, in which nothing is put in place of something, and the head."""
        for found, put in (("\\", "\\\\"), ("$", "\\$"), ('"""', '\\"\\"\\"')):
            description = description.replace(found, put)
        return super().prompt(description)

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        if self.has_fractions():
            return f"\t@test same_in_tests({left}, {right})"
        return super().assertion(left, right)

    def tests(self, assertions: Sequence[str]) -> str:
        """Return what compares numbers with fractions, and a set of tests."""
        return (f"{COMPARE}\n" if self.has_fractions() else "") + super().tests(assertions)

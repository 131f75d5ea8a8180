"""D, with doubles, and dictionaries that are never null."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from codeeval.tasks.translate.d import D
from codeeval.tasks.translate.directed import TOLERANCE
from codeeval.tasks.translate.fixed.corrected import Written
from codeeval.tasks.translate.source import Type

__all__ = ["FixedD"]

COMPARE = f"""\
bool sameInTests(T)(T actual, T expected)
{{
    import std.math : fabs;
    import std.traits : isArray, isAssociativeArray, isFloatingPoint, isSomeString;
    import std.typecons : Nullable, isTuple;
    static if (isFloatingPoint!T)
    {{
        return fabs(actual - expected) <= {TOLERANCE} + {TOLERANCE} * fabs(expected);
    }}
    else static if (isArray!T && !isSomeString!T)
    {{
        if (actual.length != expected.length) return false;
        foreach (i, each; expected) if (!sameInTests(actual[i], each)) return false;
        return true;
    }}
    else static if (isAssociativeArray!T)
    {{
        if (actual.length != expected.length) return false;
        foreach (key, each; expected)
        {{
            auto found = key in actual;
            if (found is null || !sameInTests(*found, each)) return false;
        }}
        return true;
    }}
    else static if (isTuple!T)
    {{
        foreach (i, each; expected.expand) if (!sameInTests(actual[i], each)) return false;
        return true;
    }}
    else static if (is(T == Nullable!U, U))
    {{
        if (actual.isNull || expected.isNull) return actual.isNull == expected.isNull;
        return sameInTests(actual.get, expected.get);
    }}
    else
    {{
        return actual == expected;
    }}
}}
"""
RESERVED = (
    "abstract alias align asm assert auto body bool break byte case cast catch char class const "
    "continue dchar debug default delegate delete deprecated do double else enum export extern "
    "false final finally float for foreach function goto if immutable import in inout int "
    "interface invariant is lazy long macro mixin module new nothrow null out override package "
    "pragma private protected public pure real ref return scope shared short static struct super "
    "switch synchronized template this throw true try typeid typeof ubyte uint ulong union "
    "unittest ushort version void wchar while with"
)


class FixedD(Written, D):
    """D."""

    plain: ClassVar[dict[str, str]] = {
        "int": "long",
        "float": "double",
        "str": "string",
        "bool": "bool",
    }
    reserved = frozenset(RESERVED.split())
    least = "long.min"

    def list_of(self, item: Type) -> str:
        """Return the type of a list."""
        return f"{self.kind(item)}[]"

    def tuple_of(self, parts: Sequence[Type]) -> str:
        """Return the type of a tuple."""
        return f"Tuple!({', '.join(map(self.kind, parts))})"

    def dict_of(self, key: Type, value: Type) -> str:
        """Return the type of a dictionary."""
        return f"{self.kind(value)}[{self.kind(self.key(key))}]"

    def optional_of(self, item: Type) -> str:
        """Return the type of what may be none."""
        return f"Nullable!({self.kind(item)})"

    def integer(self, value: int) -> str:
        """Return a whole number."""
        digits = self.whole(value)
        return digits if digits == self.least else f"{digits}L"

    def list_value(self, items: Sequence[str], item: Type) -> str:
        """Return a list; an empty one has no type of its own."""
        return f"[{', '.join(items)}]" if items else f"({self.list_of(item)}).init"

    def tuple_value(self, items: Sequence[str], parts: Sequence[Type]) -> str:
        """Return a tuple."""
        return f"{self.tuple_of(parts)}({', '.join(items)})"

    def dict_value(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Return a dictionary."""
        pairs = ", ".join(f"{name}: {each}" for name, each in items)
        return f"[{pairs}]" if items else f"({self.dict_of(key, value)}).init"

    def some(self, value: str, item: Type) -> str:
        """Return a value that is there where it may be none."""
        return f"{self.optional_of(item)}({value})"

    def none(self, item: Type) -> str:
        """Return nothing where a value may be."""
        return f"{self.optional_of(item)}.init"

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        if self.has_fractions():
            return f"    assert(sameInTests({left}, {right}));"
        return f"    assert({left} == {right});"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return what compares numbers with fractions, and unit tests."""
        return (COMPARE if self.has_fractions() else "") + super().tests(assertions)

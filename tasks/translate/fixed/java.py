"""Java, with doubles, and a tuple class for each size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from codeeval.tasks.translate.directed import TOLERANCE
from codeeval.tasks.translate.fixed.cased import FixedCased, renaming
from codeeval.tasks.translate.fixed.corrected import utf16
from codeeval.tasks.translate.java import JavaTexts
from codeeval.tasks.translate.source import Type, Untranslatable
from codeeval.tasks.translate.typed import Cased

__all__ = ["FixedJava"]

TUPLES = (
    *("Unit", "Pair", "Triplet", "Quartet", "Quintet", "Sextet", "Septet", "Octet", "Ennead"),
    "Decade",
)
PAIRS = 10
"""How many pairs ``Map.of`` takes."""
COMPARE = f"""\
    static boolean sameInTests(Object actual, Object expected) {{
        if (actual instanceof Double && expected instanceof Double) {{
            double a = (Double) actual, e = (Double) expected;
            return Math.abs(a - e) <= {TOLERANCE} + {TOLERANCE} * Math.abs(e);
        }}
        if (actual instanceof Optional && expected instanceof Optional) {{
            return sameInTests(
                ((Optional<?>) actual).orElse(null), ((Optional<?>) expected).orElse(null));
        }}
        if (actual instanceof Map && expected instanceof Map) {{
            Map<?, ?> a = (Map<?, ?>) actual, e = (Map<?, ?>) expected;
            for (Object key : e.keySet()) {{
                if (!a.containsKey(key) || !sameInTests(a.get(key), e.get(key))) return false;
            }}
            return a.size() == e.size();
        }}
        if (actual instanceof Iterable && expected instanceof Iterable) {{
            Iterator<?> a = ((Iterable<?>) actual).iterator();
            Iterator<?> e = ((Iterable<?>) expected).iterator();
            while (a.hasNext() && e.hasNext()) {{
                if (!sameInTests(a.next(), e.next())) return false;
            }}
            return !a.hasNext() && !e.hasNext();
        }}
        return Objects.equals(actual, expected);
    }}"""
RESERVED = (
    "abstract boolean byte case catch char class const default do double enum extends final float "
    "goto implements instanceof int interface long native new null package private protected "
    "public short static super switch synchronized this throw throws transient void volatile var "
    "true false"
)


class FixedJava(JavaTexts[str], FixedCased):
    """Java."""

    plain: ClassVar[dict[str, str]] = {
        "int": "long",
        "float": "double",
        "str": "String",
        "bool": "boolean",
        "Any": "Object",
    }
    renamed: ClassVar[dict[str, str]] = {**Cased.renamed, **renaming(RESERVED)}
    suffix = "l"
    nil = "(Object) null"

    @staticmethod
    def coded(sign: str) -> str:
        """Return an escape; those with a u are replaced before strings are read."""
        return f"\\{ord(sign):03o}" if sign < "\x80" else utf16(sign)

    def spelled(self, name: str) -> str:
        """Return a function's name in camel case, with an underscore if it is not free."""
        made = super().spelled(name)
        return self.renamed.get(made, made)

    def tuple_of(self, parts: Sequence[Type]) -> str:
        """Return the type of a tuple."""
        if len(parts) > len(TUPLES):
            raise Untranslatable(f"a tuple of more than {len(TUPLES)} items")
        return f"{TUPLES[len(parts) - 1]}<{', '.join(map(self.boxed, parts))}>"

    def union_of(self, parts: Sequence[Type]) -> str:
        """Return the type of what is one of several."""
        return "Object"

    def list_value(self, items: Sequence[str], item: Type) -> str:
        """Return a list."""
        made = f"Arrays.asList({', '.join(items)})" if items else ""
        return f"new {self.list_of(item)}({made})"

    def tuple_value(self, items: Sequence[str], parts: Sequence[Type]) -> str:
        """Return a tuple."""
        name, _, kinds = self.tuple_of(parts).partition("<")
        return f"{name}.<{kinds}with({', '.join(items)})"

    def dict_value(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Return a dictionary."""
        if len(items) > PAIRS:
            entries = ", ".join(f"Map.entry({name}, {each})" for name, each in items)
            made = f"Map.ofEntries({entries})"
        else:
            pairs = ", ".join(f"{name}, {each}" for name, each in items)
            made = f"Map.of({pairs})" if items else ""
        return f"new {self.dict_of(key, value)}({made})"

    def some(self, value: str, item: Type) -> str:
        """Return a value that is there where it may be none."""
        return f"Optional.<{self.boxed(item)}>of({value})"

    def none(self, item: Type) -> str:
        """Return nothing where a value may be."""
        return f"Optional.<{self.boxed(item)}>empty()"

    def beside(self) -> Sequence[str]:
        """Return what compares numbers with fractions."""
        return (COMPARE,) if self.has_fractions() else ()

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        returns = self.signature.returns
        if self.has_fractions():
            return f"    assert(sameInTests({left}, {right}));"
        if returns in (Type("int"), Type("bool")):
            return f"    assert({left} == ({right}));"
        return f"    assert(Objects.equals({left}, {right}));"

"""C#, with doubles, and values compared by what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from codeeval.tasks.translate.csharp import CSharpTexts
from codeeval.tasks.translate.directed import TOLERANCE
from codeeval.tasks.translate.fixed.cased import FixedCased, renaming
from codeeval.tasks.translate.source import Type, Untranslatable

__all__ = ["FixedCSharp"]

MOST = 7
"""How many items a tuple has at most; an eighth would be a tuple of the rest."""
COMPARE = f"""\
    static bool SameInTests(object actual, object expected) {{
        if (actual == null || expected == null) return actual == expected;
        if (actual is double && expected is double) {{
            double a = (double)actual, e = (double)expected;
            return Math.Abs(a - e) <= {TOLERANCE} + {TOLERANCE} * Math.Abs(e);
        }}
        var pairs = expected as System.Collections.IDictionary;
        if (pairs != null) {{
            var found = actual as System.Collections.IDictionary;
            if (found == null || found.Count != pairs.Count) return false;
            foreach (object key in pairs.Keys) {{
                if (!found.Contains(key) || !SameInTests(found[key], pairs[key])) return false;
            }}
            return true;
        }}
        var items = expected as System.Collections.IList;
        if (items != null) {{
            var found = actual as System.Collections.IList;
            if (found == null || found.Count != items.Count) return false;
            for (int i = 0; i < items.Count; i++) {{
                if (!SameInTests(found[i], items[i])) return false;
            }}
            return true;
        }}
        if (expected.GetType().FullName.StartsWith("System.Tuple`")) {{
            if (actual.GetType() != expected.GetType()) return false;
            foreach (var part in expected.GetType().GetProperties()) {{
                if (!SameInTests(part.GetValue(actual, null), part.GetValue(expected, null))) {{
                    return false;
                }}
            }}
            return true;
        }}
        return actual.Equals(expected);
    }}"""
RESERVED = (
    "abstract as bool break byte case catch char checked class const continue default delegate do "
    "double else enum event explicit extern finally fixed float for foreach goto implicit in int "
    "interface internal is lock long namespace new null object out override params private "
    "protected public readonly ref return sbyte sealed short sizeof stackalloc static struct "
    "switch this throw try typeof uint ulong unchecked unsafe ushort using virtual void volatile "
    "while true false"
)


class FixedCSharp(CSharpTexts[str], FixedCased):
    """C#."""

    plain: ClassVar[dict[str, str]] = {
        "int": "long",
        "float": "double",
        "str": "string",
        "bool": "bool",
        "Any": "object",
    }
    renamed: ClassVar[dict[str, str]] = {**renaming(RESERVED), **CSharpTexts.renamed}
    suffix = "L"

    def tuple_of(self, parts: Sequence[Type]) -> str:
        """Return the type of a tuple."""
        if len(parts) > MOST:
            raise Untranslatable(f"a tuple of more than {MOST} items")
        return super().tuple_of(parts)

    def union_of(self, parts: Sequence[Type]) -> str:
        """Return the type of what is one of several."""
        return "object"

    def list_value(self, items: Sequence[str], item: Type) -> str:
        """Return a list."""
        made = f"{{{', '.join(items)}}}" if items else ""
        return f"new {self.list_of(item)}(){made}"

    def tuple_value(self, items: Sequence[str], parts: Sequence[Type]) -> str:
        """Return a tuple."""
        return f"new {self.tuple_of(parts)}({', '.join(items)})"

    def dict_value(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Return a dictionary."""
        pairs = ", ".join(f"{{{name}, {each}}}" for name, each in items)
        return f"new {self.dict_of(key, value)}(){f'{{{pairs}}}' if items else ''}"

    def none(self, item: Type) -> str:
        """Return nothing where a value may be."""
        return f"({self.optional_of(item)})null"

    def beside(self) -> Sequence[str]:
        """Return what compares."""
        return () if self._plain else (COMPARE,)

    @property
    def _plain(self) -> bool:
        """Whether values can be compared with ``==``."""
        returns = self.signature.returns
        return returns is not None and returns.name in ("int", "str", "bool")

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        same = f"{left} == ({right})" if self._plain else f"SameInTests({left}, {right})"
        return f"    Debug.Assert({same});"

"""C++, with doubles, and variants for unions."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import ClassVar

from codeeval.tasks.translate.cpp import CppTexts
from codeeval.tasks.translate.directed import TOLERANCE, natural
from codeeval.tasks.translate.fixed.cased import FixedCased, renaming
from codeeval.tasks.translate.source import Type, Untranslatable
from codeeval.tasks.translate.typed import Cased, has_part

__all__ = ["FixedCpp"]

COMPARE = f"""\
struct SameInTests {{
    static bool of(double a, double e) {{
        return std::fabs(a - e) <= {TOLERANCE} + {TOLERANCE} * std::fabs(e);
    }}
    template<class T> static bool of(const T& a, const T& e) {{ return a == e; }}
    template<class T> static bool of(const std::vector<T>& a, const std::vector<T>& e) {{
        if (a.size() != e.size()) return false;
        for (size_t i = 0; i < e.size(); i++) {{
            const T one = a[i], other = e[i];
            if (!of(one, other)) return false;
        }}
        return true;
    }}
    template<class K, class V> static bool of(const std::map<K, V>& a, const std::map<K, V>& e) {{
        if (a.size() != e.size()) return false;
        for (const auto& pair : e) {{
            auto found = a.find(pair.first);
            if (found == a.end() || !of(found->second, pair.second)) return false;
        }}
        return true;
    }}
    template<class T> static bool of(const std::optional<T>& a, const std::optional<T>& e) {{
        return a.has_value() == e.has_value() && (!a.has_value() || of(*a, *e));
    }}
    template<class... T>
    static bool of(const std::variant<T...>& a, const std::variant<T...>& e) {{
        return a.index() == e.index() && std::visit([&](const auto& one) {{
            return of(one, std::get<std::decay_t<decltype(one)>>(e));
        }}, a);
    }}
    template<class... T> static bool of(const std::tuple<T...>& a, const std::tuple<T...>& e) {{
        return parts(a, e, std::index_sequence_for<T...>());
    }}
    template<class T, size_t... n>
    static bool parts(const T& a, const T& e, std::index_sequence<n...>) {{
        return (of(std::get<n>(a), std::get<n>(e)) && ...);
    }}
}};"""
RESERVED = (
    "alignas alignof and asm auto bool break case catch char class const constexpr continue "
    "decltype default delete do double else enum explicit export extern false float for friend "
    "goto if inline int long mutable namespace new noexcept not nullptr or private protected "
    "public register return short signed sizeof static struct switch template this throw true try "
    "typedef typeid typename union unsigned using virtual void volatile while xor"
)


class FixedCpp(CppTexts[str], FixedCased):
    """C++."""

    plain: ClassVar[dict[str, str]] = {
        "int": "long",
        "float": "double",
        "str": "std::string",
        "bool": "bool",
        "Any": "std::any",
    }
    renamed: ClassVar[dict[str, str]] = {**renaming(RESERVED), **Cased.renamed}
    least = "(-9223372036854775807 - 1)"

    def text(self, value: str) -> str:
        """Return a string; after a zero it would end without its length."""
        made = super().text(value)
        if "\0" not in value:
            return made
        return f"std::string({made}, {len(value.encode())})"

    @staticmethod
    def coded(sign: str) -> str:
        """Return what stands for a character that cannot be seen."""
        if sign < "\x80":
            return f"\\{ord(sign):03o}"
        return "".join(f"\\{byte:03o}" for byte in sign.encode())

    def union_of(self, parts: Sequence[Type]) -> str:
        """Return the type of what is one of several."""
        return f"std::variant<{', '.join(map(self.kind, parts))}>"

    def list_value(self, items: Sequence[str], item: Type) -> str:
        """Return a list."""
        return f"{self.list_of(item)}{{{', '.join(items)}}}"

    def tuple_value(self, items: Sequence[str], parts: Sequence[Type]) -> str:
        """Return a tuple."""
        return f"{self.tuple_of(parts)}({', '.join(items)})"

    def dict_value(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Return a dictionary; its keys have an order."""
        if items and has_part(key, ("Any",)):
            raise Untranslatable(f"keys of the type {key}")
        pairs = ", ".join(f"{{{name}, {each}}}" for name, each in items)
        return f"{self.dict_of(key, value)}{{{pairs}}}"

    def some(self, value: str, item: Type) -> str:
        """Return a value that is there where it may be none."""
        return f"{self.optional_of(item)}({value})"

    def none(self, item: Type) -> str:
        """Return nothing where a value may be."""
        return f"{self.optional_of(item)}()"

    def chosen(self, value: str, kind: Type, parts: Sequence[Type]) -> str:
        """Return a value that may be of several types."""
        return f"{self.union_of(parts)}({self.kind(kind)}({value}))"

    def any(self, node: ast.expr) -> str:
        """Return a value of a type that is not told."""
        kind = natural(node)
        if kind == Type("None"):
            return "std::any()"
        return f"std::any({self.kind(kind)}({self.typed(node, kind)}))"

    def prompt(self, description: str) -> str:
        """Return includes, a comment and the head."""
        if has_part(self.signature.returns, ("Any",)):
            raise Untranslatable("a result of the type Any, which cannot be compared")
        return super().prompt(description)

    def beside(self) -> Sequence[str]:
        """Return what compares numbers with fractions."""
        return (COMPARE,) if self.has_fractions() else ()

    def assertion(self, left: str, right: str) -> str:
        """Return a test; brackets of types do not keep commas from being a macro's."""
        if self.has_fractions():
            return f"    assert(SameInTests::of({left}, ({right})));"
        return f"    assert({left} == ({right}));"

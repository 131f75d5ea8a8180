"""C++."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar, TypeVar

from codeeval.tasks.translate.inferred import Inferred, Value
from codeeval.tasks.translate.source import Signature, Type
from codeeval.tasks.translate.translator import commented, inserted
from codeeval.tasks.translate.typed import Cased

__all__ = ["Cpp", "CppTexts"]

E = TypeVar("E")


class CppTexts(Cased[E]):
    """What the dialects of C++ share."""

    name = "cpp"
    title = "C++"
    words = ("C++", "cpp", "vector", "vector", "tuple", "map", "None", "true", "false")
    stop_tokens = ("\n}",)
    wrong = r"Assertion `"
    closes = True

    def list_of(self, item: Type) -> str:
        """Return the type of a list."""
        return f"std::vector<{self.kind(item)}>"

    def tuple_of(self, parts: Sequence[Type]) -> str:
        """Return the type of a tuple."""
        return f"std::tuple<{', '.join(map(self.kind, parts))}>"

    def dict_of(self, key: Type, value: Type) -> str:
        """Return the type of a dictionary."""
        return f"std::map<{self.kind(key)},{self.kind(value)}>"

    def optional_of(self, item: Type) -> str:
        """Return the type of what may be none."""
        return f"std::optional<{self.kind(item)}>"

    def function(self, name: str) -> str:
        """Return the name of a function; in tests there is a variable for it."""
        return name if name == "candidate" else super().function(name)

    def prompt(self, description: str) -> str:
        """Return includes, unions, a comment and the head."""
        given = ", ".join(f"{kind} {name}" for name, kind in self.parameters)
        returns = self.kind(self.signature.returns)
        head = f"{returns} {self.function(self.signature.name)}({given}) " + "{\n"
        includes = "#include<assert.h>\n#include<bits/stdc++.h>\n"
        return includes + self.declared() + commented(description, "// ") + head

    def tests(self, assertions: Sequence[str]) -> str:
        """Return the end of the function, and a main function of assertions."""
        name = self.function(self.signature.name)
        lines = [
            "}",
            *self.beside(),
            "int main() {",
            f"    auto candidate = {name};",
            *assertions,
            "}",
            "",
        ]
        return "\n".join(lines)

    def beside(self) -> Sequence[str]:
        """Return what stands between the function and the main function."""
        return ()

    def declared(self) -> str:
        """Return what has to be declared before the function."""
        return ""

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        return inserted(tests, "}\n", f'    std::cout << std::endl << "{end}" << std::endl;\n')


class Cpp(CppTexts[Value], Inferred):
    """C++."""

    plain: ClassVar[dict[str, str]] = {
        "int": "long",
        "float": "float",
        "str": "std::string",
        "bool": "bool",
        "Any": "std::any",
        "None": "std::nullopt",
    }
    nil = "std::nullopt"
    optional = "std::optional"

    def __init__(self, signature: Signature) -> None:
        super().__init__(signature)
        self._unions: dict[str, str] = {}

    def declared(self) -> str:
        """Return the unions."""
        return "".join(self._unions.values())

    def union_of(self, parts: Sequence[Type]) -> str:
        """Return the name of a union, which is declared before the function."""
        kinds = list(map(self.kind, parts))
        name = "Union_" + re.sub("::|[<>]", "_", "_".join(kinds))
        fields = "\n".join(f"    {kind} f{n};" for n, kind in enumerate(kinds))
        makers = "\n".join(
            f"    {name}({kind} _f{n}) : f{n}(_f{n}) {{}}" for n, kind in enumerate(kinds)
        )
        equal = "".join(
            f"    bool operator==({kind} f) {{\n        return f{n} == f ;\n    }}"
            for n, kind in enumerate(kinds)
        )
        self._unions[name] = f"union {name}{{\n{fields}{makers}\n    ~{name}() {{}}\n{equal}\n}};\n"
        return name

    def list_literal(self, items: Sequence[str], kind: Type) -> str:
        """Return a list."""
        inner = f"({{{', '.join(items)}}})" if items else "()"
        return f"{self.list_of(kind)}{inner}"

    def tuple_literal(self, items: Sequence[str]) -> str:
        """Return a tuple."""
        return f"std::make_tuple({', '.join(items)})"

    def dict_literal(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Return a dictionary."""
        pairs = ", ".join(f"{{{name}, {each}}}" for name, each in items)
        return f"{self.dict_of(key, value)}({f'{{{pairs}}}' if items else ''})"

    def wrapped(self, text: str, kind: Type, is_none: bool) -> str:
        """Return an item of a tuple as one that may be none."""
        return f"{self.optional_of(kind)}({text})"

    def constructor(self, text: str) -> str:
        """Return what makes a literal."""
        found = re.match(r".+?\(", text)
        return found[0] if found else ""

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        return f"    assert({left} == {right});"

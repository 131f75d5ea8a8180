"""C#."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar, TypeVar

from codeeval.tasks.translate.inferred import Inferred, Value
from codeeval.tasks.translate.source import Type
from codeeval.tasks.translate.translator import commented, inserted
from codeeval.tasks.translate.typed import Cased

__all__ = ["CSharp", "CSharpTexts"]

E = TypeVar("E")

PRIMITIVE = ("long", "float", "double", "bool")
USINGS = (
    *("System", "System.Numerics", "System.Diagnostics", "System.Collections.Generic"),
    *("System.Linq", "System.Text", "System.Security.Cryptography"),
)


class CSharpTexts(Cased[E]):
    """What the dialects of C# share."""

    name = "cs"
    title = "C#"
    words = ("C#", "cs", "list", "list", "tuple", "dictionary", "null", "true", "false")
    stop_tokens = ("\n    }\n",)
    wrong = r"DefaultTraceListener\.Fail"
    closes = True
    fails = r"DefaultTraceListener\.Fail|Unhandled Exception"
    renamed: ClassVar[dict[str, str]] = {
        **Cased.renamed,
        "string": "str",
        "base": "numBase",
        "decimal": "decimalNum",
    }

    def list_of(self, item: Type) -> str:
        """Return the type of a list."""
        return f"List<{self.kind(item)}>"

    def tuple_of(self, parts: Sequence[Type]) -> str:
        """Return the type of a tuple."""
        return f"Tuple<{', '.join(map(self.kind, parts))}>"

    def dict_of(self, key: Type, value: Type) -> str:
        """Return the type of a dictionary."""
        return f"Dictionary<{self.kind(key)},{self.kind(value)}>"

    def optional_of(self, item: Type) -> str:
        """Return the type of what may be none; of objects each one."""
        kind = self.kind(item)
        return f"Nullable<{kind}>" if kind in PRIMITIVE else kind

    def spelled(self, name: str) -> str:
        """Return a function's name with a capital for each word."""
        return "".join(map(str.title, name.split("_")))

    def prompt(self, description: str) -> str:
        """Return usings, a class, a comment and the head."""
        given = ", ".join(f"{kind} {name}" for name, kind in self.parameters)
        returns = self.kind(self.signature.returns)
        usings = "".join(f"using {each};\n" for each in USINGS)
        head = f"    public static {returns} {self.spelled(self.signature.name)}({given}) " + "{\n"
        return f"{usings}class Problem {{\n{commented(description, '    // ')}{head}"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return the end of the function, and a main method of assertions."""
        lines = [
            "    }",
            *self.beside(),
            "    public static void Main(string[] args) {",
            *assertions,
            "    }",
        ]
        return "\n".join([*lines, "", "}", ""])

    def beside(self) -> Sequence[str]:
        """Return what stands between the function and the main method."""
        return ()

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        return inserted(tests, "    }\n\n}\n", f'    Console.WriteLine("\\n{end}");\n')


class CSharp(CSharpTexts[Value], Inferred):
    """C#; tests compare lists and dictionaries by reference, so that some cannot pass."""

    plain: ClassVar[dict[str, str]] = {
        "int": "long",
        "float": "float",
        "str": "string",
        "bool": "bool",
        "Any": "object",
    }
    nil = "null"
    optional = "Nullable"

    def integer(self, value: int) -> Value:
        """Return a whole number."""
        return Value(f"{value}L", Type("int"))

    def list_literal(self, items: Sequence[str], kind: Type) -> str:
        """Return a list."""
        inner = f"new {self.kind(kind)}[]{{{', '.join(items)}}}" if items else ""
        return f"new {self.list_of(kind)}({inner})"

    def tuple_literal(self, items: Sequence[str]) -> str:
        """Return a tuple."""
        return f"Tuple.Create({', '.join(items)})"

    def dict_literal(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Return a dictionary."""
        pairs = ", ".join(f"{{{name}, {each}}}" for name, each in items)
        inner = f"{{{pairs}}}" if items else ""
        return f"new {self.dict_of(key, value)}(){inner}"

    def wrapped(self, text: str, kind: Type, is_none: bool) -> str:
        """Return an item of a tuple as one that may be none."""
        return f"(Nullable<{self.kind(kind)}>)null" if is_none else text

    def special(self, value: Value, wanted: Type | None, kind: str) -> str | None:
        """Return a number that is cast."""
        if kind in PRIMITIVE and self.kind_of(value) != kind:
            return f"({kind}){value.text}"
        return None

    def constructor(self, text: str) -> str:
        """Return what makes a literal."""
        found = re.search(r"Dictionary<.+,.+>\(", text)
        if found:
            return found[0]
        found = re.search(r"new (.+?\()", text)
        return found[1] if found else ""

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        same = f"{left} == {right}" if self.returns_primitive else f"{left}.Equals({right})"
        return f"    Debug.Assert({same});"

"""Java, with javatuples."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar, TypeVar

from codeeval.tasks.translate.inferred import Inferred, Value
from codeeval.tasks.translate.source import Type
from codeeval.tasks.translate.translator import commented, inserted
from codeeval.tasks.translate.typed import Cased, camel

__all__ = ["Java", "JavaTexts"]

E = TypeVar("E")

BOXED = {"long": "Long", "float": "Float", "double": "Double", "boolean": "Boolean"}
IMPORTS = (
    *("java.util.*", "java.lang.reflect.*", "org.javatuples.*", "java.security.*"),
    *("java.math.*", "java.io.*", "java.util.stream.*"),
)


class JavaTexts(Cased[E]):
    """What the dialects of Java share."""

    name = "java"
    title = "Java"
    words = (
        *("Java", "java", "array list", "array list", "pair", "hash map"),
        *("null", "true", "false"),
    )
    stop_tokens = ("\n    }\n",)
    wrong = r"java\.lang\.AssertionError"
    closes = True

    def boxed(self, kind: Type) -> str:
        """Return a type as it stands in brackets."""
        text = self.kind(kind)
        return BOXED.get(text, text)

    def list_of(self, item: Type) -> str:
        """Return the type of a list."""
        return f"ArrayList<{self.boxed(item)}>"

    def dict_of(self, key: Type, value: Type) -> str:
        """Return the type of a dictionary."""
        return f"HashMap<{self.boxed(key)},{self.boxed(value)}>"

    def optional_of(self, item: Type) -> str:
        """Return the type of what may be none."""
        return f"Optional<{self.boxed(item)}>"

    def spelled(self, name: str) -> str:
        """Return a function's name in camel case."""
        return camel(name)

    def prompt(self, description: str) -> str:
        """Return imports, a class, a comment and the head."""
        given = ", ".join(f"{kind} {name}" for name, kind in self.parameters)
        returns = self.kind(self.signature.returns)
        imports = "".join(f"import {each};\n" for each in IMPORTS)
        head = f"    public static {returns} {self.spelled(self.signature.name)}({given}) " + "{\n"
        return f"{imports}class Problem {{\n{commented(description, '    // ')}{head}"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return the end of the function, and a main method of assertions."""
        lines = [
            "    }",
            *self.beside(),
            "    public static void main(String[] args) {",
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
        return inserted(tests, "    }\n\n}\n", f'    System.out.println("\\n{end}");\n')


class Java(JavaTexts[Value], Inferred):
    """Java; floats are of 32 bits, and what is boxed must be of the very type."""

    plain: ClassVar[dict[str, str]] = {
        "int": "long",
        "float": "float",
        "str": "String",
        "bool": "boolean",
        "Any": "Object",
    }
    nil = "Optional.empty()"
    optional = "Optional"

    def tuple_of(self, parts: Sequence[Type]) -> str:
        """Return the type of a tuple."""
        return f"Pair<{', '.join(map(self.boxed, parts))}>"

    def integer(self, value: int) -> Value:
        """Return a whole number."""
        return Value(f"{value}l", Type("int"))

    def list_literal(self, items: Sequence[str], kind: Type) -> str:
        """Return a list."""
        return f"new {self.list_of(kind)}(Arrays.asList({', '.join(items)}))"

    def tuple_literal(self, items: Sequence[str]) -> str:
        """Return a tuple."""
        return f"Pair.with({', '.join(items)})"

    def dict_literal(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Return a dictionary."""
        pairs = ", ".join(f"{name}, {each}" for name, each in items)
        return f"new {self.dict_of(key, value)}(Map.of({pairs}))"

    def wrapped(self, text: str, kind: Type, is_none: bool) -> str:
        """Return an item of a tuple as one that may be none."""
        return f"Optional.of({text})"

    def special(self, value: Value, wanted: Type | None, kind: str) -> str | None:
        """Return a number that is cast, or what may be none."""
        if kind in BOXED and self.kind_of(value) != kind:
            return f"({kind}){value.text}"
        if "Optional" in kind and self.nil not in value.text:
            return f"Optional.of({value.text})"
        return None

    def constructor(self, text: str) -> str:
        """Return what makes a literal."""
        if "Arrays.asList(" in text:
            return text.partition("new ")[2].partition("Arrays.asList(")[0]
        if "Optional.of(" in text:
            return ""
        found = re.search(r"new (.*)\(", text)
        return found[1] if found else ""

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        same = f"{left} == {right}" if self.returns_primitive else f"{left}.equals({right})"
        return f"    assert({same});"

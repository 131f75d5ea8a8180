"""Scala."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar, TypeVar

from codeeval.tasks.translate.inferred import PRIMITIVE, Inferred, Value
from codeeval.tasks.translate.source import Type, Untranslatable
from codeeval.tasks.translate.translator import commented, inserted
from codeeval.tasks.translate.typed import Cased, camel

__all__ = ["Scala", "ScalaTexts"]

E = TypeVar("E")


class ScalaTexts(Cased[E]):
    """What the dialects of Scala share."""

    name = "scala"
    title = "Scala"
    words = ("Scala", "scala", "list", "list", "tuple", "map", "None", "true", "false")
    stop_tokens = ("\n    }\n",)
    wrong = r"java\.lang\.AssertionError"
    closes = True

    def list_of(self, item: Type) -> str:
        """Return the type of a list."""
        return f"List[{self.kind(item)}]"

    def tuple_of(self, parts: Sequence[Type]) -> str:
        """Return the type of a tuple."""
        return f"Tuple{len(parts)}[{', '.join(map(self.kind, parts))}]"

    def dict_of(self, key: Type, value: Type) -> str:
        """Return the type of a dictionary."""
        return f"Map[{self.kind(key)},{self.kind(value)}]"

    def optional_of(self, item: Type) -> str:
        """Return the type of what may be none."""
        return f"Option[{self.kind(item)}]"

    def spelled(self, name: str) -> str:
        """Return a function's name in camel case."""
        return camel(name)

    def prompt(self, description: str) -> str:
        """Return imports, an object, a comment and the head."""
        given = ", ".join(f"{name} : {kind}" for name, kind in self.parameters)
        returns = self.kind(self.signature.returns)
        head = f"    def {self.spelled(self.signature.name)}({given}) : {returns} = " + "{\n"
        lines = "import scala.math._\nimport scala.collection.mutable._\nobject Problem {\n"
        return lines + commented(description, "    // ") + head

    def tests(self, assertions: Sequence[str]) -> str:
        """Return the end of the function, and a main function of assertions."""
        lines = [
            "    }",
            *self.beside(),
            "    def main(args: Array[String]) = {",
            *assertions,
            "    }",
            "",
            "}",
            "",
        ]
        return "\n".join(lines)

    def beside(self) -> Sequence[str]:
        """Return what stands between the function and the main function."""
        return ()

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        return inserted(tests, "    }\n\n}\n", f'    println("\\n{end}");\n')


class Scala(ScalaTexts[Value], Inferred):
    """Scala; floats are of 32 bits."""

    fails = r"\S"
    plain: ClassVar[dict[str, str]] = {
        "int": "Long",
        "float": "Float",
        "str": "String",
        "bool": "Boolean",
        "Any": "Any",
    }
    nil = "None"
    optional = "Option"

    def union_of(self, parts: Sequence[Type]) -> str:
        """Return the type of what is one of two."""
        if len(parts) != 2:
            raise Untranslatable(f"the type {Type('Union', tuple(parts))}")
        return f"Either[{', '.join(map(self.kind, parts))}]"

    def integer(self, value: int) -> Value:
        """Return a whole number."""
        return Value(f"{value}l", Type("int"))

    def cast(self, text: str, kind: Type) -> str:
        """Return an item of a list as one of a type."""
        return f"{text}.to{self.kind(kind)}" if kind.name in PRIMITIVE else text

    def list_literal(self, items: Sequence[str], kind: Type) -> str:
        """Return a list."""
        return f"{self.list_of(kind)}({', '.join(items)})"

    def tuple_literal(self, items: Sequence[str]) -> str:
        """Return a tuple."""
        return f"({', '.join(items)})"

    def dict_literal(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Return a dictionary."""
        pairs = ", ".join(f"{name} -> {each}" for name, each in items)
        return f"{self.dict_of(key, value)}({pairs})"

    def wrapped(self, text: str, kind: Type, is_none: bool) -> str:
        """Return an item of a tuple as one that may be none."""
        return f"Some({text})"

    def special(self, value: Value, wanted: Type | None, kind: str) -> str | None:
        """Return a number as it is, or what may be none."""
        if kind.startswith("Either["):
            return value.text
        if wanted is not None and wanted.name in PRIMITIVE and self.kind_of(value) != kind:
            return value.text
        if kind.startswith("Option[") and self.nil not in value.text:
            return f"Some({value.text})"
        return None

    def constructor(self, text: str) -> str:
        """Return what makes a literal."""
        found = re.match(r".+?\(", text)
        return found[0] if found else ""

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        same = f"{left} == {right}" if self.returns_primitive else f"{left}.equals({right})"
        return f"    assert({same});"

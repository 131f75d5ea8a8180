"""Bash: everything is a text, and lists are texts with blanks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from codeeval.tasks.translate.source import Type, Untranslatable
from codeeval.tasks.translate.translator import Translator, commented, escaped

__all__ = ["Bash"]

ESCAPED = escaped(("\\", "\\\\"), ("\n", "\\n"), ('"', '\\"'), ("$", "\\$"), ("!", "\\!"))
SAID = {
    "List": "a space-separated list",
    "Tuple": "a space-separated list",
    "Dict": "a two column CSV in key,value order",
    "int": "an integer",
    "float": "a floating point",
    "str": "a string",
}


class Bash(Translator[Any]):
    """Bash; a value is a quoted text, or a list of such values until it is printed.

    Class attributes:
        line_end: What stands between lists in a list, and between pairs.
    """

    name = "sh"
    title = "Bash"
    words = ("Bash", "sh", "array", "list", "list", "CSV", "None", "true", "false")
    stop_tokens = ("\n}",)
    wrong = r"exit status 1\n"
    closes = True
    line_end: ClassVar[str] = "\\n"

    def text(self, value: str) -> Any:
        """Return a string."""
        return ESCAPED(value)

    def boolean(self, value: bool) -> Any:
        """Return a truth value."""
        return f'"{str(value).lower()}"'

    def integer(self, value: int) -> Any:
        """Return a whole number."""
        return f'"{value}"'

    def number(self, value: float) -> Any:
        """Return a number with a fraction."""
        return f'"{value!r}"'

    def nothing(self) -> Any:
        """Return None."""
        return '"None"'

    def listed(self, items: list[Any]) -> Any:
        """Return a list."""
        for each in items:
            if isinstance(each, str) and re.search(r"\s", each):
                raise Untranslatable("white space in an item")
        if items and all(isinstance(each, dict) for each in items):
            raise Untranslatable("a list of dictionaries")
        if items and all(is_list(each) and all(map(is_list, each)) for each in items):
            raise Untranslatable("lists in three levels, or lists that are all empty")
        return items

    tupled = listed

    def mapped(self, items: list[tuple[Any, Any]]) -> Any:
        """Return a dictionary."""
        for each in (each for pair in items for each in pair):
            if not isinstance(each, str) or re.search(r"\s", each):
                raise Untranslatable("a dictionary of more than plain values")
        return dict(items)

    def variable(self, name: str) -> Any:
        """Return a name."""
        return name

    def call(self, function: str, arguments: list[Any]) -> Any:
        """Return a call."""
        return f"$({' '.join([function, *map(self.printed, arguments)])})"

    def equal(self, left: Any, right: Any, *, called: str) -> tuple[str, str]:
        """Return both sides; lists in examples are written as Python writes them."""
        shown = str(right) if called != "candidate" else self.printed(right)
        return left, shown

    def printed(self, value: Any) -> str:
        """Return a value as one text."""
        if isinstance(value, str):
            return value
        if isinstance(value, dict):
            pairs = [f"{bare(key)},{bare(each)}" for key, each in value.items()]
            return f'"{self.line_end.join(pairs)}"'
        parts = [
            bare(each) if isinstance(each, str) else " ".join(map(bare, each)) for each in value
        ]
        nested = all(map(is_list, value))
        return f'"{(self.line_end if nested else " ").join(parts)}"'

    def prompt(self, description: str) -> str:
        """Return a comment, with what the parameters are, and the head."""
        lines = [
            f"# ${place} is {said(kind)}\n"
            for place, (_, kind) in enumerate(self.signature.parameters, 1)
        ]
        head = f"{self.signature.name}() " + "{\n"
        return f"#!/bin/bash\n{commented(description, '# ')}#\n{''.join(lines)}{head}"

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        return f"    [[ {left} = {right} ]]"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return the end of the function, and another one that tests it."""
        lines = ["}", "", "candidate() {", f'    {self.signature.name} "$@"', "}", "", "set -e"]
        return "\n".join([*lines, "run_test() {", *assertions, "}", "", "run_test"])

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        return f"{tests}\necho {end}\n"


def is_list(value: Any) -> bool:
    """Whether a value is a list of any kind."""
    return isinstance(value, list)


def bare(item: str) -> str:
    """Return an item without its quotes."""
    return item[1:-1]


def said(kind: Type | None) -> str:
    """Return what a parameter is."""
    if kind is None:
        return "an argument"
    if kind.name == "List" and kind.parts and kind.parts[0].parts:
        return "a newline-separated, space-separated list"
    if kind.name in SAID:
        return SAID[kind.name]
    return "an argument" if kind.parts else f"a ${kind.name}"

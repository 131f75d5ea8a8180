"""Python itself: what was read is written again."""

from __future__ import annotations

from collections.abc import Sequence

from codeeval.tasks.translate.plain import Plain
from codeeval.tasks.translate.source import Type

__all__ = ["Python"]


class Python(Plain):
    """Python."""

    name = "py"
    title = "Python"
    words = ("Python", "py", "array", "list", "tuple", "dictionary", "None", "True", "False")
    stop_tokens = ("\ndef", "\n#", "\nif", "\nclass")
    wrong = r"AssertionError"
    constants = ("True", "False", "None")

    def text(self, value: str) -> str:
        """Return a string."""
        return repr(value)

    def tupled(self, items: list[str]) -> str:
        """Return a tuple."""
        return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"

    def mapped(self, items: list[tuple[str, str]]) -> str:
        """Return a dictionary."""
        return "{ " + ", ".join(f"{key}: {value}" for key, value in items) + " }"

    def prompt(self, description: str) -> str:
        """Return imports, head and docstring."""
        signature, used = self.signature, dict[str, None]()

        def note(kind: Type | None) -> str:
            if kind is None:
                return ""
            if kind.name in ("Any", "Dict", "List", "Optional", "Tuple", "Union"):
                used[kind.name] = None
            for each in kind.parts:
                note(each)
            return str(kind)

        parameters = ", ".join(
            f"{name}: {note(kind)}" if kind else name for name, kind in signature.parameters
        )
        returns = f" -> {note(signature.returns)}" if signature.returns else ""
        imports = f"from typing import {', '.join(used)}\n\n" if used else ""
        return f'{imports}def {signature.name}({parameters}){returns}:\n    """{description}"""\n'

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        return f"    assert {left} == {right}"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return a function of assertions, and its call."""
        lines = ["def check(candidate):", *assertions, ""]
        lines += ["def test_check():", f"    check({self.signature.name})", "", "test_check()", ""]
        return "\n".join(lines)

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        return f"{tests}\nprint('{end}')\n"

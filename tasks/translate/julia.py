"""Julia."""

from __future__ import annotations

from collections.abc import Sequence

from codeeval.tasks.translate.plain import Plain
from codeeval.tasks.translate.source import Type, Untranslatable

__all__ = ["Julia"]

TYPES = {
    "int": "Int64",
    "float": "Float64",
    "str": "String",
    "bool": "Bool",
    "List": "Vector{{{0}}}",
    "Tuple": "Tuple{{{all}}}",
    "Dict": "Dict{{{0}, {1}}}>",
    "Optional": "Union{{{0}, Nothing}}",
    "Union": "Union{{{all}}}",
    "Any": "Any",
}
"""The published rows have the stray bracket of dictionaries."""


class Julia(Plain):
    """Julia."""

    name = "jl"
    title = "Julia"
    words = (
        *("Julia", "jl", "vector", "vector", "tuple", "dictionary"),
        *("nothing", "true", "false"),
    )
    stop_tokens = ("\nfunction", "\nmacro", "\n\n")
    wrong = r"Test Failed"
    flushed = True
    brackets = (("[", "]"), ("(", ")"), ("{", "}"))
    constants = ("true", "false", "nothing")
    pair = " => "

    def text(self, value: str) -> str:
        """Return a string."""
        if '"' in value:
            raise Untranslatable("a string with a double quote")
        return '"' + value.replace("$", "\\$") + '"'

    def mapped(self, items: list[tuple[str, str]]) -> str:
        """Return a dictionary."""
        return f"Dict({super().mapped(items)[1:-1]})"

    def call(self, function: str, arguments: list[str]) -> str:
        """Return a call."""
        if function == "candidate":
            kinds = [kind for _, kind in self.signature.parameters]
            arguments = [*map(self._known, arguments, kinds)]
        return super().call(function, arguments)

    def equal(self, left: str, right: str, *, called: str) -> tuple[str, str]:
        """Return both sides; an empty vector has the type that is declared."""
        if called == "candidate":
            right = self._known(right, self.signature.returns)
        return left, right

    def _known(self, value: str, kind: Type | None) -> str:
        if value == "[]" and kind is not None and kind.name == "List":
            return f"{self.spelled(kind, TYPES)}([])"
        return value

    def prompt(self, description: str) -> str:
        """Return a docstring and the head."""
        kinds, returns = self.types(TYPES)
        given = ", ".join(f"{name}::{kind}" for name, kind in zip(self.names, kinds, strict=True))
        return f'"""{description}"""\nfunction {self.signature.name}({given})::{returns} \n'

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        return f"\t@test({left} == {right})"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return a set of tests."""
        lines = ["using Test", "", "@testset begin", "", f"candidate = {self.signature.name};"]
        return "\n".join([*lines, *assertions, "end", ""])

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        return f'{tests}\nprintln("\\n{end}")\n'

"""D."""

from __future__ import annotations

from collections.abc import Sequence

from codeeval.tasks.translate.plain import Plain
from codeeval.tasks.translate.translator import inserted

__all__ = ["D"]

TYPES = {
    "int": "long",
    "float": "float",
    "str": "string",
    "bool": "bool",
    "List": "{0}[]",
    "Tuple": "Tuple!({all})",
    "Dict": "Nullable!({1}[{0}])",
    "Optional": "Nullable!({0})",
}
NOTHING, NO_PAIRS = "None", "___null_dict___"
"""What stands for these until their type is known; in examples it stays, as published."""


class D(Plain):
    """D."""

    name = "d"
    title = "D"
    words = (
        *("D", "d", "array", "array", "tuple", "associative array"),
        *("null", "true", "false"),
    )
    stop_tokens = ("\n\n", "\nvoid", "\nbool", "\nint")
    wrong = r"AssertError|FAILED unittests"
    flushed = True
    plain_maps = True
    constants = ("true", "false", NOTHING)

    def text(self, value: str) -> str:
        """Return a string."""
        return '"' + value.replace('"', '\\"') + '"'

    def integer(self, value: int) -> str:
        """Return a whole number."""
        return f"{value}L"

    def tupled(self, items: list[str]) -> str:
        """Return a tuple."""
        return f"tuple({', '.join(items)})"

    def mapped(self, items: list[tuple[str, str]]) -> str:
        """Return an associative array that may be none."""
        if not items:
            return NO_PAIRS
        return f"[{', '.join(f'{key}: {value}' for key, value in items)}].nullable"

    def call(self, function: str, arguments: list[str]) -> str:
        """Return a call; an empty dictionary has the type that is declared."""
        kinds = [kind for _, kind in self.signature.parameters]
        for place, (each, kind) in enumerate(zip(arguments, kinds, strict=False)):
            if each == NO_PAIRS:
                arguments[place] = f"{self.spelled(kind, TYPES)}.init"
        return super().call(function, arguments)

    def prompt(self, description: str) -> str:
        """Return imports, a comment and the head, without a brace."""
        kinds, returns = self.types(TYPES)
        given = ", ".join(f"{kind} {name}" for name, kind in zip(self.names, kinds, strict=True))
        lines = ["import std.math;", "import std.typecons;", "/*", description, "*/"]
        return "\n".join([*lines, f"{returns} {self.signature.name}({given}) \n"])

    def assertion(self, left: str, right: str) -> str:
        """Return a test; what may be none is looked into."""
        returns = self.spelled(self.signature.returns, TYPES)
        pair = "Tuple!(Nullable!(long), Nullable!(long))"
        if returns == pair:
            parts = right.removeprefix("tuple(").removesuffix(")").split(", ")
            checks = [check(f"result[{n}]", each) for n, each in enumerate(parts)]
        elif returns.startswith("Null"):
            checks = [check("result", right)]
        else:
            return f"    assert({left} == {right});"
        body = "".join(f"        {each}\n" for each in checks)
        return f"{{\n        auto result = {left};\n{body}}}\n"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return a block of unit tests, and an empty main function."""
        lines = ["unittest", "{", f"    alias candidate = {self.signature.name};", ""]
        return "\n".join([*lines, *assertions, "}", "void main(){}"])

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        line = f'unittest {{ import std.stdio; writeln("\\n{end}"); }}\n'
        return inserted(tests, "void main(){}", line)


def check(what: str, value: str) -> str:
    """Return an assertion about what may be none."""
    if value in (NOTHING, NO_PAIRS):
        return f"assert({what}.isNull);"
    return f"assert(!{what}.isNull && {what}.get == {value.removesuffix('.nullable')});"

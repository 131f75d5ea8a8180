"""Go."""

from __future__ import annotations

import re
from collections.abc import Sequence

from codeeval.tasks.translate.plain import Plain
from codeeval.tasks.translate.source import Type
from codeeval.tasks.translate.translator import commented

__all__ = ["Go"]

TYPES = {
    "int": "int",
    "float": "float64",
    "str": "string",
    "bool": "bool",
    "List": "[]{0}",
    "Tuple": "[]interface{{}}",
    "Dict": "map[{0}]{1}",
    "Any": "interface{{}}",
}
NO_ITEMS, NO_PAIRS = "\0[]", "\0{}"
"""Empty literals until somebody knows their types."""
UNTYPED = {NO_ITEMS: "[]interface{}{}", NO_PAIRS: "map[interface{}]interface{}{}"}
MINE = ("string", "int", "float", "bool")
"""Names that a parameter cannot have."""


class Go(Plain):
    """Go; tests compare as texts, so that 2.0 equals 2."""

    name = "go_test.go"
    title = "Go"
    words = ("Go", "go", "list", "list", "list", "map", "nil", "true", "false")
    stop_tokens = ("\nfunc", "struct", "\n// ")
    wrong = r"expected '[^'\n]{0,300}', got"
    after = "PASS"
    plain_maps = True
    constants = ("true", "false", "nil")

    def text(self, value: str) -> str:
        """Return a string."""
        return '"' + value.replace("\n", "\\n") + '"'

    def listed(self, items: list[str]) -> str:
        """Return a slice, of the type that its items have."""
        if not items:
            return NO_ITEMS
        return f"[]{kind_of_all(items)}" + self._braces(items)

    def tupled(self, items: list[str]) -> str:
        """Return a slice of anything."""
        return "[]interface{}" + self._braces(items)

    def mapped(self, items: list[tuple[str, str]]) -> str:
        """Return a map."""
        if not items:
            return NO_PAIRS
        key, value = map(kind_of_all, zip(*items, strict=True))
        pairs = [f"{name}: {UNTYPED.get(each, each)}" for name, each in items]
        return f"map[{key}]{value}" + self._braces(pairs)

    @staticmethod
    def _braces(items: list[str]) -> str:
        return "{" + ", ".join(UNTYPED.get(each, each) for each in items) + "}"

    def call(self, function: str, arguments: list[str]) -> str:
        """Return a call; empty arguments have the types that are declared."""
        kinds = [kind for _, kind in self.signature.parameters]
        known = [*map(self._known, arguments, kinds)]
        return super().call(function, [*known, *arguments[len(known) :]])

    def equal(self, left: str, right: str, *, called: str) -> tuple[str, str]:
        """Return both sides."""
        return left, self._known(right, self.signature.returns)

    def _known(self, value: str, kind: Type | None) -> str:
        return f"{self.spelled(kind, TYPES)}{{}}" if value in UNTYPED else value

    def spelled(self, kind: Type | None, spell: dict[str, str]) -> str:
        """Return a type; that of a tuple hangs on nothing."""
        if kind is not None and kind.name == "Tuple":
            kind = Type("Tuple")
        return super().spelled(kind, spell)

    def prompt(self, description: str) -> str:
        """Return package, imports, a comment and the head."""
        signature = self.signature
        kinds, returns = self.types(TYPES)
        names = [f"my{name.title()}" if name in MINE else name for name in self.names]
        given = ", ".join(f"{name} {kind}" for name, kind in zip(names, kinds, strict=True))
        lines = [f"package {signature.name}_test", "", "import (", '    "testing"', '    "fmt"']
        head = f"func {signature.name}({given}) {returns} " + "{\n"
        return "\n".join([*lines, ")", "", commented(description, "// ") + head])

    def assertion(self, left: str, right: str) -> str:
        """Return a row of the table of tests."""
        return f"     {{ actual: {left}, expected: {right} }},"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return a table of tests, and what goes through it."""
        name = self.signature.name
        lines = [f"func Test{name.title()}(t *testing.T) " + "{", f"  candidate := {name}"]
        lines += ["\ttype test struct {", "\t\tactual   interface{}", "\t\texpected interface{}"]
        lines += ["\t}", "   tests := []test{", *assertions, "   }", ""]
        lines += ["\tfor i, tc := range tests {"]
        lines += ['\t\tt.Run(fmt.Sprintf("test num % d", i), func(t *testing.T) {']
        both = 'fmt.Sprintf("%v", tc.actual) != fmt.Sprintf("%v", tc.expected)'
        lines += [f"\t\t\tif {both} " + "{"]
        lines += ["\t\t\t\tt.Errorf(\"expected '%s', got '%s'\", tc.expected, tc.actual)"]
        return "\n".join([*lines, "\t\t\t}", "\t\t})", "\t}", "}", ""])

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        return f'{tests}\nfunc TestZ(t *testing.T) {{ fmt.Println("\\n{end}") }}\n'


def kind_of_all(values: Sequence[str]) -> str:
    """Return the type of which all of some literals are, as far as the published rows know it."""
    first, *others = map(kind_of, values)
    if all(each == first for each in others):
        return first
    return "float64" if all(each in ("int", "float64") for each in others) else "interface{}"


def kind_of(value: str) -> str:
    """Return the type of a literal, as far as the published rows know it."""
    if value.startswith("[]"):
        return "[]int"
    if value.startswith('"'):
        return "string"
    if re.fullmatch(r"-?\d+", value):
        return "int"
    if re.fullmatch(r"-?\d+\.\d+(e[-+]?\d+)?", value):
        return "float64"
    return "UNKNOWN"

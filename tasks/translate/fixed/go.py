"""Go, with values compared by their types and by what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from codeeval.tasks.translate.directed import TOLERANCE
from codeeval.tasks.translate.fixed.corrected import Written
from codeeval.tasks.translate.go import MINE, Go
from codeeval.tasks.translate.source import Type

__all__ = ["FixedGo"]

COMPARE = f"""\
func sameInTests(actual reflect.Value, expected reflect.Value) bool {{
\tif actual.IsValid() && actual.Kind() == reflect.Interface {{
\t\tactual = actual.Elem()
\t}}
\tif expected.IsValid() && expected.Kind() == reflect.Interface {{
\t\texpected = expected.Elem()
\t}}
\tif !actual.IsValid() || !expected.IsValid() {{
\t\treturn actual.IsValid() == expected.IsValid()
\t}}
\tif actual.Kind() != expected.Kind() {{
\t\treturn false
\t}}
\tswitch expected.Kind() {{
\tcase reflect.Float64:
\t\te := expected.Float()
\t\toff, size := actual.Float() - e, e
\t\tif off < 0 {{
\t\t\toff = -off
\t\t}}
\t\tif size < 0 {{
\t\t\tsize = -size
\t\t}}
\t\treturn off <= {TOLERANCE} + {TOLERANCE} * size
\tcase reflect.Slice:
\t\tif actual.Len() != expected.Len() {{
\t\t\treturn false
\t\t}}
\t\tfor i := 0; i < expected.Len(); i++ {{
\t\t\tif !sameInTests(actual.Index(i), expected.Index(i)) {{
\t\t\t\treturn false
\t\t\t}}
\t\t}}
\t\treturn true
\tcase reflect.Map:
\t\tif actual.Type() != expected.Type() || actual.Len() != expected.Len() {{
\t\t\treturn false
\t\t}}
\t\tfor _, key := range expected.MapKeys() {{
\t\t\tfound := actual.MapIndex(key)
\t\t\tif !found.IsValid() || !sameInTests(found, expected.MapIndex(key)) {{
\t\t\t\treturn false
\t\t\t}}
\t\t}}
\t\treturn true
\t}}
\treturn reflect.DeepEqual(actual.Interface(), expected.Interface())
}}
"""
RESERVED = (
    "break case chan const continue default defer else fallthrough for func go goto if import "
    "interface map package range return select struct switch type var"
)


class FixedGo(Written, Go):
    """Go."""

    wrong = r"a test failed: expected"
    plain: ClassVar[dict[str, str]] = {
        "int": "int",
        "float": "float64",
        "str": "string",
        "bool": "bool",
        "Any": "interface{}",
    }
    keys = ("str", "int", "float", "bool", "Any")
    reserved = frozenset(RESERVED.split())

    @property
    def names(self) -> list[str]:
        """The names of the parameters."""
        return [f"my{name.title()}" if name in MINE else name for name in super().names]

    def list_of(self, item: Type) -> str:
        """Return the type of a list."""
        return f"[]{self.kind(item)}"

    def tuple_of(self, parts: Sequence[Type]) -> str:
        """Return the type of a tuple."""
        return "[]interface{}"

    def dict_of(self, key: Type, value: Type) -> str:
        """Return the type of a dictionary."""
        return f"map[{self.kind(self.key(key))}]{self.kind(value)}"

    def union_of(self, parts: Sequence[Type]) -> str:
        """Return the type of what is one of several."""
        return "interface{}"

    def list_value(self, items: Sequence[str], item: Type) -> str:
        """Return a slice."""
        return f"{self.list_of(item)}{{{', '.join(items)}}}"

    def tuple_value(self, items: Sequence[str], parts: Sequence[Type]) -> str:
        """Return a slice of anything."""
        return f"{self.tuple_of(parts)}{{{', '.join(items)}}}"

    def dict_value(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Return a map."""
        pairs = ", ".join(f"{name}: {each}" for name, each in items)
        return f"{self.dict_of(key, value)}{{{pairs}}}"

    def number(self, value: float) -> str:
        """Return a number with a fraction; a zero that is negative is no constant."""
        return "0.0" if value == 0 else super().number(value)

    def prompt(self, description: str) -> str:
        """Return package, imports, a comment and the head."""
        return super().prompt(description).replace('    "fmt"\n', '    "fmt"\n    "reflect"\n', 1)

    def tests(self, assertions: Sequence[str]) -> str:
        """Return a table of tests, and what goes through it."""
        name = self.signature.name
        lines = [f"{COMPARE}\nfunc Test{name.title()}(t *testing.T) " + "{"]
        lines += [f"  candidate := {name}"]
        lines += ["\ttype test struct {", "\t\tactual   interface{}", "\t\texpected interface{}"]
        lines += ["\t}", "   tests := []test{", *assertions, "   }", ""]
        lines += ["\tfor i, tc := range tests {"]
        lines += ['\t\tt.Run(fmt.Sprintf("test num %d", i), func(t *testing.T) {']
        both = "reflect.ValueOf(tc.actual), reflect.ValueOf(tc.expected)"
        said = '"a test failed: expected %#v, got %#v", tc.expected, tc.actual'
        lines += [f"\t\t\tif !sameInTests({both}) {{", f"\t\t\t\tt.Errorf({said})"]
        return "\n".join([*lines, "\t\t\t}", "\t\t})", "\t}", "}", ""])

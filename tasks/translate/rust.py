"""Rust."""

from __future__ import annotations

from collections.abc import Sequence

from codeeval.tasks.translate.plain import Plain
from codeeval.tasks.translate.source import Type, Untranslatable
from codeeval.tasks.translate.translator import commented, inserted

__all__ = ["Rust"]

TYPES = {
    "int": "isize",
    "float": "f64",
    "str": "String",
    "bool": "bool",
    "List": "Vec<{0}>",
    "Tuple": "({all})",
    "Dict": "HashMap<{0}, {1}>",
    "Optional": "Option<{0}>",
}


class Rust(Plain):
    """Rust."""

    name = "rs"
    title = "Rust"
    words = ("Rust", "rs", "vector", "vector", "tuple", "HashMap", "None", "true", "false")
    stop_tokens = ("\n}",)
    wrong = r"assertion (?:failed|`left == right` failed)"
    closes = True
    brackets = (("vec![", "]"), ("(", ")"), ("{", "}"))
    plain_maps = True
    constants = ("true", "false", "None")

    def text(self, value: str) -> str:
        """Return a string."""
        if '"' in value:
            raise Untranslatable("a string with a double quote")
        return f'String::from("{value}")'

    def mapped(self, items: list[tuple[str, str]]) -> str:
        """Return a dictionary."""
        pairs = ", ".join(f"({key}, {value})" for key, value in items)
        return f"HashMap::from([{pairs}])"

    def call(self, function: str, arguments: list[str]) -> str:
        """Return a call."""
        if function == "candidate":
            kinds = [kind for _, kind in self.signature.parameters]
            arguments = [*map(self._known, arguments, kinds)]
        return super().call(function, arguments)

    def equal(self, left: str, right: str, *, called: str) -> tuple[str, str]:
        """Return both sides."""
        return left, self._known(right, self.signature.returns)

    def _known(self, value: str, kind: Type | None) -> str:
        """Return a value as one of the declared type."""
        match kind:
            case Type("Optional"):
                return value if value == "None" else f"Some({value})"
            case Type("List") if value == "vec![]":
                return f"{TYPES['List'].format(self.spelled(kind.parts[0], TYPES))}::new()".replace(
                    "Vec<", "Vec::<", 1
                )
            case Type("str") if value == "vec![]":
                return "String::new()"
            case Type("float"):
                return value if "." in value else f"{value}.0"
            case Type("List", (Type("float"),)):
                parts = value.removeprefix("vec![").removesuffix("]").split(", ")
                return f"vec![{', '.join(self._known(each, kind.parts[0]) for each in parts)}]"
            case Type("Tuple", (Type("Optional"), Type("Optional"))):
                parts = value.removeprefix("(").removesuffix(")").split(", ")
                return f"({', '.join(map(self._known, parts, kind.parts))})"
            case _:
                return value

    def prompt(self, description: str) -> str:
        """Return imports, a comment and the head."""
        kinds, returns = self.types(TYPES)
        given = ", ".join(f"{name}: {kind}" for name, kind in zip(self.names, kinds, strict=True))
        uses = any("HashMap" in each for each in (*kinds, returns))
        imports = "use std::collections::HashMap;\n\n" if uses else ""
        head = f"fn {self.signature.name}({given}) -> {returns} " + "{"
        return f"{imports}{commented(description, '/// ')}{head}\n"

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        return f"    assert_eq!({left}, {right});"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return the end of the function, and a main function of assertions."""
        lines = ["}", "", "fn main() {", f"    let candidate = {self.signature.name};"]
        return "\n".join([*lines, *assertions, "}", ""])

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        return inserted(tests, "}\n", f'    println!("\\n{end}");\n')

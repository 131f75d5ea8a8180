"""JavaScript and TypeScript."""

from __future__ import annotations

from collections.abc import Sequence

from codeeval.tasks.translate.plain import Plain
from codeeval.tasks.translate.source import Type
from codeeval.tasks.translate.translator import commented

__all__ = ["JavaScript", "TypeScript"]

TYPES = {
    "int": "number",
    "float": "number",
    "str": "string",
    "bool": "boolean",
    "List": "{0}[]",
    "Tuple": "[{all}]",
    "Dict": "{{[key: {0}]: {1}}}",
    "Optional": "{0} | undefined",
    "Any": "any",
}


class JavaScript(Plain):
    """JavaScript; tests compare as ``assert.deepEqual`` does, which is loose about types."""

    name = "js"
    title = "JavaScript"
    words = ("JavaScript", "js", "array", "array", "array", "object", "undefined", "true", "false")
    stop_tokens = ("\nfunction ", "\n/*", "\n//", "\nconsole.log")
    wrong = r"ERR_ASSERTION|AssertionError"
    constants = ("true", "false", "undefined")
    imports = "const assert = require('node:assert');"

    def head(self) -> str:
        """Return the head of the function."""
        return f"function {self.signature.name}({', '.join(self.names)})" + "{"

    def prompt(self, description: str) -> str:
        """Return a comment and the head."""
        return f"{commented(description, '// ', first='//')}{self.head()}\n"

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        return f"  assert.deepEqual({left},{right});"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return a function of assertions, and its call."""
        lines = [self.imports, "", "", "function test() {"]
        lines += [f"  let candidate = {self.signature.name};", *assertions, "}", "", "test();"]
        return "\n".join(lines)

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        return f"{tests}\nconsole.log('{end}');\n"


class TypeScript(JavaScript):
    """TypeScript."""

    name = "ts"
    title = "TypeScript"
    words = ("TypeScript", "ts", *JavaScript.words[2:])
    stop_tokens = ("\nfunction ", "\n/*", "\n//", "\nclass")
    imports = "declare var require: any;\nconst assert = require('node:assert');"

    def text(self, value: str) -> str:
        """Return a string."""
        return '"' + value.replace("\n", "\\n") + '"'

    def spelled(self, kind: Type | None, spell: dict[str, str]) -> str:
        """Return a type."""
        if kind is not None and kind.name == "Union":
            return "| ".join(self.spelled(each, spell) for each in kind.parts)
        return super().spelled(kind, spell)

    def head(self) -> str:
        """Return the head of the function."""
        kinds, returns = self.types(TYPES)
        given = ", ".join(f"{name}: {kind}" for name, kind in zip(self.names, kinds, strict=True))
        return f"function {self.signature.name}({given}): {returns} " + "{"

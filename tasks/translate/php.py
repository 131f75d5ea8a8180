"""PHP."""

from __future__ import annotations

from collections.abc import Sequence

from codeeval.tasks.translate.plain import Plain
from codeeval.tasks.translate.translator import commented, escaped

__all__ = ["PHP"]


class PHP(Plain):
    """PHP; tests compare strictly, so that a float is no integer."""

    name = "php"
    title = "PHP"
    words = ("PHP", "php", "array", "array", "array", "array", "null", "true", "false")
    stop_tokens = ("\nfunction", "\n?>", "\n//", "\n#")
    wrong = r"Test failed!"
    brackets = (("array(", ")"), ("array(", ")"), ("array(", ")"))
    pair = " => "

    def text(self, value: str) -> str:
        """Return a string."""
        return escaped(('"', '\\"'), ("\n", "\\n"))(value)

    def prompt(self, description: str) -> str:
        """Return a comment and the head."""
        names = ", ".join(f"${name}" for name in self.names)
        head = f"function {self.signature.name}({names}) " + "{"
        return f"<?php\n{commented(description, '// ')}{head}\n"

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        failure = '{ throw new Exception("Test failed!"); }'
        return f"    if ({left} !== {right}) {failure}"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return a function of assertions, and its call."""
        lines = ["function candidate(...$args) {", f"    return {self.signature.name}(...$args);"]
        lines += ["}", "", "function test(): void {", *assertions, "}", "", "test();"]
        return "\n".join(lines)

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        return f'{tests}\necho "\\n{end}\\n";\n'

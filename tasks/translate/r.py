"""R."""

from __future__ import annotations

import re
from collections.abc import Sequence

from codeeval.tasks.translate.plain import Plain

__all__ = ["R"]

NUMERIC = re.compile(r"-?\d*\.?\d*")
NESTED = ("c(", "list(", "NULL")


class R(Plain):
    """R; tests compare numbers within a relative 1.5e-8."""

    name = "r"
    title = "R"
    words = ("R", "r", "vector", "list", "list", "named list", "NULL", "TRUE", "FALSE")
    stop_tokens = ("\n#", "\n```")
    wrong = r"(?:is|are) not (?:all )?TRUE"
    flushed = True
    constants = ("TRUE", "FALSE", "NULL")

    def text(self, value: str) -> str:
        """Return a string."""
        return repr(value)

    def listed(self, items: list[str]) -> str:
        """Return a vector if all items are of one plain kind, else a list."""
        plain = not any(each.startswith(NESTED) for each in items)
        made = "c" if plain and len(set(map(kind_of, items))) < 2 else "list"
        return f"{made}({', '.join(items)})"

    tupled = listed

    def mapped(self, items: list[tuple[str, str]]) -> str:
        """Return a list with names."""
        return f"list({', '.join(f'{key} = {value}' for key, value in items)})"

    def call(self, function: str, arguments: list[str]) -> str:
        """Return a call; what is declared as a list of plain values is a vector."""
        if function == "candidate":
            kinds = [kind for _, kind in self.signature.parameters]
            arguments = [
                re.sub(r"^[^(]*\(", "c(", each, count=1)
                if kind is not None
                and kind.name == "List"
                and kind.parts
                and not kind.parts[0].parts
                and kind.parts[0].name != "Any"
                else each
                for each, kind in zip(arguments, kinds, strict=True)
            ]
        return super().call(function, arguments)

    def prompt(self, description: str) -> str:
        """Return a comment and the head."""
        lines = re.sub(r"(?m)^", "# ", description.strip())
        return f"{lines}\n{self.signature.name} <- function({', '.join(self.names)}) " + "{"

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        return f"    stopifnot(isTRUE(all.equal({left}, {right})))"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return a function of assertions, and its call."""
        lines = ["test_humaneval <- function() {", f"    candidate <- {self.signature.name}"]
        return "\n".join([*lines, *assertions, "}", "test_humaneval()"])

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        return f'{tests}\ncat("\\n{end}\\n")\n'


def kind_of(item: str) -> str:
    """Return the kind of a plain value."""
    if item in ("TRUE", "FALSE"):
        return "logical"
    return "numeric" if NUMERIC.fullmatch(item) else "character"

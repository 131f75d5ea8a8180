"""Lua, with luaunit."""

from __future__ import annotations

import re
from collections.abc import Sequence

from codeeval.tasks.translate.plain import Plain

__all__ = ["Lua"]


class Lua(Plain):
    """Lua."""

    name = "lua"
    title = "Lua"
    words = ("Lua", "lua", "table", "table", "table", "table", "nil", "true", "false")
    stop_tokens = ("\nlocal", "\nfunction", "\n--", "\n\n")
    wrong = r"\b\d{1,6} failure"
    flushed = True
    brackets = (("{", "}"), ("{", "}"), ("{", "}"))
    constants = ("true", "false", "None")

    def text(self, value: str) -> str:
        """Return a string."""
        return repr(value)

    def mapped(self, items: list[tuple[str, str]]) -> str:
        """Return a dictionary."""
        return super().mapped([(f"[{key}]", value) for key, value in items])

    pair = " = "

    def prompt(self, description: str) -> str:
        """Return a comment and the head."""
        lines = re.sub(r"(?m)^", "-- ", description.strip())
        return f"{lines}\nlocal function {self.call(self.signature.name, self.names)}\n"

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        return f"    lu.assertEquals({left}, {right})"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return a function of assertions, and what runs it."""
        lines = ["lu = require('luaunit')", "", "function test_humaneval()"]
        lines += [f"local candidate = {self.signature.name}", *assertions, "end", ""]
        return "\n".join([*lines, "os.exit(lu.LuaUnit.run())"])

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed."""
        run = "lu.LuaUnit.run()"
        if f"os.exit({run})" not in tests:
            raise ValueError(f"tests without {run!r}")
        return tests.replace(f"os.exit({run})", f"local n = {run}\nprint('{end}')\nos.exit(n)")

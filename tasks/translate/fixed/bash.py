"""Bash, with line ends that are line ends, and numbers compared as numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from codeeval.tasks.translate.bash import Bash
from codeeval.tasks.translate.directed import TOLERANCE, fractional
from codeeval.tasks.translate.fixed.corrected import Corrected
from codeeval.tasks.translate.source import Untranslatable

__all__ = ["FixedBash"]

SPECIAL = ("\\", '"', "$", "`")
COMPARE = f"""\
same_in_tests() {{
    ACTUAL="$1" EXPECTED="$2" awk 'BEGIN {{
        number = "^-?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][-+]?[0-9]+)?$"
        shape_a = ENVIRON["ACTUAL"]; shape_e = ENVIRON["EXPECTED"]
        gsub(/[^ ,\\n]+/, "x", shape_a); gsub(/[^ ,\\n]+/, "x", shape_e)
        if (shape_a != shape_e) exit 1
        many = split(ENVIRON["EXPECTED"], expected, /[ ,\\n]/)
        if (split(ENVIRON["ACTUAL"], actual, /[ ,\\n]/) != many) exit 1
        for (place = 1; place <= many; place++) {{
            a = actual[place]; e = expected[place]
            if (a "" == e "") continue
            if (a !~ number || e !~ number) exit 1
            off = a - e; size = e + 0
            if (off < 0) off = -off
            if (size < 0) size = -size
            if (off > {TOLERANCE} + {TOLERANCE} * size) exit 1
        }}
    }}'
}}
"""


class FixedBash(Corrected[Any], Bash):
    """Bash; all values are texts, so that numbers may be as great as they like."""

    widest = None
    line_end = "\n"

    def text(self, value: str) -> Any:
        """Return a string."""
        if "\0" in value:
            raise Untranslatable("a string with a zero")
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            raise Untranslatable("a string with half a character")
        made = "".join(f"\\{sign}" if sign in SPECIAL else sign for sign in value)
        return f'"{made}"'

    def number(self, value: float) -> Any:
        """Return a number with a fraction."""
        if not math.isfinite(value):
            raise Untranslatable("a number that is not finite")
        return super().number(value)

    def variable(self, name: str) -> Any:
        """Refuse a name: ``inf`` and ``nan`` are written so, and are no texts."""
        raise Untranslatable(f"the value {name}")

    def equal(self, left: Any, right: Any, *, called: str) -> tuple[str, str]:
        """Return both sides; nobody can tell how many line ends end what is printed."""
        made = self.printed(right)
        if called == "candidate" and made.endswith('\n"'):
            raise Untranslatable("a string that ends with a line end")
        return left, made

    def has_fractions(self) -> bool:
        """Whether there may be a number with a fraction in what is returned."""
        return fractional(self.signature.returns)

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        if self.has_fractions():
            return f'    same_in_tests "{left}" {right}'
        return super().assertion(left, right)

    def tests(self, assertions: Sequence[str]) -> str:
        """Return the end of the function, what compares, and another function of tests."""
        made = super().tests(assertions)
        if not self.has_fractions():
            return made
        return f"}}\n\n{COMPARE}{made[1:]}"

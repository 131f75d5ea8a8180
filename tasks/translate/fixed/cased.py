"""What Java, C#, Scala and C++ share in the fixed dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from codeeval.tasks.translate.directed import Directed
from codeeval.tasks.translate.fixed.corrected import ESCAPES, Corrected, literal
from codeeval.tasks.translate.typed import Cased

__all__ = ["FixedCased", "renaming"]


class FixedCased(Corrected[str], Directed, Cased[str]):
    """A language in which not everything can be called what it is in Python.

    Class attributes:
        nil: What stands for None where anything may be.
        suffix: What whole numbers end with.
    """

    escapes: ClassVar[Mapping[str, str]] = ESCAPES
    nil: ClassVar[str] = "null"
    suffix: ClassVar[str] = ""

    def text(self, value: str) -> str:
        """Return a string."""
        return literal(value, self.escapes, self.coded)

    @staticmethod
    def coded(sign: str) -> str:
        """Return what stands for a character that cannot be seen."""
        return f"\\u{ord(sign):04x}" if sign < "\U00010000" else f"\\U{ord(sign):08x}"

    def boolean(self, value: bool) -> str:
        """Return a truth value."""
        return "true" if value else "false"

    def integer(self, value: int) -> str:
        """Return a whole number."""
        return f"{self.whole(value)}{self.suffix}"

    def number(self, value: float) -> str:
        """Return a number with a fraction."""
        return self.fraction(value)

    def nothing(self) -> str:
        """Return None."""
        return self.nil

    def call(self, function: str, arguments: list[str]) -> str:
        """Return a call."""
        return f"{self.function(function)}({', '.join(arguments)})"


def renaming(reserved: str) -> dict[str, str]:
    """Return other names for words that cannot be names of parameters."""
    return {name: f"{name}_" for name in reserved.split()}

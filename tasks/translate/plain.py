"""Languages whose values are texts that do not hang on types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from codeeval.tasks.translate.source import Type, Untranslatable
from codeeval.tasks.translate.translator import Translator

__all__ = ["Plain"]

PLAIN = ("int", "float", "str", "bool")


class Plain(Translator[str]):
    """A language whose values are texts.

    Class attributes:
        brackets: What stands around a list, a tuple and a dictionary.
        pair: What stands between a key and its value.
        constants: What stands for true, false and nothing.
        plain_maps: Whether dictionaries have to have plain keys and values.
    """

    brackets: ClassVar[tuple[tuple[str, str], ...]] = (("[", "]"), ("[", "]"), ("{", "}"))
    pair: ClassVar[str] = ": "
    constants: ClassVar[tuple[str, str, str]] = ("true", "false", "null")
    plain_maps: ClassVar[bool] = False

    @property
    def names(self) -> list[str]:
        """The names of the parameters."""
        return [name for name, _ in self.signature.parameters]

    def text(self, value: str) -> str:
        """Return a string."""
        return f'"{value}"'

    def boolean(self, value: bool) -> str:
        """Return a truth value."""
        return self.constants[not value]

    def integer(self, value: int) -> str:
        """Return a whole number."""
        return repr(value)

    def number(self, value: float) -> str:
        """Return a number with a fraction."""
        return repr(value)

    def nothing(self) -> str:
        """Return None."""
        return self.constants[2]

    def listed(self, items: list[str]) -> str:
        """Return a list."""
        return self._within(self.brackets[0], items)

    def tupled(self, items: list[str]) -> str:
        """Return a tuple."""
        return self._within(self.brackets[1], items)

    def mapped(self, items: list[tuple[str, str]]) -> str:
        """Return a dictionary."""
        return self._within(self.brackets[2], [f"{key}{self.pair}{each}" for key, each in items])

    def variable(self, name: str) -> str:
        """Return a name."""
        return name

    def call(self, function: str, arguments: list[str]) -> str:
        """Return a call."""
        return f"{function}({', '.join(arguments)})"

    @staticmethod
    def _within(brackets: tuple[str, str], items: Sequence[str]) -> str:
        return f"{brackets[0]}{', '.join(items)}{brackets[1]}"

    def types(self, spell: dict[str, str]) -> tuple[list[str], str]:
        """Return the types of the parameters and of what is returned.

        Args:
            spell: By the names of Python's types what the language has for them, with ``{0}`` and
                ``{1}`` for the types in brackets.

        Raises:
            Untranslatable: If there is none for one of them, or a type is not told.
        """
        parts = [self.spelled(kind, spell) for _, kind in self.signature.parameters]
        return parts, self.spelled(self.signature.returns, spell)

    def spelled(self, kind: Type | None, spell: dict[str, str]) -> str:
        """Return a type; see `types`."""
        if kind is None:
            raise Untranslatable("a type is missing")
        deep = self.plain_maps and any(each.name not in PLAIN for each in kind.parts)
        if (
            kind.name not in spell
            or any(each.name == "..." for each in kind.parts)
            or (kind.name == "Dict" and deep)
        ):
            raise Untranslatable(f"the type {kind}")
        parts = [self.spelled(each, spell) for each in kind.parts]
        try:
            return spell[kind.name].format(*parts, all=", ".join(parts))
        except IndexError:
            raise Untranslatable(f"the type {kind}") from None

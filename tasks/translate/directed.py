"""Languages in which each value is written as one of the type that is declared."""

from __future__ import annotations

import ast
from abc import abstractmethod
from collections.abc import Sequence

from codeeval.tasks.translate.source import Assertion, Type, Untranslatable
from codeeval.tasks.translate.translator import Translator

__all__ = ["TOLERANCE", "Directed"]

TOLERANCE = "1e-6"
"""By how much a number with a fraction may be off: so much, and so much of what is expected."""
VARIADIC = Type("...")


class Directed(Translator[str]):
    """A language whose values hang on types.

    A value that is none of its type is refused, but that a whole number may stand for one with a
    fraction, and a list for a tuple of any length.
    """

    # Types

    def kind(self, kind: Type | None) -> str:
        """Return a type.

        Raises:
            Untranslatable: If there is none.
        """
        match kind:
            case None:
                raise Untranslatable("a type is missing")
            case Type("List", (item,)) | Type("Tuple", (item, Type("..."))):
                return self.list_of(item)
            case Type("Tuple", parts) if parts:
                return self.tuple_of(parts)
            case Type("Dict", (key, value)):
                return self.dict_of(key, value)
            case Type("Optional", (item,)):
                return self.optional_of(item)
            case Type("Union", parts):
                return self.union_of(parts)
            case Type(name, ()):
                return self.plain_of(name)
        raise Untranslatable(f"the type {kind}")

    @abstractmethod
    def plain_of(self, name: str) -> str:
        """Return a type that is not made of others; refuse it with `Untranslatable`."""

    @abstractmethod
    def list_of(self, item: Type) -> str:
        """Return the type of a list."""

    @abstractmethod
    def tuple_of(self, parts: Sequence[Type]) -> str:
        """Return the type of a tuple."""

    @abstractmethod
    def dict_of(self, key: Type, value: Type) -> str:
        """Return the type of a dictionary."""

    def optional_of(self, item: Type) -> str:
        """Return the type of what may be none."""
        raise Untranslatable(f"the type {Type('Optional', (item,))}")

    def union_of(self, parts: Sequence[Type]) -> str:
        """Return the type of what is one of several."""
        raise Untranslatable(f"the type {Type('Union', tuple(parts))}")

    # Values; those that are not made of others have the names that all translators have.

    @abstractmethod
    def list_value(self, items: Sequence[str], item: Type) -> str:
        """Return a list."""

    @abstractmethod
    def tuple_value(self, items: Sequence[str], parts: Sequence[Type]) -> str:
        """Return a tuple."""

    @abstractmethod
    def dict_value(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Return a dictionary."""

    def some(self, value: str, item: Type) -> str:
        """Return a value that is there where it may be none."""
        return value

    def none(self, item: Type) -> str:
        """Return nothing where a value may be."""
        return self.nothing()

    def chosen(self, value: str, kind: Type, parts: Sequence[Type]) -> str:
        """Return a value that may be of several types."""
        return value

    def any(self, node: ast.expr) -> str:
        """Return a value of a type that is not told."""
        raise Untranslatable("the type Any")

    def typed(self, node: ast.expr, kind: Type | None) -> str:
        """Return an expression as one of a type.

        Raises:
            Untranslatable: If it is none.
        """
        match node, kind:
            case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as positive)), _:
                return self.typed(ast.Constant(-positive), kind)
            case _, Type("Any"):
                return self.any(node)
            case ast.Constant(None), Type("Optional", (item,)):
                return self.none(item)
            case _, Type("Optional", (item,)):
                return self.some(self.typed(node, item), item)
            case _, Type("Union", parts):
                return self._one_of(node, parts)
            case ast.Constant(None), Type("None"):
                return self.nothing()
            case ast.Constant(bool(value)), Type("bool"):
                return self.boolean(value)
            case ast.Constant(bool()), _:
                pass
            case ast.Constant(int(value)), Type("int"):
                return self.integer(value)
            case ast.Constant(int() | float() as value), Type("float"):
                return self.number(float(value))
            case ast.Constant(str(value)), Type("str"):
                return self.text(value)
            case (
                (ast.List(items) | ast.Tuple(items)),
                (Type("List", (item,)) | Type("Tuple", (item, Type("...")))),
            ):
                return self.list_value([self.typed(each, item) for each in items], item)
            case ast.Tuple(items), Type("Tuple", parts) if len(items) == len(parts):
                return self.tuple_value([*map(self.typed, items, parts)], parts)
            case ast.Dict(keys, values), Type("Dict", (key, value)) if None not in keys:
                pairs = zip((each for each in keys if each is not None), values, strict=True)
                made = [(self.typed(name, key), self.typed(each, value)) for name, each in pairs]
                return self.dict_value(made, key, value)
        raise Untranslatable(f"{ast.unparse(node)[:40]} where {kind} is declared")

    def _one_of(self, node: ast.expr, parts: Sequence[Type]) -> str:
        for kind in parts:
            try:
                return self.chosen(self.typed(node, kind), kind, parts)
            except Untranslatable:
                continue
        raise Untranslatable(f"{ast.unparse(node)[:40]} where one of several types is declared")

    def case(self, assertion: Assertion) -> tuple[str, str]:
        """Return both sides of an assertion, each of the type that is declared."""
        match assertion.left:
            case ast.Call(ast.Name(name), arguments, []):
                kinds = [kind for _, kind in self.signature.parameters]
                if len(kinds) != len(arguments):
                    raise Untranslatable("a call with another number of arguments")
                left = self.call(name, [*map(self.typed, arguments, kinds)])
                return left, self.typed(assertion.right, self.signature.returns)
        raise Untranslatable(f"the expression {ast.unparse(assertion.left)[:60]}")

    def has_fractions(self, kind: Type | None = None) -> bool:
        """Whether there is a number with a fraction in what is returned, or in a type."""
        kind = kind or self.signature.returns
        return kind is not None and (
            kind.name == "float" or any(map(self.has_fractions, kind.parts))
        )

    # What hangs on types is not asked for without them.

    def listed(self, items: list[str]) -> str:
        """Not asked for; see `list_value`."""
        raise NotImplementedError

    tupled = listed

    def mapped(self, items: list[tuple[str, str]]) -> str:
        """Not asked for; see `dict_value`."""
        raise NotImplementedError

    def variable(self, name: str) -> str:
        """Not asked for: arguments are values."""
        raise NotImplementedError

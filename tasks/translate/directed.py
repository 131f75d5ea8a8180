"""Languages in which each value is written as one of the type that is declared."""

from __future__ import annotations

import ast
import sys
from abc import abstractmethod
from collections.abc import Sequence

from codeeval.tasks.translate.source import Assertion, Type, Untranslatable
from codeeval.tasks.translate.typed import Typed
from codeeval.tasks.translate.types import type_of_values

__all__ = ["TOLERANCE", "Directed", "fractional", "natural"]

TOLERANCE = "1e-6"
"""By how much a number with a fraction may be off: so much, and so much of what is expected."""
GREATEST = sys.float_info.max
ANY, NONE = Type("Any"), Type("None")


class Directed(Typed[str]):
    """A language whose values hang on types.

    A value that is none of its type is refused, but that a whole number may stand for one with a
    fraction, and a list for a tuple of any length.

    Attributes:
        expecting: Whether the value that is made is what a test expects. Where the language cannot
            tell by a value how it is to be compared, it is then written so that tests can.
    """

    expecting = False

    def kind(self, kind: Type | None) -> str:
        """Return a type; what is one of several or none may be none."""
        return super().kind(without_none(kind))

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
        """Return a value of a type that is not told, as one of the type that it has."""
        return self.typed(node, natural(node))

    def typed(self, node: ast.expr, kind: Type | None) -> str:
        """Return an expression as one of a type.

        Raises:
            Untranslatable: If it is none.
        """
        kind = without_none(kind) or ANY
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
                if abs(value) > GREATEST:
                    raise Untranslatable("a number that is not finite")
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
                return self.dict_value(list(dict(made).items()), key, value)
        raise Untranslatable(f"{ast.unparse(node)[:40]} where {kind} is declared")

    def _one_of(self, node: ast.expr, parts: Sequence[Type]) -> str:
        # A whole number stands for one with a fraction only where there is no other place for it.
        for kind in sorted(parts, key=fractional):
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
                return left, self.expected(assertion.right)
        raise Untranslatable(f"the expression {ast.unparse(assertion.left)[:60]}")

    def expected(self, node: ast.expr) -> str:
        """Return what a test expects."""
        self.expecting = True
        try:
            return self.typed(node, self.signature.returns)
        finally:
            self.expecting = False

    def shown(self, assertion: Assertion) -> tuple[str, str]:
        """Return both sides of an example."""
        return self.case(assertion)[0], self.typed(assertion.right, self.signature.returns)

    def has_fractions(self, kind: Type | None = None) -> bool:
        """Whether there may be a number with a fraction in what is returned, or in a type."""
        return fractional(kind or self.signature.returns)

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


def fractional(kind: Type | None) -> bool:
    """Whether there may be a number with a fraction in a value of a type."""
    return kind is None or kind.name in ("float", "Any") or any(map(fractional, kind.parts))


def without_none(kind: Type | None) -> Type | None:
    """Return a type in which none is no alternative; what may be none is optional."""
    if kind is None or kind.name != "Union" or NONE not in kind.parts:
        return kind
    rest = tuple(each for each in kind.parts if each != NONE)
    if not rest:
        return NONE
    return Type("Optional", rest if len(rest) == 1 else (Type("Union", rest),))


def natural(node: ast.expr) -> Type:
    """Return the type that a value has of itself.

    Raises:
        Untranslatable: If it is none that all languages have, or no value.
    """
    try:
        value = ast.literal_eval(node)
    except (TypeError, ValueError):
        raise Untranslatable(f"the expression {ast.unparse(node)[:60]}") from None
    return type_of_values([value])

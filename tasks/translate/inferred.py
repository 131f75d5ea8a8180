"""Languages in which a literal has a type of its own, which may not be the one that is declared."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from codeeval.tasks.translate.source import Signature, Type, Untranslatable
from codeeval.tasks.translate.typed import Cased, camel, has_part

__all__ = ["Inferred", "Value", "camel"]

PRIMITIVE = ("int", "float", "bool")
NONE = Type("None")
INT = Type("int")


class Value(NamedTuple):
    """A literal, and the type that it has."""

    text: str
    kind: Type


class Inferred(Cased[Value]):
    """A language in which a list is of its first item's type until it is declared otherwise.

    Class attributes:
        nil: What stands for None.
        optional: The name of the type of what may be none.
    """

    nil: ClassVar[str]
    optional: ClassVar[str]

    def __init__(self, signature: Signature) -> None:
        super().__init__(signature)
        kinds = [kind for _, kind in signature.parameters] + [signature.returns]
        self._tuples_are_lists = any(has_part(each, ("...",)) for each in kinds)

    # Values

    def text(self, value: str) -> Value:
        """Return a string."""
        return Value('"' + value.replace("\n", "\\n") + '"', Type("str"))

    def boolean(self, value: bool) -> Value:
        """Return a truth value."""
        return Value(str(value).lower(), Type("bool"))

    def integer(self, value: int) -> Value:
        """Return a whole number."""
        return Value(repr(value), INT)

    def number(self, value: float) -> Value:
        """Return a number with a fraction."""
        return Value(f"{value!r}f", Type("float"))

    def nothing(self) -> Value:
        """Return None."""
        return Value(self.nil, NONE)

    def variable(self, name: str) -> Value:
        """Return a name."""
        return Value(name, Type("Any"))

    def listed(self, items: list[Value]) -> Value:
        """Return a list; its items are made to be of one type."""
        kind = items[0].kind if items else INT
        if any(each.kind != kind and each.kind.name not in PRIMITIVE for each in items):
            kind = Type("Any")
        made = [self.cast(each.text, kind) for each in items]
        return Value(self.list_literal(made, kind), Type("List", (kind,)))

    def tupled(self, items: list[Value]) -> Value:
        """Return a tuple; if one of its items is none, all of them may be."""
        if self._tuples_are_lists:
            return self.listed(items)
        kinds = [each.kind for each in items]
        texts = [each.text for each in items]
        if NONE in kinds:
            kind = next((each for each in kinds if each != NONE), INT)
            texts = [self.wrapped(each.text, kind, each.kind == NONE) for each in items]
        return Value(self.tuple_literal(texts), Type("Tuple", tuple(kinds)))

    def mapped(self, items: list[tuple[Value, Value]]) -> Value:
        """Return a dictionary, of its first item's types."""
        key, value = (each.kind for each in items[0]) if items else (INT, INT)
        pairs = [(name.text, each.text) for name, each in items]
        return Value(self.dict_literal(pairs, key, value), Type("Dict", (key, value)))

    def cast(self, text: str, kind: Type) -> str:
        """Return an item of a list as one of a type."""
        return text if kind.name == "Any" else f"({self.kind(kind)}){text}"

    @abstractmethod
    def list_literal(self, items: Sequence[str], kind: Type) -> str:
        """Return a list."""

    @abstractmethod
    def tuple_literal(self, items: Sequence[str]) -> str:
        """Return a tuple."""

    @abstractmethod
    def dict_literal(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Return a dictionary."""

    @abstractmethod
    def wrapped(self, text: str, kind: Type, is_none: bool) -> str:
        """Return an item of a tuple as one that may be none."""

    # What is declared

    def call(self, function: str, arguments: list[Value]) -> Value:
        """Return a call; arguments are of the types that are declared."""
        kinds = [kind for _, kind in self.signature.parameters]
        if len(kinds) != len(arguments):
            raise Untranslatable("a call with another number of arguments")
        given = [self.adjusted(*each) for each in zip(arguments, kinds, strict=True)]
        return Value(f"{self.function(function)}({', '.join(given)})", Type("Any"))

    def equal(self, left: Value, right: Value, *, called: str) -> tuple[str, str]:
        """Return both sides; the right one is of the type that is declared."""
        return left.text, self.adjusted(right, self.signature.returns)

    def adjusted(self, value: Value, wanted: Type | None) -> str:
        """Return a value as one of the type that is declared."""
        kind = self.kind(wanted)
        for made in (self.special(value, wanted, kind), self.unchanged(value, wanted, kind)):
            if made is not None:
                return made
        constructor = self.constructor(value.text)
        text = value.text.replace(constructor, f"{kind}(") if constructor else ""
        return f"({text or f'{kind}({value.text})'})".replace("(())", "()")

    def special(self, value: Value, wanted: Type | None, kind: str) -> str | None:
        """Return what the language has in a case of its own, or None."""
        if wanted is not None and wanted.name == "Union":
            return value.text
        return None

    def unchanged(self, value: Value, wanted: Type | None, kind: str) -> str | None:
        """Return a value that has its type, or none that could be changed; else None."""
        if self.kind_of(value) == kind:
            return f"({value.text})"
        if value.text.startswith((self.tuple_literal(()).removesuffix(")"), self.nil)):
            return value.text
        return value.text if self.optional in kind else None

    def kind_of(self, value: Value) -> str:
        """Return the type that a value has of itself; nothing if that has no name."""
        if has_part(value.kind, ("Any", "None")):
            return ""
        return self.kind(value.kind)

    @abstractmethod
    def constructor(self, text: str) -> str:
        """Return what makes a literal, with its bracket; nothing if there is none."""

    @property
    def returns_primitive(self) -> bool:
        """Whether what is returned is compared by its value."""
        returns = self.signature.returns
        return returns is not None and returns.name in PRIMITIVE

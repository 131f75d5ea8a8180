"""Languages with types: how they are made of the types of Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from codeeval.tasks.translate.source import Type, Untranslatable
from codeeval.tasks.translate.translator import Translator

__all__ = ["Cased", "Typed", "camel", "has_part"]

E = TypeVar("E")


class Typed(Translator[E]):
    """A language with types.

    Class attributes:
        plain: What the types that are not made of others are called.
    """

    plain: ClassVar[dict[str, str]] = {}

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

    def plain_of(self, name: str) -> str:
        """Return a type that is not made of others."""
        if name not in self.plain:
            raise Untranslatable(f"the type {name}")
        return self.plain[name]

    def list_of(self, item: Type) -> str:
        """Return the type of a list."""
        raise Untranslatable(f"the type {Type('List', (item,))}")

    def tuple_of(self, parts: Sequence[Type]) -> str:
        """Return the type of a tuple."""
        raise Untranslatable(f"the type {Type('Tuple', tuple(parts))}")

    def dict_of(self, key: Type, value: Type) -> str:
        """Return the type of a dictionary."""
        raise Untranslatable(f"the type {Type('Dict', (key, value))}")

    def optional_of(self, item: Type) -> str:
        """Return the type of what may be none."""
        raise Untranslatable(f"the type {Type('Optional', (item,))}")

    def union_of(self, parts: Sequence[Type]) -> str:
        """Return the type of what is one of several."""
        raise Untranslatable(f"the type {Type('Union', tuple(parts))}")


class Cased(Typed[E]):
    """A language with types in which not everything can be called what it is in Python.

    Class attributes:
        renamed: Parameters that cannot be called what they are.
    """

    renamed: ClassVar[dict[str, str]] = {"operator": "op", "strlen": "string_length"}

    def function(self, name: str) -> str:
        """Return the name of a function; tests call the one that is asked for by its own.

        In examples names are changed that its head and the tests have as they are.
        """
        if name == "candidate":
            return self.spelled(self.signature.name)
        return self.spelled(self.renamed.get(name, name))

    def spelled(self, name: str) -> str:
        """Return a function's name as the language's people spell it."""
        return name

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The names and the types of the parameters."""
        return [
            (self.renamed.get(name, name), self.kind(kind))
            for name, kind in self.signature.parameters
        ]


def has_part(kind: Type | None, names: Sequence[str]) -> bool:
    """Whether a type is one of some, or has one of them in its brackets."""
    if kind is None:
        return False
    return kind.name in names or any(has_part(each, names) for each in kind.parts)


def camel(name: str) -> str:
    """Return a name in camel case."""
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))

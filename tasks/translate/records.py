"""Languages in which lists, tuples and what may be none are types that are declared with a name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from codeeval.tasks.translate.named import Named
from codeeval.tasks.translate.source import Type, Untranslatable

__all__ = ["ORDINALS", "Records", "is_list"]

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
"""What the fields of a tuple are called."""


class Records(Named):
    """A language whose types get their names from those in them; it has no dictionaries.

    Class attributes:
        titles: What names have for types that are not made of others.
        listed_as: What they have for a list.
        joint: What stands between the parts of a name.
    """

    titles: ClassVar[dict[str, str]]
    listed_as: ClassVar[str] = "List"
    joint: ClassVar[str] = ""

    def title_of(self, kind: Type) -> str:
        """Return what the names of types have for one in them."""
        if is_list(kind):
            return self.joint.join([self.title_of(kind.parts[0]), self.listed_as])
        match kind:
            case Type("Tuple", parts):
                titles = [*map(self.title_of, parts)]
                many = ["Tuple", str(len(parts))]
                alike = len(set(titles)) == 1
                return self.joint.join([titles[0], *many] if alike else [*titles, "Tuple"])
            case Type("Optional", (item,)):
                return self.joint.join([self.title_of(item), "Option"])
        return self.titles[kind.name]

    def tuple_of(self, parts: Sequence[Type]) -> str:
        """Return the name of a record."""
        if len(parts) > len(ORDINALS):
            raise Untranslatable(f"a tuple of more than {len(ORDINALS)} parts")
        for each in parts:
            self.kind(each)
        return self.title_of(Type("Tuple", tuple(parts)))

    def dict_of(self, key: Type, value: Type) -> str:
        """Refuse a dictionary."""
        raise Untranslatable(f"a dictionary, of which {self.title} has no literals")

    def optional_of(self, item: Type) -> str:
        """Return the name of a record."""
        self.kind(item)
        return self.title_of(Type("Optional", (item,)))

    def dict_value(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Refuse a dictionary."""
        return self.dict_of(key, value)

    def all_types(self, kinds: Iterable[Type | None]) -> dict[str, Type]:
        """Return types and those in them by their titles, the innermost first."""
        found: dict[str, Type] = {}
        for kind in kinds:
            if kind is not None and kind.name != "...":
                found |= self.all_types(kind.parts)
                found[self.title_of(kind)] = kind
        return found


def is_list(kind: Type | None) -> bool:
    """Whether a type is that of a list, or of a tuple of any length."""
    match kind:
        case Type("List", (_,)) | Type("Tuple", (_, Type("..."))):
            return True
    return False

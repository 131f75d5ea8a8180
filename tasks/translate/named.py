"""Languages with types whose names and literals have rules of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import ClassVar

from codeeval.tasks.translate.directed import Directed, without_none
from codeeval.tasks.translate.source import Signature, Type, Untranslatable

__all__ = ["Named", "quoted"]

SHORT = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Named(Directed):
    """A language with types that tells names which are free from others.

    Class attributes:
        plain: What the language has for Python's types that are not made of others.
        constants: What stands for true and false.
        bits: How many bits a whole number has.
        reserved: Names that nothing can have.
        taken: Names that no function can have, beside those.
        more: What is put behind a name that is not free.
    """

    plain: ClassVar[dict[str, str]]
    constants: ClassVar[tuple[str, str]] = ("true", "false")
    bits: ClassVar[int] = 64
    reserved: ClassVar[frozenset[str]]
    taken: ClassVar[frozenset[str]] = frozenset()
    more: ClassVar[str] = "_"

    def __init__(self, signature: Signature) -> None:
        given = tuple((name, settled(kind)) for name, kind in signature.parameters)
        super().__init__(replace(signature, parameters=given, returns=settled(signature.returns)))

    @classmethod
    def cased(cls, name: str) -> str:
        """Return a name as people of this language write it."""
        return name

    @classmethod
    def alike(cls, name: str) -> str:
        """Return what is the same for names that are the same."""
        return name

    @classmethod
    def free(cls, name: str, others: Iterable[str]) -> str:
        """Return a name, with something behind it if it is among others."""
        while cls.alike(name) in others:
            name += cls.more
        return name

    @classmethod
    def spelled(cls, name: str) -> str:
        """Return the name of a function."""
        return cls.free(cls.cased(name), cls.reserved | cls.taken)

    @property
    def function(self) -> str:
        """The name of the function."""
        return self.spelled(self.signature.name)

    @property
    def names(self) -> list[str]:
        """The names of the parameters."""
        found: list[str] = []
        used = set(self.reserved)
        for name, _ in self.signature.parameters:
            found.append(self.free(self.cased(name), used))
            used.add(self.alike(found[-1]))
        return found

    def called(self, name: str) -> str:
        """Return what a function is called; in tests there is a variable for the one tested."""
        return name if name == "candidate" else self.spelled(name)

    def plain_of(self, name: str) -> str:
        """Return a type that is not made of others."""
        if name not in self.plain:
            raise Untranslatable(f"the type {name}")
        return self.plain[name]

    def boolean(self, value: bool) -> str:
        """Return a truth value."""
        return self.constants[not value]

    def integer(self, value: int) -> str:
        """Return a whole number."""
        if not -(2 ** (self.bits - 1)) <= value < 2 ** (self.bits - 1):
            raise Untranslatable(f"a whole number of more than {self.bits} bits")
        return self.signed(repr(value))

    def number(self, value: float) -> str:
        """Return a number with a fraction."""
        return self.signed(repr(value))

    def signed(self, text: str) -> str:
        """Return a number, which may have a sign, so that it can stand anywhere."""
        return text


def settled(kind: Type | None) -> Type | None:
    """Return a type in which what may be none is optional, and no union."""
    made = without_none(kind)
    if made is None:
        return None
    parts = map(settled, made.parts)
    return Type(made.name, tuple(each for each in parts if each is not None))


def quoted(value: str, control: Callable[[int], str]) -> str:
    """Return a string in double quotes, with backslashes before what may not stand there.

    Args:
        value: The string.
        control: It returns what stands for a control character, by its number.

    Raises:
        Untranslatable: If a character is none that a file can have.
    """
    made = ""
    for sign in value:
        if "\ud800" <= sign <= "\udfff":
            raise Untranslatable("half a surrogate pair")
        if sign in SHORT:
            made += SHORT[sign]
        else:
            made += control(ord(sign)) if sign < " " or sign == "\x7f" else sign
    return f'"{made}"'

"""What all languages of the fixed dialect share: words, examples, names, numbers, strings."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, TypeVar

from codeeval.tasks.translate.directed import Directed
from codeeval.tasks.translate.plain import Plain
from codeeval.tasks.translate.source import Signature, Type, Untranslatable
from codeeval.tasks.translate.translator import SOURCE_WORDS, VOWELS, Translator

__all__ = ["ESCAPES", "Corrected", "Written", "literal", "utf16", "worded"]

E = TypeVar("E")
WORDS = re.compile(
    r"\b(?:(?P<article>[Aa])n?(?P<gap>\s+))?"
    rf"(?P<word>{'|'.join(SOURCE_WORDS)}|python|dictionaries)(?P<plural>s?)\b"
)
ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
"""What most languages have for some characters in strings."""


class Corrected(Translator[E]):
    """A language without what is wrong with the published rows.

    Class attributes:
        widest: How many bits a whole number has, with its sign; None where there is no limit, 0
            where it is a double.
        least: What stands for the least of 64 bits, where its digits would not do.
    """

    dialect = "fixed"
    widest: ClassVar[int | None] = 64
    least: ClassVar[str] = ""

    def whole(self, value: int) -> str:
        """Return the digits of a whole number.

        Raises:
            Untranslatable: If it is too great.
        """
        bits = self.widest
        if bits == 0 and not (abs(value) <= sys.float_info.max and int(float(value)) == value):
            raise Untranslatable("an integer that is no double")
        if bits and not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
            raise Untranslatable(f"an integer beyond {bits} bits")
        if self.least and value == -(2**63):
            return self.least
        return repr(value)

    def fraction(self, value: float) -> str:
        """Return the digits of a number with a fraction.

        Raises:
            Untranslatable: If it is infinite.
        """
        if not math.isfinite(value):
            raise Untranslatable("a number that is not finite")
        return repr(value)

    def example(self, block: str) -> str:
        """Return an example of a docstring; one that cannot be translated is kept as it is."""
        try:
            return super().example(block)
        except Untranslatable:
            return block

    def reworded(self, text: str) -> str:
        """Return a part of a docstring in the language's words."""
        return worded(text, self.words, self.title)


class Written(Corrected[str], Directed, Plain):
    """A language whose values are written as ones of the declared type; the rest is as published.

    Class attributes:
        escapes: What stands for some characters in strings.
        keys: The types that keys of dictionaries may have.
        reserved: Words that cannot be names.
        taken: Names that functions cannot have, beside those.
    """

    escapes: ClassVar[Mapping[str, str]] = ESCAPES
    keys: ClassVar[tuple[str, ...]] = ("str", "int", "bool", "Tuple")
    reserved: ClassVar[frozenset[str]] = frozenset()
    taken: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, signature: Signature) -> None:
        super().__init__(replace(signature, name=self.named(signature.name)))

    @classmethod
    def named(cls, name: str) -> str:
        """Return what a function is called."""
        return f"{name}_" if name in cls.reserved | cls.taken else name

    @property
    def names(self) -> list[str]:
        """The names of the parameters."""
        return [f"{name}_" if name in self.reserved else name for name in super().names]

    def types(self, spell: dict[str, str]) -> tuple[list[str], str]:
        """Return the types of the parameters and of what is returned."""
        parts = [self.kind(kind) for _, kind in self.signature.parameters]
        return parts, self.kind(self.signature.returns)

    def key(self, kind: Type) -> Type:
        """Return the type of a dictionary's keys.

        Raises:
            Untranslatable: If keys cannot be of it.
        """
        if kind.name not in self.keys:
            raise Untranslatable(f"keys of the type {kind}")
        return kind

    def integer(self, value: int) -> str:
        """Return a whole number."""
        return self.whole(value)

    def number(self, value: float) -> str:
        """Return a number with a fraction."""
        return self.fraction(value)

    def text(self, value: str) -> str:
        """Return a string."""
        return literal(value, self.escapes, self.coded)

    @staticmethod
    def coded(sign: str) -> str:
        """Return what stands for a character that cannot be seen."""
        return f"\\u{ord(sign):04x}" if sign < "\U00010000" else f"\\U{ord(sign):08x}"

    def call(self, function: str, arguments: list[str]) -> str:
        """Return a call."""
        return Plain.call(self, self.named(function), arguments)


def literal(value: str, escapes: Mapping[str, str], coded: Callable[[str], str]) -> str:
    """Return a string in double quotes.

    Args:
        value: The string.
        escapes: What stands for some characters.
        coded: What makes the escape of another one that cannot be seen.

    Raises:
        Untranslatable: If there is a character that no text can have.
    """
    if any("\ud800" <= sign <= "\udfff" for sign in value):
        raise Untranslatable("a string with half a character")
    made = [
        escapes[sign] if sign in escapes else sign if sign.isprintable() else coded(sign)
        for sign in value
    ]
    return f'"{"".join(made)}"'


def utf16(sign: str) -> str:
    """Return the escapes of a character where it has one for each of its halves of 16 bits."""
    data = sign.encode("utf-16-be")
    return "".join(f"\\u{data[n : n + 2].hex()}" for n in range(0, len(data), 2))


def worded(text: str, words: Sequence[str], title: str) -> str:
    """Return a text in the words of another language, with the articles that they need.

    Only whole words count, also in the plural, and each of them once: what one becomes is no other.

    Args:
        text: A text about Python.
        words: What is said for `SOURCE_WORDS`.
        title: What the language is called; "a python function" is one in it.
    """
    said = dict(zip(SOURCE_WORDS, words, strict=True)) | {"python": title}

    def put(found: re.Match[str]) -> str:
        word = found["word"]
        one = word == "dictionaries"
        other = said["dictionary" if one else word]
        if one or found["plural"]:
            other = plural(other)
        if found["article"] is None:
            return other
        begins = other[:1] in VOWELS or other == "R"
        return f"{found['article']}{'n' if begins else ''}{found['gap']}{other}"

    return WORDS.sub(put, text)


def plural(word: str) -> str:
    """Return the plural of a word."""
    if word.endswith("y") and word[-2] not in VOWELS:
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "sh", "ch")) else f"{word}s"

"""What all languages share: the way of a problem from Python to a prompt and tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from codeeval.tasks.translate.source import (
    Assertion,
    Signature,
    Untranslatable,
    read_assertions,
    read_signature,
)

__all__ = [
    "SOURCE_WORDS",
    "Translated",
    "Translator",
    "commented",
    "escaped",
    "inserted",
    "translate",
]

E = TypeVar("E")
SOURCE_WORDS = ("Python", "py", "array", "list", "tuple", "dictionary", "None", "True", "False")
"""The words of docstrings that are said otherwise in other languages."""
DOCTEST = re.compile(r">>>.*\n.*\n")
VOWELS = "aeiouAEIOU"


@dataclass(frozen=True)
class Translated:
    """A problem in another language.

    Attributes:
        prompt: What a model is to go on from.
        tests: What stands below its answer.
        stop_tokens: Where an answer ends.
        left_out: Why assertions were left out, if any were.
    """

    prompt: str
    tests: str
    stop_tokens: tuple[str, ...]
    left_out: tuple[str, ...] = ()


class Translator(Generic[E]):
    """A language; its methods make texts of a problem. One problem is translated at a time.

    Class attributes:
        name: The language's short name, which published files carry.
        title: What people call it.
        words: What its people say for `SOURCE_WORDS`.
        stop_tokens: Where an answer ends.
        flushed: Whether descriptions lose their indentation and their blank lines.
        wrong: A regular expression of what is said where a test fails.
        fails: Another one of what is on standard error if one fails and the program ends well.
        after: A third of what is printed after the text at the end of the tests.
        closes: Whether the tests begin with the end of the function.
        dialect: ``published``, or ``fixed`` where what is wrong with the published rows is not.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    words: ClassVar[tuple[str, ...]]
    stop_tokens: ClassVar[tuple[str, ...]]
    flushed: ClassVar[bool] = False
    wrong: ClassVar[str] = ""
    fails: ClassVar[str] = ""
    after: ClassVar[str] = ""
    closes: ClassVar[bool] = False
    dialect: ClassVar[str] = "published"

    def __init__(self, signature: Signature) -> None:
        self.signature = signature

    # Values. Each returns what the language has for it; texts, unless it needs to know more.

    def text(self, value: str) -> E:
        """Return a string."""
        raise NotImplementedError

    def boolean(self, value: bool) -> E:
        """Return a truth value."""
        raise NotImplementedError

    def integer(self, value: int) -> E:
        """Return a whole number."""
        raise NotImplementedError

    def number(self, value: float) -> E:
        """Return a number with a fraction."""
        raise NotImplementedError

    def nothing(self) -> E:
        """Return None."""
        raise NotImplementedError

    def listed(self, items: list[E]) -> E:
        """Return a list."""
        raise NotImplementedError

    def tupled(self, items: list[E]) -> E:
        """Return a tuple."""
        raise NotImplementedError

    def mapped(self, items: list[tuple[E, E]]) -> E:
        """Return a dictionary."""
        raise NotImplementedError

    def variable(self, name: str) -> E:
        """Return what a name stands for."""
        raise NotImplementedError

    def call(self, function: str, arguments: list[E]) -> E:
        """Return a call."""
        raise NotImplementedError

    # The rest.

    def equal(self, left: E, right: E, *, called: str) -> tuple[str, str]:
        """Return both sides of an assertion, or of an example.

        Args:
            left: A call, as `call` returns it.
            right: What it is to be.
            called: The name of the function that is called, ``candidate`` in tests.
        """
        return str(left), str(right)

    def assertion(self, left: str, right: str) -> str:
        """Return the lines of a test."""
        raise NotImplementedError

    def prompt(self, description: str) -> str:
        """Return the beginning of the function, with what it is to do."""
        raise NotImplementedError

    def tests(self, assertions: Sequence[str]) -> str:
        """Return what stands below an answer."""
        raise NotImplementedError

    @classmethod
    def ended(cls, tests: str, end: str) -> str:
        """Return tests after the last of which a text is printed.

        Args:
            tests: What `tests` has returned.
            end: The text: letters, digits and hyphens.
        """
        raise NotImplementedError

    def value(self, node: ast.expr) -> E:
        """Return an expression.

        Raises:
            Untranslatable: If it is none of the few that all languages have.
        """
        match node:
            case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as positive)):
                return self.value(ast.Constant(-positive))
            case ast.Constant(None):
                return self.nothing()
            case ast.Constant(bool(value)):
                return self.boolean(value)
            case ast.Constant(int(value)):
                return self.integer(value)
            case ast.Constant(float(value)):
                return self.number(value)
            case ast.Constant(str(value)):
                return self.text(value)
            case ast.Name(name):
                return self.variable(name)
            case ast.List(items):
                return self.listed(list(map(self.value, items)))
            case ast.Tuple(items):
                return self.tupled(list(map(self.value, items)))
            case ast.Dict(keys, values) if None not in keys:
                pairs = zip((each for each in keys if each is not None), values, strict=True)
                return self.mapped([(self.value(key), self.value(each)) for key, each in pairs])
            case ast.Call(ast.Name(name), arguments, []):
                return self.call(name, list(map(self.value, arguments)))
        raise Untranslatable(f"the expression {ast.unparse(node)[:60]}")

    def case(self, assertion: Assertion) -> tuple[str, str]:
        """Return both sides of an assertion."""
        called = ""
        if isinstance(assertion.left, ast.Call) and isinstance(assertion.left.func, ast.Name):
            called = assertion.left.func.id
        return self.equal(self.value(assertion.left), self.value(assertion.right), called=called)

    def shown(self, assertion: Assertion) -> tuple[str, str]:
        """Return both sides of an assertion that is an example."""
        return self.case(assertion)

    def example(self, block: str) -> str:
        """Return an example of a docstring.

        Raises:
            Untranslatable: If the language cannot express it.
        """
        return example(self, block)

    def reworded(self, text: str) -> str:
        """Return a part of a docstring in the language's words."""
        return said_in(text, self.words)


def translate(
    made: type[Translator[Any]],
    prompt: str,
    tests: str,
    *,
    doctests: str = "transform",
    reworded: bool = True,
) -> Translated:
    """Translate a problem.

    Args:
        made: The language.
        prompt: Imports, the head of a function with types, its docstring.
        tests: A function of assertions.
        doctests: What becomes of examples in the docstring: ``transform``, ``keep`` or ``remove``.
        reworded: Whether to say in the language's words what the docstring says in Python's.

    Raises:
        Untranslatable: If the language cannot express it.
    """
    signature = read_signature(prompt)
    translator = made(signature)
    parts = []
    place = 0
    text = signature.docstring
    for found in DOCTEST.finditer(text):
        parts += [(False, text[place : found.start()]), (True, found[0])]
        place = found.end()
    parts.append((False, text[place:]))
    if doctests == "remove" and len(parts) == 1:
        raise Untranslatable("there are no examples to be removed")
    described = ""
    for is_example, part in parts:
        if not is_example:
            described += translator.reworded(part) if reworded else part
        elif doctests == "transform":
            described += translator.example(part)
        elif doctests == "keep":
            described += part
    if made.flushed:
        described = flushed(described)
    lines, left_out = [], []
    assertions = read_assertions(tests)
    begun = translator.prompt(described)
    for each in assertions:
        try:
            lines.append(translator.assertion(*translator.case(each)))
        except Untranslatable as reason:
            left_out.append(str(reason))
    if left_out and not lines and made.dialect == "fixed":  # anything would pass
        raise Untranslatable(f"no assertion is left: {left_out[0]}")
    return Translated(begun, translator.tests(lines), made.stop_tokens, tuple(left_out))


def said_in(text: str, words: Sequence[str]) -> str:
    """Return a text in the words of another language."""
    for word, other in zip(SOURCE_WORDS, words, strict=True):
        if word not in text:
            continue
        vowel = other[:1] in VOWELS
        if f"an {word}" in text and not vowel:
            text = text.replace(f"an {word}", f"a {other}")
        elif f"a {word}" in text and vowel:
            text = text.replace(f"a {word}", f"an {other}")
        text = text.replace(word, other)
    return text


def example(translator: Translator[Any], block: str) -> str:
    """Return an example of a docstring in another language."""
    call, _, value = block.rstrip("\n").partition("\n")
    try:
        left, right = (
            ast.parse(each, mode="eval").body for each in (call.strip("> "), value.strip())
        )
    except SyntaxError as error:
        raise Untranslatable(f"an example that is no Python: {block.strip()[:60]!r}") from error
    said, meant = translator.shown(Assertion(left, right))
    return f">>> {said}\n    {meant}\n"


def flushed(text: str) -> str:
    """Return a description without the indentation of its second line, and without blank lines."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > 1:
        second = lines[1]
        indent = second[: len(second) - len(second.lstrip())]
        lines = [line.removeprefix(indent) for line in lines]
    return "\n".join(lines)


def inserted(tests: str, place: str, line: str) -> str:
    """Return tests with a line before the last that reads like a place.

    Raises:
        ValueError: If there is none.
    """
    head, found, rest = tests.rpartition(place)
    if not found:
        raise ValueError(f"tests without {place!r}")
    return f"{head}{line}{place}{rest}"


def commented(text: str, marker: str, first: str | None = None) -> str:
    """Return a description as lines that begin with a marker.

    Args:
        text: The description; white space around its lines goes, and blank lines.
        marker: What lines begin with.
        first: What the first line begins with, if that is something else.
    """
    rest = re.sub(r"\n\s*", lambda _: f"\n{marker}", text.strip())
    return f"{marker if first is None else first}{rest}\n"


def escaped(*pairs: tuple[str, str]) -> Callable[[str], str]:
    """Return a function that makes a string in double quotes, with some characters replaced."""

    def make(value: str) -> str:
        for found, put in pairs:
            value = value.replace(found, put)
        return f'"{value}"'

    return make

"""JavaScript and TypeScript, with values compared strictly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from codeeval.tasks.translate.directed import TOLERANCE
from codeeval.tasks.translate.fixed.corrected import Written, utf16
from codeeval.tasks.translate.javascript import JavaScript, TypeScript
from codeeval.tasks.translate.source import Type

__all__ = ["FixedJavaScript", "FixedTypeScript"]

COMPARE = f"""\
class NearInTests {{
  value@;
  constructor(value@) {{
    this.value = value;
  }}
}}

function sameInTests(actual@, expected@)@ {{
  if (expected instanceof NearInTests) {{
    const value = expected.value;
    return typeof actual === 'number' &&
      Math.abs(actual - value) <= {TOLERANCE} + {TOLERANCE} * Math.abs(value);
  }}
  if (actual === null || expected === null ||
      typeof actual !== 'object' || typeof expected !== 'object') {{
    return actual === expected;
  }}
  if (Array.isArray(actual) || Array.isArray(expected)) {{
    return Array.isArray(actual) && Array.isArray(expected) &&
      actual.length === expected.length &&
      expected.every((each@, place@) => sameInTests(actual[place], each));
  }}
  const keys = Object.keys(expected);
  return Object.keys(actual).length === keys.length && keys.every((key@) =>
    Object.prototype.hasOwnProperty.call(actual, key) && sameInTests(actual[key], expected[key]));
}}
"""
"""A type stands for each ``@`` in TypeScript."""
RESERVED = (
    "arguments await break case catch class const continue debugger default delete do else enum "
    "eval export extends false finally for function if implements import in instanceof interface "
    "let new null package private protected public return static super switch this throw true try "
    "typeof var void while with yield"
)


class FixedJavaScript(Written, JavaScript):
    """JavaScript; an expected number that may be off is told from others."""

    plain: ClassVar[dict[str, str]] = {
        "int": "number",
        "float": "number",
        "str": "string",
        "bool": "boolean",
        "Any": "any",
        "None": "undefined",
    }
    widest = 0
    keys = ("str", "int", "bool")
    reserved = frozenset(RESERVED.split())
    compare: ClassVar[str] = COMPARE.replace("@", "")
    coded = staticmethod(utf16)

    def list_of(self, item: Type) -> str:
        """Return the type of a list."""
        kind = self.kind(item)
        return f"({kind})[]" if item.name in ("Optional", "Union") else f"{kind}[]"

    def tuple_of(self, parts: Sequence[Type]) -> str:
        """Return the type of a tuple."""
        return f"[{', '.join(map(self.kind, parts))}]"

    def dict_of(self, key: Type, value: Type) -> str:
        """Return the type of a dictionary; all keys are texts, and numbers are let through."""
        name = "string" if self.key(key).name in ("str", "bool") else "number"
        return f"{{[key: {name}]: {self.kind(value)}}}"

    def optional_of(self, item: Type) -> str:
        """Return the type of what may be none."""
        return f"{self.kind(item)} | undefined"

    def union_of(self, parts: Sequence[Type]) -> str:
        """Return the type of what is one of several."""
        return " | ".join(map(self.kind, parts))

    def number(self, value: float) -> str:
        """Return a number with a fraction."""
        made = super().number(value)
        return f"new NearInTests({made})" if self.expecting else made

    def list_value(self, items: Sequence[str], item: Type) -> str:
        """Return an array."""
        return f"[{', '.join(items)}]"

    def tuple_value(self, items: Sequence[str], parts: Sequence[Type]) -> str:
        """Return an array."""
        return f"[{', '.join(items)}]"

    def dict_value(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Return an object."""
        if items:
            self.key(key)
        return f"{{{', '.join(f'{property_of(name)}: {each}' for name, each in items)}}}"

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        return f"  assert.ok(sameInTests({left}, {right}));"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return what compares, a function of assertions, and its call."""
        return super().tests(assertions).replace("\n\n\n", f"\n\n{self.compare}\n", 1)


class FixedTypeScript(FixedJavaScript, TypeScript):
    """TypeScript."""

    name = TypeScript.name
    title = TypeScript.title
    words = TypeScript.words
    stop_tokens = TypeScript.stop_tokens
    imports = TypeScript.imports
    compare = COMPARE.replace("@", ": any")

    def head(self) -> str:
        """Return the head of the function."""
        return TypeScript.head(self)


def property_of(key: str) -> str:
    """Return a key of an object as it can stand in a literal."""
    if key == '"__proto__"':  # a literal's prototype otherwise
        return f"[{key}]"
    return f'"{key}"' if key.startswith("-") else key

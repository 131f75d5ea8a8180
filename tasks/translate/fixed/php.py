"""PHP, with numbers compared by their values and all else strictly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from codeeval.tasks.translate.directed import TOLERANCE
from codeeval.tasks.translate.fixed.corrected import ESCAPES, Written
from codeeval.tasks.translate.php import PHP
from codeeval.tasks.translate.source import Type

__all__ = ["FixedPHP"]

COMPARE = f"""\
function same_in_tests($actual, $expected) {{
    if (is_array($expected)) {{
        if (!is_array($actual) || count($actual) !== count($expected)) {{ return false; }}
        foreach ($expected as $key => $each) {{
            if (!array_key_exists($key, $actual)) {{ return false; }}
            if (!same_in_tests($actual[$key], $each)) {{ return false; }}
        }}
        return true;
    }}
    if ((is_int($actual) || is_float($actual)) && is_int($expected)) {{
        return $actual == $expected;
    }}
    if ((is_int($actual) || is_float($actual)) && is_float($expected)) {{
        return abs($actual - $expected) <= {TOLERANCE} + {TOLERANCE} * abs($expected);
    }}
    return $actual === $expected;
}}
"""
TAKEN = (
    "abs addslashes ceil chop chr count crypt current date dir each end exec exp explode extract "
    "floor hash implode intdiv is_array is_bool is_callable is_float is_int is_null is_numeric "
    "is_string join key key_exists levenshtein link log mail max metaphone min next pi pos pow "
    "prev print_r range rename reset round rsort shuffle similar_text sleep sort soundex "
    "sqrt str_contains str_repeat str_split strlen strpos strrev strtolower strtoupper substr "
    "substr_count system time trim ucfirst ucwords unlink"
)
"""Functions of PHP, which cannot be declared again, that problems might ask for."""


class FixedPHP(Written, PHP):
    """PHP."""

    escapes: ClassVar[Mapping[str, str]] = {**ESCAPES, "$": "\\$"}
    keys = ("str", "int")
    taken = frozenset(TAKEN.split())
    least = "PHP_INT_MIN"

    @staticmethod
    def coded(sign: str) -> str:
        """Return what stands for a character that cannot be seen."""
        return f"\\u{{{ord(sign):x}}}"

    def list_value(self, items: Sequence[str], item: Type) -> str:
        """Return an array."""
        return f"array({', '.join(items)})"

    def tuple_value(self, items: Sequence[str], parts: Sequence[Type]) -> str:
        """Return an array."""
        return f"array({', '.join(items)})"

    def dict_value(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Return an array with keys."""
        if items:
            self.key(key)
        return f"array({', '.join(f'{name} => {each}' for name, each in items)})"

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        failure = '{ throw new Exception("Test failed!"); }'
        return f"    if (!same_in_tests({left}, {right})) {failure}"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return what compares, a function of assertions, and its call."""
        return f"{COMPARE}\n{super().tests(assertions)}"

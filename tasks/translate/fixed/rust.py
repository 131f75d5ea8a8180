"""Rust, with strings of all characters, and numbers with fractions compared with a tolerance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from codeeval.tasks.translate.directed import TOLERANCE
from codeeval.tasks.translate.fixed.corrected import Written
from codeeval.tasks.translate.rust import Rust
from codeeval.tasks.translate.source import Type, Untranslatable

__all__ = ["FixedRust"]

MOST = 12
"""How many items a tuple has at most that can be compared."""
COMPARE = f"""\
trait SameInTests {{
    fn same(&self, expected: &Self) -> bool;
}}

impl SameInTests for f64 {{
    fn same(&self, expected: &Self) -> bool {{
        (self - expected).abs() <= {TOLERANCE} + {TOLERANCE} * expected.abs()
    }}
}}

impl SameInTests for isize {{
    fn same(&self, expected: &Self) -> bool {{ self == expected }}
}}

impl SameInTests for bool {{
    fn same(&self, expected: &Self) -> bool {{ self == expected }}
}}

impl SameInTests for String {{
    fn same(&self, expected: &Self) -> bool {{ self == expected }}
}}

impl<T: SameInTests> SameInTests for Vec<T> {{
    fn same(&self, expected: &Self) -> bool {{
        self.len() == expected.len() && self.iter().zip(expected).all(|(a, e)| a.same(e))
    }}
}}

impl<T: SameInTests> SameInTests for Option<T> {{
    fn same(&self, expected: &Self) -> bool {{
        match (self, expected) {{
            (Some(a), Some(e)) => a.same(e),
            (None, None) => true,
            _ => false,
        }}
    }}
}}

impl<K: Eq + std::hash::Hash, V: SameInTests> SameInTests for std::collections::HashMap<K, V> {{
    fn same(&self, expected: &Self) -> bool {{
        self.len() == expected.len()
            && expected.iter().all(|(key, e)| self.get(key).map_or(false, |a| a.same(e)))
    }}
}}
"""
RESERVED = (
    "abstract as async await become box break const continue crate do dyn else enum extern false "
    "final fn for if impl in let loop macro match mod move mut override priv pub ref return self "
    "static struct super trait true try type typeof unsafe unsized use virtual where while yield"
)


class FixedRust(Written, Rust):
    """Rust."""

    plain: ClassVar[dict[str, str]] = {
        "int": "isize",
        "float": "f64",
        "str": "String",
        "bool": "bool",
    }
    reserved = frozenset(RESERVED.split())

    def list_of(self, item: Type) -> str:
        """Return the type of a list."""
        return f"Vec<{self.kind(item)}>"

    def tuple_of(self, parts: Sequence[Type]) -> str:
        """Return the type of a tuple."""
        if len(parts) > MOST:
            raise Untranslatable(f"a tuple of more than {MOST} items")
        return f"({', '.join(map(self.kind, parts))}{',' if len(parts) == 1 else ''})"

    def dict_of(self, key: Type, value: Type) -> str:
        """Return the type of a dictionary."""
        return f"HashMap<{self.kind(self.key(key))}, {self.kind(value)}>"

    def optional_of(self, item: Type) -> str:
        """Return the type of what may be none."""
        return f"Option<{self.kind(item)}>"

    def text(self, value: str) -> str:
        """Return a string."""
        return f"String::from({super().text(value)})"

    @staticmethod
    def coded(sign: str) -> str:
        """Return what stands for a character that cannot be seen."""
        return f"\\u{{{ord(sign):x}}}"

    def list_value(self, items: Sequence[str], item: Type) -> str:
        """Return a vector."""
        return f"vec![{', '.join(items)}]" if items else f"Vec::<{self.kind(item)}>::new()"

    def tuple_value(self, items: Sequence[str], parts: Sequence[Type]) -> str:
        """Return a tuple."""
        return f"({', '.join(items)}{',' if len(parts) == 1 else ''})"

    def dict_value(self, items: Sequence[tuple[str, str]], key: Type, value: Type) -> str:
        """Return a dictionary."""
        if not items:
            return f"HashMap::<{self.kind(key)}, {self.kind(value)}>::new()"
        return f"HashMap::from([{', '.join(f'({name}, {each})' for name, each in items)}])"

    def some(self, value: str, item: Type) -> str:
        """Return a value that is there where it may be none."""
        return f"Some({value})"

    def none(self, item: Type) -> str:
        """Return nothing where a value may be."""
        return "None"

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        if self.has_fractions():
            return f"    assert!(SameInTests::same(&{left}, &{right}));"
        return super().assertion(left, right)

    def tests(self, assertions: Sequence[str]) -> str:
        """Return the end of the function, what compares, and a main function of assertions."""
        made = super().tests(assertions)
        if not self.has_fractions():
            return made
        sizes = sorted(set(sizes_of(self.signature.returns)))
        return f"}}\n\n{COMPARE}{''.join(map(compared, sizes))}{made[1:]}"


def sizes_of(kind: Type | None) -> Iterator[int]:
    """Yield the numbers of items of the tuples in a type."""
    if kind is not None:
        if kind.name == "Tuple" and Type("...") not in kind.parts:
            yield len(kind.parts)
        for each in kind.parts:
            yield from sizes_of(each)


def compared(size: int) -> str:
    """Return what compares tuples of some size."""
    names = [f"T{n}" for n in range(size)]
    kinds = "".join(f"{name}, " for name in names)
    bounds = ", ".join(f"{name}: SameInTests" for name in names)
    same = " && ".join(f"self.{n}.same(&expected.{n})" for n in range(size))
    head = f"\nimpl<{bounds}> SameInTests for ({kinds.rstrip() if size == 1 else kinds[:-2]}) {{\n"
    return f"{head}    fn same(&self, expected: &Self) -> bool {{\n        {same}\n    }}\n}}\n"

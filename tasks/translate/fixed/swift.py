"""Swift, with numbers with fractions compared with a tolerance."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Sequence

from codeeval.tasks.translate.directed import TOLERANCE, fractional
from codeeval.tasks.translate.fixed.corrected import ESCAPES, Corrected, literal
from codeeval.tasks.translate.source import Type, Untranslatable
from codeeval.tasks.translate.swift import Swift

__all__ = ["FixedSwift"]

COMPARE = f"""\

func sameInTests<T: Equatable>(_ actual: T, _ expected: T) -> Bool {{
    return actual == expected
}}

func sameInTests(_ actual: Double, _ expected: Double) -> Bool {{
    return abs(actual - expected) <= {TOLERANCE} + {TOLERANCE} * abs(expected)
}}
"""
OPTIONAL = """\
    guard let one = actual, let other = expected else {
        return actual == nil && expected == nil
    }
    return sameInTests(one, other)
"""
PAIRS = """\
    return actual.count == expected.count && expected.allSatisfy { pair in
        guard let found = actual[pair.key] else { return false }
        return sameInTests(found, pair.value)
    }
"""


class FixedSwift(Corrected[str], Swift):
    """Swift."""

    def at(self, node: ast.expr, kind: Type | None) -> tuple[str, bool]:
        """Return a value as one of a type, and whether it is a wider one than its own."""
        match node:
            case ast.Constant(bool()):
                pass
            case ast.Constant(int(value)):
                self.whole(value)
            case ast.Constant(float(value)) if not math.isfinite(value):
                raise Untranslatable("a number that is not finite")
            case ast.Constant(str(value)):
                if kind == Type("str"):
                    return literal(value, ESCAPES, self.coded), False
        return super().at(node, kind)

    @staticmethod
    def coded(sign: str) -> str:
        """Return what stands for a character that cannot be seen."""
        return f"\\u{{{ord(sign):x}}}"

    def compared(self, kind: Type | None) -> Iterator[str]:
        """Yield what compares values of a type with fractions, and of those that it is made of."""
        if kind is None or kind.name in ("Union", "Any") or not fractional(kind):
            return
        for each in kind.parts:
            yield from self.compared(each)
        match kind:
            case Type("List") | Type("Tuple", (_, Type("..."))):
                body = (
                    "    return actual.count == expected.count && "
                    "zip(actual, expected).allSatisfy { sameInTests($0.0, $0.1) }\n"
                )
            case Type("Tuple", parts) if len(parts) > 1:
                same = [f"sameInTests(actual.{n}, expected.{n})" for n in range(len(parts))]
                body = f"    return {' && '.join(same)}\n"
            case Type("Dict"):
                body = PAIRS
            case Type("Optional"):
                body = OPTIONAL
            case _:
                return
        spelled = self.kind(kind)
        head = f"func sameInTests(_ actual: {spelled}, _ expected: {spelled}) -> Bool {{\n"
        yield f"\n{head}{body}}}\n"

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        if fractional(self.signature.returns):
            return f"assert(sameInTests({left}, {right}))"
        return super().assertion(left, right)

    def tests(self, assertions: Sequence[str]) -> str:
        """Return the end of the function, what compares, and assertions."""
        made = super().tests(assertions)
        returns = self.signature.returns
        if not fractional(returns):
            return made
        return f"}}\n{COMPARE}{''.join(dict.fromkeys(self.compared(returns)))}{made[1:]}"

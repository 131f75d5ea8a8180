"""Python, Lua, Ruby, R and Racket: values have types of their own, and are compared by them.

Where a number with a fraction is declared a whole one is written with a point: 1 / 2 is 0 in Ruby.
Where one may be returned all numbers are compared with a tolerance of which one of both is such a
number; in R, which does not tell them apart, all.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import ClassVar

from codeeval.tasks.translate.directed import TOLERANCE, fractional
from codeeval.tasks.translate.fixed.corrected import ESCAPES, Corrected, literal
from codeeval.tasks.translate.lua import Lua
from codeeval.tasks.translate.plain import Plain
from codeeval.tasks.translate.python import Python
from codeeval.tasks.translate.r import R
from codeeval.tasks.translate.racket import Racket
from codeeval.tasks.translate.ruby import Ruby
from codeeval.tasks.translate.source import Assertion, Signature, Type, Untranslatable

__all__ = ["FixedLua", "FixedPython", "FixedR", "FixedRacket", "FixedRuby"]

IN_PYTHON = f"""\
def same_in_tests(actual, expected):
    numbers = isinstance(actual, (int, float)) and isinstance(expected, (int, float))
    if numbers and float in (type(actual), type(expected)):
        return abs(actual - expected) <= {TOLERANCE} + {TOLERANCE} * abs(expected)
    if type(actual) is type(expected) and isinstance(expected, (list, tuple)):
        return len(actual) == len(expected) and all(map(same_in_tests, actual, expected))
    if isinstance(actual, dict) and isinstance(expected, dict):
        return actual.keys() == expected.keys() and all(
            same_in_tests(actual[key], each) for key, each in expected.items()
        )
    return actual == expected

"""
IN_LUA = f"""\
local function same_in_tests(actual, expected)
    if math.type(actual) and math.type(expected) then
        if math.type(actual) == math.type(expected) and math.type(actual) == 'integer' then
            return actual == expected
        end
        return math.abs(actual - expected) <= {TOLERANCE} + {TOLERANCE} * math.abs(expected)
    end
    if type(actual) ~= 'table' or type(expected) ~= 'table' then
        return actual == expected
    end
    for key, each in pairs(expected) do
        if not same_in_tests(actual[key], each) then return false end
    end
    for key in pairs(actual) do
        if expected[key] == nil then return false end
    end
    return true
end

"""
IN_RUBY = f"""\
def same_in_tests(actual, expected)
  if actual.is_a?(Numeric) && expected.is_a?(Numeric) &&
      (actual.is_a?(Float) || expected.is_a?(Float))
    return (actual - expected).abs <= {TOLERANCE} + {TOLERANCE} * expected.abs
  end
  if actual.is_a?(Array) && expected.is_a?(Array)
    return actual.size == expected.size &&
        actual.zip(expected).all? {{ |one, other| same_in_tests(one, other) }}
  end
  if actual.is_a?(Hash) && expected.is_a?(Hash)
    return actual.size == expected.size &&
        expected.all? {{ |key, each| actual.key?(key) && same_in_tests(actual[key], each) }}
  end
  actual == expected
end

"""
IN_R = """\
same_in_tests <- function(actual, expected) {
    if (length(actual) != length(expected)) return(FALSE)
    if (length(expected) == 0) return(TRUE)
    if (!is.null(names(expected))) {
        if (!setequal(names(actual), names(expected))) return(FALSE)
        actual <- actual[names(expected)]
    }
    if (is.list(actual) || is.list(expected)) {
        for (i in seq_along(expected)) {
            if (!same_in_tests(actual[[i]], expected[[i]])) return(FALSE)
        }
        return(TRUE)
    }
    if (is.numeric(actual) && is.numeric(expected)) {
        return(isTRUE(all(abs(actual - expected) <= TOLERANCE * (1 + abs(expected)))))
    }
    if (!identical(class(actual), class(expected))) return(FALSE)
    isTRUE(all(actual == expected))
}

"""
IN_RACKET = """\
(define (same-in-tests actual expected)
  (cond
    [(and (real? actual) (real? expected)) SAME]
    [(and (list? actual) (list? expected))
     (and (= (length actual) (length expected)) (andmap same-in-tests actual expected))]
    [(and (hash? actual) (hash? expected))
     (and (= (hash-count actual) (hash-count expected))
          (for/and ([(key each) expected])
            (and (hash-has-key? actual key) (same-in-tests (hash-ref actual key) each))))]
    [else (equal? actual expected)]))

"""
EXACT = 2**53
"""Whole numbers below are doubles."""
NEAR = f"""(if (and (exact? actual) (exact? expected))
         (= actual expected)
         (<= (abs (- actual expected)) (+ {TOLERANCE} (* {TOLERANCE} (abs expected)))))"""


class Script(Corrected[str], Plain):
    """A language whose values are written as they are in Python.

    Class attributes:
        escapes: What stands for some characters in strings.
        compare: What compares where there may be numbers with fractions.
        points: Whether whole numbers are written with a point where that is declared.
    """

    escapes: ClassVar[Mapping[str, str]] = ESCAPES
    compare: ClassVar[str] = ""
    points: ClassVar[bool] = True

    def case(self, assertion: Assertion) -> tuple[str, str]:
        """Return both sides of an assertion."""
        if self.points:
            assertion = pointed(assertion, self.signature)
        return super().case(assertion)

    def text(self, value: str) -> str:
        """Return a string."""
        return literal(value, self.escapes, self.coded)

    @staticmethod
    def coded(sign: str) -> str:
        """Return what stands for a character that cannot be seen."""
        return f"\\u{ord(sign):04x}" if sign < "\U00010000" else f"\\U{ord(sign):08x}"

    def integer(self, value: int) -> str:
        """Return a whole number."""
        return self.whole(value)

    def number(self, value: float) -> str:
        """Return a number with a fraction."""
        return self.fraction(value)

    def variable(self, name: str) -> str:
        """Refuse a name: ``inf`` and ``nan`` are written so, and no other language has them."""
        raise Untranslatable(f"the value {name}")

    def has_fractions(self) -> bool:
        """Whether there may be a number with a fraction in what is returned."""
        return fractional(self.signature.returns)

    def tests(self, assertions: Sequence[str]) -> str:
        """Return what compares numbers with fractions, and the tests."""
        return (self.compare if self.has_fractions() else "") + super().tests(assertions)


class FixedPython(Script, Python):
    """Python."""

    widest = None
    compare = IN_PYTHON
    points = False

    def text(self, value: str) -> str:
        """Return a string."""
        return repr(value)

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        if self.has_fractions():
            return f"    assert same_in_tests({left}, {right})"
        return super().assertion(left, right)


class FixedLua(Script, Lua):
    """Lua."""

    constants = ("true", "false", "nil")
    compare = IN_LUA
    least = "math.mininteger"

    @staticmethod
    def coded(sign: str) -> str:
        """Return what stands for a character that cannot be seen."""
        return f"\\u{{{ord(sign):x}}}"

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        if self.has_fractions():
            return f"    lu.assertTrue(same_in_tests({left}, {right}))"
        return super().assertion(left, right)


class FixedRuby(Script, Ruby):
    """Ruby."""

    widest = None
    escapes: ClassVar[Mapping[str, str]] = {**ESCAPES, "#": "\\#"}
    compare = IN_RUBY

    @staticmethod
    def coded(sign: str) -> str:
        """Return what stands for a character that cannot be seen."""
        return f"\\u{{{ord(sign):x}}}"

    def call(self, function: str, arguments: list[str]) -> str:
        """Return a call."""
        return Ruby.call(self, function, arguments)

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        if self.has_fractions():
            return f"    assert(same_in_tests({left}, {right}))"
        return super().assertion(left, right)


class FixedR(Script, R):
    """R; empty vectors of all types are the same, and the order of names does not count."""

    widest = 0
    compare = IN_R

    def text(self, value: str) -> str:
        """Return a string."""
        if "\0" in value:
            raise Untranslatable("a string with a zero")
        return super().text(value)

    def assertion(self, left: str, right: str) -> str:
        """Return a test."""
        return f"    stopifnot(isTRUE(same_in_tests({left}, {right})))"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return what compares, a function of assertions, and its call."""
        tolerance = TOLERANCE if self.has_fractions() else "0"
        return IN_R.replace("TOLERANCE", tolerance) + R.tests(self, assertions)


class FixedRacket(Script, Racket):
    """Racket; what is printed on standard error fails no test, unless a check prints it."""

    widest = None
    fails = r"-{20}\n(?:.+\n)?(?:FAILURE|ERROR)\n"

    def mapped(self, items: list[tuple[str, str]]) -> str:
        """Return a dictionary; in a literal one lists would be code."""
        return f"(hash {' '.join(f'{key} {each}' for key, each in items)})"

    def assertion(self, left: str, right: str) -> str:
        """Return a check."""
        return f"    (check-true (same-in-tests {left} {right}))"

    def tests(self, assertions: Sequence[str]) -> str:
        """Return what compares, a function of checks, and its call."""
        same = NEAR if self.has_fractions() else "(= actual expected)"
        head, _, rest = Racket.tests(self, assertions).partition("\n\n")
        return f"{head}\n\n{IN_RACKET.replace('SAME', same)}{rest}"


def pointed(assertion: Assertion, signature: Signature) -> Assertion:
    """Return an assertion in which numbers have a point where one is declared."""
    left, kinds = assertion.left, [kind for _, kind in signature.parameters]
    if isinstance(left, ast.Call) and len(left.args) == len(kinds):
        left = ast.Call(left.func, [*map(with_points, left.args, kinds)], left.keywords)
    return Assertion(left, with_points(assertion.right, signature.returns))


def with_points(node: ast.expr, kind: Type | None) -> ast.expr:
    """Return a value in which numbers have a point where one is declared."""
    match node, kind:
        case ast.Constant(bool()), _:
            return node
        case ast.Constant(int(value)), Type("float") if abs(value) < EXACT:
            return ast.Constant(float(value))
        case ast.UnaryOp(sign, operand), _:
            return ast.UnaryOp(sign, with_points(operand, kind))
        case _, Type("Optional", (item,)):
            return with_points(node, item)
        case ast.List(items), Type("List", (item,)):
            return ast.List([with_points(each, item) for each in items])
        case ast.Tuple(items), Type("Tuple", (item, Type("..."))):
            return ast.Tuple([with_points(each, item) for each in items])
        case ast.Tuple(items), Type("Tuple", parts) if len(items) == len(parts):
            return ast.Tuple([*map(with_points, items, parts)])
        case ast.Dict(keys, values), Type("Dict", (_, value)):
            return ast.Dict(keys, [with_points(each, value) for each in values])
    return node

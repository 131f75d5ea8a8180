"""Compares what a candidate returned with what was expected, as plain data.

Runs inside the jail but in a process that the candidate cannot reach, where this file and the
codec are the only modules of ours. Answers are bytes that a hostile process may have written; no
value that is made of them has a method that the candidate wrote, so comparing runs no code of it.
"""

from __future__ import annotations

import cmath
import reprlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import pow as float_pow
from math import prod, sqrt
from typing import Any

from codeeval.sandbox.codec import decode, loads
from codeeval.sandbox.trees import Array, Foreign, Malformed, Scalar

__all__ = ["Judge", "ORACLES", "stdio_matches"]

RTOL = 1e-7
STICKY_ATOL = 1e-6
MESSAGE_LENGTH = 400
MAX_DIMENSIONS = 64
MAX_SPREAD = 2**22

# How the codec begins a value of a subclass of a plain type: the length of its name follows.
_SUBCLASS = b"t(\x02\0\0\0u\x01\0\0\0x(\x02\0\0\0u"


class Judge:
    """Judges the outputs of one check, in the order of its inputs.

    Args:
        oracle: A name in `ORACLES`.
        atol: Absolute tolerance for floats; what 0 means is the oracle's business.
        expected: What the reference returned for each input, encoded; trusted.
        inputs: The argument tuples, encoded; trusted.
        entry_point: The function's name, for messages.

    Raises:
        ValueError: If there is no such oracle or the lengths differ.
    """

    def __init__(
        self,
        oracle: str,
        atol: float,
        expected: list[bytes],
        inputs: list[bytes],
        entry_point: str = "",
    ) -> None:
        if oracle not in ORACLES:
            raise ValueError(f"no oracle {oracle!r}; known: {', '.join(sorted(ORACLES))}")
        if len(expected) != len(inputs):
            raise ValueError(f"{len(expected)} expected outputs for {len(inputs)} inputs")
        self.atol = atol
        self.expected = expected
        self.inputs = inputs
        self._rule = ORACLES[oracle]
        self._entry_point = entry_point

    def judge(self, i: int, answer: bytes) -> str | None:
        """Return None if ``answer`` is right for input ``i``, else a message for a person.

        EvalPlus's tolerance depends on the expected outputs judged before: go in order.
        """
        try:
            if self._rule(self, i, answer):
                return None
            problem = ""
        except (Malformed, RecursionError) as error:
            return f"call {i + 1}: what it returned cannot be read: {error!s:.100}"
        except Exception as error:  # hostile values meet arithmetic: anything may come
            problem = f", which cannot be compared ({type(error).__name__}: {error!s:.80})"
        return f"call {i + 1}: {self.describe(i, answer)}{problem}"[:MESSAGE_LENGTH]

    def describe(self, i: int, answer: bytes) -> str:
        """Say what was called, what came back and what was expected, in a few words."""
        try:
            arguments = _show(loads(self.inputs[i]), 120)
            if arguments.endswith(",)"):
                arguments = arguments[:-2] + ")"
            returned = _show(decode(answer), 100)
            expected = _show(loads(self.expected[i]), 100)
        except Exception as error:
            return f"the values cannot be shown ({type(error).__name__})"
        return f"{self._entry_point}{arguments} returned {returned}, expected {expected}"


def stdio_matches(output: bytes, expected: str) -> bool:
    """Whether a program printed what was expected.

    Both are stripped and split into lines, which are stripped too. There must be as many of them;
    two lines match if they are equal or hold equal decimal numbers, split at white space.
    """
    got = output.decode("utf-8", "surrogateescape").strip().split("\n")
    wanted = expected.strip().split("\n")
    return len(got) == len(wanted) and all(map(_lines_match, got, wanted))


def _lines_match(got: str, wanted: str) -> bool:
    got, wanted = got.strip(), wanted.strip()
    if got == wanted:
        return True
    try:
        return [Decimal(word) for word in got.split()] == [Decimal(w) for w in wanted.split()]
    except (InvalidOperation, ValueError):
        return False


def _equal(judge: Judge, i: int, answer: bytes) -> bool:
    """Plain ``==``; floats may differ by ``atol`` at any depth, and a NaN matches a NaN."""
    expected = judge.expected[i]
    if answer == expected and answer[:1] == b"p":
        return True
    return _alike(decode(answer), loads(expected), judge.atol)


def _json(judge: Judge, i: int, answer: bytes) -> bool:
    """As `_equal`, but a tuple equals a list of the same items, as JSON cannot tell them apart."""
    return _equal(judge, i, answer) or _alike(
        _listed(decode(answer)), _listed(loads(judge.expected[i])), judge.atol
    )


def _alike(a: Any, b: Any, atol: float) -> bool:
    """Whether two values are equal, floats within ``atol``; one visit for each node."""
    stack = [(a, b)]
    while stack:
        a, b = stack.pop()
        if type(a) is type(b) and isinstance(a, (list, tuple)):
            if len(a) != len(b):
                return False
            stack.extend(zip(a, b, strict=True))
        elif isinstance(a, dict) and isinstance(b, dict):
            if a.keys() != b.keys():
                return False
            stack.extend((a[key], item) for key, item in b.items())
        elif isinstance(a, Array) and isinstance(b, Array):
            if a.shape != b.shape or len(a.items) != len(b.items):
                return False
            stack.extend(zip(a.items, b.items, strict=True))
        elif not (a == b or _near(a, b, atol)):
            return False
    return True


def _near(a: Any, b: Any, atol: float) -> bool:
    """Whether two numbers differ by ``atol`` at most, or are both NaN."""
    a = a.content if isinstance(a, Scalar) else a
    b = b.content if isinstance(b, Scalar) else b
    if type(a) not in (int, float, complex) or type(b) not in (int, float, complex):
        return False
    if a != a or b != b:
        return bool(a != a and b != b)
    return atol > 0 and bool(abs(a - b) <= atol)


def _listed(value: Any) -> Any:
    """Return ``value`` with lists for its tuples, outside sets and dict keys."""
    if isinstance(value, (list, tuple)):
        return [_listed(item) for item in value]
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    return value


@dataclass(frozen=True)
class _Case:
    """One output and what it is compared with."""

    out: Any
    exp: Any
    args: tuple[Any, ...]
    atol: float

    def same(self) -> bool:
        """Whether the values are equal; of arrays only those of one item have an answer."""
        if not isinstance(self.out, Array) and not isinstance(self.exp, Array):
            return bool(self.out == self.exp)
        shape_a, items_a = _grid(self.out)
        shape_b, items_b = _grid(self.exp)
        if prod(_common_shape(shape_a, shape_b)) != 1:
            raise ValueError("the truth of an array of several items is ambiguous")
        return bool(items_a[0] == items_b[0])


def _evalplus(match: Callable[[_Case], bool], *, reflexive: bool = True) -> Rule:
    """Make a rule; ``reflexive`` says that an output equal to the expected one always matches."""

    def rule(judge: Judge, i: int, answer: bytes) -> bool:
        data = judge.expected[i]
        if reflexive and answer == data and data[:1] == b"p" and not _holds_nan(data):
            judge.atol = judge.atol or _tolerance(data)
            return True
        out, exp = decode(answer), loads(data)
        matches = match(_Case(out, exp, loads(judge.inputs[i]), judge.atol))
        # Sticky: the tolerance that an expected float brings holds for the following inputs too.
        judge.atol = judge.atol or _tolerance(data, exp)
        if matches or not judge.atol:
            return bool(matches)
        if _type(answer, out) != _type(data, exp):
            return False
        if isinstance(exp, (list, tuple)) and len(out) != len(exp):
            return False
        return _all_close(out, exp, judge.atol)

    return rule


def _holds_nan(data: bytes) -> bool:
    """Whether an encoded value of ours, of plain types, holds a NaN; quick for long ones."""
    return _may_hold_nan(data) and _has_nan(loads(data))


def _may_hold_nan(data: bytes) -> bool:
    """Whether there are bytes that may be a NaN; other data can look so.

    A float is a mark and eight bytes, the last two of which give a NaN away.
    """
    for last in (b"\x7f", b"\xff"):
        place = data.find(last)
        while place > 0:
            if data[place - 1] >= 0xF0 and place >= 8:
                marks = data[place - 8], data[place - 16] if place >= 16 else 0
                if marks[0] in b"gy" or marks[1] == ord("y"):
                    return True
            place = data.find(last, place + 1)
    return False


def _has_nan(value: Any) -> bool:
    if isinstance(value, dict):
        return _has_nan([*value, *value.values()])
    if not isinstance(value, (list, tuple, set, frozenset)):
        return bool(value != value)
    kinds = set(map(type, value))
    flat = kinds.isdisjoint((dict, list, tuple, set, frozenset))
    return any(item != item for item in value) if flat else any(map(_has_nan, value))


def _root(judge: Judge, i: int, answer: bytes) -> bool:
    """HumanEval/32: any root of the polynomial will do, and nothing else is asked."""
    (coefficients,) = loads(judge.inputs[i])
    out = decode(answer)
    out = out.content if isinstance(out, Scalar) else out
    value = sum(a * float_pow(out, power) for power, a in enumerate(coefficients))
    return bool(abs(value) <= judge.atol)


def _never(judge: Judge, i: int, answer: bytes) -> bool:
    """HumanEval/32 in EvalPlus 0.3.1: no answer was right."""
    return False


def _not_none(case: _Case) -> bool:
    """Compare whether something was returned; but a bool is compared itself, with True."""
    wanted = case.exp is not None
    return case.out == wanted if isinstance(case.out, bool) else wanted == (case.out is not None)


def _surface_area(case: _Case) -> bool:
    """Mbpp/581: the second argument may also be taken for the height."""
    if case.same():
        return True
    base, height = case.args
    slant = sqrt((base / 2) ** 2 + height**2)
    return bool(abs(case.out - round(base**2 + 4 * (base * slant) / 2)) <= case.atol)


def _digit_distance(case: _Case) -> bool:
    """Mbpp/558: the shorter number may also be filled with zeros on the left."""
    if case.same():
        return True
    first, second = map(str, case.args)
    size = max(len(first), len(second))
    pairs = zip(first.rjust(size, "0"), second.rjust(size, "0"), strict=True)
    return bool(case.out == sum(abs(int(a) - int(b)) for a, b in pairs))


Rule = Callable[[Judge, int, bytes], bool]

ORACLES: dict[str, Rule] = {
    "equal": _equal,
    "json": _json,
    "evalplus": _evalplus(_Case.same),
    "evalplus:any": _evalplus(lambda case: case.same() or True),
    "evalplus:digit-distance": _evalplus(_digit_distance),
    "evalplus:never": _never,
    "evalplus:not-none": _evalplus(_not_none, reflexive=False),
    "evalplus:or-zero": _evalplus(lambda case: case.same() or case.out == 0),
    "evalplus:root": _root,
    "evalplus:set": _evalplus(lambda case: _items(case.out) == _items(case.exp), reflexive=False),
    "evalplus:surface-area": _evalplus(_surface_area),
}


def _tolerance(data: bytes, value: Any = None) -> float:
    """Return the tolerance that an expected output brings: floats, or a sequence of floats only."""
    if data[:1] == b"p":
        kind = data[1:2]
        if kind in (b"[", b"("):
            count = (len(data) - 6) // 9
            floats = count > 0 and len(data) == 6 + 9 * count and data[6::9] == b"g" * count
        else:
            floats = kind == b"g"
    elif isinstance(value, Array):
        floats = value.dtype in ("float32", "float64")
    else:
        items = value if isinstance(value, (list, tuple)) else [value]
        floats = len(items) > 0 and all(isinstance(item, float) for item in items)
    return STICKY_ATOL if floats else 0.0


def _type(data: bytes, value: Any) -> tuple[Any, ...]:
    """Return what stands for the type that a value had before it was encoded."""
    if data.startswith(_SUBCLASS):
        start = len(_SUBCLASS) + 4
        size = int.from_bytes(data[start - 4 : start], "little")
        return (type(value), data[start : start + size])
    return (type(value), value.kind if isinstance(value, Foreign) else "")


def _items(value: Any) -> set[Any]:
    """Return the items of a collection as a set, as ``set(value)`` would."""
    if isinstance(value, Array):
        if len(value.shape) != 1:
            raise TypeError("the items of the array are arrays")
        value = value.items
    return set(value)


def _all_close(out: Any, exp: Any, atol: float) -> bool:
    """Do as ``numpy.allclose(out, exp, rtol=1e-7, atol=atol)``.

    Raises:
        ValueError: If one is ragged or not numeric, or the shapes do not fit.
    """
    shape_a, items_a = _grid(out)
    shape_b, items_b = _grid(exp)
    shape = _common_shape(shape_a, shape_b)
    if shape_a != shape_b:
        if prod(shape) > max(MAX_SPREAD, 4 * (len(items_a) + len(items_b))):
            raise ValueError("the arrays are too large when spread to a common shape")
        items_a, items_b = _spread(items_a, shape_a, shape), _spread(items_b, shape_b, shape)
    return all(
        a == b or (abs(a - b) <= atol + RTOL * abs(b) and cmath.isfinite(b))
        for a, b in zip(items_a, items_b, strict=True)
    )


def _grid(value: Any) -> tuple[tuple[int, ...], list[Any]]:
    """Return the shape and the floats or complex numbers of a number, nested list or array."""
    if isinstance(value, Array):
        shape, items = value.shape, value.items
        if any(type(size) is not int or size < 0 for size in shape) or prod(shape) != len(items):
            raise ValueError("an array whose shape does not fit its items")
    else:
        sizes: list[int] = []
        items = [value]
        while items and isinstance(items[0], (list, tuple)):
            size = len(items[0])
            if not all(isinstance(item, (list, tuple)) and len(item) == size for item in items):
                raise ValueError("a ragged sequence")
            sizes.append(size)
            items = [item for row in items for item in row]
        shape = tuple(sizes)
    if len(shape) > MAX_DIMENSIONS:
        raise ValueError("too many dimensions")
    numbers = [item.content if isinstance(item, Scalar) else item for item in items]
    if not all(type(number) in (bool, int, float, complex) for number in numbers):
        raise ValueError("not numeric")
    if shape and any(type(n) is int and not -(2**63) <= n < 2**64 for n in numbers):
        raise ValueError("an integer beyond 64 bits")
    return shape, [n if type(n) is complex else float(n) for n in numbers]


def _common_shape(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that two shapes broadcast to."""
    size = max(len(a), len(b))
    a, b = (1,) * (size - len(a)) + a, (1,) * (size - len(b)) + b
    if any(n != m and 1 not in (n, m) for n, m in zip(a, b, strict=True)):
        raise ValueError(f"shapes {a} and {b} do not fit")
    return tuple(m if n == 1 else n for n, m in zip(a, b, strict=True))


def _spread(items: list[Any], shape: tuple[int, ...], target: tuple[int, ...]) -> list[Any]:
    """Repeat ``items`` of ``shape`` so that they fill ``target``, which it broadcasts to."""
    if prod(target) == 0:
        return []
    inner = 1
    padded = (1,) * (len(target) - len(shape)) + shape
    for size, wanted in zip(reversed(padded), reversed(target), strict=True):
        if size != wanted:
            starts = range(0, len(items), inner)
            items = [x for s in starts for _ in range(wanted) for x in items[s : s + inner]]
        inner *= wanted
    return items


class _Texts(reprlib.Repr):
    """Short texts of values of any size."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = room
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdict = 12
        self.maxlevel = 5

    def repr_int(self, x: int, level: int) -> str:
        """Give large ones by size: their digits would take quadratic time."""
        return f"<int of {x.bit_length()} bits>" if x.bit_length() > 3000 else repr(x)


def _show(value: Any, room: int) -> str:
    """Return a text of ``value`` of at most ``room`` characters."""
    text = _Texts(room).repr(value)
    return text if len(text) <= room else text[: room - 3] + "..."

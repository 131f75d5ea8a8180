"""Values that are no plain data, as trees of it: each node is a pair of a tag and a payload.

Every node says what it is, so that no plain value can be taken for an encoded one. The tags:
``v`` plain leaf, ``l`` list, ``u`` tuple, ``s`` set, ``z`` frozenset, ``d`` dict, ``x`` instance of
a subclass of one of these, ``f`` value of a well-known library by its content, or anything else by
its type's name, ``n`` numpy array, ``g`` numpy scalar, ``r`` a node that was there before, by its
number.
"""

from __future__ import annotations

import re
import sys
from collections import deque
from datetime import date, datetime, timedelta, timezone
from datetime import time as clock_time
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

__all__ = [
    "Array",
    "Foreign",
    "Malformed",
    "Scalar",
    "Unencodable",
    "containers",
    "form",
    "tagged",
    "untagged",
]

Numpy = Literal["stand-ins", "real", "numbers"]
MAX_DEPTH = 300
"""A level takes up to three frames of Python."""
PLAIN_LEAVES = frozenset((type(None), bool, int, float, complex, str, bytes))


class Malformed(Exception):
    """Bytes that are not an encoded value, or are beyond the bounds."""


class Unencodable(Exception):
    """A value too deep, cyclic or large to be encoded."""


class Foreign:
    """A value that is not plain data: its type's name, and what of it can be said in plain data.

    It equals nothing but a Foreign of the same kind with the same content.
    """

    __slots__ = ("content", "kind")

    def __init__(self, kind: str, content: Any) -> None:
        self.kind = kind
        self.content = content

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Foreign)
            and self.content is not None
            and (self.kind, self.content) == (other.kind, other.content)
        )

    def __hash__(self) -> int:
        return hash(self.kind)

    def __repr__(self) -> str:
        return f"<{self.kind}>" if self.content is None else f"<{self.kind} {self.content!r}>"


class Array:
    """A numpy array as plain data, where there is no numpy."""

    __slots__ = ("dtype", "items", "shape")

    def __init__(self, dtype: str, shape: tuple[int, ...], items: list[Any]) -> None:
        self.dtype = dtype
        self.shape = shape
        self.items = items

    def __repr__(self) -> str:
        return f"<array {self.dtype} {self.shape}>"


class Scalar(Foreign):
    """A numpy scalar as plain data: it equals a plain number of the same value."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return bool(self.content == (other.content if isinstance(other, Scalar) else other))

    def __hash__(self) -> int:
        return hash(self.content)


def form(value: Any) -> str:
    """Say how a value can cross to another process and be the same there.

    Returns:
        ``plain``: it is plain data, and no list, dict or set is in it twice; ``tree``: it can as a
        tree with ``shared``; nothing: it cannot.
    """
    plain = True
    seen: dict[int, Any] = {}
    stack = [value]
    while stack:
        item = stack.pop()
        kind = type(item)
        if kind in PLAIN_LEAVES:
            continue
        if kind is not tuple and kind is not frozenset:
            if id(item) in seen:
                plain = False
                continue
            seen[id(item)] = item
        if kind is dict:
            stack.extend(item.keys())
            stack.extend(item.values())
        elif kind in (list, tuple, set, frozenset):
            if not PLAIN_LEAVES.issuperset(map(type, item)):
                stack.extend(item)
        elif kind is deque and item.maxlen is None:
            plain = False
            stack.extend(item)
        elif (
            kind in (Decimal, Fraction, date, timedelta, range, bytearray)
            or (kind in (datetime, clock_time) and type(item.tzinfo) in (type(None), timezone))
            or _dtype_of(item)
        ):
            plain = False
        else:
            return ""
    return "plain" if plain else "tree"


MUTABLE = (list, dict, set, deque, bytearray)


def containers(value: Any) -> list[Any]:
    """Return what of a value can be given another content, always in the same order."""
    found: list[Any] = []
    seen: set[int] = set()
    stack = [value]
    numpy = sys.modules.get("numpy")
    while stack:
        item = stack.pop()
        kind = type(item)
        if kind in PLAIN_LEAVES:
            continue
        if kind in MUTABLE or (numpy is not None and kind is numpy.ndarray and item.ndim):
            if id(item) in seen:
                continue
            seen.add(id(item))
            found.append(item)
        if kind is dict:
            stack.extend(item.values())
        elif kind in (list, tuple, deque) and not PLAIN_LEAVES.issuperset(map(type, item)):
            stack.extend(item)
    return found


def tagged(value: Any, *, shared: bool = False) -> tuple[str, Any]:
    """Return ``value`` as a tree.

    Args:
        value: Anything.
        shared: Whether what is in it twice, or in itself, is so in the tree too. If not, the
            former is there twice, and the latter is refused.

    Raises:
        Unencodable: If it is nested too deeply or, without ``shared``, refers to itself.
    """
    return _Tagger(shared).node(value, 0)


class _Tagger:
    """Makes a tree.

    Args:
        shared: See `tagged`.
    """

    def __init__(self, shared: bool) -> None:
        self._shared = shared
        # With each number its value: an id says something for as long as that is there.
        self._numbers: dict[int, tuple[int, Any]] = {}

    def node(self, value: Any, depth: int) -> tuple[str, Any]:
        """Return the node of a value."""
        if depth > MAX_DEPTH:
            raise Unencodable("nested too deeply")
        kind = type(value)
        if kind in PLAIN_LEAVES:
            return ("v", value)
        known = self._numbers.get(id(value))
        if known is not None:
            if not self._shared:
                raise Unencodable("refers to itself")
            return ("r", known[0])
        self._numbers[id(value)] = len(self._numbers), value
        if self._shared and _dtype_of(value):  # before it counts as a float or a text
            return self._foreign(value, kind, depth)
        made = self._content(value, kind, depth)
        if not self._shared:
            del self._numbers[id(value)]
        return made

    def _content(self, value: Any, kind: type, depth: int) -> tuple[str, Any]:
        base: Any
        for base, tag in ((list, "l"), (tuple, "u"), (set, "s"), (frozenset, "z")):
            if isinstance(value, base):
                items = [self.node(item, depth + 1) for item in base.__iter__(value)]
                return (tag, items) if kind is base else ("x", (kind.__name__, (tag, items)))
        if isinstance(value, dict):
            pairs = [
                (self.node(key, depth + 1), self.node(item, depth + 1))
                for key, item in dict.items(value)
            ]
            # An OrderedDict, a defaultdict or a Counter equals a dict of the same content.
            if kind.__module__ in ("builtins", "collections"):
                return ("d", pairs)
            return ("x", (kind.__name__, ("d", pairs)))
        for leaf in (bool, int, float, complex, str, bytes):
            if isinstance(value, leaf):
                return ("x", (kind.__name__, ("v", _leaf(leaf, value))))
        return self._foreign(value, kind, depth)

    def _foreign(self, value: Any, kind: type, depth: int) -> tuple[str, Any]:
        """Encode the values of well-known libraries by content, all others by the type's name."""
        name = f"{kind.__module__}.{kind.__qualname__}"
        content: Any = None
        if name == "decimal.Decimal":
            content = kind.as_tuple(value)  # type: ignore[attr-defined]
            content = (content.sign, content.digits, str(content.exponent))
        elif name == "fractions.Fraction":
            content = (value.numerator, value.denominator)
        elif name in ("datetime.datetime", "datetime.date", "datetime.time"):
            content = value.isoformat()
        elif name == "datetime.timedelta":
            content = (value.days, value.seconds, value.microseconds)
        elif name == "builtins.range":
            content = (value.start, value.stop, value.step)
        elif name == "builtins.bytearray":
            content = bytes(value)
        elif name == "collections.deque" or name.startswith("builtins.dict_"):
            content = list(value)
        elif kind.__module__ == "numpy" and (dtype := _dtype_of(value)):
            if name == "numpy.ndarray":
                shape = [("v", n) for n in value.shape]
                return ("n", (dtype, shape, self.node(value.ravel().tolist(), depth + 1)))
            return ("g", (dtype, self.node(value.item(), depth + 1)))
        return ("f", (name, ("v", None) if content is None else self.node(content, depth + 1)))


def _leaf(leaf: type, value: Any) -> Any:
    """Return the plain value that an instance of a subclass of ``leaf`` holds."""
    if leaf is str:
        return str.__str__(value)
    if leaf is bytes:
        return bytes.__getitem__(value, slice(None))
    if leaf is complex:
        return complex.__pos__(value)
    return float.__pos__(value) if leaf is float else int.__pos__(value)


_DTYPES = re.compile(
    "bool|u?int(8|16|32|64)|float(16|32|64)|complex(64|128)|[<>=|]?(b1|[iuf][248]|u1|i1|c8|c16)|"
    "[<>=|]?[US][0-9]{1,4}"
)


def _dtype_of(value: Any) -> str:
    """Return the dtype of a numpy array or scalar that plain data can describe, or nothing."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not (type(value) is numpy.ndarray or isinstance(value, numpy.generic)):
        return ""
    dtype = str(value.dtype)
    return dtype if _DTYPES.fullmatch(dtype) else ""


def untagged(node: Any, *, shared: bool = False, numpy: Numpy = "stand-ins") -> Any:
    """Return the value of a tree, which may be hostile.

    Args:
        node: What `tagged` made, or anything.
        shared: Whether it was made with ``shared``; else references are malformed. A value with
            references can be small and very long to go through: bound the time of whoever does.
        numpy: Whether to make `Array` and `Scalar` of what is numpy's, real arrays and scalars, or
            `Array` and plain numbers.

    Raises:
        Malformed: If it is not a tree.
    """
    return _Untagger(shared, numpy).node(node)


_UNDER_WAY = object()


class _Untagger:
    """Makes values of a tree; see `untagged`."""

    def __init__(self, shared: bool, numpy: Numpy) -> None:
        self._shared = shared
        self._numpy = numpy
        self._made: list[Any] = []
        self._heights: dict[int, int] = {}
        """Of tuples and frozensets, by their ids: hashing a very high one would end the process."""

    def node(self, node: Any) -> Any:
        """Return the value of a node."""
        if type(node) is not tuple or len(node) != 2 or type(node[0]) is not str:
            raise Malformed("not a tagged value")
        tag, payload = node
        try:
            if tag == "v":
                if type(payload) in PLAIN_LEAVES:
                    return payload
                raise Malformed("a leaf that is none")
            if tag == "r":
                return self._before(payload)
            self._made.append(_UNDER_WAY)
            slot = len(self._made) - 1
            while tag == "x":
                # A subclass compares as its base type does, as `==` would without its overrides.
                tag, payload = payload[1]
            made: Any
            if tag == "v" and type(payload) in PLAIN_LEAVES:
                made = payload
            elif tag == "l":
                made = self._made[slot] = []
                made.extend(map(self.node, payload))
            elif tag == "d":
                made = self._made[slot] = {}
                for key, item in payload:
                    where = self.node(key)  # first, as it has been numbered
                    made[where] = self.node(item)
            else:
                made = self._immutable(tag, payload)
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
            raise Malformed(str(error)) from None
        self._made[slot] = made
        return made

    def _before(self, number: Any) -> Any:
        if not self._shared or type(number) is not int or not 0 <= number < len(self._made):
            raise Malformed("a reference to nothing")
        made = self._made[number]
        if made is _UNDER_WAY:
            raise Malformed("a reference to what is being made")
        return made

    def _bounded(self, made: tuple[Any, ...] | frozenset[Any]) -> Any:
        """Return what was made, unless references have made it higher than it may be."""
        if self._shared:
            heights = self._heights
            height = 1 + max([heights.get(id(item), 0) for item in made], default=0)
            if height > MAX_DEPTH:
                raise Malformed("nested too deeply")
            heights[id(made)] = height
        return made

    def _immutable(self, tag: str, payload: Any) -> Any:
        """Return a value that cannot be in itself."""
        if tag == "u":
            return self._bounded(tuple(map(self.node, payload)))
        if tag == "s":
            return set(map(self.node, payload))
        if tag == "z":
            return self._bounded(frozenset(map(self.node, payload)))
        if tag == "f":
            content = self.node(payload[1])
            real = None if content is None else REAL.get(payload[0])
            return Foreign(str(payload[0]), content) if real is None else real(content)
        if tag == "g":
            dtype, value = str(payload[0]), self.node(payload[1])
            if self._numpy == "real":
                return real_dtype(dtype).type(value)
            return value if self._numpy == "numbers" else Scalar(dtype, value)
        if tag == "n":
            dtype, shape = str(payload[0]), tuple(map(self.node, payload[1]))
            items = self.node(payload[2])
            if self._numpy != "real":
                return Array(dtype, shape, items)
            import numpy

            return numpy.array(items, real_dtype(dtype)).reshape(shape)
        raise Malformed(f"tag {tag!r:.20}")


def real_dtype(name: str) -> Any:
    """Return the dtype of numpy with this name.

    Raises:
        Malformed: If it is none that `tagged` describes.
    """
    import numpy

    if not _DTYPES.fullmatch(name):
        raise Malformed(f"dtype {name:.20}")
    return numpy.dtype(name)


def _decimal(content: Any) -> Decimal:
    sign, digits, exponent = content
    return Decimal((sign, digits, int(exponent) if exponent.lstrip("-").isdigit() else exponent))


REAL: dict[str, Any] = {
    "builtins.bytearray": lambda content: bytearray(memoryview(content)),  # never of a size
    "builtins.dict_items": lambda pairs: dict(pairs).items(),
    "builtins.dict_keys": lambda keys: dict.fromkeys(keys).keys(),
    "builtins.dict_values": lambda values: dict(enumerate(values)).values(),
    "builtins.range": lambda parts: range(*parts),
    "collections.deque": deque,
    "datetime.date": date.fromisoformat,
    "datetime.datetime": datetime.fromisoformat,
    "datetime.time": clock_time.fromisoformat,
    "datetime.timedelta": lambda parts: timedelta(*parts),
    "decimal.Decimal": _decimal,
    "fractions.Fraction": lambda parts: Fraction(*map(int.__index__, parts)),
}
"""How values of well-known libraries are made again of what was said of them."""

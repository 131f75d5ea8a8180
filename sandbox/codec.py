"""Values as bytes that a hostile process may have written.

A value of plain data (None, bool, int, float, complex, str, bytes, list, tuple, dict, set,
frozenset) becomes ``b"p"`` and its marshal form, version 2, which the interpreter writes quickly
and writes alike for like values. A value that holds anything else becomes ``b"t"`` and the marshal
form of a tagged tree, in which every node says what it is, so that no plain value can be taken for
an encoded one.

Marshal's own reader is not made for hostile bytes. It is used for bytes of ours only (`unpack`,
`loads`); what a candidate wrote is read by `decode`, which is bounded in depth, nodes and size.
"""

from __future__ import annotations

import contextlib
import marshal
import struct
import sys
from collections import deque
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from fractions import Fraction
from typing import Any

__all__ = ["Foreign", "Malformed", "Unencodable", "decode", "encode", "loads", "pack", "unpack"]

MAX_DEPTH = 400
MAX_NODES = 30_000_000
_PLAIN_LEAVES = (type(None), bool, int, float, complex, str, bytes)


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


def encode(value: Any) -> bytes:
    """Return ``value`` as bytes.

    Subclasses of plain types are encoded by their stored content, never by their own methods.

    Raises:
        Unencodable: If the value is nested too deeply or refers to itself.
    """
    with contextlib.suppress(ValueError):  # which is how marshal says: not plain, deep, cyclic
        data = b"p" + marshal.dumps(value, 2)
        # It would write any object with a buffer (an array, a mapping) as bytes.
        modules = sys.modules  # looked up in, never gone through: this is done for each value
        buffers = (
            "array" in modules or "ctypes" in modules or "mmap" in modules or "numpy" in modules
        )
        if not buffers or _plain(value):
            return data
    try:
        return b"t" + marshal.dumps(_tagged(value, 0, set()), 2)
    except (RecursionError, ValueError, MemoryError) as error:
        raise Unencodable(type(error).__name__) from None


def _plain(value: Any) -> bool:
    """Whether ``value`` is of exact plain types all through; a cyclic one is not."""
    stack, seen = [value], 0
    while stack:
        item = stack.pop()
        kind = type(item)
        if kind in _PLAIN_LEAVES:
            continue
        seen += 1
        if seen > MAX_NODES or len(stack) > MAX_NODES:
            return False
        if kind is dict:
            stack.extend(item.keys())
            stack.extend(item.values())
        elif kind in (list, tuple, set, frozenset):
            stack.extend(item)
        else:
            return False
    return True


def _tagged(value: Any, depth: int, path: set[int]) -> tuple[str, Any]:
    """Return ``value`` as a tree of (tag, payload); see `_untagged` for the tags."""
    if depth > MAX_DEPTH:
        raise Unencodable("nested too deeply")
    kind = type(value)
    if kind in _PLAIN_LEAVES:
        return ("v", value)
    if id(value) in path:
        raise Unencodable("refers to itself")
    path.add(id(value))
    try:
        base: Any
        for base, tag in ((list, "l"), (tuple, "u"), (set, "s"), (frozenset, "z")):
            if isinstance(value, base):
                items = [_tagged(item, depth + 1, path) for item in base.__iter__(value)]
                return (tag, items) if kind is base else ("x", (kind.__name__, (tag, items)))
        if isinstance(value, dict):
            pairs = [
                (_tagged(key, depth + 1, path), _tagged(item, depth + 1, path))
                for key, item in dict.items(value)
            ]
            # An OrderedDict, a defaultdict or a Counter equals a dict of the same content.
            return (
                ("d", pairs)
                if kind.__module__ in _DICT_MODULES
                else (
                    "x",
                    (kind.__name__, ("d", pairs)),
                )
            )
        for leaf in (bool, int, float, complex, str, bytes):
            if isinstance(value, leaf):
                return ("x", (kind.__name__, ("v", _leaf(leaf, value))))
        return _tagged_foreign(value, kind, depth, path)
    finally:
        path.discard(id(value))


_DICT_MODULES = ("builtins", "collections")


def _leaf(leaf: type, value: Any) -> Any:
    """Return the plain value that an instance of a subclass of ``leaf`` holds."""
    if leaf is str:
        return str.__str__(value)
    if leaf is bytes:
        return bytes.__getitem__(value, slice(None))
    if leaf is complex:
        return complex.__pos__(value)
    return float.__pos__(value) if leaf is float else int.__pos__(value)


def _tagged_foreign(value: Any, kind: type, depth: int, path: set[int]) -> tuple[str, Any]:
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
    elif kind.__module__ == "numpy":
        if name == "numpy.ndarray" and value.dtype.kind in "biufcUS":
            return (
                "n",
                (
                    str(value.dtype),
                    [("v", n) for n in value.shape],
                    _tagged(value.ravel().tolist(), depth + 1, path),
                ),
            )
        if hasattr(value, "dtype") and value.dtype.kind in "biufcUS" and value.shape == ():
            return ("g", (str(value.dtype), _tagged(value.item(), depth + 1, path)))
    if content is None:
        return ("f", (name, ("v", None)))
    return ("f", (name, _tagged(content, depth + 1, path)))


class Array:
    """A numpy array as plain data: what `decode` makes of one, since graders have no numpy."""

    __slots__ = ("dtype", "items", "shape")

    def __init__(self, dtype: str, shape: tuple[int, ...], items: list[Any]) -> None:
        self.dtype = dtype
        self.shape = shape
        self.items = items

    def __repr__(self) -> str:
        return f"<array {self.dtype} {self.shape}>"


class Scalar(Foreign):
    """A numpy scalar: it equals a plain number of the same value."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return bool(self.content == (other.content if isinstance(other, Scalar) else other))

    def __hash__(self) -> int:
        return hash(self.content)


def _untagged(node: Any) -> Any:
    """Return the value of a tagged tree.

    Raises:
        Malformed: If it is not one.
    """
    if type(node) is not tuple or len(node) != 2 or type(node[0]) is not str:
        raise Malformed("not a tagged value")
    tag, payload = node
    try:
        if tag == "v":
            if type(payload) in _PLAIN_LEAVES:
                return payload
        elif tag == "l":
            return [_untagged(item) for item in payload]
        elif tag == "u":
            return tuple(_untagged(item) for item in payload)
        elif tag == "s":
            return {_untagged(item) for item in payload}
        elif tag == "z":
            return frozenset(_untagged(item) for item in payload)
        elif tag == "d":
            return {_untagged(key): _untagged(item) for key, item in payload}
        elif tag == "x":
            # A subclass compares as its base type does, as `==` would without its overrides.
            return _untagged(payload[1])
        elif tag == "f":
            content = _untagged(payload[1])
            real = None if content is None else _REAL.get(payload[0])
            return Foreign(str(payload[0]), content) if real is None else real(content)
        elif tag == "g":
            return Scalar(str(payload[0]), _untagged(payload[1]))
        elif tag == "n":
            shape = tuple(_untagged(size) for size in payload[1])
            return Array(str(payload[0]), shape, _untagged(payload[2]))
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise Malformed(str(error)) from None
    raise Malformed(f"tag {tag!r:.20}")


def _decimal(content: Any) -> Decimal:
    sign, digits, exponent = content
    return Decimal((sign, digits, int(exponent) if exponent.lstrip("-").isdigit() else exponent))


_REAL: dict[str, Any] = {
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


def decode(data: bytes) -> Any:
    """Return the value that `encode` made ``data`` of; the bytes may be hostile.

    Raises:
        Malformed: If they are not an encoded value, or are beyond the bounds.
    """
    if data[:1] not in (b"p", b"t"):
        raise Malformed("no known form")
    reader = _Reader(data)
    try:
        value = reader.value(0)
        if reader.position != len(data):
            raise Malformed("bytes after the value")
        return value if data[:1] == b"p" else _untagged(value)
    except RecursionError:
        raise Malformed("nested too deeply") from None


def loads(data: bytes) -> Any:
    """Return the value that `encode` made ``data`` of; for bytes that are ours."""
    value = marshal.loads(memoryview(data)[1:])
    return value if data[:1] == b"p" else _untagged(value)


def pack(items: list[bytes]) -> bytes:
    """Join byte strings, such as encoded values, to one."""
    return marshal.dumps(items, 2)


def unpack(data: bytes) -> list[bytes]:
    """Split what `pack` joined; for bytes that are ours."""
    items: list[bytes] = marshal.loads(data)
    return items


class _Reader:
    """Reads marshal's version 2 with bounds; types beyond plain data are malformed."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 1
        self.nodes = 0

    def take(self, size: int) -> bytes:
        """Return the next ``size`` bytes."""
        end = self.position + size
        if size < 0 or end > len(self.data):
            raise Malformed("ends in the middle of a value")
        part = self.data[self.position : end]
        self.position = end
        return part

    def count(self) -> int:
        """Return a length that the rest of the data can hold."""
        size = int.from_bytes(self.take(4), "little", signed=True)
        if not 0 <= size <= len(self.data) - self.position:
            raise Malformed("a length beyond the data")
        return size

    def value(self, depth: int) -> Any:
        """Read one value."""
        self.nodes += 1
        if depth > MAX_DEPTH * 3 or self.nodes > MAX_NODES:
            raise Malformed("too deep or too large")
        tag = self.take(1)
        if tag == b"i":
            return int.from_bytes(self.take(4), "little", signed=True)
        if tag == b"u":
            try:
                return self.take(self.count()).decode("utf-8", "surrogatepass")
            except UnicodeDecodeError:
                raise Malformed("text that is not UTF-8") from None
        if tag == b"g":
            return struct.unpack("<d", self.take(8))[0]
        if tag in b"TFN":
            return {b"T": True, b"F": False, b"N": None}[tag]
        if tag == b"[":
            return [self.value(depth + 1) for _ in range(self.count())]
        if tag == b"(":
            return tuple([self.value(depth + 1) for _ in range(self.count())])
        if tag == b"l":
            return self.long()
        if tag == b"s":
            return self.take(self.count())
        if tag == b"y":
            return complex(*struct.unpack("<2d", self.take(16)))
        try:
            if tag == b"{":
                return self.mapping(depth)
            if tag == b"<":
                return {self.value(depth + 1) for _ in range(self.count())}
            if tag == b">":
                return frozenset([self.value(depth + 1) for _ in range(self.count())])
        except TypeError:
            raise Malformed("an unhashable key") from None
        raise Malformed(f"type {tag!r}")

    def mapping(self, depth: int) -> dict[Any, Any]:
        """Read the pairs of a dict up to its end mark."""
        pairs: dict[Any, Any] = {}
        while self.data[self.position : self.position + 1] != b"0":
            key = self.value(depth + 1)
            pairs[key] = self.value(depth + 1)
        self.position += 1
        return pairs

    def long(self) -> int:
        """Read an int of any size: digits of 15 bits, the sign in their count."""
        count = int.from_bytes(self.take(4), "little", signed=True)
        if abs(count) * 2 > len(self.data) - self.position:
            raise Malformed("a length beyond the data")
        digits = struct.unpack(f"<{abs(count)}H", self.take(abs(count) * 2))
        if any(digit > 0x7FFF for digit in digits):
            raise Malformed("a digit beyond 15 bits")
        number = _join(digits)
        return -number if count < 0 else number


def _join(digits: tuple[int, ...]) -> int:
    """Join digits of 15 bits, lowest first, in halves: linear steps would be quadratic in time."""
    if len(digits) <= 64:
        number = 0
        for digit in reversed(digits):
            number = number << 15 | digit
        return number
    half = len(digits) // 2
    return _join(digits[half:]) << 15 * half | _join(digits[:half])

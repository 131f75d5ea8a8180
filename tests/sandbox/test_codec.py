from __future__ import annotations

import collections
import contextlib
import datetime
import enum
import itertools
import marshal
import math
import re
import time
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeeval.sandbox.codec import decode, encode, loads, pack, unpack
from codeeval.sandbox.trees import (
    REAL,
    Array,
    Foreign,
    Malformed,
    Scalar,
    Unencodable,
    form,
    tagged,
)

texts = st.text(st.characters(exclude_categories=()))  # lone surrogates too
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**20000), 2**20000)
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | texts
    | st.binary()
)
keys = st.none() | st.booleans() | st.integers() | texts | st.binary() | st.tuples(st.integers())
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(keys, inner)
        | st.sets(keys)
        | st.frozensets(keys)
    ),
    max_leaves=30,
)


def same(a, b) -> bool:
    """Whether two plain values are equal and of equal types, all through."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(map(same, a.values(), b.values()))
    if isinstance(a, float):
        return a == b and math.copysign(1, a) == math.copysign(1, b)
    return a == b


@given(values)
def test_plain_values_come_back(value):
    data = encode(value)
    assert same(decode(data), value)
    assert same(loads(data), value)


@given(values, values)
def test_different_values_have_different_encodings(a, b):
    assert (encode(a) == encode(b)) <= (a == b or a != a)


@given(st.lists(st.binary()))
def test_packs_come_back(items):
    assert unpack(pack(items)) == items


@pytest.mark.parametrize("value", [math.nan, complex(math.nan, 1)])
def test_nan_comes_back(value):
    assert str(decode(encode([value]))) == str([value])


class Liar(list):
    def __iter__(self):
        return iter([1, 2, 3])

    def __len__(self):
        return 3

    def __eq__(self, other):
        return True

    __hash__ = None


class Number(int):
    def __eq__(self, other):
        return True

    def __int__(self):
        return 7

    __hash__ = int.__hash__


class Text(str):
    def __str__(self):
        return "another"


class Pairs(dict):
    def items(self):
        return [("another", 1)]


class Colour(enum.IntEnum):
    RED = 1


Point = collections.namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (Liar([9]), [9]),
        (Number(5), 5),
        (Text("this"), "this"),
        (Pairs(a=2), {"a": 2}),
        (Colour.RED, 1),
        (Point(1, [2]), (1, [2])),
        (type("B", (bytes,), {})(b"x"), b"x"),
        (type("F", (float,), {})(1.5), 1.5),
        (type("C", (complex,), {})(1.5), 1.5 + 0j),
        (type("S", (set,), {})([1]), {1}),
        (type("Z", (frozenset,), {})([1]), frozenset([1])),
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.Counter("aab"), {"a": 2, "b": 1}),
        (collections.defaultdict(list, {1: [2]}), {1: [2]}),
    ],
)
def test_subclasses_are_what_they_store(value, stored):
    for data in (encode(value), encode([value])):
        found = decode(data)
        found = found[0] if data == encode([value]) else found
        assert same(found, stored)
    assert same(loads(encode(value)), stored)


@pytest.mark.parametrize(
    ("value", "other"),
    [
        (Decimal("1.50"), Decimal("1.5")),
        (Decimal("NaN"), Decimal("Infinity")),
        (Fraction(1, 3), Fraction(1, 4)),
        (datetime.date(2024, 2, 29), datetime.date(2024, 3, 1)),
        (datetime.datetime(2024, 2, 29, 1, 2, 3, 4), datetime.datetime(2024, 2, 29)),
        (datetime.time(1, 2), datetime.time(1, 3)),
        (datetime.timedelta(1, 2, 3), datetime.timedelta(1)),
        (range(1, 10, 2), range(1, 10)),
        (collections.deque([1, [2]]), collections.deque([1])),
    ],
)
def test_values_of_known_libraries_go_by_content(value, other):
    found = decode(encode(value))
    assert type(found) is type(value)
    assert str(found) == str(value)
    assert str(found) != str(decode(encode(other)))
    assert str(decode(encode({"a": [value]}))) == str({"a": [value]})


HOSTILE_CONTENTS = [0, 2**40, -1, "", "1e999999999", b"x", None, 1.5, [], [1], ["1e999999999"],
                    [1, 0], [0, 0], (0, (1,), "9" * 5000), (0, (10,), "1"), (0, "x", 1), {1: 2},
                    (10**30,), ("x", "y", "z"), (2**70, 1, 0), [[1]]]  # fmt: skip


@pytest.mark.parametrize("kind", [*REAL, "no.Such", ""])
def test_forged_contents_are_malformed_or_a_value(kind):
    for content in HOSTILE_CONTENTS:
        refused_or_read(b"t" + marshal.dumps(("f", (kind, tagged(content))), 2))
        refused_or_read(b"t" + marshal.dumps(("f", content), 2))
        refused_or_read(b"t" + marshal.dumps(("x", content), 2))
        refused_or_read(b"t" + marshal.dumps(("n", content), 2))


@pytest.mark.parametrize("value", [object(), len, int, (n for n in ()), Ellipsis, re.compile("x")])
def test_other_values_equal_nothing(value):
    encoded = encode([value])
    if value is Ellipsis and encoded[:1] == b"p":
        pytest.skip("marshal has a form for it, which is refused")
    found = decode(encoded)[0]
    assert isinstance(found, Foreign)
    assert found != decode(encode([value]))[0]


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint64", "float32", "float64", "complex128"])
def test_numpy_arrays(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    for value in (array, array.T, array[:, ::2]):
        found = decode(encode([value]))[0]
        assert isinstance(found, Array)
        assert (found.dtype, found.shape) == (dtype, value.shape)
        assert found.items == value.ravel().tolist()


@pytest.mark.parametrize("value", [np.uint8(7), np.int32(3), np.bool_(True), np.float32(0.5)])
def test_numpy_scalars_equal_numbers(value):
    found = decode(encode(value))
    assert isinstance(found, Scalar)
    assert found == value.item() == found
    assert {found: 1} == {value.item(): 1}


def test_what_refers_to_itself_is_refused():
    loop: list = []
    loop.append(loop)
    table: dict = {}
    table["x"] = [table]
    for value in (loop, table, {"a": (loop,)}):
        with pytest.raises(Unencodable):
            encode(value)


def shape_of(value, known=None):
    """Return a text in which every list, tuple and dict has a number: the same, if it is twice."""
    known = {} if known is None else known
    if isinstance(value, (list, tuple, dict)):
        if id(value) in known:
            return f"#{known[id(value)][0]}"
        known[id(value)] = len(known), value
        items = value.items() if isinstance(value, dict) else value
        return f"{type(value).__name__}({', '.join(shape_of(item, known) for item in items)})"
    return repr(value)


def looped():
    row, loop, table = [0], [1], {}
    loop.append(loop)
    table["self"] = (table, loop, row)
    return [row, row, (row, table), loop, {"a": row, "b": [row]}]


@st.composite
def graphs(draw):
    """Lists and dicts that hold one another in any way."""
    nodes: list = [draw(st.sampled_from([list, dict]))() for _ in range(draw(st.integers(1, 6)))]
    for node in nodes:
        for number in range(draw(st.integers(0, 4))):
            inner = draw(st.sampled_from(nodes) | st.integers() | st.just((nodes[0],)))
            if isinstance(node, list):
                node.append(inner)
            else:
                node[number] = inner
    return nodes[0]


@given(graphs())
def test_what_is_shared_stays_shared(value):
    data = encode(value, shared=True)
    for found in (decode(data, shared=True), loads(data)):
        assert shape_of(found) == shape_of(value)
        assert encode(found, shared=True) == data


def test_what_is_shared_below_odd_keys_stays_shared():
    row, key = [1], (0, (1, 2))
    value = {key: row, "b": row, frozenset({key}): [key, row], Decimal(1): row}
    found = decode(encode(value, shared=True), shared=True)
    assert shape_of(list(found.values())) == shape_of([row, row, [key, row], row])
    assert found == value


def test_tuples_that_references_make_very_high_are_malformed():
    nodes = [("u", []), *[("u", [("r", n)]) for n in range(1, 10_000)]]
    with pytest.raises(Malformed, match="too deeply"):
        decode(b"t" + marshal.dumps(("l", nodes), 2), shared=True)


@given(values)
def test_plain_values_come_back_from_trees(value):
    data = encode(value, shared=True)
    assert data[:1] == b"t"
    assert same(decode(data, shared=True), value)
    assert same(loads(data), value)


def test_references_are_read_where_they_may_be_only():
    value = looped()
    data = encode(value, shared=True)
    assert shape_of(decode(data, shared=True)) == shape_of(value)
    with pytest.raises(Malformed, match="a reference to nothing"):
        decode(data)


@pytest.mark.parametrize("number", [-1, 1, 2**40, "0", None, 0.0, True])
def test_forged_references_are_malformed(number):
    with pytest.raises(Malformed):
        decode(b"t" + marshal.dumps(("u", [("r", number)]), 2), shared=True)
    with pytest.raises(Malformed, match="being made"):
        decode(b"t" + marshal.dumps(("u", [("r", 0)]), 2), shared=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([1, (2, {3: {4}}), frozenset({5})], "plain"),
        ([(1, 2)] * 3, "plain"),
        ([[1]] * 2, "tree"),
        (looped(), "tree"),
        ([Decimal(1), Fraction(1, 2), range(3), bytearray(b"x"), collections.deque([1])], "tree"),
        (datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC), "tree"),
        ([np.arange(3), np.float64(1)], "tree"),
        ({"a": collections.deque([1], 5)}, ""),
        ([collections.Counter("a")], ""),
        (collections.namedtuple("P", "x")(1), ""),
        (np.array([object()]), ""),
        ([len], ""),
        ((n for n in ()), ""),
    ],
)
def test_what_can_cross_is_known(value, expected):
    assert form(value) == expected


@given(values)
def test_plain_values_can_cross(value):
    assert form(value) == "plain"


@pytest.mark.parametrize("dtype", ["bool", "int8", ">i4", "float16", "complex128", "<U3", "S2"])
def test_arrays_can_be_made_again(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    for value in (array, array.T, array[:, ::2], array[:0], np.array(3).astype(dtype), array[0, 0]):
        found = decode(encode([value], shared=True), shared=True, numpy="real")[0]
        assert type(found) is type(value)
        assert (found.dtype, found.shape) == (value.dtype, value.shape)
        assert found.tolist() == value.tolist()
    assert type(decode(encode(np.int8(3)), numpy="numbers")) is int


@pytest.mark.parametrize("dtype", ["O", "U99999", "float128", "V8", "i4,i4", "x", ""])
def test_forged_arrays_are_malformed(dtype):
    tree = ("n", (dtype, [("v", 1)], ("l", [("v", 1)])))
    with pytest.raises(Malformed):
        decode(b"t" + marshal.dumps(tree, 2), numpy="real")
    with pytest.raises(Malformed):
        decode(b"t" + marshal.dumps(("g", (dtype, ("v", 1))), 2), numpy="real")


def test_what_is_very_deep_is_refused():
    value: list = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(Unencodable):
        encode(value)


def refused_or_read(data: bytes) -> None:
    started = time.process_time()
    for shared, numpy in itertools.product((False, True), ("stand-ins", "real", "numbers")):
        with contextlib.suppress(Malformed):
            decode(data, shared=shared, numpy=numpy)
    assert time.process_time() - started < 10


@given(st.sampled_from([b"p", b"t", b""]), st.binary(max_size=200))
def test_random_bytes_are_malformed_or_a_value(form, data):
    refused_or_read(form + data)


@settings(max_examples=300)
@given(values, st.data())
def test_changed_encodings_are_malformed_or_a_value(value, data):
    encoded = bytearray(
        encode(data.draw(st.sampled_from([value, Liar([value]), [Fraction(1, 2)]])))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(encoded) - 1))
        encoded[place] = data.draw(st.sampled_from(b"pt[({<>sulgyTFN0i\xff\x00\x7f"))
    refused_or_read(bytes(encoded))
    refused_or_read(bytes(encoded[: data.draw(st.integers(0, len(encoded)))]))


# Trees of tags that no encoder wrote.
trees = st.recursive(
    leaves | st.sampled_from("vluszdxfgn"),
    lambda inner: (
        st.tuples(st.sampled_from("vluszdxfgn"), inner) | st.lists(inner) | st.tuples(inner, inner)
    ),
    max_leaves=20,
)


@settings(max_examples=300)
@given(trees)
def test_forged_trees_are_malformed_or_a_value(tree):
    refused_or_read(b"t" + marshal.dumps(tree, 2))


HUGE = (2**31 - 1).to_bytes(4, "little")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"p",
        b"pN" + b"N",
        *[b"p" + tag + HUGE for tag in (b"[", b"(", b"<", b">", b"s", b"u", b"l")],
        *[b"p" + tag + b"\xff\xff\xff\xff" for tag in (b"[", b"(", b"<", b">", b"s", b"u")],
        b"p" + b"[\x01\0\0\0" * 100_000,
        b"p" + b"[\x01\0\0\0" * 100_000 + b"N",
        b"p" + b"{" * 100_000,
        b"p{N",
        b"p{[\0\0\0\0N0",
        b"p<\x01\0\0\0[\0\0\0\0",
        b"pu\x01\0\0\0\xff",
        b"pl\x01\0\0\0\xff\xff",
        b"pc\0\0\0\0",
        b"pS",
        b"p.",
        b"pR\0\0\0\0",
        b"pr\0\0\0\0",
        b"t(\x02\0\0\0u\x01\0\0\0v[\0\0\0\0",
        b"tN",
    ],
)
def test_hostile_bytes_are_malformed(data):
    with pytest.raises(Malformed):
        decode(data)


def test_deep_trees_of_tags_are_malformed_or_a_value():
    tree: tuple = ("v", None)
    for _ in range(350):
        tree = ("x", ("a", tree))
    refused_or_read(b"t" + marshal.dumps(tree, 2))


def test_large_values_take_bounded_time():
    for value in ([0.5] * 10**5, ["é" * 10**6], 7 ** (10**5), {n: str(n) for n in range(10**5)}):
        data = encode(value)
        started = time.process_time()
        assert decode(data) == value
        assert time.process_time() - started < 10

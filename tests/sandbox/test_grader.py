from __future__ import annotations

import ast
import math
import sys
import time
from collections import Counter, OrderedDict, deque
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeeval.sandbox import grader
from codeeval.sandbox.codec import encode, loads
from codeeval.sandbox.grader import ORACLES, Judge, stdio_matches

NAN = float("nan")
INF = float("inf")


def judged(oracle, out, exp, *, args=(), atol=0.0):
    """Judge one output of a check that has one input."""
    return Judge(oracle, atol, [encode(exp)], [encode(args)], "f").judge(0, encode(out))


def matches(oracle, out, exp, **options):
    return judged(oracle, out, exp, **options) is None


@pytest.mark.parametrize("oracle", ["equal", "json", "evalplus"])
@pytest.mark.parametrize(
    ("out", "exp"),
    [
        (1, 1.0),
        (True, 1),
        ([1, (2, "x")], [1, (2, "x")]),
        ({"a": [1]}, {"a": [1.0]}),
        ({1, 2, 3}, {3, 2, 1}),
        ({"b": 1, "a": 2}, {"a": 2, "b": 1}),
        (OrderedDict(a=1), {"a": 1}),
        (Counter("aab"), {"a": 2, "b": 1}),
        (Decimal(3), 3),
        ([Fraction(1, 2)], [0.5]),
        (range(3), range(3)),
        (deque([1]), deque([1])),
        (np.int64(3), 3),
        ([np.float64(0.5)], [0.5]),
        (INF, INF),
        (None, None),
        ("é\ud800", "é\ud800"),
        ([10**5000], [10**5000]),
    ],
)
def test_equal_values_match_under_every_general_rule(oracle, out, exp):
    assert matches(oracle, out, exp)


@pytest.mark.parametrize("oracle", ["equal", "evalplus"])
@pytest.mark.parametrize(
    ("out", "exp"),
    [
        (1, 2),
        ("1", 1),
        ((1, 2), [1, 2]),
        ([1, 2], [1, 2, 3]),
        (None, 0),
        ({1: 2}, {1: 3}),
        (range(3), [0, 1, 2]),
        (object(), object()),
        (2**64 + 1, float(2**64)),
    ],
)
def test_other_values_do_not_match(oracle, out, exp):
    assert not matches(oracle, out, exp)


def test_our_rule_takes_a_tolerance_at_any_depth():
    exp = {"a": [(1.0, 2.0)], "b": "x"}
    assert matches("equal", {"a": [(1.05, 2)], "b": "x"}, exp, atol=0.1)
    assert not matches("equal", {"a": [(1.05, 2)], "b": "x"}, exp, atol=0.01)
    assert not matches("equal", {"a": [(1.0, 2.0)], "b": "y"}, exp, atol=9.0)
    assert not matches("equal", {"a": [[1.0, 2.0]], "b": "x"}, exp, atol=9.0)
    assert not matches("equal", True, 1.5, atol=9.0)


def test_our_rule_holds_a_nan_for_equal_to_a_nan():
    assert matches("equal", [NAN, 1], [NAN, 1])
    assert matches("equal", [NAN, 1.0], [NAN, 1])
    assert not matches("equal", [NAN], [1.0], atol=1.0)


def test_the_rule_for_written_outputs_does_not_tell_tuples_from_lists():
    assert matches("json", ((1, 2), {"k": (3,)}), [[1, 2], {"k": [3]}])
    assert not matches("json", (1, 2), [1, 3])


def test_numpy_arrays_match_arrays_of_their_shape_under_our_rule():
    assert matches("equal", np.array([[1, 2]]), np.array([[1, 2]]))
    assert not matches("equal", np.array([1, 2]), np.array([[1, 2]]))


# EvalPlus


@pytest.mark.parametrize("value", [NAN, [NAN], [1.0, NAN], {"a": NAN}, (0, [NAN]), complex(0, NAN)])
def test_evalplus_never_matches_a_nan(value):
    assert not matches("evalplus", value, value)
    assert not matches("evalplus", value, value, atol=1e-4)


def test_evalplus_compares_floats_within_a_millionth():
    assert matches("evalplus", 1.0 + 1e-6, 1.0)
    assert not matches("evalplus", 1.0 + 2e-6, 1.0)
    assert matches("evalplus", [1.0 + 1e-6, 2.0], [1.0, 2.0])
    assert matches("evalplus", 1e9 + 99, 1e9), "the relative tolerance is 1e-7"


def test_evalplus_takes_no_tolerance_from_mixed_or_nested_lists():
    assert not matches("evalplus", [1.0 + 1e-9, 2], [1.0, 2])
    assert not matches("evalplus", [[1.0 + 1e-9]], [[1.0]])
    assert not matches("evalplus", 3.0000001, 3)


def test_evalplus_asks_for_the_same_type_where_it_is_tolerant():
    assert not matches("evalplus", (1.0 + 1e-9,), [1.0])
    assert not matches("evalplus", 1, 1.0 + 1e-9)
    assert not matches("evalplus", np.float64(1.0 + 1e-9), 1.0)
    assert not matches("evalplus", np.float32(1.5), 1.5 + 1e-9)
    assert matches("evalplus", np.float64(1.0 + 1e-9), np.float64(1.0))
    assert not matches("evalplus", [1.0 + 1e-9, 1.0], [1.0])


def test_the_tolerance_of_an_expected_float_holds_for_the_inputs_that_follow():
    exp = [encode(value) for value in (3, 2.5, [[1.0]], 7)]
    judge = Judge("evalplus", 0.0, exp, [encode(())] * 4)
    assert judge.judge(0, encode(3 + 1e-7)), "no float was expected yet"
    assert judge.judge(1, encode(2.5)) is None
    assert judge.judge(2, encode([[1.0 + 1e-9]])) is None
    assert judge.judge(3, encode(7.0 + 1e-9)), "an int is not a float"
    assert Judge("evalplus", 0.0, exp, [encode(())] * 4).judge(2, encode([[1.0 + 1e-9]]))


@pytest.mark.parametrize(
    "exp", [2.5, [1.0, 2.0], (1.0,), np.float64(1.0), np.array([1.5]), [np.float64(2.0)]]
)
def test_each_of_these_expected_outputs_brings_the_tolerance(exp):
    judge = Judge("evalplus", 0.0, [encode(exp)], [encode(())])
    judge.judge(0, encode(exp))
    assert judge.atol == 1e-6


@pytest.mark.parametrize("exp", [1, True, [], (), [1.0, 2], [[1.0]], {1.0}, "x", {"a": 1.0}])
def test_none_of_these_brings_a_tolerance(exp):
    judge = Judge("evalplus", 0.0, [encode(exp)], [encode(())])
    judge.judge(0, encode(exp))
    assert judge.atol == 0.0


def test_a_tolerance_of_the_task_is_kept():
    assert matches("evalplus", 1.00005, 1.0, atol=1e-4)
    assert not matches("evalplus", 1.0002, 1.0, atol=1e-4)


def test_arrays_of_several_items_have_no_truth_under_evalplus():
    assert not matches("evalplus", np.array([1, 2]), np.array([1, 2]))
    assert matches("evalplus", np.array([2]), np.array([2]))
    assert not matches("evalplus", np.array([1, 2]), [1, 2])


numbers = st.one_of(
    st.sampled_from([0, 1, 1.0, 1 + 1e-7, 1 + 1e-6, 1 + 2e-6, NAN, INF, -INF, True, 2**63, 1j]),
    st.integers(-3, 3),
    st.sampled_from(["a", None, 10**30, 10**400]),
)
nested = st.recursive(numbers, lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner))


@given(nested, nested)
def test_closeness_is_that_of_numpy(out, exp):
    def numpy_says():
        if type(out) is not type(exp) or (isinstance(exp, list | tuple) and len(out) != len(exp)):
            return False
        try:
            with np.errstate(all="ignore"):
                # Encoded and back: a NaN is not the very same object on both sides.
                equal = loads(encode(out)) == exp
                return equal or bool(np.allclose(out, exp, rtol=1e-7, atol=1e-6))
        except (TypeError, ValueError, OverflowError):
            return False

    assert matches("evalplus", out, exp, atol=1e-6) == numpy_says()


@given(
    st.lists(st.integers(1, 2), max_size=3),
    st.lists(st.integers(1, 2), max_size=3),
    st.randoms(use_true_random=False),
)
def test_shapes_spread_as_those_of_numpy(shape, other, random):
    out = np.array([random.choice([1.0, 2.0]) for _ in range(math.prod(shape))]).reshape(shape)
    exp = np.array([random.choice([1.0, 2.0]) for _ in range(math.prod(other))]).reshape(other)
    try:
        wanted = bool(np.allclose(out, exp, rtol=1e-7, atol=0.5))
    except ValueError:
        wanted = False
    try:
        got = grader._all_close(out.tolist(), exp.tolist(), 0.5)
    except ValueError:
        got = False
    assert got == wanted


# the special rules of EvalPlus


@pytest.mark.parametrize(
    ("oracle", "args", "exp", "right", "wrong"),
    [
        ("any", (1, 2), True, [True, False, "anything", None], []),
        ("or-zero", (8,), 7, [7, 0, 0.0, False], [6, None]),
        ("set", ([1, 2],), [1, 2], [[2, 1], (1, 2, 2), {1, 2}, {1: 0, 2: 0}, range(1, 3)], [[1]]),
        ("set", ([1, 2],), (), [[], (), set(), {}, ""], [[0], None, 3, [[]]]),
        ("not-none", ("x",), "found", ["anything", 0, True, object()], [None, False]),
        ("not-none", ("x",), None, [None, False], ["found", 0, True]),
        ("not-none", ("x",), False, [True, "found"], [False, None]),
        ("root", ([1, 2],), 7.0, [-0.5, -0.500004, np.float64(-0.5)], [7.0, NAN, "x", None, 1j]),
        ("never", ([1, 2],), -0.5, [], [-0.5]),
        ("surface-area", (3, 4), 33, [33, 35, 35.0], [34]),
        ("digit-distance", (5, 123), 4, [4, 5], [1, None]),
    ],
)
def test_special_rules(oracle, args, exp, right, wrong):
    atol = 1e-4 if oracle == "root" else 0.0
    for out in right:
        assert judged(f"evalplus:{oracle}", out, exp, args=args, atol=atol) is None
    for out in wrong:
        assert judged(f"evalplus:{oracle}", out, exp, args=args, atol=atol) is not None


def test_a_huge_number_for_a_root_fails_in_time():
    assert not matches("evalplus:root", 10**400, 1.0, args=([1, 2, 3, 4],), atol=1e-4)


# answers from hostile processes


@pytest.mark.parametrize("oracle", sorted(ORACLES))
@pytest.mark.parametrize(
    "answer", [b"", b"p", b"p\xff", b"t(\x02", b"x", b"p[\xff\xff\xff\x7f", b"tN", encode(1) + b"N"]
)
def test_bytes_that_are_no_value_fail_with_a_message(oracle, answer):
    judge = Judge(oracle, 1e-4, [encode(0.5)], [encode(([1, 2],))])
    assert judge.judge(0, answer)


def test_a_deep_value_fails_with_a_message():
    depth = sys.getrecursionlimit() * 2
    answer = b"p" + b"[\x01\0\0\0" * depth + b"N"
    for oracle in ORACLES:
        assert Judge(oracle, 0.0, [encode([])], [encode(([1],))]).judge(0, answer)


def test_an_array_that_claims_another_shape_fails():
    honest = encode(np.array([1.5]))
    forged = honest.replace(b"vi\x01\0\0\0", b"vi\x00\x00\x00\x7f")
    assert forged != honest
    assert Judge("evalplus", 0.0, [honest], [encode(())]).judge(0, forged)


def test_spreading_a_column_to_a_square_does_not_take_the_square_of_its_time():
    size = 20_000
    started = time.process_time()
    assert not matches("evalplus", [[1.0]] * size, [1.0] * (size - 1) + [1.1])
    assert time.process_time() - started < 5


def test_large_answers_are_judged_in_linear_time():
    exp = list(range(300_000))
    out = [*exp[:-1], -1]
    for oracle in ("equal", "evalplus", "evalplus:set"):
        started = time.process_time()
        assert judged(oracle, out, exp)
        assert time.process_time() - started < 10


# messages


def test_a_message_says_what_was_called_what_came_and_what_was_expected():
    judge = Judge("equal", 0.0, [encode(0), encode([2])], [encode((0,)), encode((1, "x"))], "f")
    assert judge.judge(1, encode([1])) == "call 2: f(1, 'x') returned [1], expected [2]"


def test_a_message_of_one_argument_has_no_stray_comma():
    assert judged("equal", 1, 2, args=(3,)) == "call 1: f(3) returned 1, expected 2"


@pytest.mark.parametrize(
    "value",
    ["x" * 10**6, list(range(10**5)), [10**6000], dict.fromkeys(range(99), "y" * 999), b"z" * 999],
)
def test_messages_are_short(value):
    message = judged("equal", value, None, args=(value,))
    assert message is not None
    assert message.startswith("call 1: f(")
    assert len(message) <= 400


def test_what_cannot_be_compared_is_said_to_be_so():
    assert "cannot be compared" in judged("evalplus:set", [[1]], [1])


def test_an_unknown_oracle_is_refused():
    with pytest.raises(ValueError, match="no oracle 'equals'"):
        Judge("equals", 0.0, [], [])


def test_expected_outputs_and_inputs_go_together():
    with pytest.raises(ValueError, match="1 expected outputs for 2 inputs"):
        Judge("equal", 0.0, [encode(1)], [encode(()), encode(())])


# stdin and stdout


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (b"3\n", "3"),
        (b"\n  3  \r\n4\r\n\n", "3\n4"),
        (b"3.0", "3"),
        (b"1  2", "1 2"),
        (b"1e2", "100"),
        (b"", ""),
        (b"", "\n"),
        ("né".encode(), "né"),
        (b"NaN", "NaN"),
        (b"0.30", "0.3"),
        (b"a\n\n1.0", "a\n\n1"),
    ],
)
def test_outputs_that_match(output, expected):
    assert stdio_matches(output, expected)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (b"a  b", "a b"),
        (b"YES", "Yes"),
        (b"0.30000000000000004", "0.3"),
        (b"1\n2", "1 2"),
        (b"1\n\n2", "1\n2"),
        (b"1 2 3", "1 2"),
        (b"nan", "NaN"),
        (b"sNaN", "1"),
        (b"3 x", "3.0 x"),
        (b"\xff", "\ufffd"),
        (b"", "0"),
        (b"1e999999999999999999999", "1"),
    ],
)
def test_outputs_that_do_not_match(output, expected):
    assert not stdio_matches(output, expected)


def test_the_grader_imports_the_standard_library_and_the_codec_only():
    tree = ast.parse(Path(grader.__file__).read_text("utf-8"))
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    strangers = {name for name in names if name.split(".")[0] not in sys.stdlib_module_names}
    assert strangers == {"codeeval.sandbox.codec", "codeeval.sandbox.trees"}

"""What variables are before and after a step, and which way branches go."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeeval.sandbox.states import branches, state_after, state_before
from codeeval.sandbox.tracer import traced, typed
from codeeval.sandbox.tracing import call_trace
from tests.codeeval.command import run
from tests.sandbox.conftest import BUBBLEWRAP, open_or_skip

LOOP = (
    "def f(n):\n    t = 0\n    for i in range(n):\n        if i % 2:\n            t += i\n"
    "    return t\n"
)
FIB = "def g(n):\n    if n < 2:\n        return n\n    return g(n - 1) + g(n - 2)\n"


def texts(state):
    return {name: value.get("v") for name, value in state.items()}


def test_states_before_and_after_a_step():
    found = traced(LOOP, "f(3)", values=True)
    assert found["steps"] == [2, 3, 4, 3, 4, 5, 3, 4, 3, 6]
    assert texts(state_before(found, 0)) == {"n": "3"}
    assert texts(state_after(found, 0)) == {"n": "3", "t": "0"}
    assert texts(state_before(found, 5)) == {"n": "3", "t": "0", "i": "1"}
    assert texts(state_after(found, 5)) == {"n": "3", "t": "1", "i": "1"}
    assert texts(state_after(found, 9)) == {"n": "3", "t": "1", "i": "2"}


def test_each_call_has_variables_of_its_own():
    found = traced(FIB, "g(3)", values=True)
    arguments = [state_before(found, found["frames"].index(n))["n"]["v"] for n in range(5)]
    assert arguments == ["3", "2", "1", "0", "1"]


def test_what_a_last_line_changes_is_seen():
    found = traced("def f():\n    x = 1\n    x = 2\n", "f()", values=True)
    assert texts(state_after(found, 1)) == {"x": "2"}
    found = traced("def f():\n    x = 1\n    x = y\n", "f()", values=True)
    assert (found["error"], texts(state_after(found, 1))) == ("NameError", {"x": "1"})


def test_a_generator_goes_on_with_what_it_had():
    code = "def g(n):\n    while n:\n        yield n\n        n -= 1\n"
    found = traced(code, "list(g(2))", values=True)
    assert found["steps"] == [2, 3, 4, 2, 3, 4, 2]
    assert [texts(state_before(found, n))["n"] for n in range(7)] == list("2221110")


def test_no_values_unless_they_are_asked_for():
    assert traced(LOOP, "f(3)")["changes"] == []
    assert traced(LOOP, "f(3)")["steps"] == traced(LOOP, "f(3)", values=True)["steps"]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (True, {"t": "bool", "v": "True"}),
        ([1, {"a": (2.5, None)}], {"t": "list", "v": "[1, {'a': (2.5, None)}]"}),
        ({3, 1, 2}, {"t": "set", "v": "[1, 2, 3]"}),
        ("x" * 201, {"t": "str"}),
        (list(range(300)), {"t": "list"}),
        ([[[[[[[1]]]]]]], {"t": "list"}),
        (object(), {"t": "object"}),
        ([object()], {"t": "list"}),
    ],
)
def test_values_have_types_and_small_ones_texts(value, told):
    assert typed(value) == told


def test_a_value_that_holds_itself():
    value: list[object] = []
    value.append(value)
    assert typed(value) == {"t": "list"}


@pytest.mark.parametrize(
    ("code", "call", "outcomes"),
    [
        (
            LOOP,
            "f(2)",
            [(3, True), (4, False), (3, True), (4, True), (3, False)],
        ),
        (FIB, "g(2)", [(2, False), (2, True), (2, True)]),
        (
            "def f(n):\n    while n:\n        n -= 1\n",
            "f(2)",
            [(2, True), (2, True), (2, False)],
        ),
        (
            "def f(n):\n    if (n and\n            n > 1):\n        n = 0\n    return n\n",
            "f(2)",
            [(2, True)],
        ),
        (
            "def f(n):\n    if (n and\n            n > 1):\n        n = 0\n",
            "f(1)",
            [(2, False)],
        ),
        (
            (
                "def f(n):\n    try:\n        if n / 0:\n            n = 1\n"
                "    except ZeroDivisionError:\n        return n\n"
            ),
            "f(1)",
            [],
        ),
        ("def f(n):\n    if n / 0:\n        n = 1\n", "f(1)", []),
        (
            "def f(n):\n    if n:\n        n = 1\n    elif n == 0:\n        n = 2\n    return n\n",
            "f(0)",
            [(2, False), (4, True)],
        ),
        ("def f(n):\n    if n: return 1\n    return 2\n", "f(0)", []),
    ],
)
def test_which_way_branches_go(code, call, outcomes):
    found = traced(code, call)
    assert [(line, taken) for _, line, taken in branches(code, found)] == outcomes


@given(st.lists(st.integers(0, 3), max_size=12))
def test_branches_and_states_are_what_a_program_notes_of_itself(numbers):
    code = (
        "def f(numbers, noted):\n    total = 0\n    for n in numbers:\n"
        "        noted.append(n > 1)\n        if n > 1:\n            total += n\n"
        "    return total\n"
    )
    noted = [n > 1 for n in numbers]
    found = traced(code, f"f({numbers}, [])", values=True)
    taken = [way for _, line, way in branches(code, found) if line == 5]
    assert taken == noted
    visits = [place for place, line in enumerate(found["steps"]) if line == 6]
    totals = [int(state_after(found, place)["total"]["v"]) for place in visits]
    sums = [sum(x for x in numbers[: k + 1] if x > 1) for k, n in enumerate(numbers) if n > 1]
    assert totals == sums


def test_in_the_sandbox_and_by_the_command(tmp_path):
    with open_or_skip(BUBBLEWRAP) as executor:
        found = call_trace(executor, LOOP + "print(f(2))\n", "f(3)", values=True)
        assert (found["printed"], found["result"]) == ("1\n", "1")
        assert texts(state_after(found, 5)) == {"n": "3", "t": "1", "i": "1"}
    path = tmp_path / "program.py"
    path.write_text(LOOP + "print(f(2))\n")
    done = run("trace", "run", path, "--sandbox", "bubblewrap", cwd=tmp_path)
    assert done.code == 0, done.err
    record = json.loads(done.out)
    assert record["steps"] == [1, 7, 2, 3, 4, 3, 4, 5, 3, 6]
    assert record["branches"][0] == [3, 3, True]
    done = run("trace", "run", path, "--call", "f(1)", "--sandbox", "bubblewrap", cwd=tmp_path)
    assert json.loads(done.out)["steps"] == [2, 3, 4, 3, 6]


def test_files_that_the_command_does_not_know(tmp_path):
    path = tmp_path / "program.cob"
    path.write_text("")
    done = run("trace", "run", path, "--sandbox", "bubblewrap", cwd=tmp_path)
    assert (done.code, "must be one of .py, .java, .js, .cjs" in done.err) == (2, True)
    done = run("trace", "run", "x.js", "--call", "f()", "--sandbox", "bubblewrap", cwd=tmp_path)
    assert (done.code, "are for programs in Python" in done.err) == (2, True)

from __future__ import annotations

from dataclasses import dataclass

import pytest

from codeeval.sandbox.program import Asserts, Program
from codeeval.sandbox.verdict import Status
from tests.sandbox.programs import LIMITS, assert_next_is_right, limited

REFERENCE = "def f(x):\n    return x + 1\n"
TESTS = "assert f(3) == 4\nassert f(10) == 11\n"


@dataclass(frozen=True)
class Case:
    source: str
    status: Status
    tests: str = TESTS
    reference: str = REFERENCE
    message: str = ""


RIGHT = {
    "plain": Case(REFERENCE, Status.PASSED),
    "an argument larger than a pipe": Case(
        "def f(x):\n    return len(x)", Status.PASSED, "assert f('a' * 300_000) == 300_000"
    ),
    "arguments changed in place": Case(
        "def f(x):\n    x.append(1)\n    x.sort()",
        Status.PASSED,
        "a = [3, 2]\nassert f(a) is None\nassert a == [1, 2, 3]",
    ),
    "nested arguments changed in place": Case(
        "def f(x):\n    x['a'][0].add(5)\n    x['b'] = 1",
        Status.PASSED,
        "s = {1}\nd = {'a': [s]}\nf(d)\nassert d == {'a': [{1, 5}], 'b': 1} and d['a'][0] is s",
    ),
    "the argument itself returned": Case(
        "def f(x):\n    x.append(1)\n    return x",
        Status.PASSED,
        "a = [3]\nassert f(a) is a and a == [3, 1]",
    ),
    "a generator": Case(
        "def f(n):\n    yield from range(n)",
        Status.PASSED,
        "assert list(f(3)) == [0, 1, 2]\ng = f(2)\nassert next(g) == 0 and iter(g) is g",
    ),
    "two iterators in turn": Case(
        "def f(n):\n    return iter(range(n))",
        Status.PASSED,
        "a, b = f(5), f(5)\nassert [next(a), next(b), next(a)] == [0, 0, 1]",
    ),
    "an exception with its message": Case(
        "def f(x):\n    raise ValueError('bad', x)",
        Status.PASSED,
        "try:\n    f(1)\nexcept ValueError as error:\n    assert error.args == ('bad', 1)\n"
        "else:\n    assert False",
    ),
    "default and keyword arguments": Case(
        "def f(x, y=3, *rest, z=0):\n    return x + y + z + len(rest)",
        Status.PASSED,
        "assert (f(1), f(1, 1), f(1, z=5), f(x=2), f(1, 1, 1, 1)) == (4, 2, 9, 5, 4)",
    ),
    "a fraction": Case(
        "from fractions import Fraction\ndef f(x):\n    return Fraction(x, 2)",
        Status.PASSED,
        "assert f(1) == 0.5 and f(3) + 1 == 2.5",
    ),
    "a number of numpy": Case(
        "import numpy as np\ndef f(x):\n    return np.float64(x) + 1",
        Status.PASSED,
        "assert abs(f(1) - 2) < 1e-9 and f(3) == 4",
    ),
    "values of every kind": Case(
        "def f(x):\n    return x",
        Status.PASSED,
        "for v in [None, True, -0.0, 10**400, 'a\\ud800', b'x', 1j, (1, [2]), {1: {2}},\n"
        "          frozenset({3}), float('inf')]:\n"
        "    assert f(v) == v and type(f(v)) is type(v), v",
    ),
    "the same list twice": Case(
        "def f(x, y):\n    x.append(1)\n    return len(y)",
        Status.PASSED,
        "a = [0]\nassert f(a, a) == 2 and a == [0, 1]\n"
        "rows = [[0] * 2] * 2\nassert f(rows[0], rows) == 2\n"
        "assert rows == [[0, 0, 1]] * 2 and rows[0] is rows[1]",
    ),
    "lists that change places": Case(
        "def f(m):\n    m.sort()\n    return m[0]",
        Status.PASSED,
        "a, b = [3], [1]\nm = [a, b]\nassert f(m) is b and m[0] is b and m[1] is a\n"
        "assert (a, b) == ([3], [1])",
    ),
    "a list in another's place": Case(
        "def f(m):\n    m[0] = m[1]\n    m.append([9])",
        Status.PASSED,
        "rows = [[0], [1]]\nfirst, second = rows\nf(rows)\n"
        "assert rows[0] is second and rows == [[1], [1], [9]] and first == [0]",
    ),
    "a list that is thrown out and changed": Case(
        "def f(m):\n    m.pop().append(5)",
        Status.PASSED,
        "inner = [1]\nm = [inner]\nf(m)\nassert m == [] and inner == [1, 5]",
    ),
    "a list in two tuples": Case(
        "def f(m):\n    m[0][0].append(1)\n    return m",
        Status.PASSED,
        "t = ([],)\nm = [t, t]\nassert f(m) is m\nm[0][0].append(2)\n"
        "assert m[1] == ([1, 2],) and t[0] is m[1][0]",
    ),
    "keys that are tuples": Case(
        "def f(g, a):\n    return {(0, 0): a, 'x': a, (1, (2,)): [a, (0, 0)]}",
        Status.PASSED,
        "a = [1]\nassert f([a, a], a) == {(0, 0): [1], 'x': [1], (1, (2,)): [[1], (0, 0)]}",
    ),
    "changed, then an exception": Case(
        "def f(x):\n    x.sort()\n    raise ValueError",
        Status.PASSED,
        "x = [2, 1]\ntry:\n    f(x)\nexcept ValueError:\n    pass\nassert x == [1, 2]",
    ),
    "rows that are one row": Case(
        "def f(x):\n    x[0].append(1)\n    return x[1]",
        Status.PASSED,
        "rows = [[0]] * 2\nassert f(rows) == [0, 1] and rows == [[0, 1]] * 2",
    ),
    "a list in itself": Case(
        "def f(x):\n    x.append(x)\n    return x if len(x) > 2 else [x, x]",
        Status.PASSED,
        "a = [1, 2]\nassert f(a) is a and a[2] is a and len(a) == 3\n"
        "b = [1]\nfound = f(b)\nassert found[0] is found[1] is b and b[1] is b\n"
        "assert f(a) is a and len(a) == 4 and a[3] is a",
    ),
    "exact numbers and times": Case(
        "def f(x):\n    return x + x",
        Status.PASSED,
        "from decimal import Decimal\nfrom fractions import Fraction\n"
        "from datetime import timedelta\n"
        "for v in [Decimal('1.10'), Fraction(1, 3), timedelta(1)]:\n"
        "    assert f(v) == v + v and type(f(v)) is type(v), v",
    ),
    "a deque and a bytearray changed in place": Case(
        "def f(x):\n    x.append(1)",
        Status.PASSED,
        "from collections import deque\n"
        "for v in [deque([5]), bytearray(b'a')]:\n    f(v)\n    assert len(v) == 2 and v[1] == 1",
    ),
    "arrays": Case(
        "import numpy as np\ndef f(x):\n    x[0] = 5\n    return x * 2",
        Status.PASSED,
        "a = np.array([1.5, 2.0])\nb = f(a)\n"
        "assert type(b) is np.ndarray and b.dtype == a.dtype\n"
        "assert np.array_equal(b, [10.0, 4.0]) and a[0] == 5\n"
        "c = f(np.arange(6).reshape(2, 3))\nassert c.shape == (2, 3) and c.sum() == 54",
        "import numpy as np\ndef f(x):\n    x[0] = 5\n    return x * 2",
    ),
    "helpers and imports of the reference": Case(
        "def f(x):\n    return x ** 0.5",
        Status.PASSED,
        "assert math.isclose(f(2), root(2))",
        "import math\ndef root(x):\n    return math.sqrt(x)\ndef f(x):\n    return root(x)",
    ),
    "what it prints": Case("print('1' * 10**6)\n" + REFERENCE, Status.PASSED),
}
WRONG = {
    "a wrong answer": Case(
        "def f(x):\n    return x", Status.WRONG_ANSWER, message="assert f(3) == 4"
    ),
    "a raised exception": Case(
        "def f(x):\n    raise KeyError(x)", Status.RUNTIME_ERROR, message="KeyError: 3"
    ),
    "an exception of its own": Case(
        "class Odd(Exception):\n    pass\ndef f(x):\n    raise Odd('hm')",
        Status.RUNTIME_ERROR,
        message="Odd: hm",
    ),
    "no such function": Case(
        "g = 1", Status.RUNTIME_ERROR, message="NameError: name 'f' is not defined"
    ),
    "a syntax error": Case("def f(x", Status.SYNTAX_ERROR),
    "an error at the start": Case("1 / 0", Status.RUNTIME_ERROR, message="ZeroDivisionError"),
    "os._exit": Case("import os\ndef f(x):\n    os._exit(0)", Status.RUNTIME_ERROR),
    "sys.exit": Case("import sys\ndef f(x):\n    sys.exit(0)", Status.RUNTIME_ERROR),
    "a segmentation fault": Case(
        "import ctypes\ndef f(x):\n    ctypes.string_at(0)", Status.RUNTIME_ERROR, message="SIGSEGV"
    ),
    "an object equal to everything": Case(
        "class E:\n    def __eq__(self, other):\n        return True\ndef f(x):\n    return E()",
        Status.WRONG_ANSWER,
    ),
    "an int equal to everything": Case(
        "class E(int):\n    def __eq__(self, other):\n        return True\n"
        "def f(x):\n    return E(7)",
        Status.WRONG_ANSWER,
    ),
    "a helper of its own": Case(
        "def g(x):\n    return 5\ndef f(x):\n    return 5",
        Status.WRONG_ANSWER,
        "assert f(2) == g(2)",
        "def g(x):\n    return x * x\ndef f(x):\n    return g(x)",
    ),
    "its own assertion": Case("def f(x):\n    assert False, 'mine'", Status.WRONG_ANSWER),
    "a record of its own": Case(
        "import os\ndef f(x):\n    for n in range(3, 10):\n        try:\n"
        "            os.write(n, b'\\x02\\x05\\0\\0\\0pi\\x04\\0\\0\\0' * 3)\n"
        "        except OSError:\n            pass\n    return 0",
        Status.RUNTIME_ERROR,
    ),
    "no plain arguments": Case(
        REFERENCE, Status.RUNTIME_ERROR, "f(lambda: 1)", message="cannot be sealed"
    ),
}


def sealed(case: Case, **limits: float) -> Program:
    check = Asserts(case.tests, reference=case.reference, entry_points=("f",), sealed=True)
    return Program(case.source, (check,), limited(**limits) if limits else LIMITS)


@pytest.mark.parametrize("name", [*RIGHT, *WRONG])
def test_tests_by_value_behave_as_in_one_process(executor, name):
    case = (RIGHT | WRONG)[name]
    verdict = executor.run(sealed(case))
    assert verdict.status is case.status, verdict.message
    assert case.message in verdict.message
    assert verdict.sealed


@pytest.mark.parametrize("name", [name for name in RIGHT | WRONG if name != "no plain arguments"])
def test_the_verdict_is_that_of_tests_in_one_process(pools, name):
    """But for forgeries, which is why there are sealed tests."""
    case = (RIGHT | WRONG)[name]
    setup = "\n".join(line for line in case.reference.split("\n") if line.startswith("import"))
    if "root" in case.tests:
        setup = case.reference.partition("def f")[0]
    source = case.source
    verdict = pools("bubblewrap").run(Program(source, (Asserts(case.tests, setup),), LIMITS))
    forged = name in ("an object equal to everything", "an int equal to everything")
    if forged or name == "a helper of its own":
        assert verdict.status is Status.PASSED
    elif name == "a record of its own":
        assert verdict.status is not Status.PASSED
    else:
        assert verdict.status is case.status, verdict.message


def test_a_loop_in_a_call_is_a_timeout(executor):
    case = Case("def f(x):\n    while True:\n        pass", Status.TIMEOUT)
    assert executor.run(sealed(case, cpu_seconds=0.5)).status is Status.TIMEOUT
    assert_next_is_right(executor)


def test_an_endless_iterator_is_a_timeout(executor):
    case = Case("import itertools\ndef f(x):\n    return itertools.count()", Status.TIMEOUT)
    case = Case(case.source, case.status, "list(f(1))")
    verdict = executor.run(sealed(case, cpu_seconds=0.5, wall_seconds=5))
    assert verdict.status is Status.TIMEOUT
    assert_next_is_right(executor)


def test_a_candidate_that_waits_for_ever_is_a_timeout(executor):
    case = Case("import time\ndef f(x):\n    time.sleep(1000)", Status.TIMEOUT)
    assert executor.run(sealed(case, wall_seconds=0.5)).status is Status.TIMEOUT
    assert_next_is_right(executor)


def test_memory_is_limited_in_a_call(executor):
    case = Case("def f(x):\n    return len([bytes(10**6) for _ in range(10**6)])", Status.PASSED)
    verdict = executor.run(sealed(case, memory_bytes=200 * 2**20))
    assert verdict.status is Status.MEMORY_LIMIT
    assert_next_is_right(executor)


def test_many_candidates_in_a_row_are_told_apart(executor):
    cases = [Case(f"def f(x):\n    return x + 1 + {n % 2}", Status.PASSED) for n in range(60)]
    verdicts = list(executor.run_many(map(sealed, cases)))
    expected = [Status.PASSED, Status.WRONG_ANSWER] * 30
    assert [verdict.status for verdict in verdicts] == expected


def test_what_is_numpys_is_told_apart_by_the_tests_own_text(executor):
    """Not by what tests before them have imported into the examiner."""
    source = "import numpy\ndef f(x):\n    return numpy.int64(x)"
    plain = Case(source, Status.PASSED, "assert isinstance(f(1), int)")
    importing = Case(source, Status.PASSED, "import numpy\nassert type(f(1)) is numpy.int64")
    for case in (plain, importing, plain):
        verdict = executor.run(sealed(case))
        assert verdict.status is Status.PASSED, verdict.message


def test_sealed_and_compared_checks_take_turns(executor):
    for n in range(3):
        assert executor.run(sealed(RIGHT["plain"])).status is Status.PASSED
        assert_next_is_right(executor)
        wrong = executor.run(sealed(WRONG["a wrong answer"])).status
        assert wrong is Status.WRONG_ANSWER, n

from __future__ import annotations

import pytest

from codeeval.tasks.sealing import called_functions
from codeeval.tasks.sealing import test_names as names_of

METHODS = """
import unittest
class A(unittest.TestCase):
    x = 1
    def test_b(self): pass
    def helper(self): pass
    def test_a(self): pass
"""


@pytest.mark.parametrize(
    ("tests", "names"),
    [
        (METHODS, ("A.test_a", "A.test_b")),
        ("class A(TestCase):\n async def test_a(self): pass", ("A.test_a",)),
        ("class B(IsolatedAsyncioTestCase):\n def test(self): pass", ("B.test",)),
        ("class Base(TestCase):\n def test_a(self): pass\nclass B(Base):\n def test_b(self): pass",
         ("Base.test_a", "B.test_a", "B.test_b")),
        ("class FooTestCase:\n def test_a(self): pass", ()),
        ("class A(B):\n def test_a(self): pass\nclass B(A): pass", ()),
        ("def test_a(): pass\nassert f(1) == 2", ()),
        ("class A(unittest.TestCase): pass", ()),
        ("class A(", ()),
    ],
)  # fmt: skip
def test_names_are_read_from_the_text(tests, names):
    assert names_of(tests) == names


@pytest.mark.parametrize(
    ("tests", "reference", "functions"),
    [
        ("assert f(1) == g(2)", "def g(x): pass\ndef f(x): pass", ("g", "f")),
        ("assert f(1) == 2", "import sys\ndef f(x): pass", ("f",)),
        ("assert f(1) == sys.maxsize", "import sys\ndef f(x): pass", ()),
        ("import sys\nassert f(1) == sys.maxsize", "import sys\ndef f(x): pass", ("f",)),
        ("assert f(1) == c.b", "import a.b as c\ndef f(x): pass", ()),
        ("assert f(1) == limit", "limit = 3\ndef f(x): return limit", ()),
        ("assert f(A(1)) == 2", "class A: pass\ndef f(x): pass", ()),
        ("for i in range(3): assert f(i)", "for i in range(3): pass\ndef f(x): pass", ("f",)),
        ("assert h(1)", "def f(x): pass", ()),
        ("assert f(", "def f(x): pass", ()),
    ],
)
def test_tests_that_use_more_than_functions_are_not_sealed(tests, reference, functions):
    assert called_functions(tests, reference) == functions

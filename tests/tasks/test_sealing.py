from __future__ import annotations

import pytest

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

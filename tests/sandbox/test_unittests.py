"""Classes of unittest beside the candidate: what they say, and what they do not fall for."""

from __future__ import annotations

import pytest

from codeeval.sandbox.program import Program, UnitTests
from codeeval.sandbox.verdict import Status
from tests.sandbox.programs import LIMITS, assert_next_is_right, limited

RIGHT = "def f(x):\n    return x + 1\n"
WRONG = "def f(x):\n    return x\n"
TESTS = """
import os
import unittest
from unittest.mock import patch

class TestCases(unittest.TestCase):
    def setUp(self):
        self.start = 3

    def test_one(self):
        self.assertEqual(f(self.start), 4)

    def test_parts(self):
        for n in range(3):
            with self.subTest(n=n):
                self.assertEqual(f(n), n + 1)

    def test_patched(self):
        with patch("os.getcwd", return_value="/here"), open("note", "w") as file:
            file.write(os.getcwd())
        self.assertEqual(open("note").read(), "/here")
        with self.assertRaises(TypeError):
            f("a")
"""
NAMES = ("TestCases.test_one", "TestCases.test_parts", "TestCases.test_patched")


def run(executor, source, tests=TESTS, names=NAMES, limits=LIMITS, *, all_failures=True):
    return executor.run(Program(source, (UnitTests(tests, names, all_failures),), limits))


def test_right_code_passes_and_is_not_sealed(executor):
    verdict = run(executor, RIGHT)
    assert verdict.status is Status.PASSED, verdict.message
    (result,) = verdict.results
    assert (result.completed, result.total, result.failures) == (3, 3, ())
    assert not verdict.sealed


def test_wrong_code_fails_where_it_is_wrong(executor):
    verdict = run(executor, WRONG)
    assert verdict.status is Status.WRONG_ANSWER
    assert verdict.results[0].failures == (0, 1, 2)
    assert verdict.message == "TestCases.test_one: AssertionError: 3 != 4"
    assert run(executor, WRONG, all_failures=False).results[0].failures == (0,)


@pytest.mark.parametrize(
    ("source", "status", "says"),
    [
        ("def f(x)\n", Status.SYNTAX_ERROR, ""),
        ("def f(x):\n    return {}[x]\n", Status.RUNTIME_ERROR, "KeyError: 3"),
        ("g = 1", Status.RUNTIME_ERROR, "NameError"),
        ("def f(x):\n    raise MemoryError\n", Status.MEMORY_LIMIT, "MemoryError"),
        ("1 / 0", Status.RUNTIME_ERROR, "ZeroDivisionError"),
    ],
)
def test_each_failure_has_its_status(executor, source, status, says):
    verdict = run(executor, source)
    assert verdict.status is status
    assert says in verdict.message


def test_a_loop_is_a_timeout_in_each_test(executor):
    loop = "def f(x):\n    while True:\n        pass\n"
    verdict = run(executor, loop, limits=limited(cpu_seconds=0.3))
    assert verdict.status is Status.TIMEOUT
    assert verdict.results[0].failures == (0, 1, 2)
    assert_next_is_right(executor)


@pytest.mark.parametrize(
    "tests",
    [
        (
            "import unittest\nclass T(unittest.TestCase):\n    @unittest.skip('no')\n"
            "    def test_one(self):\n        pass\n"
        ),
        (
            "import unittest\nclass T(unittest.TestCase):\n    @unittest.expectedFailure\n"
            "    def test_one(self):\n        assert False\n"
        ),
        (
            "import unittest\nclass T(unittest.TestCase):\n    @unittest.expectedFailure\n"
            "    def test_one(self):\n        pass\n"
        ),
        "import unittest\nclass T(unittest.TestCase):\n    def test_two(self):\n        pass\n",
        (
            "import unittest\nclass T(unittest.TestCase):\n    @classmethod\n"
            "    def setUpClass(cls):\n        raise OSError\n"
            "    def test_one(self):\n        pass\n"
        ),
        (
            "import unittest\nclass T(unittest.TestCase):\n    def test_one(self):\n"
            "        self.skipTest('no')\n"
        ),
        (
            "import unittest\nclass T(unittest.TestCase):\n    def tearDown(self):\n        f.x\n"
            "    def test_one(self):\n        pass\n"
        ),
    ],
)
def test_what_did_not_succeed_is_no_pass(executor, tests):
    verdict = run(executor, RIGHT, tests, ("T.test_one",))
    assert verdict.status in (Status.WRONG_ANSWER, Status.RUNTIME_ERROR)


FORGERIES = {
    "leaves with 0": "import os\ndef f(x):\n    os._exit(0)",
    "leaves at once": "import os\nos._exit(0)",
    "raises SystemExit": "def f(x):\n    raise SystemExit(0)",
    "skips": "import unittest\ndef f(x):\n    raise unittest.SkipTest",
    "patches assertEqual": "import unittest\n"
    "unittest.TestCase.assertEqual = lambda *a, **k: None\ndef f(x):\n    raise TypeError",
    "patches failureException": "import unittest\nclass E(Exception):\n    pass\n"
    "unittest.TestCase.failureException = E\ndef f(x):\n    return x",
    "patches run": "import unittest\ndef run(self, result=None):\n    result.startTest(self)\n"
    "    result.addSuccess(self)\n    result.stopTest(self)\nunittest.TestCase.run = run\n" + WRONG,
    "patches the suite": "import unittest\n"
    "unittest.TestSuite.run = lambda self, result, debug=False: result\n" + WRONG,
    "another class of tests": "import unittest\nclass TestCases(unittest.TestCase):\n"
    "    def test_one(self):\n        pass\n    test_parts = test_patched = test_one\n" + WRONG,
    "a metaclass for all": "import builtins\nold = builtins.__build_class__\n"
    "def build(body, name, *bases, **more):\n    made = old(body, name, *bases, **more)\n"
    "    for each in list(vars(made)):\n        if each.startswith('test'):\n"
    "            setattr(made, each, lambda self: None)\n    return made\n"
    "builtins.__build_class__ = build\n" + WRONG,
    "isinstance": "import builtins\nbuiltins.isinstance = lambda *a: True\n" + WRONG,
    "a fake module": "import sys, types\nfake = types.ModuleType('unittest')\n"
    "class T:\n    def __init__(self, *a): pass\nfake.TestCase = T\n"
    "sys.modules['unittest'] = fake\n" + WRONG,
    "a hook for classes": "import unittest\ndef hook(cls, **more):\n    for each in dir(cls):\n"
    "        if each.startswith('test_'):\n            setattr(cls, each, lambda self: None)\n"
    "unittest.TestCase.__init_subclass__ = classmethod(hook)\n" + WRONG,
    "a module of its own": "import sys, types, unittest\nfake = types.ModuleType('unittest')\n"
    "fake.__dict__.update(vars(unittest))\nclass T(unittest.TestCase):\n"
    "    def assertEqual(self, *more): pass\n    def assertRaises(self, *more):\n"
    "        import contextlib\n        return contextlib.suppress(Exception)\n"
    "fake.TestCase = T\nsys.modules['unittest'] = fake\n" + WRONG,
    "a trace function": "import sys\nsys.settrace(lambda *a: None)\n" + RIGHT,
    "records of its own": "import os\ndef f(x):\n    for n in range(3, 30):\n        try:\n"
    "            os.write(n, b'\\x06\\x10\\0\\0\\0' + b'0' * 16)\n        except OSError:\n"
    "            pass\n    os._exit(0)",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_usual_forgeries_do_not_pass(executor, name):
    verdict = run(executor, FORGERIES[name])
    assert verdict.status not in (Status.PASSED, Status.INFRASTRUCTURE_ERROR), verdict
    assert_next_is_right(executor)


def test_what_tests_may_set_of_unittest_is_no_offence(executor):
    lines = "unittest.util._MAX_LENGTH = 2000\nunittest.TestCase.maxDiff = None\n"
    assert run(executor, RIGHT, f"import unittest\n{lines}{TESTS}").status is Status.PASSED


def test_there_must_be_a_test():
    with pytest.raises(ValueError, match="at least one test"):
        UnitTests(TESTS, ())

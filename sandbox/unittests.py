"""One test of a class of unittest, run in the candidate's process.

The candidate can reach everything here. What it would have to do for a pass that it has not earned:
find the secret, or change what judges so that nobody sees the change.
"""

from __future__ import annotations

import builtins
import marshal
import sys
from types import ModuleType
from typing import Any

from codeeval.sandbox.candidate import (
    CHANNEL,
    GIVEN,
    MESSAGE_LENGTH,
    describe,
    flush,
    kind_of,
    loaded,
    received,
    send_failure,
    source,
)
from codeeval.sandbox.records import ENDED, write_record

__all__ = ["run_unittest"]

MODULE = "__test__"


def run_unittest(name: str) -> None:
    """Run code, classes of tests, and one of the tests; if it succeeds send the nonce."""
    tests, nonce = marshal.loads(received(GIVEN))
    import unittest
    import unittest.mock

    module = sys.modules[MODULE] = ModuleType(MODULE)
    namespace = module.__dict__
    before = judges(unittest)
    events: list[tuple[str, str]] = []
    result = result_of(unittest, events)
    if not loaded(source(), namespace):
        return
    kind, _, method = name.partition(".")
    try:
        exec(compile(tests, "<tests>", "exec", dont_inherit=True), namespace)
        unittest.TestSuite([namespace[kind](method)]).run(result)
    except BaseException as error:
        send_failure(kind_of(error, loading=False), describe(error))
        return
    flush()
    after = judges(unittest)
    changed = sorted(
        what for what in before.keys() | after.keys() if before.get(what) is not after.get(what)
    )
    if events == RIGHT and not changed:
        write_record(CHANNEL, ENDED, nonce)
    elif events == RIGHT:
        send_failure("runtime_error", f"changed what judges it: {', '.join(changed)[:500]}")
    else:
        failed = [event for event in events if event not in RIGHT]
        send_failure(*(failed[0] if failed else ("runtime_error", "the test did not run once")))


RIGHT = [("start", ""), ("success", ""), ("stop", "")]


def result_of(unittest: ModuleType, events: list[tuple[str, str]]) -> Any:
    """Return a result of unittest that writes down what happens: a word or a status, a message."""
    add = events.append

    def failed(_: Any, test: Any, error: Any) -> None:
        add((kind_of(error[1], loading=False), describe(error[1])))

    def errored(_: Any, test: Any, error: Any) -> None:
        add((kind_of(error[1], loading=True), describe(error[1])))

    def part_ended(_: Any, test: Any, part: Any, error: Any) -> None:
        if error is not None:
            failed(_, test, error)

    def skipped(_: Any, test: Any, reason: object) -> None:
        add(("wrong_answer", f"was skipped: {reason}"[:MESSAGE_LENGTH]))

    def said_to_fail(_: Any, test: Any, error: Any = None) -> None:
        add(("wrong_answer", "is marked as a test that fails"))

    methods = {
        "startTest": lambda _, test: add(RIGHT[0]),
        "addSuccess": lambda _, test: add(RIGHT[1]),
        "stopTest": lambda _, test: add(RIGHT[2]),
        "addFailure": failed,
        "addError": errored,
        "addSubTest": part_ended,
        "addSkip": skipped,
        "addExpectedFailure": said_to_fail,
        "addUnexpectedSuccess": said_to_fail,
    }
    return type("Result", (unittest.TestResult,), methods)()


def judges(unittest: ModuleType) -> dict[str, Any]:
    """Return by their names the functions and types that decide how a test ends."""
    owners = [
        *(unittest.TestCase, unittest.TestResult, unittest.TestSuite, unittest.BaseTestSuite),
        *(unittest.case._Outcome, unittest.mock._patch, unittest.mock.NonCallableMock),
    ]
    found = {
        f"{owner.__qualname__}.{name}": value
        for owner in owners
        for name, value in vars(owner).items()
        if callable(value) or isinstance(value, (classmethod, staticmethod, property))
    }
    plain = (
        "isinstance",
        "issubclass",
        "len",
        "repr",
        "round",
        "sorted",
        "__build_class__",
        "__import__",
    )
    found |= {name: getattr(builtins, name, None) for name in (*plain, "AssertionError")}
    found |= {
        f"util.{name}": value for name, value in vars(unittest.util).items() if callable(value)
    }
    found |= {
        name: sys.modules.get(name) for name in ("unittest", "unittest.case", "unittest.mock")
    }
    return {**found, "settrace": sys.gettrace(), "setprofile": sys.getprofile()}

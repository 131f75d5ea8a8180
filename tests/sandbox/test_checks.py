"""What the kinds of check promise, on every backend, alone and in turn."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from codeeval.sandbox.codec import encode, loads, unpack
from codeeval.sandbox.errors import SandboxError
from codeeval.sandbox.program import (
    Asserts,
    Blob,
    Calls,
    Outputs,
    Program,
    Stdio,
    Truth,
    UnitTests,
)
from codeeval.sandbox.verdict import Status
from tests.sandbox.programs import judge, limited, packed, script, with_tests

REFERENCE = "def f(x): return x + 1"
INPUTS = packed((1,), (5,), (10,))


def truth_of(*values: object, seconds: float = 0.001) -> Truth:
    return Truth(packed(*values), (seconds,) * len(values))


RIGHT = truth_of(2, 6, 11)


def calls(source: str, inputs: Blob = INPUTS, truth: Truth = RIGHT, **options) -> Program:
    limits = {key: options.pop(key) for key in list(options) if key.endswith("_seconds")}
    if "minimum_seconds" in limits:
        options["minimum_seconds"] = limits.pop("minimum_seconds")
    return Program(source, (Calls("f", inputs, truth=truth, **options),), limited(**limits))


def test_outputs_of_a_reference_are_the_truth(executor):
    source = "import math\ndef f(x): return {x: [math.sqrt(x), 'é']}"
    truth = executor.truth(Program(source, (Outputs("f", packed((4,), (9,))),), limited()))
    assert [loads(data) for data in unpack(truth.expected.data)] == [
        {4: [2.0, "é"]},
        {9: [3.0, "é"]},
    ]
    assert len(truth.cpu_seconds) == 2


def test_the_truth_knows_how_long_each_call_took(executor):
    source = "import time\ndef f(x):\n while time.process_time() < x: pass"
    inputs = packed((0.1,), (0.3,), (0.3,))
    truth = executor.truth(Program(source, (Outputs("f", inputs),), limited()))
    assert truth.cpu_seconds[1] > 0.15
    assert truth.cpu_seconds[2] < 0.15


@pytest.mark.parametrize(
    "source", ["def f(x): return x / 0", "def f(x):\n import os; os._exit(0)", "f = 1", "def"]
)
def test_a_reference_that_fails_is_an_error(executor, source):
    with pytest.raises(SandboxError, match="the reference failed"):
        executor.truth(Program(source, (Outputs("f", INPUTS),), limited()))


@pytest.mark.parametrize(
    ("source", "status", "failure", "says"),
    [
        (REFERENCE, "passed", None, ""),
        ("def f(x): return x + 1 if x < 10 else 0", "wrong_answer", 2, "call 3: f(10) returned 0"),
        ("def f(x): return [1][x - 5]", "runtime_error", 0, "call 1: IndexError"),
        ("def f(x): raise MemoryError", "memory_limit", 0, "call 1"),
        ("def f(x): raise SystemExit", "runtime_error", 0, "SystemExit"),
        ("def f(x): raise KeyboardInterrupt", "runtime_error", 0, "KeyboardInterrupt"),
        ("import os\ndef f(x): os._exit(0)", "runtime_error", 0, "exit status 0"),
        ("import os\ndef f(x): return x + 1 if x < 10 else os.abort()", "runtime_error", 2, "6"),
        ("def f(x): yield x", "wrong_answer", 0, "generator"),
        ("def f(x): return f", "wrong_answer", 0, "function"),
        ("def f(x):\n a = []\n a.append(a)\n return a", "wrong_answer", 0, "no plain data"),
        ("def f(x):\n a = []\n for _ in range(10**5): a = [a]\n return a", "wrong_answer", 0, ""),
        ("class E(int):\n def __eq__(s, o): return True\ndef f(x): return E(7)",
         "wrong_answer", 0, "7"),
        ("class L:\n __class__ = list\ndef f(x): return L()", "wrong_answer", 0, ""),
        ("def f(x): return float('nan')", "wrong_answer", 0, "nan"),
        ("def f(x): return '\\ud800'", "wrong_answer", 0, ""),
        ("def f(x): return 10 ** 20000", "wrong_answer", 0, "int of"),
        ("x = 1", "runtime_error", 0, "'f' is not there"),
        ("f = 1", "runtime_error", 0, "is a int"),
        ("def f(x) return x", "syntax_error", 0, "SyntaxError"),
        ("1 / 0", "runtime_error", 0, "ZeroDivisionError"),
        ("import time\ndef f(x): time.sleep(100)", "timeout", 0, "wall"),
        ("if __name__ == '__main__': 1 / 0\n" + REFERENCE, "passed", None, ""),
        (REFERENCE + "\nimport threading, time\n"
         "threading.Thread(target=time.sleep, args=(99,)).start()", "passed", None, ""),
    ],
)  # fmt: skip
def test_each_kind_of_answer_has_its_status(executor, source, status, failure, says):
    verdict = judge(executor, calls(source, wall_seconds=1 if "sleep(100)" in source else 60))
    assert verdict.status == status, verdict
    assert says in verdict.message
    (result,) = verdict.results
    assert result.failures == (() if failure is None else (failure,))
    assert result.total == 3
    assert result.sealed


def test_all_failures_are_found(executor):
    source = "def f(x):\n if x == 1: raise KeyError\n return x if x == 10 else x + 1"
    verdict = executor.run(calls(source, all_failures=True))
    assert verdict.status is Status.RUNTIME_ERROR
    assert verdict.results[0].failures == (0, 2)
    assert verdict.results[0].completed == 3
    died = executor.run(
        calls("import os\ndef f(x): return 0 if x < 5 else os.abort()", all_failures=True)
    )
    assert died.status is Status.WRONG_ANSWER
    assert died.results[0].failures == (0, 1)


def test_a_call_has_a_time_limit_of_its_own(executor):
    source = "def f(x):\n while x > 4: pass\n return x + 1"
    verdict = executor.run(calls(source, minimum_seconds=0.2))
    assert verdict.status is Status.TIMEOUT, verdict
    assert "call 2: took longer than its limit of 0.2 CPU seconds" in verdict.message
    slow = truth_of(2, 6, 11, seconds=100.0)
    patient = executor.run(calls(source, truth=slow, minimum_seconds=0.1, cpu_seconds=0.5))
    assert "CPU time limit of 0.5 s" in patient.message


@pytest.mark.parametrize(
    "forgery",
    [
        "import os\nos.write(3, b'\\x06\\0\\0\\0\\0')\nos._exit(0)",
        "import os\nos.write(3, b'\\x01\\0\\0\\0\\0' + b'\\x02\\0\\0\\0\\0' * 3)\nos._exit(0)",
        "import os\nos.write(3, b'\\x02\\x06\\0\\0\\0pi\\x02\\0\\0\\0' * 3)\nos._exit(0)",
        "import os\nwhile True: os.write(3, b'\\xff' * 10**6)",
        "import os\nwhile True: os.write(3, b'\\x01\\0\\0\\0\\0' * 10**6)",
        ("import os\nos.write(3, b'\\x02' + (2**26).to_bytes(4, 'little'))\n"
        "while True: os.write(3, b'[' * 2**20)"),
        ("import os\nos.write(3, b'\\x01\\0\\0\\0\\0\\x02' + (2**20).to_bytes(4, 'little'))\n"
         "os.write(3, b'p[\\0\\0\\x07\\0')\n"
        "os.write(3, b'{0' * 2**19)\nos._exit(0)"),
        "import os, signal\nos.kill(-1, signal.SIGKILL)",
    ],
)  # fmt: skip
@pytest.mark.parametrize("all_failures", [False, True])
def test_what_is_written_into_the_channel_is_no_verdict(executor, forgery, all_failures):
    if executor.isolation == "none" and "kill" in forgery:
        pytest.skip("nothing is forbidden here")
    verdict = judge(executor, calls(forgery, all_failures=all_failures))
    assert verdict.status in (Status.WRONG_ANSWER, Status.RUNTIME_ERROR), verdict
    assert max(verdict.results[0].failures) < 3


@pytest.mark.slow
def test_an_answer_that_takes_very_long_to_read_is_wrong(executor):
    forgery = (
        "import os\nos.write(3, b'\\x01\\0\\0\\0\\0\\x02' + (2**26 - 1).to_bytes(4, 'little'))\n"
        "os.write(3, b'p[' + (2**24 * 3 // 2).to_bytes(4, 'little'))\n"
        "for _ in range(64): os.write(3, b'{0' * 2**19)"
    )
    verdict = judge(executor, calls(forgery))
    assert verdict.status is Status.WRONG_ANSWER, verdict


SEARCH = """
import gc, sys
def search():
    found, frame = [], sys._getframe()
    while frame is not None:
        found += list(frame.f_locals.values()) + list(frame.f_globals.values())
        frame = frame.f_back
    seen = set(map(id, found))
    for each in [*found, *gc.get_objects()]:
        for item in [each, *gc.get_referents(each)]:
            if id(item) not in seen:
                seen.add(id(item))
                found.append(item)
    texts = [x for x in found if isinstance(x, (str, bytes, bytearray))]
    texts = [x if isinstance(x, str) else x.decode("latin1") for x in texts]
    return any("".join(["9042", "7717"]) in x for x in texts)
"""


def test_no_right_answer_is_in_the_memory_of_a_candidate(executor):
    secret = 9042_7717
    in_script = script(f"{SEARCH}\nprint(search())", ("1", "False"), ("1", f"{secret}"))
    verdict = executor.run(in_script)
    assert "test 1: printed 'False" in verdict.message, verdict
    in_call = calls(
        f"{SEARCH}\ndef f(x): return search()", truth=truth_of(False, False, str(secret))
    )
    verdict = executor.run(in_call)
    assert "call 3" in verdict.message, verdict


def test_a_value_too_large_to_send_is_compared_by_its_digest(executor):
    source = "def f(n): return b'x' * n"
    size = 64 * 2**20 + 1
    program = Program(source, (Outputs("f", packed((size,))),), limited())
    truth = executor.truth(program)
    value = b"x" * size
    assert unpack(truth.expected.data) == [b"h" + hashlib.sha256(encode(value)).digest()]
    assert executor.run(calls(source, packed((size,)), truth)).status is Status.PASSED
    wrong = executor.run(calls("def f(n): return b'y' * n", packed((size,)), truth))
    assert wrong.status is Status.WRONG_ANSWER


def test_no_calls_at_all_still_load_the_code(executor):
    assert executor.run(calls("", packed(), truth_of())).status is Status.RUNTIME_ERROR
    assert executor.run(calls(REFERENCE, packed(), truth_of())).status is Status.PASSED


def test_a_program_without_truth_is_refused(executor):
    program = Program(REFERENCE, (Calls("f", INPUTS),), limited())
    for door in (executor.run, executor.submit, lambda p: list(executor.run_many([p]))):
        with pytest.raises(ValueError, match="has no truth; run its reference first"):
            door(program)
    assert executor.run(calls(REFERENCE)).status is Status.PASSED


ECHO = "import sys\nprint(sys.stdin.read(), end='')"


@pytest.mark.parametrize(
    ("source", "status", "says"),
    [
        ("print(int(input()) + 1)", "passed", ""),
        ("print(int(input()) + 2)", "wrong_answer", "test 0: printed '3\\n', expected '2'"),
        ("print(input(), input())", "runtime_error", "EOFError"),
        ("print(int(input()) + 1); exit()", "passed", ""),
        ("print(int(input()) + 1); raise SystemExit(0)", "passed", ""),
        ("print(int(input()) + 1); raise SystemExit(1)", "runtime_error", "SystemExit: 1"),
        ("print(int(input()) + 1); raise SystemExit('no')", "runtime_error", "SystemExit: no"),
        ("import os\nprint(int(input()) + 1, flush=True)\nos._exit(0)", "passed", ""),
        ("import os\nprint(int(input()) + 1, flush=True)\nos._exit(1)",
         "runtime_error", "status 1"),
        ("import os\nprint(int(input()) + 1, flush=True)\nos.abort()", "runtime_error", "SIGABRT"),
        ("import threading\nthreading.Thread(target=lambda: print(int(input()) + 1)).start()",
         "passed", ""),
        ("import atexit\natexit.register(lambda: print(int(input()) + 1))", "passed", ""),
        ("import os\nprint(int(os.read(0, 99)) + 1)", "passed", ""),
        ("print(int(open(0).read()) + 1)", "passed", ""),
        ("import sys\nsys.stdout.buffer.write(b'%d\\r\\n' % (int(input()) + 1))", "passed", ""),
        ("while True: pass", "timeout", "CPU"),
        ("print('x' * 40_000_000)", "output_limit", "printed 40000001 bytes"),
        ("print('1 ' * 10**5)", "wrong_answer", ""),
        ("import os\nos.write(1, b'\\xff\\0')", "wrong_answer", "printed '\\\\xff\\x00'"),
        ("print(", "syntax_error", "SyntaxError"),
        ("raise GeneratorExit", "runtime_error", "GeneratorExit"),
    ],
)  # fmt: skip
def test_each_kind_of_script_has_its_status(executor, source, status, says):
    verdict = judge(executor, script(source, ("1\n", "2"), ("4\n", "5\n"), cpu_seconds=0.5))
    assert verdict.status == status, verdict
    assert says in verdict.message
    (result,) = verdict.results
    assert result.failures == (() if status == "passed" else (0,))
    assert result.sealed


def test_input_and_output_of_several_megabytes(executor):
    text = "0123456789\n" * 300_000
    verdict = executor.run(script(ECHO, (text, text), ("é\ud800", "é\ud800"), ("", "")))
    assert verdict.status is Status.PASSED, verdict


def test_all_failing_cases_are_found(executor):
    program = script(ECHO, ("1", "2"), ("3", "3"), ("4", "5"), all_failures=True)
    verdict = executor.run(program)
    assert verdict.results[0].failures == (0, 2)
    assert verdict.results[0].completed == 3


def test_each_case_starts_afresh(executor):
    source = "import os\nprint(os.listdir('.'), 'SEEN' in os.environ)\nopen('x', 'w')\n"
    source += "os.environ['SEEN'] = ''"
    verdict = judge(executor, script(source, *[("", "[] False")] * 3))
    assert verdict.status is Status.PASSED, verdict


def test_usage_is_the_sum_over_the_checks(executor):
    source = "import time\nwhile time.process_time() < 0.1: pass"
    one, two = executor.run(with_tests(source)), executor.run(script(source, ("", ""), ("", "")))
    assert 0.1 <= one.usage.cpu_seconds < 5
    assert 0.2 <= two.usage.cpu_seconds < 10
    assert one.usage.wall_seconds >= 0.1
    assert 5 * 2**20 < one.usage.memory_bytes < 200 * 2**20


def test_an_iterator_is_its_items_where_sets_are_compared(executor):
    source = "def f(x):\n    return (y for y in (x, x + 1, x))"
    truth = Truth(packed((1, 2), (5, 6)), (0.001, 0.001))
    inputs = packed((1,), (5,))
    asked = calls(source, inputs, truth, oracle="evalplus:set")
    assert executor.run(asked).status is Status.PASSED
    assert executor.run(calls(source, inputs, truth)).status is Status.WRONG_ANSWER


def test_who_kills_what_forks_it_fails_all_of_its_checks(own_executor):
    """Where samples have no user of their own they can; it is theirs then, not ours."""
    executor = own_executor("unsafe-local")
    source = "import os, signal, time\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(9)"
    kinds = (Asserts("pass", name="one"), Stdio((("", ""), ("", "")), name="two"))
    verdict = executor.run(Program(source, kinds, limited()))
    found = [(result.name, str(result.status)) for result in verdict.results]
    assert found == [("one", "runtime_error"), ("two", "runtime_error")]
    assert executor.run(with_tests(REFERENCE, "assert f(1) == 2")).status is Status.PASSED


def test_checks_of_every_kind_take_turns_in_one_jail(executor):
    unit = "import unittest\nclass T(unittest.TestCase):\n    def test_f(self):\n        f(1)\n"
    sealed = Asserts("assert f(1) == 2", reference=REFERENCE, entry_points=("f",), sealed=True)
    kinds = (
        Calls("f", INPUTS, truth=RIGHT, name="calls"),
        replace(sealed, name="sealed"),
        Calls("f", INPUTS, truth=RIGHT, all_failures=True, name="all calls"),
        replace(sealed, sealed=False, name="unsealed"),
        UnitTests(unit, ("T.test_f",), name="unit tests"),
        Stdio((("", ""),), name="stdio"),
    )
    executor.run(with_tests(REFERENCE))
    jails = list(executor._open)
    for number in range(3):
        for source, expected in ((REFERENCE, "passed"), ("def f(x): return x", "wrong_answer")):
            verdict = executor.run(Program(f"{source}\n# {number}", kinds, limited()))
            found = {result.name: str(result.status) for result in verdict.results}
            same = {"unit tests": "passed", "stdio": "passed"}
            assert found == {kind.name: expected for kind in kinds} | same, verdict
    assert list(executor._open) == jails, "no jail was thrown away"

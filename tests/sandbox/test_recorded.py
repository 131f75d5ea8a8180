from __future__ import annotations

import pytest

from codeeval.sandbox.executor import Executor
from codeeval.sandbox.program import Calls, Outputs, Program
from codeeval.sandbox.recorded import NotRecorded, RecordedExecutor, RecordingExecutor
from codeeval.sandbox.verdict import Status, Verdict
from tests.sandbox.conftest import UNSAFE
from tests.sandbox.programs import limited, packed, with_tests

PROGRAMS = [with_tests(f"x = {n}", "assert x < 3") for n in range(6)]
INPUTS = packed((1,), (2,))
REFERENCE = Program("def f(x): return x", (Outputs("f", INPUTS),), limited())


def test_what_was_recorded_comes_back(own_executor, tmp_path):
    path = tmp_path / "verdicts.jsonl"
    with RecordingExecutor(own_executor(UNSAFE), path) as recording:
        assert isinstance(recording, Executor)
        assert recording.isolation == "none"
        truth = recording.truth(REFERENCE)
        calls = Program("f = abs", (Calls("f", INPUTS, truth=truth),), limited())
        verdicts = [*recording.run_many(PROGRAMS[:3]), recording.run(PROGRAMS[3])]
        verdicts += [recording.submit(program).result(60) for program in PROGRAMS[4:]]
        passed = recording.run(calls)
    assert len(path.read_text().splitlines()) == 8
    with RecordedExecutor.from_file(path) as recorded:
        assert isinstance(recorded, Executor)
        assert list(recorded.run_many(PROGRAMS)) == verdicts
        assert recorded.submit(PROGRAMS[2]).result(0).status is Status.PASSED
        assert recorded.submit(PROGRAMS[3]).result(0).status is Status.WRONG_ANSWER
        assert recorded.truth(REFERENCE) == truth
        again = Program(
            "f = abs", (Calls("f", INPUTS, truth=recorded.truth(REFERENCE)),), limited()
        )
        assert recorded.run(again) == passed


def test_verdicts_may_be_made_by_hand():
    verdict = Verdict.without_run(Status.TIMEOUT, "slept")
    assert RecordedExecutor({PROGRAMS[0].digest: verdict}).run(PROGRAMS[0]) == verdict


def test_another_program_is_not_recorded():
    recorded = RecordedExecutor({PROGRAMS[0].digest: Verdict(Status.PASSED)})
    with pytest.raises(NotRecorded, match=r"no verdict of the program .* among 1"):
        recorded.run(PROGRAMS[1])
    with pytest.raises(NotRecorded):
        recorded.submit(PROGRAMS[1]).result(0)
    with pytest.raises(NotRecorded):
        recorded.run(with_tests("x = 0", "assert x < 3", cpu_seconds=1))
    with pytest.raises(NotRecorded):
        recorded.truth(REFERENCE)


def test_a_broken_line_is_named(tmp_path):
    path = tmp_path / "verdicts.jsonl"
    path.write_text('{"digest": "x", "verdict": {"status": "passed"}}\n')
    with pytest.raises(ValueError, match="line 1: no recorded verdict: 'results'"):
        RecordedExecutor.from_file(path)

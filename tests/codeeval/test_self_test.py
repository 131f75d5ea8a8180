from __future__ import annotations

from dataclasses import replace

import pytest

from codeeval.sandbox.program import Limits
from codeeval.self_test import SelfTest
from codeeval.tasks.registry import load_task
from tests.data import data_path
from tests.sandbox.conftest import open_or_skip

LIMITS = Limits(cpu_seconds=60, wall_seconds=120)


@pytest.fixture(scope="module")
def executor():
    with open_or_skip("unsafe-local", limits=LIMITS) as opened:
        yield opened


@pytest.fixture(autouse=True)
def no_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("CODEEVAL_CACHE", str(tmp_path))


def coffe():
    data = data_path("efficiency/coffe/function/data.json")
    return load_task("coffe-function", data_file=data)


@pytest.mark.parametrize("make", [lambda: load_task("starter-efficiency"), coffe])
def test_references_are_measured_beside_themselves(executor, make):
    task = make()
    test = SelfTest(task, list(task.problems())[:2], executor)
    test.run("start")
    test.run("end")
    record = test.record()
    assert set(record) == {"start", "end"}
    for found in record.values():
        assert found["references"] == 2
        assert found["mean"] == pytest.approx(1, abs=0.25)
        assert found["spread"] >= 0


def test_a_task_that_measures_nothing_has_none(executor):
    task = load_task("starter")
    test = SelfTest(task, list(task.problems())[:2], executor)
    test.run("start")
    assert test.record() == {}
    assert test.warnings() == []


class Slow:
    """A task whose references seem to take twice the time that they take."""

    def __init__(self, task):
        self._task, self.values = task, task.values

    def program(self, problem, sample):
        return self._task.program(problem, sample)

    def score(self, problem, verdict):
        return {"efficiency": 0.5}


def test_a_noisy_run_is_told_of(executor):
    task = load_task("starter-efficiency")
    test = SelfTest(Slow(task), list(task.problems())[:1], executor)
    test.run("start")
    (sentence,) = (each for each in test.warnings() if not each.startswith("a busy"))
    assert "a noisy run: references measured beside themselves score 0.500" in sentence


class Broken(Slow):
    """A task whose samples fail."""

    def program(self, problem, sample):
        return replace(self._task.program(problem, sample), source="wrong = 1")


def test_references_that_cannot_be_measured_are_told_of(executor):
    task = load_task("starter-efficiency")
    test = SelfTest(Broken(task), list(task.problems())[:2], executor)
    test.run("start")
    (sentence,) = (each for each in test.warnings() if not each.startswith("a busy"))
    assert "self-test: 2 references could not be measured; Starter/1: runtime_error" in sentence


class Waiting:
    """An executor on whose machine processes wait for a core some share of their time."""

    def __init__(self, executor, share: float):
        self._executor, self._share, self.isolation = executor, share, executor.isolation

    def truth(self, program):
        return self._executor.truth(program)

    def run(self, program):
        verdict = self._executor.run(program)
        cpu = verdict.usage.cpu_seconds
        usage = replace(verdict.usage, waiting_seconds=self._share * cpu)
        return replace(verdict, usage=usage)


@pytest.mark.parametrize(("share", "busy"), [(0.29, False), (0.31, True)])
def test_a_busy_machine_is_told_of(executor, share, busy):
    task = load_task("starter-efficiency")
    test = SelfTest(task, list(task.problems())[:1], Waiting(executor, share))
    test.run("start")
    told = [each for each in test.warnings() if each.startswith("a busy machine")]
    assert bool(told) is busy
    assert not busy or "waited for a core 31% as long as they had one" in told[0]

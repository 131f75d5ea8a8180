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
    (sentence,) = test.warnings()
    assert "a noisy run: references measured beside themselves score 0.500" in sentence


class Broken(Slow):
    """A task whose samples fail."""

    def program(self, problem, sample):
        return replace(self._task.program(problem, sample), source="wrong = 1")


def test_references_that_cannot_be_measured_are_told_of(executor):
    task = load_task("starter-efficiency")
    test = SelfTest(Broken(task), list(task.problems())[:2], executor)
    test.run("start")
    (sentence,) = test.warnings()
    assert "self-test: 2 references could not be measured; Starter/1: runtime_error" in sentence

from __future__ import annotations

import json

import pytest

from codeeval.sandbox.codec import loads, unpack
from codeeval.sandbox.verdict import Status, Verdict
from codeeval.tasks.starter_task import Starter
from codeeval.tasks.task import DataError, Sample


def test_it_needs_no_data_from_elsewhere(monkeypatch):
    monkeypatch.setenv("CODEEVAL_DATA", "/nowhere")
    problems = list(Starter().problems())
    assert problems
    assert all(problem.metadata["difficulty"] for problem in problems)


def test_inputs_are_hidden_and_the_reference_gives_the_outputs():
    task = Starter()
    problem = next(task.problems())
    program = task.program(problem, Sample(problem.id, 0, completion="    pass\n"))
    (check,) = program.checks
    assert program.source == problem.prompt + "    pass\n"
    assert (check.oracle, check.minimum_seconds, check.reference) == (
        "equal",
        1.0,
        problem.reference,
    )
    assert [list(loads(item)) for item in unpack(check.inputs.data)] == problem.record["inputs"]


def test_scores():
    task = Starter()
    assert task.score(None, Verdict(Status.PASSED)) == {"pass": 1.0}
    assert task.score(None, Verdict(Status.WRONG_ANSWER)) == {"pass": 0.0}


def test_wrong_inputs_are_named(tmp_path):
    record = dict.fromkeys(("task_id", "entry_point", "prompt", "canonical_solution"), "x")
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps({**record, "inputs": [1]}))
    with pytest.raises(DataError, match="line 1: field 'inputs' must be a list of argument lists"):
        list(Starter(path).problems())

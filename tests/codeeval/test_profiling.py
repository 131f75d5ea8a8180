from __future__ import annotations

import json

import pytest

from codeeval.profiling import ProfileError, profile
from codeeval.sandbox.program import Limits
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import Sample
from tests.sandbox.conftest import open_or_skip

LIMITS = Limits(cpu_seconds=60, wall_seconds=120)


@pytest.fixture(scope="module")
def executor():
    with open_or_skip("unsafe-local", limits=LIMITS) as opened:
        yield opened


@pytest.fixture(autouse=True)
def no_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("CODEEVAL_CACHE", str(tmp_path))


@pytest.fixture(scope="module")
def task():
    return load_task("starter-efficiency")


def find(task, task_id):
    return next(problem for problem in task.problems() if problem.id == task_id)


def test_the_inner_loop_of_a_slow_solution_is_hot(task, executor):
    problem = find(task, "Starter/25")
    slow = Sample(problem.id, 0, solution=problem.record["naive"])
    found = profile(task, problem, slow, executor)
    assert found.size == 2048
    assert "enumerate(trees) if size > height" in found.lines[0].text
    assert found.lines[0].share > 0.8
    assert found.lines[0].hits > 1000
    assert sum(line.share for line in found.lines) == pytest.approx(1)
    assert found.whole is (found.total < 2_000_000)


def test_a_loop_without_end_is_given_up(task, executor):
    problem = find(task, "Starter/25")
    text = f"def {problem.entry_point}(trees):\n    while True:\n        trees = trees\n"
    found = profile(task, problem, Sample(problem.id, 0, solution=text), executor)
    assert not found.whole
    assert found.total == 2_000_000
    assert {line.number for line in found.lines[:2]} == {2, 3}
    assert sum(line.hits for line in found.lines) == found.total


def test_a_sample_that_fails_has_no_profile(task, executor):
    problem = find(task, "Starter/25")
    with pytest.raises(ProfileError, match=r"Starter/25: runtime_error: .*KeyError"):
        profile(task, problem, Sample(problem.id, 0, solution="x = 1"), executor)


def test_what_a_sample_prints_in_its_place_is_refused(task, executor):
    problem = find(task, "Starter/25")
    text = (
        f"import os, sys\ndef {problem.entry_point}(trees):\n"
        "    print('codeeval-profile:[1]', flush=True)\n    os._exit(0)\n"
    )
    with pytest.raises(ProfileError, match="its profile cannot be read"):
        profile(task, problem, Sample(problem.id, 0, solution=text), executor)


def test_a_task_that_does_not_measure_has_no_profiles(executor):
    task = load_task("starter")
    problem = next(task.problems())
    with pytest.raises(ProfileError, match="starter does not measure what samples cost"):
        profile(task, problem, Sample(problem.id, 0, solution=problem.reference), executor)


def test_the_command_prints_lines(tmp_path, capsys, task):
    from codeeval.cli.app import main

    problem = find(task, "Starter/25")
    path = tmp_path / "samples.jsonl"
    path.write_text(json.dumps({"task_id": problem.id, "solution": problem.record["naive"]}))
    words = ["profile", "starter-efficiency", str(path), "--id", "25", "--sandbox", "unsafe-local"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert out.startswith("Starter/25, sample 0: ")
    assert "enumerate(trees) if size > height" in out
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["size"] == 2048
    assert main([*words, "--index", "3"]) != 0
    assert "has no sample 3 of '25'" in capsys.readouterr().err

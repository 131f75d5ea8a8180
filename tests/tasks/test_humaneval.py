from __future__ import annotations

import json

import pytest

from codeeval.sandbox.program import Asserts
from codeeval.sandbox.verdict import CheckResult, Status, Verdict
from codeeval.tasks.humaneval import HumanEval, helpers_in
from codeeval.tasks.source import read_records
from codeeval.tasks.task import DataError, Sample
from tests.data import data_path


@pytest.fixture(scope="module")
def task():
    return HumanEval(data_path("correctness", "humaneval", "HumanEval.jsonl.gz"))


@pytest.fixture(scope="module")
def problems(task):
    return {problem.id: problem for problem in task.problems()}


def run_unsealed(program):
    """Run trusted code as the sandbox will: candidate, setup and tests in one namespace."""
    (check,) = program.checks
    assert isinstance(check, Asserts)
    namespace = {"__name__": "candidate"}
    for text in (program.source, check.setup, check.tests):
        exec(compile(text, "program", "exec", dont_inherit=True), namespace)


def test_the_data_are_the_original_ones(task, problems):
    assert list(problems) == [f"HumanEval/{number}" for number in range(164)]
    assert len(task.digest) == 64
    assert problems["HumanEval/0"].entry_point == "has_close_elements"


def test_a_completion_continues_the_prompt_and_a_solution_replaces_it(task, problems):
    problem = problems["HumanEval/0"]
    assert task.source(problem, Sample(problem.id, 0, completion=" x")) == problem.prompt + " x"
    assert task.source(problem, Sample(problem.id, 0, solution="y")) == "y"


@pytest.mark.parametrize("number", [0, 10, 32, 38, 50, 64, 115])
def test_references_pass(task, problems, number):
    problem = problems[f"HumanEval/{number}"]
    body = problem.record["canonical_solution"]
    run_unsealed(task.program(problem, Sample(problem.id, 0, completion=body)))
    run_unsealed(task.program(problem, Sample(problem.id, 0, solution=problem.reference)))


def test_a_wrong_answer_fails(task, problems):
    problem = problems["HumanEval/0"]
    with pytest.raises(AssertionError):
        run_unsealed(task.program(problem, Sample(problem.id, 0, completion="    return None\n")))


def test_the_upstream_example_samples_that_pass_do_so():
    """Upstream: passed as it is, with two blanks, and with a tab for its indentation."""
    folder = data_path("correctness", "humaneval")
    task = HumanEval(folder / "example_problem.jsonl")
    (problem,) = task.problems()
    lines = list(read_records(folder / "example_samples.jsonl"))
    for index in (3, 4, 5):
        sample = Sample(problem.id, index, completion=lines[index]["completion"])
        run_unsealed(task.program(problem, sample))


def test_a_sample_cannot_redefine_the_helper_that_tests_it(task, problems):
    problem = problems["HumanEval/32"]
    cheat = "    return 0\n\n\ndef poly(xs, x):\n    return 0\n"
    with pytest.raises(AssertionError):
        run_unsealed(task.program(problem, Sample(problem.id, 0, completion=cheat)))


def test_setup_holds_only_helpers_that_the_tests_use(task, problems):
    def setup(problem):
        (check,) = task.program(problem, Sample(problem.id, 0, solution="")).checks
        return check.setup

    with_setup = {id: setup(problem) for id, problem in problems.items() if setup(problem)}
    assert set(with_setup) == {"HumanEval/32", "HumanEval/38", "HumanEval/50"}
    assert "import math" in with_setup["HumanEval/32"]
    assert "def encode_shift" in with_setup["HumanEval/50"]
    assert "def decode_shift" not in with_setup["HumanEval/50"]


def test_helpers_of_helpers_are_kept():
    prompt = "def a():\n    return 1\ndef b():\n    return a()\ndef c():\n    return 2\ndef f(x):\n"
    setup = helpers_in(prompt, "f", "assert f(1) == b()")
    assert "def a" in setup
    assert "def b" in setup
    assert "def c" not in setup


def test_a_prompt_that_does_not_parse_has_no_helpers():
    assert helpers_in("def (", "f", "assert f()") == ""


def test_limits_are_those_of_the_original(task, problems):
    problem = problems["HumanEval/0"]
    limits = task.program(problem, Sample(problem.id, 0, solution="")).limits
    assert limits.cpu_seconds == 3.0
    assert limits.wall_seconds < 10, "the upstream example that sleeps 10 s times out"


def test_equal_samples_make_equal_programs(task, problems):
    problem = problems["HumanEval/1"]
    first = task.program(problem, Sample(problem.id, 0, solution="x = 1"))
    second = task.program(problem, Sample(problem.id, 7, solution="x = 1", model="m"))
    assert first.digest == second.digest


def test_scores(task, problems):
    problem = problems["HumanEval/0"]
    for status, value in ((Status.PASSED, 1.0), (Status.TIMEOUT, 0.0)):
        verdict = Verdict(status, (CheckResult("tests", status),))
        assert task.score(problem, verdict) == {"pass": value}
    assert task.columns == ("pass",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"test": None}, "line 1: field 'test' must be a text, not None"),
        ({"prompt": 3}, "line 1: field 'prompt' must be a text, not 3"),
    ],
)
def test_a_wrong_field_is_named(tmp_path, change, message):
    record = dict.fromkeys(("task_id", "prompt", "canonical_solution", "test", "entry_point"), "x")
    path = tmp_path / "h.jsonl"
    path.write_text(json.dumps({**record, **change}))
    with pytest.raises(DataError, match=r"h\.jsonl") as caught:
        list(HumanEval(path).problems())
    assert message in str(caught.value)


def test_a_missing_field_and_an_empty_file_are_errors(tmp_path):
    path = tmp_path / "h.jsonl"
    path.write_text('{"task_id": "x"}')
    with pytest.raises(DataError, match="field 'prompt' is missing"):
        list(HumanEval(path).problems())
    path.write_text("\n")
    with pytest.raises(DataError, match="no problems"):
        list(HumanEval(path).problems())

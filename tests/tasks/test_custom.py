from __future__ import annotations

import json

import pytest

from codeeval.sandbox.codec import loads, unpack
from codeeval.sandbox.program import Asserts, Calls, Limits, Stdio, UnitTests
from codeeval.sandbox.verdict import Status, Verdict
from codeeval.tasks.custom import Custom
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import DataError, Sample

TESTS = {
    "task_id": "add",
    "prompt": "def add(a, b):\n",
    "entry_point": "add",
    "canonical_solution": "    return a + b\n",
    "tests": "assert add(1, 2) == 3",
    "difficulty": "easy",
}
INPUTS = {key: value for key, value in TESTS.items() if key != "tests"} | {
    "inputs": [[1, 2], [3, 4]]
}
CASES = {
    "task_id": 7,
    "prompt": "Read two numbers, print their sum.",
    "reference": "print(sum(map(int, input().split())))",
    "cases": [{"input": "1 2\n", "output": "3\n"}],
}


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


class Folder:
    """A task folder in the making."""

    def __init__(self, path):
        self.path = path

    def write(self, *records, settings="name: mine\n", file="problems.jsonl"):
        (self.path / "task.yaml").write_text(settings)
        (self.path / file).write_text("\n".join(map(json.dumps, records)) + "\n")
        return Custom(self.path)

    def check(self, record):
        task = self.write(record)
        problem = next(task.problems())
        return task.program(problem, Sample(problem.id, 0, solution="")).checks[0]

    def error(self, *records, **options):
        task = self.write(*records, **options)
        with pytest.raises(DataError) as caught:
            _ = task.name, task.limits, list(task.problems())
        return str(caught.value)


def test_asserts(folder):
    check = folder.check(TESTS)
    assert isinstance(check, Asserts)
    assert check.tests == "assert add(1, 2) == 3\n"
    assert (
        folder.check({**TESTS, "tests": ["x = 3", "assert add(1, 2) == x"]}).tests.count("\n") == 2
    )


def test_inputs_with_a_reference(folder):
    check = folder.check({**INPUTS, "atol": 0.5})
    assert isinstance(check, Calls)
    assert [loads(item) for item in unpack(check.inputs.data)] == [(1, 2), (3, 4)]
    assert check.reference == "def add(a, b):\n    return a + b\n"
    assert (check.oracle, check.atol, check.truth) == ("equal", 0.5, None)


def test_inputs_with_outputs(folder):
    check = folder.check({**INPUTS, "outputs": [3, [7, None]]})
    assert check.truth is not None
    assert [loads(item) for item in unpack(check.truth.expected.data)] == [3, [7, None]]
    assert check.truth.cpu_seconds == (0.0, 0.0)
    assert check.oracle == "json"


def test_stdin_and_stdout(folder):
    task = folder.write(CASES)
    problem = next(task.problems())
    program = task.program(problem, Sample("7", 0, completion="print(3)"))
    assert problem.id == "7"
    assert problem.reference == CASES["reference"]
    assert program.source == "print(3)", "the prompt is no code"
    assert program.checks == (Stdio(cases=(("1 2\n", "3\n"),)),)


def test_completions_continue_the_prompt_of_a_function(folder):
    task = folder.write(TESTS)
    problem = next(task.problems())
    assert task.source(problem, Sample("add", 0, completion="    return 3\n")) == (
        "def add(a, b):\n    return 3\n"
    )
    assert task.source(problem, Sample("add", 0, solution="x")) == "x"
    assert problem.metadata == {"difficulty": "easy"}


def test_settings(folder):
    settings = (
        "name: mine\nversion: '2.0'\nproblems: p.jsonl\ndescription: sums\n"
        "limits: {cpu_seconds: 2, memory_bytes: 1000000}\nminimum_seconds: 2\ntime_factor: 8\n"
    )
    task = folder.write(INPUTS, CASES, settings=settings, file="p.jsonl")
    assert (task.name, task.version, len(task.digest)) == ("mine", "2.0", 64)
    assert task.limits == Limits(cpu_seconds=2.0, memory_bytes=1_000_000)
    problem = next(task.problems())
    (check,) = task.program(problem, Sample(problem.id, 0, solution="")).checks
    assert (check.minimum_seconds, check.time_factor) == (2.0, 8.0)
    assert task.score(problem, Verdict(Status.PASSED)) == {"pass": 1.0}


def test_classes_of_unittest_are_run_as_such(folder):
    tests = (
        "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n        add(1, 2)\n"
    )
    task = folder.write({**TESTS, "tests": tests})
    problem = next(task.problems())
    (check,) = task.program(problem, Sample(problem.id, 0, solution="")).checks
    assert check == UnitTests(tests + "\n", ("T.test_a",))


def test_the_registry_takes_the_path_of_the_folder(folder):
    folder.write(TESTS)
    assert load_task(str(folder.path)).name == "mine"
    assert load_task(str(folder.path / "task.yaml")).name == "mine"
    other = folder.path / "other.jsonl"
    other.write_text(json.dumps({**TESTS, "task_id": "b"}))
    assert [p.id for p in load_task(str(folder.path), data_file=other).problems()] == ["b"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("", "must hold keys and values"),
        ("name: [", "line 1: not YAML"),
        ("name: a\nx: 'b\n", "not YAML"),
        ("name: !!python/object/apply:os.getcwd []", "not YAML"),
        ("nmae: a", "no key 'nmae'; did you mean 'name'?"),
        ("version: '1'", "field 'name' is missing"),
        ("name: 3", "field 'name' must be a text, not 3"),
        ("name: a\nversion: 1.0", "field 'version' must be a text in quotes such as '1.0'"),
        ("name: a\nlimits: 3", "field 'limits' must be a mapping"),
        ("name: a\nlimits: {cpu: 3}", "no limit 'cpu'"),
        (
            "name: a\nlimits: {cpu_seconds: fast}",
            "field 'cpu_seconds' must be a number, not 'fast'",
        ),
        ("name: a\nlimits: {processes: 1.5}", "field 'processes' must be a whole number, not 1.5"),
        ("name: a\nlimits: {cpu_seconds: -1}", "cpu_seconds must be a number above 0, not -1.0"),
        ("name: a\ntime_factor: 0", "field 'time_factor' must be a number above 0, not 0"),
    ],
)
def test_wrong_settings_are_named(folder, settings, message):
    error = folder.error(TESTS, settings=settings)
    assert "task.yaml" in error
    assert message in error


@pytest.mark.parametrize(
    ("record", "change", "message"),
    [
        (TESTS, {"task_id": None}, "field 'task_id' must be a text or a number, not None"),
        (TESTS, {"task_id": " "}, "field 'task_id' must be a text or a number, not ''"),
        (TESTS, {"prompt": 1}, "field 'prompt' must be a text, not 1"),
        (TESTS, {"entry_point": "a b"}, "field 'entry_point' must be the name of the function"),
        (INPUTS, {"entry_point": ""}, "field 'entry_point' must be the name of the function"),
        (
            TESTS,
            {"tests": 3},
            "field 'tests' must be a text or a list of texts with asserts, not 3",
        ),
        (TESTS, {"tests": " "}, "field 'tests' must be a text or a list of texts"),
        (TESTS, {"tests": "assert ("}, "field 'tests' must be Python that parses"),
        (TESTS, {"tests": None}, "must have one of the fields"),
        (TESTS, {"inputs": [[1]]}, "not tests and inputs"),
        (INPUTS, {"inputs": []}, "field 'inputs' must be a list of argument lists"),
        (INPUTS, {"inputs": [[1], 2]}, "number 2 is 2"),
        (INPUTS, {"outputs": [1]}, "field 'outputs' must be a list of 2 values"),
        (INPUTS, {"canonical_solution": None}, "field 'inputs' needs 'outputs'"),
        (INPUTS, {"canonical_solution": 3}, "field 'canonical_solution' must be a text, not 3"),
        (INPUTS, {"atol": "1"}, "field 'atol' must be a number, 0 or more, not '1'"),
        (INPUTS, {"atol": -1}, "field 'atol' must be a number, 0 or more, not -1"),
        (CASES, {"cases": []}, "field 'cases' must be a list of cases such as"),
        (CASES, {"cases": [{"input": "1"}]}, "case 1 is {'input': '1'}"),
        (CASES, {"cases": [{"input": 1, "output": "2"}]}, "case 1 is"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(folder, record, change, message):
    error = folder.error({**CASES, "task_id": "first"}, {**record, **change})
    assert "problems.jsonl, line 2: " in error
    assert message in error


def test_an_id_stands_for_one_problem(folder):
    error = folder.error(TESTS, TESTS)
    assert "line 2: task_id 'add' is already that of" in error
    assert error.endswith("line 1")


def test_an_empty_file_and_a_missing_one_are_named(folder):
    assert "no problems in it" in folder.error()
    (folder.path / "problems.jsonl").unlink()
    with pytest.raises(DataError, match="cannot be read"):
        list(Custom(folder.path).problems())
    with pytest.raises(DataError, match=r"task\.yaml: cannot be read"):
        _ = Custom(folder.path / "none").name

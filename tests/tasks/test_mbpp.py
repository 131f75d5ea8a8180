from __future__ import annotations

import json

import pytest

from codeeval.tasks.mbpp import Mbpp, MbppSanitized, entry_point_of
from codeeval.tasks.task import DataError, Sample
from tests.data import data_path
from tests.tasks.test_humaneval import run_unsealed

FULL = ("correctness", "mbpp", "mbpp.jsonl.gz")
SANITIZED = ("correctness", "mbpp", "sanitized-mbpp.json.gz")


@pytest.fixture(scope="module")
def everything():
    return {problem.id: problem for problem in Mbpp(data_path(*FULL), split="all").problems()}


@pytest.mark.parametrize(
    ("split", "first", "count"),
    [("test", 11, 500), ("prompt", 1, 10), ("validation", 511, 90), ("train", 601, 374)],
)
def test_splits_are_those_of_the_paper(split, first, count):
    ids = [problem.id for problem in Mbpp(data_path(*FULL), split=split).problems()]
    assert ids == [str(number) for number in range(first, first + count)]


def test_the_test_split_is_the_default():
    assert Mbpp().split == "test"
    assert len(list(Mbpp(data_path(*FULL)).problems())) == 500


def test_sanitized_has_427_problems():
    assert len(list(MbppSanitized(data_path(*SANITIZED)).problems())) == 427


def test_line_ends_are_plain(everything):
    task = Mbpp(data_path(*FULL), split="all")
    for problem in everything.values():
        program = task.program(problem, Sample(problem.id, 0, solution=problem.reference))
        assert "\r" not in program.source + program.checks[0].tests


@pytest.mark.parametrize("number", [11, 367, 601, 927])
def test_references_pass_with_the_setup_code_of_their_tests(everything, number):
    task = Mbpp(data_path(*FULL), split="all")
    problem = everything[str(number)]
    run_unsealed(task.program(problem, Sample(problem.id, 0, completion=problem.reference)))


def test_setup_code_comes_before_the_tests_and_after_the_candidate(everything):
    (check,) = (
        Mbpp(split="all").program(everything["367"], Sample("367", 0, solution="pass")).checks
    )
    assert check.tests.index("root = Node(1)") < check.tests.index("assert")


def test_sanitized_references_pass_with_their_imports():
    task = MbppSanitized(data_path(*SANITIZED))
    chosen = [problem for problem in task.problems() if problem.record["test_imports"]]
    assert len(chosen) == 13
    for problem in chosen:
        run_unsealed(task.program(problem, Sample(problem.id, 0, solution=problem.reference)))


def test_a_wrong_answer_fails(everything):
    sample = Sample("11", 0, solution="def remove_Occ(s, ch):\n    return s\n")
    with pytest.raises(AssertionError):
        run_unsealed(Mbpp().program(everything["11"], sample))


def test_challenge_tests_are_run_on_request(everything):
    problem, sample = everything["11"], Sample("11", 0, solution="pass")
    plain = Mbpp().program(problem, sample).checks[0].tests
    harder = Mbpp(challenge_tests=True).program(problem, sample).checks[0].tests
    assert len(harder.splitlines()) > len(plain.splitlines()) == 3
    assert Mbpp().rules != Mbpp(challenge_tests=True).rules


def test_the_one_slow_problem_has_its_own_limit(everything):
    def seconds(number):
        sample = Sample(number, 0, solution="pass")
        return Mbpp().program(everything[number], sample).limits.cpu_seconds

    assert seconds("123") == 12.0
    assert seconds("124") == 3.0


def test_entry_points_are_found(everything):
    assert everything["11"].entry_point == "remove_Occ"
    assert sum(problem.entry_point == "" for problem in everything.values()) == 0
    assert entry_point_of("x = 1", "assert f(1)") == ""
    assert entry_point_of("def f(", "assert f(1)") == ""


def test_prompts(everything):
    assert everything["11"].prompt.startswith('"""\nWrite a python function to remove first')
    assert "assert remove_Occ(" in everything["11"].prompt
    task = Mbpp(data_path(*FULL), prompt="three-shot")
    prompt = next(task.problems()).prompt
    assert prompt.count("[BEGIN]") == 4
    assert prompt.count("[DONE]") == 3
    assert prompt.endswith("\n[BEGIN]\n")


@pytest.mark.parametrize("options", [{"split": "dev"}, {"prompt": "few"}])
def test_an_unknown_choice_is_refused_with_those_there_are(options):
    with pytest.raises(DataError, match="there are"):
        Mbpp(**options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task_id": "x"}, "field 'task_id' must be a number such as 11, not 'x'"),
        ({"task_id": True}, "field 'task_id' must be a number such as 11, not True"),
        ({"code": None}, "field 'code' must be a text"),
        ({"test_list": [1]}, "field 'test_list' must be a list of texts"),
        ({"test_list": []}, "field 'test_list' must hold at least one assert"),
        ({"test_list": {}}, "field 'test_list' must be a list of texts"),
    ],
)
def test_a_wrong_field_is_named(tmp_path, change, message):
    record = {"task_id": 11, "text": "t", "code": "c", "test_list": ["assert f()"]}
    path = tmp_path / "m.jsonl"
    path.write_text(json.dumps({**record, **change}))
    with pytest.raises(DataError, match="line 1") as caught:
        list(Mbpp(path).problems())
    assert message in str(caught.value)


def test_a_file_without_the_split_is_refused(tmp_path):
    path = tmp_path / "m.jsonl"
    path.write_text(json.dumps({"task_id": 1, "text": "t", "code": "", "test_list": ["assert 1"]}))
    with pytest.raises(DataError, match="no problems of the split 'test'"):
        list(Mbpp(path).problems())
    with pytest.raises(DataError, match="three-shot"):
        list(Mbpp(path, split="all", prompt="three-shot").problems())

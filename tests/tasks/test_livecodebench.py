from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeeval import evaluate
from codeeval.sandbox.program import Limits
from codeeval.sandbox.verdict import Status
from codeeval.tasks.answers import returning, right_side
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import DataError, Sample
from tests.sandbox.conftest import open_or_skip

LIMITS = Limits(cpu_seconds=20, wall_seconds=60)
EXECUTION, TEST_OUTPUT = "livecodebench-execution", "livecodebench-test-output"
ABOUT = {"question_id": 7, "contest_date": "2023-06-04T00:00:00", "difficulty": "easy"}
RECORDS = {
    EXECUTION: {
        **ABOUT,
        "id": "sample_3",
        "problem_id": 1,
        "function_name": "double",
        "code": "def double(words, n):\n    return [word * n for word in words]",
        "input": "double(words = ['a', 'b'], n = 2)",
        "output": "['aa', 'bb']",
        "numsteps": 9,
    },
    TEST_OUTPUT: {
        **ABOUT,
        "test_id": 0,
        "question_title": "longer",
        "question_content": "Say for each word whether it is long.",
        "starter_code": "class Solution:\n    def longer(self, words: List[str], n: int):\n",
        "function_name": "longer",
        "test": json.dumps(
            [{"input": '["a", "bcd"]\n2', "output": "[false, true]", "testtype": "functional"}]
        ),
    },
}


@pytest.fixture
def make(tmp_path):
    """Return a function that makes one of the tasks from records."""

    def task(name: str, *records: dict, **options):
        path = tmp_path / "data.jsonl"
        known = records or (RECORDS[name],)
        path.write_text("".join(json.dumps(record) + "\n" for record in known))
        return load_task(name, data_file=path, **options)

    return task


@pytest.fixture(scope="module")
def executor():
    with open_or_skip("unsafe-local", limits=LIMITS) as opened:
        yield opened


def status(executor, task, reply: str) -> Status:
    (problem,) = task.problems()
    return executor.run(task.program(problem, Sample(problem.id, 0, solution=reply))).status


@pytest.mark.parametrize("name", RECORDS)
def test_the_reference_is_right(executor, make, name):
    (problem,) = make(name).problems()
    assert status(executor, make(name), problem.reference) is Status.PASSED
    assert problem.metadata == {"question": "7", "difficulty": "easy", "released": "2023-06-04"}


@pytest.mark.parametrize(
    "reply",
    [
        "[ANSWER]\nassert double(words = ['a', 'b'], n = 2) == ['aa', 'bb']\n[/ANSWER]",
        "[THOUGHT] a == b? [/THOUGHT] [ANSWER] ['aa', 'bb'] [/ANSWER] that is it",
        "assert double(['a', 'b'], 2) == ['a' * 2, 'bb']",
    ],
)
def test_right_outputs_of_calls(executor, make, reply):
    assert status(executor, make(EXECUTION), reply) is Status.PASSED


@pytest.mark.parametrize(
    "reply",
    [
        *("['aa']", "", "no idea", "assert double() == ['aa', 'b']", "exit(0)"),
        "double(words = ['a', 'b'], n = 2)",
        "[ANSWER] assert double(words = ['a', 'b'], n = 2) == double(['a', 'b'], 2) [/ANSWER]",
        "type('X', (), {'__eq__': lambda *_: True})()",
    ],
)
def test_wrong_outputs_of_calls(executor, make, reply):
    assert status(executor, make(EXECUTION), reply) is not Status.PASSED


@pytest.mark.parametrize(
    "reply",
    [
        'The first is short.\nassert longer(["a", "bcd"], 2) == [False, True]\nDone.',
        "assert longer() == [True]\n  assert longer() == [False, True]",
        "```python\n[False, True]\n```",
        "```\nlonger(x) == [false, true]\n```\n[True, True]",
        "[0, 1]",
    ],
)
def test_right_outputs_of_tests(executor, make, reply):
    assert status(executor, make(TEST_OUTPUT), reply) is Status.PASSED


@pytest.mark.parametrize(
    "reply",
    [
        *("", "[False]", "assert longer() == [True, True]", "(False, True)", "'[false, true]'"),
        "assert longer() == [False, True]\nassert longer() == ??",
        "```\n[False, True]",
        "[False, True]\nexit(0)",
    ],
)
def test_wrong_outputs_of_tests(executor, make, reply):
    assert status(executor, make(TEST_OUTPUT), reply) is not Status.PASSED


def test_a_prompt_shows_everything_but_the_answer(make):
    (problem,) = make(EXECUTION).problems()
    assert problem.prompt.endswith(
        "    return [word * n for word in words]\n"
        "assert double(words = ['a', 'b'], n = 2) == ??\n[/PYTHON]\n[ANSWER]\n"
    )
    assert problem.prompt.count("[/ANSWER]") == 3  # two examples, and how it is to be written
    assert "aa" not in problem.prompt
    (problem,) = make(EXECUTION, cot=True).problems()
    assert problem.prompt.endswith("[THOUGHT]\n")
    (problem,) = make(TEST_OUTPUT).problems()
    assert "\nSay for each word" in problem.prompt
    assert problem.prompt.endswith('\nassert longer(["a", "bcd"], 2) == ??\n')
    assert problem.id == "7_0"


def test_scores_by_window_with_problems_of_a_question_as_a_cluster(executor, make):
    late = {**RECORDS[TEST_OUTPUT], "test_id": 1, "contest_date": "2023-09-01"}
    task = make(TEST_OUTPUT, RECORDS[TEST_OUTPUT], late)
    samples = [Sample("7_0", 0, solution="[False, True]"), Sample("7_1", 0, solution="[True]")]
    run = evaluate(samples, task, executor=executor, k=(1,))
    assert run.report.estimates["pass"][0].value == 0.5
    run = evaluate(samples[:1], task, executor=executor, released_to="2023-06-30", k=(1,))
    assert run.report.estimates["pass"][0].value == 1
    assert task.cluster == "question"


@given(st.text(max_size=300))
def test_every_reply_has_a_right_side(reply):
    compile(returning("1"), "<test>", "exec")
    assert isinstance(right_side(reply), str)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (EXECUTION, {"output": None}, r"line 1: field 'output' must be a text"),
        (EXECUTION, {"question_id": None}, r"field 'question_id' must be a number or a text"),
        (TEST_OUTPUT, {"test": "[]"}, r"field 'test' must be a list of one object with 'input'"),
        (TEST_OUTPUT, {"test": '[{"input": "1", "output": "x"}]'}, r"JSONDecodeError"),
        (TEST_OUTPUT, {"starter_code": 3}, r"field 'starter_code' must be a text, not 3"),
    ],
)
def test_records_of_another_form(make, name, change, message):
    with pytest.raises(DataError, match=message):
        list(make(name, {**RECORDS[name], **change}).problems())

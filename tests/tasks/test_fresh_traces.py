from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeeval import evaluate
from codeeval.sandbox.verdict import Status
from codeeval.tasks.fresh_traces import CALL_KINDS, is_answer, ordinal, structure_of
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import DataError, Sample

STARTER = load_task("starter-tracing")
PROBLEMS = list(STARTER.problems())


def test_the_starter_benchmark_has_questions_of_each_kind():
    assert len(PROBLEMS) == 200
    assert {problem.metadata["kind"] for problem in PROBLEMS} == set(CALL_KINDS)
    assert len({problem.metadata["program"] for problem in PROBLEMS}) > 30
    for problem in PROBLEMS:
        verdict = STARTER.answer(problem, Sample(problem.id, 0, solution=problem.reference))
        assert verdict.status is Status.PASSED, problem.id
        assert problem.prompt.endswith("[ANSWER]\n")
        assert "\n1\t" in problem.prompt


def test_scores_by_kind():
    samples = [
        Sample(each.id, 0, solution=f"[ANSWER]{each.reference}[/ANSWER]")
        for each in PROBLEMS
        if each.metadata["kind"] != "path"
    ]
    report = evaluate(samples, "starter-tracing", missing="fail", k=(1,)).report
    kinds = {each.name: each.estimates["pass"][0].value for each in report.groups
             if each.key == "kind"}  # fmt: skip
    assert kinds == {kind: float(kind != "path") for kind in CALL_KINDS}


@pytest.mark.parametrize(
    ("kind", "right", "said", "passes"),
    [
        ("next", "5", "5", True),
        ("next", "5", "line 5 comes next", True),
        ("next", "-1", "-1", True),
        ("next", "5", "15", False),
        ("next", "5", "five", False),
        ("iterations", "3", "3 times", True),
        ("iterations", "3", "4", False),
        ("coverage", "YES", "Yes.", True),
        ("coverage", "NO", "**No**, it is not", True),
        ("coverage", "YES", "There is no doubt: yes", False),
        ("next", "5", "`5`", True),
        ("next", "5", "5.7", False),
        ("exception", "JSONDecodeError", "json.JSONDecodeError", True),
        ("exception", "None", "No exception", True),
        ("output", "[1]", "```python\n[1]\n```", True),
        ("output", "{1}", "{True}", False),
        ("coverage", "NO", "yes, no doubt", False),
        ("coverage", "YES", "maybe", False),
        ("exception", "None", "None", True),
        ("exception", "ValueError", "ValueError: bad", True),
        ("exception", "ValueError", "builtins.ValueError", True),
        ("exception", "ValueError", "Value", False),
        ("output", "[1, 2]", "[1,2]", True),
        ("output", "[1, 2]", "[1, 2.0]", False),
        ("output", "True", "1", False),
        ("output", "{'a': (1,), 'b': 2}", "{'b': 2, 'a': (1,)}", True),
        ("state", "'x'", '"x"', True),
        ("state", "'x'", "x", False),
        ("state", "1", "__import__('os')", False),
        ("state", "1", "(" * 9000, False),
        ("printed", "*\n**\n", "*\n**", True),
        ("printed", "*\n**\n", "```\n* \n**\n```", True),
        ("printed", "*\n**\n", "*", False),
        ("printed", "a b\n", "a  b", False),
    ],
)
def test_answers(kind, right, said, passes):
    assert is_answer(kind, said, right) is passes


@given(st.sampled_from(CALL_KINDS), st.text(max_size=200))
def test_any_reply_can_be_judged(kind, reply):
    problem = next(each for each in PROBLEMS if each.metadata["kind"] == kind)
    verdict = STARTER.answer(problem, Sample(problem.id, 0, solution=reply))
    assert verdict.status in (Status.PASSED, Status.WRONG_ANSWER, Status.NO_CODE)


def test_a_path_shows_where_the_answer_leaves_it():
    problem = next(each for each in PROBLEMS if each.metadata["kind"] == "path")
    steps = json.loads(problem.reference)
    sample = Sample(problem.id, 0, solution=f"I think {[*steps[:2], 999]}")
    verdict = STARTER.answer(problem, sample)
    assert verdict.message == "step 3: the answer leaves the path"
    trace = verdict.results[0].trace
    assert (trace.expected, trace.predicted) == (problem.reference, str([*steps[:2], 999]))


def test_words():
    found = [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)]
    assert found == ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th"]
    assert structure_of({"recursion": False, "loops": False, "threads": 1}) == "straight"
    assert structure_of({"recursion": True, "loops": True, "threads": 2}) == (
        "recursion and threads and loops"
    )


def test_records_of_another_form(tmp_path):
    path = tmp_path / "trace.jsonl"
    record = {"task_id": "Trace/0", "kind": "why", "code": "", "call": "f()", "answer": "1"}
    path.write_text(json.dumps(record))
    with pytest.raises(DataError, match=r"field 'kind' must be one of next, path, .*, not 'why'"):
        list(load_task("trace", data_file=path).problems())
    path.write_text(json.dumps({**record, "kind": "next"}))
    with pytest.raises(DataError, match="field 'steps' is missing"):
        list(load_task("trace", data_file=path).problems())

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeeval import evaluate
from codeeval.sandbox.program import Limits
from codeeval.sandbox.verdict import Status
from codeeval.tasks.answers import after_answer_tag, expression, sides_of
from codeeval.tasks.registry import load_task
from codeeval.tasks.task import DataError, Sample
from tests.data import data_path
from tests.sandbox.conftest import open_or_skip

LIMITS = Limits(cpu_seconds=20, wall_seconds=60)
RECORD = {
    "id": "sample_0",
    "code": "def f(text, n=1):\n    return [text] * n",
    "input": "'a', 2",
    "output": "['a', 'a']",
}


@pytest.fixture
def make(tmp_path):
    """Return a function that makes one of the tasks from records."""

    def task(name: str, *records: dict, **options):
        path = tmp_path / "cruxeval.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in records or (RECORD,)))
        return load_task(name, data_file=path, **options)

    return task


@pytest.fixture(scope="module")
def executor():
    with open_or_skip("unsafe-local", limits=LIMITS) as opened:
        yield opened


def status(executor, task, reply: str) -> Status:
    (problem,) = task.problems()
    return executor.run(task.program(problem, Sample(problem.id, 0, solution=reply))).status


@pytest.mark.parametrize(
    "reply",
    [
        "['a', 'a']",
        "[ANSWER]\nassert f('a', 2) == ['a', 'a']\n[/ANSWER] so be it",
        "assert f('a', 2) == ['a'] * 2",
        "f('a', 2) == ['a', 'a']",
        "[THOUGHT] 1 == 2? no [/THOUGHT]\n[ANSWER]assert f('a', 2) == ['a', 'a']",
        "assert f('a', 2) == ['a', 'a'], 'of course'",
    ],
)
def test_right_outputs(executor, make, reply):
    assert status(executor, make("cruxeval-output"), reply) is Status.PASSED


@pytest.mark.parametrize(
    "reply",
    [
        *("['a']", "assert f('a', 2) == ['a', 'b']", "I do not know", "", "print(", "??"),
        "f('a', 2)",
        "(lambda: ['a', 'a'])",
        "type('X', (), {'__eq__': lambda *_: True})()",
        "['a', 'a'] or 1)\nimport os; os._exit(0)\n(",
        "exit(0)",
    ],
)
def test_wrong_outputs(executor, make, reply):
    assert status(executor, make("cruxeval-output"), reply) is not Status.PASSED


@pytest.mark.parametrize(
    "reply",
    [
        "f('a', 2)",
        "f(text='a', n=2)",
        "[ANSWER]\nassert f('a', n=1 + 1) == ['a', 'a']\n[/ANSWER]",
        "assert f(*['a', 2]) == ['a', 'a']",
        "f('a', True + 1) == ['a', 'a']",
    ],
)
def test_right_inputs(executor, make, reply):
    assert status(executor, make("cruxeval-input"), reply) is Status.PASSED


def test_a_function_among_the_arguments_leaves_the_verdict_unsealed(executor, make):
    code = "BASE = [3]\ndef f(nums, key):\n    return sorted(nums, key=key)"
    record = {**RECORD, "code": code, "output": "[3, 1]"}

    def judged(reply: str, given: str):
        task = make("cruxeval-input", {**record, "input": given})
        (problem,) = task.problems()
        return executor.run(task.program(problem, Sample(problem.id, 0, solution=reply)))

    verdict = judged("f([1, 3], lambda n: -n)", "BASE, lambda n: 1")
    assert verdict.status is Status.PASSED
    assert not verdict.sealed
    assert judged("f([1, 3], lambda n: n)", "[], lambda n: 1").status is Status.WRONG_ANSWER
    assert judged("f([1, 3], lambda n: -n)", "[3, 1], None").status is not Status.PASSED
    assert judged("f(BASE + [1], None)", "[3, 1], None").status is Status.WRONG_ANSWER
    assert judged("f(BASE, None)", "[3, 1], None").sealed


@pytest.mark.parametrize(
    "reply",
    [
        *("f('a')", "f()", "['a', 'a']", "g('a', 2)", "f(", "", "'a', 2"),
        "(lambda *_: ['a', 'a'])('f(')",
        "[f := lambda *_: ['a', 'a'], f('a', 2)]",
        "f(type('X', (), {'__mul__': 1})(), 2)",
        "f(exit(0))",
    ],
)
def test_wrong_inputs(executor, make, reply):
    assert status(executor, make("cruxeval-input"), reply) is not Status.PASSED


def test_what_is_asked_for_stands_in_no_program(make):
    for name, secret in (("cruxeval-output", "['a', 'a']"), ("cruxeval-input", "'a', 2")):
        task = make(name)
        (problem,) = task.problems()
        program = task.program(problem, Sample(problem.id, 0, solution="f(1) == 1"))
        assert secret not in program.source
        assert secret not in problem.prompt.rpartition("[PYTHON]")[2]


def test_a_prompt_ends_where_the_answer_begins(make):
    (direct,) = make("cruxeval-output").problems()
    assert direct.prompt.endswith(
        "assert f('a', 2) == ??\n[/PYTHON]\n\n[ANSWER]\n".replace("\n\n", "\n")
    )
    (thoughts,) = make("cruxeval-input", cot="true").problems()
    assert thoughts.prompt.endswith("assert f(??) == ['a', 'a']\n[/PYTHON]\n[THOUGHT]\n")
    assert thoughts.prompt.count("[/THOUGHT]") == 3


def test_references_are_right(executor, make):
    for name in ("cruxeval-output", "cruxeval-input"):
        task = make(name)
        (problem,) = task.problems()
        assert status(executor, task, problem.reference) is Status.PASSED


def test_records_of_another_form_are_refused(make):
    with pytest.raises(DataError, match="field 'output' must be a text"):
        list(make("cruxeval-output", {**RECORD, "output": 3}).problems())


@given(st.text(max_size=200))
def test_any_text_can_be_read(text):
    after_answer_tag(text)
    sides_of(text)
    expression(text)


@pytest.mark.parametrize("name", ["cruxeval-input", "cruxeval-output"])
@pytest.mark.parametrize(
    "reply", [f"assert f(1) == {'1+' * 3000}1", f"assert f(0x{'f' * 5000}) == 1", "f('a==b')"]
)
def test_no_reply_ends_an_evaluation(make, name, reply):
    task = make(name)
    (problem,) = task.problems()
    assert task.program(problem, Sample(problem.id, 0, solution=reply)).source


@pytest.mark.parametrize("text", ["(" * 50_000, "[" * 200_000, "-" * 90_000 + "1", "\0", "\ud800"])
def test_hostile_texts_can_be_read(text):
    assert sides_of(text) is None
    assert expression(text) is None or text.startswith("-")


@pytest.mark.slow
def test_published_verdicts_come_out_alike():
    folder = data_path("tracing/cruxeval/cruxeval.jsonl").parent
    generations = folder / "dev_results" / "codellama-7b_temp0.2_output_generations.json"
    scored = json.loads(
        generations.with_name(generations.name.replace("generations", "scored")).read_text()
    )
    task = load_task("cruxeval-output", data_file=folder / "cruxeval.jsonl")
    expected = scored["raw_scored_generations"]
    with open_or_skip("bubblewrap", limits=Limits()) as executor:
        run = evaluate(generations, task, executor=executor, k=[1, 5])
        by_k = {each.metric: 100 * each.value for each in run.report.estimates["pass"]}
        assert by_k["pass@1"] == pytest.approx(scored["pass_at_1"])
        assert by_k["pass@5"] == pytest.approx(scored["pass_at_5"])
        assert by_k["pass@5"] == pytest.approx(40.286706, abs=1e-6)
    correct = {row.task_id: row.correct["pass"] for row in run.report.problems}
    assert correct == {name: sum(each) for name, each in expected.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cruxeval-input", "cruxeval-output"])
def test_the_references_of_all_problems_pass(name):
    task = load_task(name, data_file=data_path("tracing/cruxeval/cruxeval.jsonl"))
    samples = [Sample(each.id, 0, solution=each.reference) for each in task.problems()]
    with open_or_skip("bubblewrap", limits=Limits()) as executor:
        report = evaluate(samples, task, executor=executor).report
    assert report.counts == {"passed": 800}
